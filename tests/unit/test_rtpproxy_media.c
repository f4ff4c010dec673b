/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rtpproxy's commands about recording and playing: what they ask of control/media, and replies
 * that come when that has answered.
 */
#include "rtpproxy_bed.h"

#include <sys/socket.h>
#include <unistd.h>

#include "media.h"
#include "session_leg.h"

static struct {
	unsigned int plays, forwards, records;
	struct media_play play[8];
	struct media_forward forward;
	char from[64], to[64];
	struct media_record record;
	enum session_fault fault; /* of the next play or forward */
} got;

/* ---- doubles ------------------------------------------------------------------------------- */

void __wrap_media_stats(const struct media *m, struct media_stats *out);
enum session_fault __wrap_media_play_start(struct media *m, const struct media_play *p,
					   struct session_error *err);
enum session_fault __wrap_media_play_stop(struct media *m, const char *id, unsigned int leg,
					  bool *was_playing, struct session_error *err);
enum session_fault __wrap_media_forward_start(struct media *m, const struct media_forward *f,
					      struct session_error *err);
enum session_fault __wrap_media_record_start(struct media *m, const struct media_record *r,
					     bool *created, struct session_error *err);

void __wrap_media_stats(const struct media *m, struct media_stats *out)
{
	*out = (struct media_stats){.plays = got.plays};
}

enum session_fault __wrap_media_play_start(struct media *m, const struct media_play *p,
					   struct session_error *err)
{
	*err = (struct session_error){.fault = got.fault, .reason = "as the test wants it"};
	if (got.fault != SESSION_OK)
		return got.fault;
	assert_true(got.plays < COUNT(got.play));
	got.play[got.plays++] = *p;
	return SESSION_OK;
}

enum session_fault __wrap_media_play_stop(struct media *m, const char *id, unsigned int leg,
					  bool *was_playing, struct session_error *err)
{
	return SESSION_OK;
}

enum session_fault __wrap_media_forward_start(struct media *m, const struct media_forward *f,
					      struct session_error *err)
{
	*err = (struct session_error){.fault = got.fault, .reason = "as the test wants it"};
	got.forwards++;
	got.forward = *f;
	snprintf(got.from, sizeof(got.from), "%s", f->id);
	snprintf(got.to, sizeof(got.to), "%s", f->to);
	return got.fault;
}

enum session_fault __wrap_media_record_start(struct media *m, const struct media_record *r,
					     bool *created, struct session_error *err)
{
	got.records++;
	got.record = *r;
	*created = true;
	return SESSION_OK;
}

/* ---- bed ----------------------------------------------------------------------------------- */

static char nothing[1];

static int set_up_media(void **state)
{
	memset(&got, 0, sizeof(got));
	bed_media = (struct media *)nothing; /* the doubles don't look at it */
	begin(false);
	assert_non_null(strstr(ask("U call 10.0.0.2 4000 ftag"), "10.0.0.1"));
	return 0;
}

static void answer_play(unsigned int i, enum session_fault f)
{
	const struct session_error err = {.fault = f, .reason = "as the test wants it"};

	got.play[i].started(got.play[i].arg, f, &err);
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	hear(fd, heard, sizeof(heard));
}

/* ---- playing ------------------------------------------------------------------------------- */

/* The reply comes with the file; meanwhile the same cookie gets nothing, and others theirs. */
static void datagram_waits(void **state)
{
	int fd = dial(UDP4), other = dial(UDP4);

	say(fd, "k1 P3 call /prompt 0,8 ftag");
	assert_string_equal(heard, "");
	assert_int_equal(got.plays, 1);
	assert_int_equal(got.play[0].repeats, 3);
	assert_int_equal(got.play[0].codec_count, 2);
	assert_int_equal(got.play[0].codec[1], 8);
	say(fd, "k1 P3 call /prompt 0,8 ftag");
	assert_string_equal(heard, "");
	assert_int_equal(got.plays, 1);
	say(other, "k2 V");
	assert_string_equal(heard, "k2 20040107\n");
	answer_play(0, SESSION_OK);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "k1 0\n");
	say(fd, "k1 P3 call /prompt 0,8 ftag");
	assert_string_equal(heard, "k1 0\n");
	assert_int_equal(got.plays, 1);
	close(fd);
	close(other);
}

