/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and formats of recordings, files on disks that are full or gone, files to play. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "format.h"
#include "frames.h"
#include "name.h"
#include "writer.h"

static char dir[64], spool[80], done[80];

static int make_dirs(void **state)
{
	strcpy(dir, "/tmp/tnd-media-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(spool, sizeof(spool), "%s/spool", dir);
	snprintf(done, sizeof(done), "%s/done", dir);
	return mkdir(spool, 0700) != 0 || mkdir(done, 0700) != 0;
}

static int remove_dirs(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* The whole of a file, zero-ended. */
static uint8_t *slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY);
	uint8_t *data;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		fail_msg("%s: %s", path, strerror(errno));
	data = calloc(1, (size_t)st.st_size + 1);
	if (data == NULL)
		abort();
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	close(fd);
	*len = (size_t)st.st_size;
	return data;
}

/* ---- names --------------------------------------------------------------------------------- */

static void names(void **state)
{
	static const struct {
		const char *text, *expect;
	} cases[] = {
		{"call-1@10.0.0.1=tag", "call-1@10.0.0.1=tag"},
		{"a;1", "a;1"},
		{"", "_"},
		{".", "%2E"},
		{"..", "%2E."},
		{"../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"},
		{"/abs", "%2Fabs"},
		{"a/../b", "a%2F..%2Fb"},
		{"-rf", "%2Drf"},
		{"a b\tc\n", "a%20b%09c%0A"},
		{"$(x)`y`'z'\"", "%24%28x%29%60y%60%27z%27%22"},
		{"100%", "100%25"},
		{"%2F", "%252F"},
		{"a~b", "a%7Eb"},
		{"*?[]{}|&<>\\!#", "%2A%3F%5B%5D%7B%7D%7C%26%3C%3E%5C%21%23"},
		{"\xc3\xa4", "%C3%A4"},
	};
	char out[NAME_STEM_MAX + 1];

	for (size_t i = 0; i < COUNT(cases); i++) {
		name_make(cases[i].text, strlen(cases[i].text), out);
		check_case(cases[i].text, strcmp(out, cases[i].expect) == 0);
	}
	name_make("a\0b", 3, out);
	assert_string_equal(out, "a%00b");
}

static void long_names(void **state)
{
	char text[3 * NAME_STEM_MAX], one[NAME_STEM_MAX + 1], two[NAME_STEM_MAX + 1];

	memset(text, 'a', sizeof(text));
	name_make(text, NAME_STEM_MAX, one);
	assert_int_equal(strlen(one), NAME_STEM_MAX);
	assert_null(strchr(one, '~'));
	name_make(text, NAME_STEM_MAX + 1, one);
	assert_int_equal(strlen(one), NAME_STEM_MAX);
	assert_int_equal(one[NAME_STEM_MAX - 17], '~');
	text[NAME_STEM_MAX] = 'b';
	name_make(text, NAME_STEM_MAX + 1, two);
	assert_string_not_equal(one, two);
	/* What is escaped is never cut in its middle. */
	memset(text, '/', sizeof(text));
	name_make(text, sizeof(text), one);
	assert_true(strlen(one) <= NAME_STEM_MAX);
	assert_null(strchr(one, '/'));
	assert_int_equal((strchr(one, '~') - one) % 3, 0);
}

/* ---- formats ------------------------------------------------------------------------------- */

static const uint8_t rtp[] = {0x80, 8, 0, 7, 0, 0, 0, 160, 1, 2, 3, 4, 'h', 'e', 'l', 'l', 'o'};

static struct media_packet packet(const char *src, const char *dst)
{
	struct media_packet p = {.sport = 4000,
				 .dport = 20000,
				 .tos = 0xb8,
				 .hops = 63,
				 .leg = 1,
				 .ns = UINT64_C(1700000000123456789),
				 .data = rtp,
				 .len = sizeof(rtp)};

