/* SPDX-License-Identifier: BSD-3-Clause */
/* The API's sockets, and clients that behave badly on them. */
#include "check.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api.h"
#include "call_host.h"
#include "server.h"

static struct host *h;
static struct sessions *s;
static struct api *a;
static char dir[64];

static struct config *config_of(struct host *host)
{
	return (struct config *)host->config;
}

static int set_up(void **state)
{
	struct config *c;

	if (test_eal() != 0)
		return -1;
	snprintf(dir, sizeof(dir), "/tmp/tandem_test_XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	h = test_host_new();
	h->dp = NULL;
	c = config_of(h);
	snprintf(c->socket, sizeof(c->socket), "%s/api.sock", dir);
	snprintf(c->ro_socket, sizeof(c->ro_socket), "%s/ro.sock", dir);
	if (sessions_create(&s, h) != 0)
		return -1;
	a = NULL;
	return api_start(&a, h, s);
}

static int tear_down(void **state)
{
	api_stop(a);
	/* No file is left, not even a socket of a test. */
	assert_int_equal(rmdir(dir), 0);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

/* ---- a client -------------------------------------------------------------------------------- */

static int dial(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	test_turn(h, 0);
	return fd;
}

/* As much as the daemon takes in a few turns: false if it has hung up. */
static bool say_bytes(int fd, const char *text, size_t len)
{
	for (int idle = 0; len > 0 && idle < 20;) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return false;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		} else {
			idle++;
		}
		test_turn(h, 0);
	}
	return true;
}

static void say(int fd, const char *text)
{
	assert_true(say_bytes(fd, text, strlen(text)));
}

static char heard[8 * 1024 * 1024];

/* What comes in some turns, into `heard`: its length. *closed: the daemon has hung up. */
static size_t hear(int fd, int turns, bool *closed)
{
	size_t len = 0;

	*closed = false;
	while (turns-- > 0 && !*closed) {
		ssize_t n = recv(fd, heard + len, sizeof(heard) - 1 - len, 0);

		if (n > 0)
			len += (size_t)n;
		else if (n == 0 || errno != EAGAIN)
			*closed = true;
		test_turn(h, 0);
	}
	heard[len] = '\0';
	return len;
}