static void faults(void **state)
{
	static const struct {
		enum session_fault fault;
		const char *reply;
	} cases[] = {{SESSION_BAD_PARAMS, "E60\n"},
		     {SESSION_NO_MEMORY, "E60\n"},
		     {SESSION_NOT_FOUND, "E50\n"},
		     {SESSION_OK, "0\n"}};

	for (unsigned int i = 0; i < COUNT(cases); i++) {
		int fd = dial(CUNIX);

		say(fd, "P call /prompt 0 ftag\n");
		assert_string_equal(heard, "");
		answer_play(i, cases[i].fault);
		hear(fd, heard, sizeof(heard));
		assert_string_equal(heard, cases[i].reply);
		close(fd);
	}
	got.fault = SESSION_LIMIT;
	assert_string_equal(ask("P call /prompt 0 ftag"), "E60\n");
	/* Each was counted once: U, four of P, the last one, and this. */
	assert_string_equal(ask("G ncmds_rcvd ncmds_succd ncmds_errs ncmds_repld"), "7 2 4 6\n");
}

/* Replies of a connection keep their order; others don't wait. */
static void pipelined(void **state)
{
	int fd = dial(CUNIX), other = dial(TCP4);

	say(fd, "V\nP call /prompt 0 ftag\nVF 20040107\nP call /more 0 ftag\nV\n");
	assert_string_equal(heard, "20040107\n");
	assert_int_equal(got.plays, 1);
	say(other, "V\n");
	assert_string_equal(heard, "20040107\n");
	answer_play(0, SESSION_BAD_PARAMS);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "E60\n1\n");
	assert_int_equal(got.plays, 2);
	answer_play(1, SESSION_OK);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "0\n20040107\n");
	close(fd);
	close(other);
}

static void one_each(void **state)
{
	char text[8];
	int fd = dial(UNIX);

	say(fd, "P call /prompt 0 ftag");
	assert_string_equal(heard, "");
	assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), -1);
	answer_play(0, SESSION_OK);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "0\n");
	assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), 0);
	close(fd);
}

/* Who hangs up waits for nothing; what was sent before is carried out all the same. */
static void hung_up(void **state)
{
	int fd = dial(UNIX), line = dial(CUNIX);

	say(fd, "P call /prompt 0 ftag");
	say(line, "P call /prompt 0 ftag\nD call ftag\n");
	assert_int_equal(got.plays, 2);
	close(fd);
	close(line);
	for (unsigned int i = 0; i < 4; i++)
		test_turn(h, 1);
	assert_int_equal(compat_sessions(c), 1);
	answer_play(0, SESSION_OK);
	answer_play(1, SESSION_OK);
	for (unsigned int i = 0; i < 4; i++)
		test_turn(h, 1);
	assert_int_equal(compat_sessions(c), 0);
	assert_string_equal(ask("V"), "20040107\n");
}

/* The daemon's end is no answer. */
static void daemon_ends(void **state)
{
	int fd = dial(UDP4), line = dial(CUNIX);

	say(fd, "k1 P call /prompt 0 ftag");
	say(line, "P call /prompt 0 ftag\n");
	assert_int_equal(got.plays, 2);
	end();
	begin(false);
	close(fd);
	close(line);
}

/* ---- recording, and one session's media by another ------------------------------------------- */

static void without_rtcp(void **state)
{
	assert_string_equal(ask("R call ftag"), "0\n");
	assert_false(got.record.no_rtcp);
	config()->record_rtcp = false;
	assert_string_equal(ask("R call ftag"), "0\n");
	assert_int_equal(got.records, 2);
	assert_true(got.record.no_rtcp);
}