	assert_int_equal(wire_ip_parse(src, &p.src), 0);
	assert_int_equal(wire_ip_parse(dst, &p.dst), 0);
	return p;
}

static uint32_t word(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void check_frame(const uint8_t *f, size_t len, const struct media_packet *p)
{
	bool is4 = wire_ip_is4(&p->src);
	const uint8_t *ip = f + 14, *udp = ip + (is4 ? 20 : 40);

	assert_int_equal(len, (udp - f) + 8 + p->len);
	assert_int_equal(f[12] << 8 | f[13], is4 ? 0x0800 : 0x86dd);
	if (is4) {
		assert_true(wire_sum_right(wire_sum(ip, 20)));
		assert_int_equal(ip[2] << 8 | ip[3], 28 + p->len);
		assert_int_equal(ip[1], p->tos);
	}
	assert_int_equal(udp[0] << 8 | udp[1], p->sport);
	assert_int_equal(udp[2] << 8 | udp[3], p->dport);
	assert_true(wire_sum_right(wire_sum(udp, 8u + p->len) + wire_sum_ip(&p->src) +
				   wire_sum_ip(&p->dst) + htons((uint16_t)(8 + p->len)) +
				   htons(17)));
	assert_memory_equal(udp + 8, p->data, p->len);
}

static void pcap(void **state)
{
	static const char *const pair[][2] = {{"10.0.0.2", "10.0.0.1"},
					      {"2001:db8::2", "2001:db8::1"}};

	for (size_t i = 0; i < COUNT(pair); i++) {
		struct media_packet p = packet(pair[i][0], pair[i][1]);
		uint8_t head[FORMAT_HEAD_MAX], out[sizeof(rtp) + FORMAT_RECORD_MORE];
		size_t n = format_packet(MEDIA_PCAP, &p, out);

		assert_int_equal(format_head(MEDIA_PCAP, head), 24);
		assert_int_equal(word(head), 0xa1b2c3d4);
		assert_int_equal(word(head + 20), 1);
		assert_int_equal(word(out), 1700000000);
		assert_int_equal(word(out + 4), 123456);
		assert_int_equal(word(out + 8), n - 16);
		assert_int_equal(word(out + 12), n - 16);
		check_frame(out + 16, n - 16, &p);
	}
}

static void pcapng(void **state)
{
	struct media_packet p = packet("10.0.0.2", "10.0.0.1");
	uint8_t head[FORMAT_HEAD_MAX], out[sizeof(rtp) + FORMAT_RECORD_MORE];
	size_t len = format_head(MEDIA_PCAPNG, head), at = 0, blocks = 0, n;

	/* Each block ends as it says, with its length once more. */
	for (; at < len; blocks++) {
		uint32_t block = word(head + at + 4);

		assert_int_equal(block % 4, 0);
		assert_true(at + block <= len);
		assert_int_equal(word(head + at + block - 4), block);
		at += block;
	}
	assert_int_equal(blocks, 3);
	n = format_packet(MEDIA_PCAPNG, &p, out);
	assert_int_equal(word(out), 6);
	assert_int_equal(word(out + 4), n);
	assert_int_equal(word(out + n - 4), n);
	assert_int_equal(word(out + 8), 1);
	assert_true(((uint64_t)word(out + 12) << 32 | word(out + 16)) == p.ns);
	check_frame(out + 28, word(out + 20), &p);
}

static void rtpproxy(void **state)
{
	struct media_packet p = packet("10.0.0.2", "10.0.0.1");
	uint8_t head[FORMAT_HEAD_MAX], out[sizeof(rtp) + FORMAT_RECORD_MORE];
	uint16_t family, len;
	double seconds;

	assert_int_equal(format_head(MEDIA_RTP, head), 0);
	assert_int_equal(format_packet(MEDIA_RTP, &p, out), 30 + sizeof(rtp));
	memcpy(&family, out, 2);
	memcpy(&seconds, out + 20, 8);
	memcpy(&len, out + 28, 2);
	assert_int_equal(family, AF_INET);
	assert_int_equal(out[2] << 8 | out[3], 4000);
	assert_memory_equal(out + 4, "\x0a\x00\x00\x02\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_true(seconds > 1700000000.12345 && seconds < 1700000000.12346);
	assert_int_equal(len, sizeof(rtp));
	assert_memory_equal(out + 30, rtp, sizeof(rtp));

	p = packet("2001:db8::2", "2001:db8::1");
	format_packet(MEDIA_RTP, &p, out);
	memcpy(&family, out, 2);
	assert_int_equal(family, AF_INET6);
	assert_memory_equal(out + 4, p.src.b, 16);
}

/* ---- files --------------------------------------------------------------------------------- */

static struct media_count count;
static struct writer_log quiet;

static void begin(struct writer *w, enum media_format f, const char *in, const char *final_dir)
{
	count = (struct media_count){0};
	quiet = (struct writer_log){.next_ms = UINT64_MAX};
	writer_init(w, f, in, final_dir, "call=tag", ".o.rtp", &count, &quiet);
}

static void put(struct writer *w, unsigned int n, uint64_t now_ms)
{
	struct media_packet p = packet("10.0.0.2", "10.0.0.1");

	while (n-- > 0)
		writer_packet(w, &p, now_ms);
}

/* How many whole records there are, to the last byte. */
static unsigned int records(const char *path)
{
	unsigned int n = 0;
	size_t len, at = 0;
	uint8_t *data = slurp(path, &len);

	while (at < len) {
		uint16_t plen;

		assert_true(at + 30 <= len);
		memcpy(&plen, data + at + 28, 2);
		assert_int_equal(plen, sizeof(rtp));
		assert_memory_equal(data + at + 30, rtp, sizeof(rtp));
		at += 30 + plen;
		n++;
	}
	free(data);
	return n;
}

static void spooled(void **state)
{
	char path[WRITER_PATH_MAX], expect[WRITER_PATH_MAX], under_way[WRITER_PATH_MAX];
	struct writer w;

	snprintf(under_way, sizeof(under_way), "%s/call=tag.o.rtp", spool);
	for (unsigned int i = 1; i <= 3; i++) {
		begin(&w, MEDIA_RTP, spool, done);
		put(&w, 2000, 1);
		assert_int_equal(access(under_way, F_OK), i == 1 ? 0 : -1);
		assert_int_equal(writer_close(&w, 2, path), 0);
		if (i == 1)
			snprintf(expect, sizeof(expect), "%s/call=tag.o.rtp", done);
		else
			snprintf(expect, sizeof(expect), "%s/call=tag-%u.o.rtp", done, i);
		assert_string_equal(path, expect);
		assert_int_equal(records(path), 2000);
		assert_true(count.packets == 2000 && count.lost == 0);
		assert_true(count.bytes == 2000 * sizeof(rtp));
	}
}

static void no_packets(void **state)
{
	char path[WRITER_PATH_MAX];
	struct writer w;

	begin(&w, MEDIA_PCAP, spool, done);
	assert_int_equal(writer_close(&w, 1, path), 0);
	assert_string_equal(path, "");
}

static void ticks(void **state)
{
	char path[WRITER_PATH_MAX];
	struct writer w;

	begin(&w, MEDIA_RTP, done, done);
	put(&w, 1, 1000);
	writer_tick(&w, 1000 + WRITER_FLUSH_MS - 1);
	assert_true(count.packets == 0);
	writer_tick(&w, 1000 + WRITER_FLUSH_MS);
	assert_true(count.packets == 1);
	writer_close(&w, 9000, path);
	assert_int_equal(records(path), 1);
}

/* The directory isn't there, and comes: packets before are lost, those after a second aren't. */
static void missing_directory(void **state)
{
	char path[WRITER_PATH_MAX], away[80];
	struct writer w;

	snprintf(away, sizeof(away), "%s/away", dir);
	begin(&w, MEDIA_RTP, away, away);
	put(&w, 5, 1000);
	assert_true(count.lost == 5);
	assert_int_equal(mkdir(away, 0700), 0);
	put(&w, 5, 1000 + WRITER_RETRY_MS - 1);
	assert_true(count.lost == 10);
	put(&w, 5, 1000 + WRITER_RETRY_MS);
	assert_true(count.lost == 10);
	assert_int_equal(writer_close(&w, 3000, path), 0);
	assert_int_equal(records(path), 5);
	assert_true(count.packets == 5);
}

/* A disk that has room for a little: whole records only, all others counted. */
static void full_disk(void **state)
{
	struct rlimit before, little;
	char path[WRITER_PATH_MAX];
	struct writer w;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = (struct rlimit){.rlim_cur = 50000, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	begin(&w, MEDIA_RTP, spool, done);
	put(&w, 5000, 1000);
	assert_true(count.lost > 0 && count.packets > 0);
	assert_true(quiet.silent >= 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	put(&w, 100, 1000 + WRITER_RETRY_MS);
	assert_int_equal(writer_close(&w, 3000, path), 0);
	assert_true(count.packets + count.lost == 5100);
	assert_int_equal(records(path), count.packets);
	assert_true(count.packets >= 100);
}

/* What is done can't be moved: it stays where it was written, and that is told. */
static void no_record_directory(void **state)
{
	char path[WRITER_PATH_MAX], gone[80], expect[WRITER_PATH_MAX];
	struct writer w;

	snprintf(gone, sizeof(gone), "%s/gone", dir);
	begin(&w, MEDIA_RTP, spool, gone);
	put(&w, 3, 1);
	assert_int_equal(writer_close(&w, 2, path), -ENOENT);
	snprintf(expect, sizeof(expect), "%s/call=tag.o.rtp", spool);
	assert_string_equal(path, expect);
	assert_int_equal(records(path), 3);
	unlink(path);
}

/* Links that somebody has laid are not followed, nor is anything written over. */
static void planted_link(void **state)
{
	char path[WRITER_PATH_MAX], victim[96], planted[128];
	struct writer w;
	size_t len;
	uint8_t *data;
	int fd;

	snprintf(victim, sizeof(victim), "%s/victim", dir);
	fd = open(victim, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
	snprintf(planted, sizeof(planted), "%s/x.rtp", done);
	assert_int_equal(symlink(victim, planted), 0);
	count = (struct media_count){0};
	writer_init(&w, MEDIA_RTP, done, done, "x", ".rtp", &count, &quiet);
	put(&w, 1, 1);
	assert_int_equal(writer_close(&w, 2, path), 0);
	assert_non_null(strstr(path, "/x-2.rtp"));
	data = slurp(victim, &len);
	assert_string_equal((char *)data, "mine");
	free(data);
}

/* ---- files to play ------------------------------------------------------------------------- */

static void write_file(const char *path, size_t len, int c)
{
	FILE *f = fopen(path, "w");

	while (len-- > 0)
		putc(c, f);
	fclose(f);
}

static struct load load(struct frame_cache *c, char *base)
{
	struct load l = {.base = base, .type_count = 1, .type = {0}};

	frame_cache_load(c, &l);
	return l;
}

static void cache(void **state)
{
	char a[96], b[96], a0[100], b0[100], fifo[96], fifo0[100];
	struct frame_cache c;
	struct load one, two;

	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	snprintf(a0, sizeof(a0), "%s.0", a);
	snprintf(b0, sizeof(b0), "%s.0", b);
	snprintf(fifo0, sizeof(fifo0), "%s.0", fifo);
	frame_cache_init(&c, 1000);
	assert_int_equal(load(&c, a).rc, -ENOENT);
	assert_int_equal(mkdir(a0, 0700), 0);
	assert_int_equal(load(&c, a).rc, -EINVAL);
	assert_int_equal(rmdir(a0), 0);
	assert_int_equal(mkfifo(fifo0, 0600), 0);
	assert_int_equal(load(&c, fifo).rc, -EINVAL);
	write_file(a0, 159, 'x');
	assert_int_equal(load(&c, a).rc, -ENODATA);
	write_file(a0, 1001, 'x');
	assert_int_equal(load(&c, a).rc, -EFBIG);

	write_file(a0, 600, 'x');
	one = load(&c, a);
	two = load(&c, a);
	assert_int_equal(one.rc, 0);
	assert_ptr_equal(one.frames, two.frames);
	assert_int_equal(one.frames->len, 600);
	assert_int_equal(one.frames->data[599], 'x');
	/* What is played makes no room, what isn't does. */
	write_file(b0, 600, 'y');
	assert_int_equal(load(&c, b).rc, -ENOMEM);
	frames_release(one.frames);
	frames_release(two.frames);
	one = load(&c, b);
	assert_int_equal(one.rc, 0);
	assert_true(c.bytes == 600);
	frames_release(one.frames);
	/* A file that has changed is read again. */
	unlink(b0);
	write_file(b0, 320, 'z');
	one = load(&c, b);
	assert_int_equal(one.frames->len, 320);
	assert_int_equal(one.frames->data[0], 'z');
	frames_release(one.frames);
	frame_cache_free(&c);
	assert_true(c.bytes == 0);
}

/* The best that can be played and has a file; what is wrong with others then is no matter. */
static void best_codec(void **state)
{
	struct load l = {.type_count = 4, .type = {101, 9, 8, 0}};
	char base[80], path[96];
	struct frame_cache c;

	snprintf(base, sizeof(base), "%s/a", dir);
	l.base = base;
	frame_cache_init(&c, 1000);
	snprintf(path, sizeof(path), "%s.101", base);
	write_file(path, 160, 'n');
	frame_cache_load(&c, &l);
	assert_int_equal(l.rc, -ENOENT);
	snprintf(path, sizeof(path), "%s.9", base);
	write_file(path, 10, 's');
	frame_cache_load(&c, &l);
	assert_int_equal(l.rc, -ENODATA);
	snprintf(path, sizeof(path), "%s.0", base);
	write_file(path, 160, 'u');
	frame_cache_load(&c, &l);
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.codec->payload_type, 0);
	frames_release(l.frames);
	snprintf(path, sizeof(path), "%s.8", base);
	write_file(path, 160, 'a');
	frame_cache_load(&c, &l);
	assert_int_equal(l.codec->payload_type, 8);
	assert_int_equal(l.frames->data[0], 'a');
	frames_release(l.frames);
	frame_cache_free(&c);
}

static void codecs(void **state)
{
	static const uint8_t can[] = {0, 3, 4, 8, 9, 18};
	unsigned int n = 0;

	for (unsigned int t = 0; t < 256; t++)
		n += frame_codec((uint8_t)t) != NULL;
	assert_int_equal(n, COUNT(can));
	for (size_t i = 0; i < COUNT(can); i++) {
		const struct frame_codec *fc = frame_codec(can[i]);

		assert_non_null(fc);
		/* All these count 8,000 timestamp units a second. */
		assert_int_equal(fc->ts_step * 125, fc->period_us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(long_names),
		cmocka_unit_test(pcap),
		cmocka_unit_test(pcapng),
		cmocka_unit_test(rtpproxy),
		cmocka_unit_test_setup_teardown(spooled, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(no_packets, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(ticks, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(missing_directory, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(full_disk, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(no_record_directory, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(planted_link, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(cache, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(best_codec, make_dirs, remove_dirs),
		cmocka_unit_test(codecs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
