/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rtpproxy's control protocol over real sessions: commands and replies by table files, on each
 * transport; and clients that behave badly.
 *
 * A line of a table is "command -> reply"; "# …" is a comment, an empty line stands for a new
 * daemon, "! <ms>" lets time pass. In a reply PORT stands for any port of a range, and the same
 * port as before for the same letter behind it (PORTa); "*" for anything.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rtpp.h"
#include "rtpproxy_bed.h"

static const char *table_dir;

/* ---- tables ---------------------------------------------------------------------------------- */

static char ports[26][8];

/* "PORT", "PORTa": any port, or the one that it was before. */
static const char *match_port(const char **pattern, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	unsigned int letter = (unsigned int)((*pattern)[4] - 'a');

	*pattern += 4;
	if (digits == 0 || digits > 5)
		return NULL;
	if (letter < COUNT(ports)) {
		(*pattern)++;
		if (ports[letter][0] == '\0')
			snprintf(ports[letter], sizeof(ports[0]), "%.*s", (int)digits, text);
		else if (strlen(ports[letter]) != digits ||
			 strncmp(ports[letter], text, digits) != 0)
			return NULL;
	}
	return text + digits;
}

static bool matches(const char *pattern, const char *text)
{
	while (*pattern != '\0') {
		if (strcmp(pattern, "*") == 0)
			return true;
		if (strncmp(pattern, "PORT", 4) == 0) {
			text = match_port(&pattern, text);
			if (text == NULL)
				return false;
			continue;
		}
		if (strncmp(pattern, "\\n", 2) == 0) {
			if (*text++ != '\n')
				return false;
			pattern += 2;
			continue;
		}
		if (*pattern++ != *text++)
			return false;
	}
	return strcmp(text, "\n") == 0;
}

static void run_line(char *line, unsigned int number, enum transport t, int *fd)
{
	char *arrow = strstr(line, " -> ");
	const char *reply;

	if (arrow == NULL)
		fail_msg("line %u: no arrow", number);
	*arrow = '\0';
	if (*fd < 0 || t == UNIX) {
		if (*fd >= 0)
			close(*fd);
		*fd = dial(t);
	}
	reply = ask_by(*fd, t, line);
	if (!matches(arrow + 4, reply))
		fail_msg("line %u, transport %d: \"%s\": \"%s\", not \"%s\"", number, t, line,
			 reply, arrow + 4);
}

static void run_table(const char *name, bool bridging, enum transport t)
{
	char path[512], line[1024];
	unsigned int number = 0;
	int fd = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", table_dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	begin(bridging);
	while (fgets(line, sizeof(line), f) != NULL) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		if (line[0] == '!') {
			test_turn(h, (uint64_t)atoi(line + 1));
			continue;
		}
		if (line[0] != '\0') {
			run_line(line, number, t, &fd);
			continue;
		}
		if (fd >= 0)
			close(fd);
		fd = -1;
		end();
		memset(ports, 0, sizeof(ports));
		begin(bridging);
	}
	if (fd >= 0)
		close(fd);
	end();
	memset(ports, 0, sizeof(ports));
	fclose(f);
}

static void table(void **state)
{
	for (enum transport t = UDP4; t < TRANSPORTS; t++)
		run_table("rtpproxy.table", false, t);
}

static void table_bridging(void **state)
{
	for (enum transport t = UDP4; t < TRANSPORTS; t++)
		run_table("rtpproxy-bridge.table", true, t);
}

/* ---- datagrams ------------------------------------------------------------------------------- */

static void cookies(void **state)
{
	char first[256];
	int fd = dial(UDP4), other = dial(UDP6);
	static const char u[] = "k1 U call 10.0.0.2 4000 tag";

	assert_int_equal(send(fd, u, strlen(u), 0), strlen(u));
	hear(fd, first, sizeof(first));
	/* The same bytes again, from whomever it comes and whatever the command is; nothing was
	 * done.
	 */
	assert_int_equal(send(fd, "k1 X", 4, 0), 4);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, first);
	assert_int_equal(send(other, "k1 X", 4, 0), 4);
	hear(other, heard, sizeof(heard));
	assert_string_equal(heard, first);
	assert_int_equal(compat_sessions(c), 1);
	/* Under another cookie the same session and port. */
	assert_int_equal(send(fd, "k2 U call 10.0.0.2 4000 tag", 27, 0), 27);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard + 2, first + 2);
	/* Two of the same in one turn. */
	assert_int_equal(send(fd, "k3 U b 10.0.0.2 4000 tag", 24, 0), 24);
	assert_int_equal(send(fd, "k3 U b 10.0.0.2 4000 tag", 24, 0), 24);
	hear(fd, heard, sizeof(heard));
	assert_int_equal(compat_sessions(c), 2);
	assert_true(strlen(heard) % 2 == 0 &&
		    strncmp(heard, heard + strlen(heard) / 2, strlen(heard) / 2) == 0);
	/* After 35 s it is a new command. */
	test_turn(h, 34000);
	assert_int_equal(send(fd, "k1 X", 4, 0), 4);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, first);
	test_turn(h, 3000);
	test_turn(h, 1);
	assert_int_equal(send(fd, "k1 X", 4, 0), 4);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "k1 0\n");
	close(fd);
	close(other);
}

