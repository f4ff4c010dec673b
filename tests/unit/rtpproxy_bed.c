/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtpproxy_bed.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "call_host.h"
#include "rtpp.h"

#define PORT_FIRST 23220
#define PORT_PAIRS 2000

/* Several of these tests may run at once. */
static uint16_t udp_port, tcp_port;

struct host *h;
struct sessions *s;
struct compat *c;
struct media *bed_media;
char dir[64], heard[65536];
char *control[TRANSPORTS];
static char names[TRANSPORTS][128];

struct config_rtpproxy *config(void)
{
	return &((struct config *)h->config)->rtpproxy;
}

void begin(bool bridging)
{
	struct config_rtpproxy *r;

	h = test_host_new();
	h->dp = NULL;
	r = config();
	r->control = control;
	r->control_count = COUNT(control);
	r->mode = 0660;
	r->reply_address = true;
	r->record_rtcp = true;
	r->ttl_s = 60;
	r->setup_ttl_s = 60;
	memset(r->bind, -1, sizeof(r->bind));
	r->bind[CONFIG_RTPPROXY_INTERNAL][0] = 0;
	if (bridging)
		r->bind[CONFIG_RTPPROXY_EXTERNAL][1] = 1;
	assert_int_equal(sessions_create(&s, h), 0);
	assert_int_equal(compat_start(&c, h, s, bed_media), 0);
}

void end(void)
{
	compat_stop(c);
	sessions_free(s);
	test_host_free(h);
}

int set_up_all(void **state)
{
	if (test_eal() != 0)
		return -1;
	snprintf(dir, sizeof(dir), "/tmp/tandem_test_XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	udp_port = (uint16_t)(PORT_FIRST + 2 * (getpid() % PORT_PAIRS));
	tcp_port = udp_port + 1;
	snprintf(names[0], sizeof(names[0]), "udp:127.0.0.1:%d", udp_port);
	snprintf(names[1], sizeof(names[1]), "udp6:[::1]:%d", udp_port);
	snprintf(names[2], sizeof(names[2]), "tcp:127.0.0.1:%d", tcp_port);
	snprintf(names[3], sizeof(names[3]), "tcp6:[::1]:%d", tcp_port);
	snprintf(names[4], sizeof(names[4]), "unix:%s/u", dir);
	snprintf(names[5], sizeof(names[5]), "cunix:%s/c", dir);
	for (unsigned int i = 0; i < COUNT(control); i++)
		control[i] = names[i];
	return 0;
}

int tear_down_all(void **state)
{
	/* No socket's file is left. */
	return rmdir(dir);
}

int set_up(void **state)
{
	begin(false);
	return 0;
}

int tear_down(void **state)
{
	end();
	return 0;
}

/* ---- clients --------------------------------------------------------------------------------- */

int dial(enum transport t)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_addr = {htonl(INADDR_LOOPBACK)},
				 .sin_port = htons(t == UDP4 ? udp_port : tcp_port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT,
				   .sin6_port = htons(t == UDP6 ? udp_port : tcp_port)};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	bool ip6 = t == UDP6 || t == TCP6, local = t == UNIX || t == CUNIX;
	const struct sockaddr *sa = local ? (struct sockaddr *)&un
				    : ip6 ? (struct sockaddr *)&in6
					  : (struct sockaddr *)&in;
	socklen_t len = local ? sizeof(un) : ip6 ? sizeof(in6) : sizeof(in);
	int fd, on = 1;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/%s", dir, t == UNIX ? "u" : "c");
	fd = socket(sa->sa_family, (t <= UDP6 ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, sa, len), 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* What comes in some turns: its length; -1: the daemon has hung up before. */
ssize_t hear(int fd, char *text, size_t size)
{
	size_t len = 0;

	for (int i = 0; i < 8; i++) {
		ssize_t n;

		test_turn(h, 0);
		n = recv(fd, text + len, size - 1 - len, MSG_DONTWAIT);
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
	}
	text[len] = '\0';
	return (ssize_t)len;
}

static unsigned int cookie;

/* A command by itself, and its reply without cookie. */
const char *ask_by(int fd, enum transport t, const char *command)
{
	static char text[RTPP_COMMAND_MAX + 64], expected[32];
	size_t skip = 0;

	if (t <= UDP6) {
		snprintf(expected, sizeof(expected), "c%u ", cookie++);
		skip = strlen(expected);
		snprintf(text, sizeof(text), "%s%s", expected, command);
	} else {
		snprintf(text, sizeof(text), t == UNIX ? "%s" : "%s\n", command);
	}
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	hear(fd, heard, sizeof(heard));
	if (skip != 0 && strncmp(heard, expected, skip) != 0)
		return heard;
	return heard + skip;
}

const char *ask(const char *command)
{
	int fd = dial(UDP4);
	const char *reply = ask_by(fd, UDP4, command);

	close(fd);
	return reply;
}