static void other_session(void **state)
{
	/* The side that speaks (leg) hears what is heard by the tag that is named (source's leg):
	 * what comes on the source's other leg. */
	static const struct {
		const char *from_to, *tags;
		bool cross;
	} cases[] = {{"rec rtag", "ftag ttag", true},
		     {"rec rtag", "ttag ftag", false},
		     {"rtag rec", "ftag ttag", false},
		     {"rtag rec", "ttag ftag", true}};
	char text[128];

	ask("L call 10.0.0.3 5000 ftag ttag");
	ask("U copy 10.0.0.9 6000 rec rtag");
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text), "U copy 10.0.0.9 6000 %s && C call %s",
			 cases[i].from_to, cases[i].tags);
		assert_null(strstr(ask(text), "&&"));
		assert_int_equal(got.forwards, i + 1);
		assert_string_equal(got.from, "call/ftag");
		assert_string_equal(got.to, "copy/rec");
		check_case(text, got.forward.cross == cases[i].cross);
	}
	got.fault = SESSION_UNSUPPORTED;
	assert_non_null(strstr(ask("U copy 10.0.0.9 6000 rec rtag && C call ftag ttag"), "&& -1"));
	got.fault = SESSION_OK;
	assert_non_null(
		strstr(ask("U copy 10.0.0.9 6000 rec rtag && C nobody ftag ttag"), "&& -1"));
	assert_string_equal(ask("U copy 10.0.0.9 6000 rec && C call ftag ttag"), "E3\n");
}

/* Whom the caller's leg listens to: as configured, and what A and S change in that. */
static void latches(void **state)
{
	static const struct {
		enum config_rtpproxy_latch configured;
		const char *command, *latch;
	} cases[] = {
		{CONFIG_RTPPROXY_ONCE, "U", "once"},      {CONFIG_RTPPROXY_ONCE, "US", "once"},
		{CONFIG_RTPPROXY_ONCE, "UA", "host"},     {CONFIG_RTPPROXY_HOST, "U", "host"},
		{CONFIG_RTPPROXY_HOST, "US", "once"},     {CONFIG_RTPPROXY_HOST, "UAS", "once"},
		{CONFIG_RTPPROXY_HOST, "USA", "host"},    {CONFIG_RTPPROXY_STRICT, "U", "strict"},
		{CONFIG_RTPPROXY_STRICT, "US", "strict"}, {CONFIG_RTPPROXY_STRICT, "UA", "host"},
	};

	for (unsigned int i = 0; i < COUNT(cases); i++) {
		char text[64], id[32], want[32];
		struct session_error err;
		struct tnd_buf b = {0};
		const char *latch;

		config()->latch = (uint8_t)cases[i].configured;
		snprintf(text, sizeof(text), "%s l%u 10.0.0.2 4000 tag", cases[i].command, i);
		snprintf(id, sizeof(id), "l%u/tag", i);
		snprintf(want, sizeof(want), "\"latch\":\"%s\"", cases[i].latch);
		ask(text);
		assert_int_equal(session_report(s, id, &b, NULL, &err), SESSION_OK);
		tnd_buf_addc(&b, '\0');
		latch = strstr(b.data, "\"latch\"");
		assert_non_null(latch);
		check_case(text, strncmp(latch, want, strlen(want)) == 0);
		tnd_buf_free(&b);
		snprintf(text, sizeof(text), "D l%u tag", i);
		assert_string_equal(ask(text), "0\n");
	}
}

static void features(void **state)
{
	assert_string_equal(ask("VF 20050322"), "1\n");
	assert_string_equal(ask("VF 20071218"), "1\n");
	assert_string_equal(ask("VF 20200226"), "1\n");
	assert_string_equal(ask("VF 20250523"), "1\n");
	assert_string_equal(ask("VF 20081224"), "0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(datagram_waits, set_up_media, tear_down),
		cmocka_unit_test_setup_teardown(faults, set_up_media, tear_down),
		cmocka_unit_test_setup_teardown(pipelined, set_up_media, tear_down),
		cmocka_unit_test_setup_teardown(one_each, set_up_media, tear_down),
		cmocka_unit_test_setup_teardown(hung_up, set_up_media, tear_down),
		cmocka_unit_test_setup_teardown(daemon_ends, set_up_media, tear_down),
		cmocka_unit_test_setup_teardown(without_rtcp, set_up_media, tear_down),
		cmocka_unit_test_setup_teardown(other_session, set_up_media, tear_down),
		cmocka_unit_test_setup_teardown(latches, set_up_media, tear_down),
		cmocka_unit_test_setup_teardown(features, set_up_media, tear_down),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