static void odd_datagrams(void **state)
{
	static char big[RTPP_COMMAND_MAX + 100];
	int fd = dial(UDP4);

	assert_int_equal(send(fd, "", 0, 0), 0);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "E5\n");
	assert_int_equal(send(fd, "alone", 5, 0), 5);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "alone E5\n");
	assert_int_equal(send(fd, "a\0b V", 5, 0), 5);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "E5\n");
	assert_int_equal(send(fd, "d V\0", 4, 0), 4);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "d E5\n");

	/* 8 KiB are taken, one byte more is not. */
	memset(big, ' ', sizeof(big));
	memcpy(big, "e V", 3);
	assert_int_equal(send(fd, big, RTPP_COMMAND_MAX, 0), RTPP_COMMAND_MAX);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "e 20040107\n");
	big[0] = 'f';
	assert_int_equal(send(fd, big, RTPP_COMMAND_MAX + 1, 0), RTPP_COMMAND_MAX + 1);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "f E5\n");
	close(fd);
}

/* What Kamailio's processes ask at start, all at once. */
static void probes(void **state)
{
	static const char *const ask_for[] = {"V", "VF 20050322", "VF 20071116", "VF 20081102"};
	int fd[14];
	char text[64];

	for (unsigned int i = 0; i < COUNT(fd); i++)
		fd[i] = dial(UDP4);
	for (unsigned int k = 0; k < 4; k++)
		for (unsigned int i = 0; i < COUNT(fd); i++) {
			int n = snprintf(text, sizeof(text), "%u_%u %s", i, k, ask_for[k]);

			assert_int_equal(send(fd[i], text, (size_t)n, 0), n);
		}
	test_turn(h, 1);
	for (unsigned int i = 0; i < COUNT(fd); i++) {
		for (unsigned int k = 0; k < 4; k++) {
			ssize_t n = recv(fd[i], heard, sizeof(heard), MSG_DONTWAIT);

			assert_true(n > 0);
			snprintf(text, sizeof(text), "%u_%u ", i, k);
			assert_int_equal(strncmp(heard, text, strlen(text)), 0);
		}
		close(fd[i]);
	}
}

/* ---- connections ----------------------------------------------------------------------------- */

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void pipelining(void **state)
{
	int fd = dial(TCP4);

	say(fd, "V\nVF 20040107\r\nY\n");
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "20040107\n1\nE0\n");
	/* In pieces. */
	say(fd, "V");
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "");
	say(fd, "F 2004");
	hear(fd, heard, sizeof(heard));
	say(fd, "0107\nV\nV");
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "1\n20040107\n");
	/* The last one may do without its line end. */
	shutdown(fd, SHUT_WR);
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "20040107\n");
	assert_int_equal(recv(fd, heard, sizeof(heard), MSG_DONTWAIT), 0);
	close(fd);
}

static void one_each(void **state)
{
	int fd = dial(UNIX);

	say(fd, "V\nV\n");
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "E1\n"); /* white space is white space */
	assert_int_equal(recv(fd, heard, sizeof(heard), MSG_DONTWAIT), 0);
	close(fd);
	/* Who says nothing is let go. */
	fd = dial(UNIX);
	test_turn(h, 0);
	test_turn(h, 31000);
	test_turn(h, 1);
	assert_int_equal(recv(fd, heard, sizeof(heard), MSG_DONTWAIT), 0);
	close(fd);
	/* Who leaves in mid-command leaves no trace. */
	fd = dial(CUNIX);
	say(fd, "U call 10.0.0.2 40");
	test_turn(h, 0);
	close(fd);
	test_turn(h, 0);
	test_turn(h, 0);
	assert_string_equal(ask("V"), "20040107\n");
}

static void too_long(void **state)
{
	static char big[2 * RTPP_COMMAND_MAX];
	int fd = dial(CUNIX);

	memset(big, 'x', sizeof(big));
	assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "E5\n");
	assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "");
	say(fd, "\nV\n");
	hear(fd, heard, sizeof(heard));
	assert_string_equal(heard, "20040107\n");
	close(fd);
}

