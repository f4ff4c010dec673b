/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Three workers on threads of their own, and control, which all the while creates calls, moves
 * their parties, reads their counters and deletes them, under traffic that comes in at every
 * queue. Worth most under TSan. In the end nothing may be missing: every packet that went in
 * came out or is in a counter, and every buffer is back in the pool.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "frame.h"
#include "session.h"
#include "threads_bed.h"

#define CALLS   24
#define SECONDS 8
#define LAN     0
#define WAN     1

static const char conf[] =
	"{\"workers\":{\"lcores\":[1,2,3]},"
	"\"interfaces\":[{\"name\":\"lan\",\"device\":\"net_ring_lan\"},"
	"{\"name\":\"wan\",\"device\":\"net_ring_wan\"}],"
	"\"addresses\":["
	"{\"name\":\"a\",\"interface\":\"lan\",\"ip\":\"10.0.0.1/"
	"24\",\"ports\":{\"min\":20000,\"max\":20199}},"
	"{\"name\":\"b\",\"interface\":\"wan\",\"ip\":\"10.1.0.1/"
	"24\",\"ports\":{\"min\":20000,\"max\":20199}}],"
	"\"neighbours\":["
	"{\"interface\":\"lan\",\"ip\":\"10.0.0.2\",\"mac\":\"02:00:00:00:00:02\"},"
	"{\"interface\":\"wan\",\"ip\":\"10.1.0.2\",\"mac\":\"02:00:00:00:00:03\"}],"
	"\"limits\":{\"sessions\":64},\"mbufs\":16383}";

struct call {
	char id[16];
	bool up;
	uint16_t port;
	uint16_t seq;
};

static struct sessions *sessions;
static struct call calls[CALLS];
static uint64_t sent, received;
static unsigned int ended;

static void create(struct call *c, unsigned int i)
{
	struct session_params p = {.id = c->id, .idle_timeout_s = 60};
	struct session_answer a;
	struct session_error err;

	snprintf(c->id, sizeof(c->id), "call-%u", i);
	for (unsigned int l = 0; l < 2; l++) {
		p.leg[l].address = (uint16_t)l;
		p.leg[l].has_remote = true;
		p.leg[l].dscp = SESSION_DSCP_KEEP;
		p.leg[l].latch = i % 2 ? LEG_LATCH_FOLLOW : LEG_LATCH_STRICT;
		wire_ip_parse(l ? "10.1.0.2" : "10.0.0.2", &p.leg[l].remote.ip);
		p.leg[l].remote.port = 4000;
	}
	bed_check(session_create(sessions, &p, &a, &err) == SESSION_OK, err.reason);
	c->port = a.leg[0].local.port;
	c->up = true;
}

static void move(struct call *c)
{
	struct session_change change = {.id = c->id};
	struct session_answer a;
	struct session_error err;

	change.leg[1].set_remote = change.leg[1].has_remote = true;
	wire_ip_parse("10.1.0.2", &change.leg[1].remote.ip);
	change.leg[1].remote.port = (uint16_t)(4000 + 2 * (rand() % 1000));
	bed_check(session_update(sessions, &change, &a, &err) == SESSION_OK, err.reason);
}

static void on_end(void *arg, const char *report, size_t len)
{
	struct call *c = arg;

	bed_check(len > 0 && report[0] == '{', "no report");
	c->up = false;
	ended++;
}

static void change_something(unsigned int n)
{
	struct call *c = &calls[n % CALLS];
	struct session_error err;
	struct tnd_buf text = {0};

	if (!c->up) {
		create(c, n % CALLS);
	} else if (n % 7 == 0) {
		c->up = false; /* not fed any more, but taken until on_end() */
		bed_check(session_delete(sessions, c->id, on_end, c, &err) == SESSION_OK,
			  err.reason);
		while (c->up == false && ended == 0)
			bed_turn();
		ended = 0;
	} else if (n % 3 == 0) {
		bed_check(session_report(sessions, c->id, &text, NULL, &err) == SESSION_OK,
			  err.reason);
		tnd_buf_free(&text);
	} else {
		move(c);
	}
}

static void send_one(struct call *c, unsigned int queue)
{
	uint16_t udp_len = 8 + 12 + 20, sum;
	uint8_t p[14 + 20 + 8 + 12 + 20] = {0};

	wire_put16(p + 12, WIRE_ETHERTYPE_IP4);
	p[14] = 0x45;
	wire_put16(p + 16, 20 + udp_len);
	p[20] = 0x40;
	p[22] = 64;
	p[23] = WIRE_PROTO_UDP;
	wire_put32(p + 26, 0x0a000002);
	wire_put32(p + 30, 0x0a000001);
	sum = wire_checksum(wire_sum(p + 14, 20));
	memcpy(p + 24, &sum, 2);
	wire_put16(p + 34, 4000);
	wire_put16(p + 36, c->port);
	wire_put16(p + 38, udp_len);
	p[42] = 0x80;
	wire_put16(p + 44, c->seq++);
	sent += bed_put(LAN, queue, p, sizeof(p));
}

/* Frames to the wan are calls'; the lan gets announcements only. */
static void drain(void)
{
	struct bed_frame f;

	while (bed_take(LAN, &f))
		;
	while (bed_take(WAN, &f))
		received += f.len > 70;
}

static void run(void)
{
	uint64_t end = rte_rdtsc() + SECONDS * rte_get_tsc_hz(), lost, handed;
	unsigned int n = 0;

	while (rte_rdtsc() < end && bed_left() > 0) {
		change_something(n++);
		for (unsigned int i = 0; i < 64; i++) {
			struct call *c = &calls[(n + i) % CALLS];

			if (c->up)
				send_one(c, i % BED_WORKERS);
		}
		drain();
		bed_turn();
	}
	for (unsigned int i = 0; i < 1000 && received + bed_drops() < sent; i++) {
		rte_delay_us_sleep(1000);
		bed_turn();
		drain();
	}
	lost = bed_drops();
	handed = bed_counter(DP_handoff_in);
	printf("%u changes, %lu sent, %lu relayed, %lu handed over, %lu in drop counters\n", n,
	       sent, received, handed, lost);
	bed_check(n > 20 && received > 500 && handed > 100, "too little happened");
	bed_check(received + lost == sent, "packets are missing");
}

int main(int argc, char **argv)
{
	static const char *const name[BED_DEVICES] = {"lan", "wan"};

	bed_start(argc, argv, name, conf);
	bed_check(sessions_create(&sessions, &bed_host) == 0, "sessions_create");
	run();
	bed_stop();
	sessions_free(sessions);
	bed_free();
	return 0;
}