static const char *hear_some(int fd)
{
	bool closed;

	hear(fd, 10, &closed);
	assert_false(closed);
	return heard;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

#define HELLO "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.hello\"}\n"
#define CREATE                                                                                     \
	"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"session.create\",\"params\":{\"id\":\"x\","    \
	"\"legs\":[{\"address\":\"lan4\"},{\"address\":\"wan6\"}]}}\n"
#define DELETE                                                                                     \
	"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"session.delete\",\"params\":{\"id\":\"x\"}}\n"
#define SUBSCRIBE "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"events.subscribe\"}\n"

/* ---- tests ----------------------------------------------------------------------------------- */

static void files(void **state)
{
	struct api *second;
	struct stat st;
	int fd;

	assert_int_equal(stat(h->config->socket, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(stat(h->config->ro_socket, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);

	/* A second daemon is refused, and the first one's files stay. */
	assert_int_equal(api_start(&second, h, s), -EADDRINUSE);
	assert_int_equal(stat(h->config->socket, &st), 0);
	test_turn(h, 0);

	/* A file that is no socket is not touched. */
	api_stop(a);
	a = NULL;
	assert_int_equal(stat(h->config->socket, &st), -1);
	assert_int_equal(mknod(h->config->ro_socket, S_IFREG | 0600, 0), 0);
	assert_int_equal(api_start(&a, h, s), -EEXIST);
	assert_int_equal(stat(h->config->ro_socket, &st), 0);
	assert_int_equal(stat(h->config->socket, &st), -1);
	unlink(h->config->ro_socket);

	/* What a dead daemon left is replaced. */
	assert_int_equal(api_start(&a, h, s), 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	api_stop(a);
	a = NULL;
	{
		struct sockaddr_un sa = {.sun_family = AF_UNIX};

		snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", h->config->socket);
		assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	}
	close(fd);
	assert_int_equal(api_start(&a, h, s), 0);
	fd = dial(h->config->socket);
	say(fd, HELLO);
	assert_true(has(hear_some(fd), "\"name\":\"tandem\""));
	close(fd);

	/* A group that there isn't. */
	api_stop(a);
	a = NULL;
	snprintf(config_of(h)->group, sizeof(config_of(h)->group), "no-such-group-here");
	assert_int_equal(api_start(&a, h, s), -EINVAL);
	config_of(h)->group[0] = '\0';
	assert_int_equal(stat(h->config->socket, &st), -1);
}

static void one_line_each(void **state)
{
	int fd = dial(h->config->socket);

	/* In pieces, then several at once; each reply is a line, in order. */
	say(fd, "{\"jsonrpc\":\"2.0\",");
	assert_string_equal(hear_some(fd), "");
	say(fd, "\"id\":1,\"method\":\"system.hello\"}");
	assert_string_equal(hear_some(fd), "");
	say(fd, "\n");
	assert_int_equal(lines(hear_some(fd)), 1);
	say(fd, CREATE DELETE CREATE DELETE HELLO);
	assert_int_equal(lines(hear_some(fd)), 5);
	assert_int_equal(strncmp(heard, "{\"jsonrpc\":\"2.0\",\"id\":2,", 24), 0);
	assert_false(has(heard, "\"error\""));
	say(fd, "\n");
	assert_true(has(hear_some(fd), "-32700"));
	close(fd);
}

static void read_only(void **state)
{
	int fd = dial(h->config->ro_socket);

	say(fd, CREATE HELLO);
	assert_true(has(hear_some(fd), "\"name\":\"denied\""));
	assert_true(has(heard, "\"name\":\"tandem\""));
	close(fd);
}

static void half_close(void **state)
{
	int fd = dial(h->config->socket);
	bool closed;

	/* As socat does at the end of its input. */
	say(fd, CREATE DELETE HELLO);
	shutdown(fd, SHUT_WR);
	hear(fd, 20, &closed);
	assert_true(closed);
	assert_int_equal(lines(heard), 3);
	close(fd);

	/* A last line without its end is not carried out. */
	fd = dial(h->config->socket);
	say_bytes(fd, CREATE, strlen(CREATE) - 1);
	shutdown(fd, SHUT_WR);
	hear(fd, 20, &closed);
	assert_true(closed);
	assert_true(has(heard, "has no LF"));
	close(fd);

	/* A subscriber that says no more still listens. */
	fd = dial(h->config->socket);
	say(fd, SUBSCRIBE);
	shutdown(fd, SHUT_WR);
	assert_true(has(hear_some(fd), "\"result\":{\"seq\":2}"));
	h->notify(h->notify_arg, "interface.link", "{\"interface\":\"lan\",\"up\":true}");
	assert_true(has(hear_some(fd), "\"seq\":3,\"type\":\"interface.link\",\"interface\""));
	close(fd);
	for (int i = 0; i < 5; i++)
		test_turn(h, 0);
}

/* What came in whole is carried out, whether or not anybody waits for the answer. */
static void gone_at_once(void **state)
{
	struct sessions_stats st;
	int fd = dial(h->config->socket);

	assert_int_equal(send(fd, CREATE, strlen(CREATE), 0), (ssize_t)strlen(CREATE));
	close(fd);
	for (int i = 0; i < 5; i++)
		test_turn(h, 0);
	sessions_stats(s, &st);
	assert_int_equal(st.active, 1);

	fd = dial(h->config->socket);
	assert_int_equal(send(fd, DELETE HELLO, strlen(DELETE), 0), (ssize_t)strlen(DELETE));
	test_turn(h, 0);
	close(fd);
	for (int i = 0; i < 5; i++)
		test_turn(h, 0);
	sessions_stats(s, &st);
	assert_int_equal(st.active, 0);
}

static void line_too_long(void **state)
{
	static char line[SERVER_LINE_MAX + 2];
	int fd = dial(h->config->socket);
	bool closed;

	/* The longest there may be: blanks before a request. */
	memset(line, ' ', sizeof(line));
	memcpy(line + SERVER_LINE_MAX - (strlen(HELLO) - 1), HELLO, strlen(HELLO));
	assert_true(say_bytes(fd, line, SERVER_LINE_MAX + 1));
	assert_true(has(hear_some(fd), "\"name\":\"tandem\""));

	memset(line, ' ', sizeof(line));
	say_bytes(fd, line, sizeof(line));
	hear(fd, 20, &closed);
	assert_true(closed);
	assert_true(has(heard, "\"code\":-32700"));
	assert_true(has(heard, "256 KiB"));
	close(fd);
}

/* Many requests and not one reply read: cut off, and nobody else notices. */
static void never_reads(void **state)
{
	static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.schema\"}\n";
	int flood = dial(h->config->socket), good = dial(h->config->socket);
	bool cut = false;

	for (int i = 0; i < 400 && !cut; i++) {
		cut = !say_bytes(flood, ask, strlen(ask));
		if (i % 50 == 0) {
			say(good, HELLO);
			assert_int_equal(lines(hear_some(good)), 1);
		}
	}
	for (int i = 0; i < 5; i++)
		test_turn(h, SERVER_STUCK_MS / 2);
	assert_false(say_bytes(flood, ask, strlen(ask)));
	say(good, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"stats.get\",\"params\":{\"names\":["
		  "\"api.clients\",\"api.clients_cut_off\"]}}\n");
	assert_true(has(hear_some(good), "\"api.clients\":1,\"api.clients_cut_off\":1"));
	close(flood);
	close(good);
}

/* A reply of more than the limit to a client that reads: slowly, but it gets all of it. */
static void reads_slowly(void **state)
{
	static char batch[100 * 64];
	size_t len = 0, got = 0;
	int fd = dial(h->config->socket);
	bool closed = false;

	for (int i = 0; i < 50; i++)
		len += (size_t)snprintf(
			batch + len, sizeof(batch) - len,
			"%c{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"system.schema\"}",
			i ? ',' : '[', i);
	snprintf(batch + len, sizeof(batch) - len, "]\n");
	say(fd, batch);
	for (int i = 0; i < 5000 && (got == 0 || heard[got - 1] != '\n'); i++) {
		ssize_t n = recv(fd, heard + got, 8192, 0);

		if (n > 0)
			got += (size_t)n;
		else if (n == 0 || errno != EAGAIN)
			closed = true;
		assert_false(closed);
		test_turn(h, SERVER_STUCK_MS / 10);
	}
	heard[got] = '\0';
	assert_true(got > SERVER_OUT_MAX);
	assert_int_equal(heard[got - 1], '\n');
	assert_true(has(heard, "\"id\":49,"));
	say(fd, HELLO);
	assert_int_equal(lines(hear_some(fd)), 1);
	close(fd);
}

static void slow_subscriber(void **state)
{
	int fd = dial(h->config->socket);
	bool closed;

	say(fd, SUBSCRIBE);
	assert_int_equal(lines(hear_some(fd)), 1);
	for (int i = 0; i < 100000; i++) {
		h->notify(h->notify_arg, "interface.link", "{\"interface\":\"lan\",\"up\":true}");
		if (i % 1000 == 0)
			test_turn(h, 100);
	}
	hear(fd, 1000, &closed);
	assert_false(closed);
	assert_true(has(heard, "\"type\":\"events.lost\",\"from\":"));
	assert_true(has(heard, "\"seq\":1,"));
	assert_true(has(heard, "\"seq\":100000,"));
	close(fd);
}

/* All places taken: whoever is idle for long makes room, whoever is in use does not. */
static void crowd(void **state)
{
	int fd[SERVER_CLIENTS_MAX], more;
	bool closed;

	for (int i = 0; i < SERVER_CLIENTS_MAX; i++)
		fd[i] = dial(h->config->socket);
	more = dial(h->config->socket);
	hear(more, 5, &closed);
	assert_true(closed);
	assert_true(has(heard, "\"name\":\"limit\""));
	close(more);
	/* The other socket has places of its own. */
	more = dial(h->config->ro_socket);
	say(more, HELLO);
	assert_int_equal(lines(hear_some(more)), 1);
	close(more);

	test_turn(h, SERVER_IDLE_MS);
	say(fd[0], HELLO);
	hear_some(fd[0]);
	more = dial(h->config->socket);
	say(more, HELLO);
	assert_int_equal(lines(hear_some(more)), 1);
	hear(fd[1], 5, &closed);
	assert_true(closed);
	say(fd[0], HELLO);
	assert_int_equal(lines(hear_some(fd[0])), 1);
	close(more);
	for (int i = 0; i < SERVER_CLIENTS_MAX; i++)
		close(fd[i]);
}

/* The daemon ends with clients, subscribers and answers under way. */
static void stop_in_the_middle(void **state)
{
	int fd = dial(h->config->socket), sub = dial(h->config->socket);

	say(sub, SUBSCRIBE);
	say(fd, CREATE);
	assert_int_equal(send(fd, DELETE, strlen(DELETE), 0), (ssize_t)strlen(DELETE));
	test_reader_enter(h);
	test_turn(h, 0);
	test_turn(h, 0);
	api_stop(a);
	a = NULL;
	test_reader_leave(h);
	test_turn(h, 1);
	close(fd);
	close(sub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_line_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(read_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(half_close, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gone_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(line_too_long, set_up, tear_down),
		cmocka_unit_test_setup_teardown(never_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reads_slowly, set_up, tear_down),
		cmocka_unit_test_setup_teardown(slow_subscriber, set_up, tear_down),
		cmocka_unit_test_setup_teardown(crowd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stop_in_the_middle, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