static void never_reads(void **state)
{
	static char lines[16384];
	int fd = dial(TCP4), small = 4096;
	bool gone = false;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (size_t i = 0; i + 4 <= sizeof(lines); i += 4)
		memcpy(lines + i, "Ibl\n", 4);
	for (int i = 0; i < 4000 && !gone; i++) {
		ssize_t n = send(fd, lines, sizeof(lines), MSG_DONTWAIT | MSG_NOSIGNAL);

		gone = n < 0 && errno != EAGAIN;
		/* Others are served all the while. */
		if (i % 100 == 0)
			assert_string_equal(ask("V"), "20040107\n");
		test_turn(h, n < 0 ? 100 : 0);
	}
	assert_true(gone);
	close(fd);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void in_api(void **state)
{
	struct session_info info;
	uint32_t cursor = 0, budget = TEST_SESSIONS;
	struct tnd_buf b = {0};
	struct session_error err;

	ask("U call-1@x 10.0.0.2 4000 ftag;1");
	assert_true(session_next(s, &cursor, &budget, &info));
	assert_string_equal(info.id, "call-1@x/ftag;1");
	assert_int_equal(session_report(s, info.id, &b, NULL, &err), SESSION_OK);
	tnd_buf_addc(&b, '\0');
	assert_non_null(strstr(b.data, "\"latch\":\"once\""));
	tnd_buf_free(&b);
	/* Ended by somebody else. */
	assert_int_equal(session_delete(s, info.id, NULL, NULL, &err), SESSION_OK);
	assert_int_equal(compat_sessions(c), 0);
	assert_string_equal(ask("D call-1@x ftag"), "E50\n");
	/* What can't be an id has a hash. */
	ask("U \xff\xfe 10.0.0.2 4000 ftag");
	cursor = 0;
	budget = TEST_SESSIONS;
	assert_true(session_next(s, &cursor, &budget, &info));
	assert_int_equal(strncmp(info.id, "rtpproxy/", 9), 0);
	assert_string_equal(ask("D \xff\xfe ftag"), "0\n");
	test_turn(h, 1);
}

static void delete_all(void **state)
{
	char text[64];

	for (int i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "U call%d 10.0.0.2 4000 t", i);
		assert_non_null(strstr(ask(text), " 10.0.0.1\n"));
	}
	assert_string_equal(ask("X"), "0\n");
	assert_string_equal(ask("U call0 10.0.0.2 4000 t") + 6, "10.0.0.1\n");
	assert_int_equal(compat_sessions(c), 1);
	test_turn(h, 1);
}

static void draining(void **state)
{
	ask("U a 10.0.0.2 4000 t");
	sessions_set_draining(s, true);
	assert_string_equal(ask("U b 10.0.0.2 4000 t"), "E99\n");
	assert_int_equal(strncmp(ask("U a 10.0.0.2 4000 t"), "E", 1) != 0, 1);
}

/* ---- timeouts -------------------------------------------------------------------------------- */

static void timeouts(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), conn;
	char target[128], *targets[] = {target};

	end();
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/t", dir);
	snprintf(target, sizeof(target), "unix:%s", un.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 4), 0);
	h = test_host_new();
	h->dp = NULL;
	*config() = (struct config_rtpproxy){.control = control,
					     .control_count = COUNT(control),
					     .timeout_targets = targets,
					     .timeout_target_count = 1,
					     .mode = 0660,
					     .bind = {{0, -1}, {-1, -1}},
					     .reply_address = true,
					     .ttl_s = 5,
					     .setup_ttl_s = 2};
	assert_int_equal(sessions_create(&s, h), 0);
	assert_int_equal(compat_start(&c, h, s, NULL), 0);

	assert_string_equal(ask("VF 20081224"), "1\n");
	snprintf(heard, sizeof(heard), "U a 10.0.0.2 4000 t %s tag%%20one", target);
	ask(heard);
	ask("U b 10.0.0.2 4000 t unix:/elsewhere tag2");
	assert_int_equal(compat_sessions(c), 2);
	test_turn(h, 2100);
	for (int i = 0; i < 10; i++)
		test_turn(h, 10);
	assert_int_equal(compat_sessions(c), 0);
	conn = accept(fd, NULL, NULL);
	assert_true(conn >= 0);
	hear(conn, heard, sizeof(heard));
	assert_string_equal(heard, "tag one\n");
	/* The connection is kept. */
	snprintf(heard, sizeof(heard), "U c 10.0.0.2 4000 t t2 %s again", target);
	ask(heard);
	ask("L c 10.0.0.3 4000 t t2");
	assert_string_equal(ask("Q c t t2 ttl"), "5\n");
	test_turn(h, 4000);
	assert_int_equal(compat_sessions(c), 1);
	test_turn(h, 1100);
	for (int i = 0; i < 10; i++)
		test_turn(h, 10);
	hear(conn, heard, sizeof(heard));
	assert_string_equal(heard, "again\n");
	assert_string_equal(ask("G nsess_timeout nsess_complete nsess_nortp"), "3 1 1\n");
	close(conn);
	close(fd);
	unlink(un.sun_path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(table_bridging),
		cmocka_unit_test_setup_teardown(cookies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(odd_datagrams, set_up, tear_down),
		cmocka_unit_test_setup_teardown(probes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pipelining, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_long, set_up, tear_down),
		cmocka_unit_test_setup_teardown(never_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(in_api, set_up, tear_down),
		cmocka_unit_test_setup_teardown(delete_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(draining, set_up, tear_down),
		cmocka_unit_test_setup_teardown(timeouts, set_up, tear_down),
	};

	table_dir = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
