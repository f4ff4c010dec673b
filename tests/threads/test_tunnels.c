/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnels while they change: three workers on threads of their own carry packets into them, out of
 * them and from one to another, and control makes, changes, rekeys, reads and deletes them all the
 * while, with what is routed to them. Worth most under TSan. In the end every buffer is back, no
 * packet was in another tunnel than its own, and all of it has happened.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "json.h"
#include "route.h"
#include "tunnel.h"
#include "tunnels_traffic.h"

#define SECONDS  6
#define PATIENCE 60   /* seconds, on a machine that is busy otherwise */
#define REST_MS  20   /* of a new tunnel: without packets it sends a keep-alive */
#define MADE_MAX 8000 /* packets of workers and control: none of theirs is used again either */

static const char conf_head[] =
	"{\"workers\":{\"lcores\":[1,2,3]},"
	"\"interfaces\":[{\"name\":\"out\",\"device\":\"net_ring_out\"},"
	"{\"name\":\"inn\",\"device\":\"net_ring_inn\",\"role\":\"inner\",\"mtu\":1280}],"
	"\"addresses\":["
	"{\"name\":\"out4\",\"interface\":\"out\",\"ip\":\"10.0.0.1/24\","
	"\"ports\":{\"min\":20000,\"max\":20199}},"
	"{\"name\":\"out6\",\"interface\":\"out\",\"ip\":\"fd00::1/64\","
	"\"ports\":{\"min\":20000,\"max\":20199}},"
	"{\"name\":\"inn4\",\"interface\":\"inn\",\"ip\":\"10.8.0.1/24\","
	"\"gateway\":\"10.8.0.254\"},"
	"{\"name\":\"inn6\",\"interface\":\"inn\",\"ip\":\"fd00:8::1/64\","
	"\"gateway\":\"fd00:8::fe\"}],"
	"\"limits\":{\"sessions\":16},\"mbufs\":16383,\"neighbours\":["
	"{\"interface\":\"out\",\"ip\":\"10.0.0.2\",\"mac\":\"02:00:00:00:00:02\"},"
	"{\"interface\":\"out\",\"ip\":\"fd00::2\",\"mac\":\"02:00:00:00:00:02\"},"
	"{\"interface\":\"inn\",\"ip\":\"10.8.0.254\",\"mac\":\"02:00:00:00:00:fe\"},"
	"{\"interface\":\"inn\",\"ip\":\"fd00:8::fe\",\"mac\":\"02:00:00:00:00:fe\"}";

static struct sessions *sessions;
static struct tunnels *tunnels;
static struct place places[PLACES];
static struct place *wanderer; /* to which 10.88.0.0/16 is routed */
static unsigned int ended, rekeyed;

/* ---- changes ------------------------------------------------------------------------------- */

static void must(enum session_fault f, const struct session_error *err)
{
	bed_check(f == SESSION_OK, err->reason);
}

/* The same for both ways, so that the far end can send back what it gets. */
static void new_keys(const struct place *p, struct leg_security *out)
{
	enum srtp_profile profile = p->profile;
	struct sdes_key *k = &out->local;

	*out = (struct leg_security){
		.type = LEG_SECURITY_SDES, .has_profile = true, .profile = p->profile};
	k->master_len = (uint8_t)(srtp_profile_key_len(profile) + srtp_profile_salt_len(profile));
	for (unsigned int i = 0; i < k->master_len; i++)
		k->master[i] = (uint8_t)rand();
	out->remote = *k;
}

static struct leg_remote far_end(struct place *p)
{
	struct leg_remote r = {.port = 0};

	p->far_port = (uint16_t)(FAR_PORT + FAR_PORTS * p->n + (unsigned int)rand() % FAR_PORTS);
	wire_ip_parse(p->outer6 ? "fd00::2" : "10.0.0.2", &r.ip);
	r.port = p->far_port;
	return r;
}

static void add(struct net_prefix *to, unsigned int *count, union wire_ip ip, uint8_t bits)
{
	to[*count] = (struct net_prefix){.ip = ip, .bits = bits};
	net_prefix_trim(&to[(*count)++]);
}

/* Bits of `which` say what there is beside a place's own. */
static unsigned int networks(struct place *p, unsigned int which, struct net_prefix *out)
{
	uint8_t n = (uint8_t)p->n;
	unsigned int count = 0;

	add(out, &count, traffic_ip4(9, n, 0), 24);
	add(out, &count, traffic_ip6(9, n, 0), 64);
	if (which & 1)
		add(out, &count, traffic_ip4(77, n, 0), 24);
	if (which & 2)
		add(out, &count, traffic_ip6(77, n, 0), 64);
	for (uint8_t host = 200; which & 4 && host < 205; host++) {
		add(out, &count, traffic_ip4(77, n, host), 32);
		add(out, &count, traffic_ip6(77, n, host), 128);
		add(out, &count, traffic_ip6(9, n, host), (uint8_t)(60 + host / 4));
	}
	if (wanderer == p)
		wanderer = NULL;
	if (which & 8 && wanderer == NULL) {
		wanderer = p;
		add(out, &count, traffic_ip4(88, 0, 0), 16);
	}
	return count;
}

static void create(struct place *p)
{
	static struct tunnel_create c;
	struct tunnel_result r;
	struct session_error err;

	p->keyed = p->n % 3 != 0;
	p->outer6 = p->n % 3 == 2;
	p->profile = p->n % 2 ? SRTP_AEAD_AES_128_GCM : SRTP_AES_CM_128_HMAC_SHA1_80;
	memset(&c, 0, sizeof(c));
	tunnel_params_init(tunnels, &c.p);
	c.p.id = p->id;
	c.p.mode = TUNNEL_SERVER;
	c.p.address = p->outer6 ? 1 : 0;
	c.p.allow_plain = !p->keyed;
	c.p.network_count = networks(p, (unsigned int)rand() % 16, c.p.network);
	c.leg.rtcp = LEG_RTCP_MUX;
	c.leg.has_remote = true;
	c.leg.remote = far_end(p);
	c.leg.latch = p->keyed ? LEG_LATCH_FOLLOW : LEG_LATCH_STRICT;
	if (p->keyed)
		new_keys(p, &c.leg.security);
	must(tunnel_create(tunnels, &c, &r, &err), &err);
	p->port = r.session.leg[0].local.port;
	p->up = true;
	p->rests_until_tsc = rte_rdtsc() + REST_MS * bed_host.loop.tsc_per_ms;
	tunnel_result_free(&r);
}

static void on_end(void *arg, const char *report, size_t len)
{
	bed_check(len > 0 && report[0] == '{', "no report");
	ended++;
}

/* The next one gets its number at once, or after workers have let go of it. */
static void replace(struct place *p, bool wait)
{
	unsigned int before = ended;
	struct session_error err;

	if (wanderer == p)
		wanderer = NULL;
	p->up = false;
	must(tunnel_delete(tunnels, p->id, TUNNEL_DELETED, on_end, p, &err), &err);
	while (wait && ended == before)
		bed_turn();
	create(p);
}

static void change_settings(struct tunnel_change *c, unsigned int n)
{
	static const uint16_t mtu[] = {0, 576, 1280, 800};

	c->set_mtu = c->set_dscp = c->set_pt_strict = c->set_mss_clamp = c->set_families = true;
	c->mtu = mtu[n % 4];
	c->dscp = n % 3 ? SESSION_DSCP_KEEP : (uint8_t)(n % 64);
	c->pt_strict = n % 2;
	c->mss_clamp = n / 2 % 2;
	c->families = n % 5 == 0 ? FLOW_TUNNEL_IP4 : 0;
}

static void update(struct place *p, unsigned int n)
{
	static struct tunnel_change c;
	struct tunnel_result r;
	struct session_error err;

	memset(&c, 0, sizeof(c));
	c.id = p->id;
	if (n % 4 == 0) {
		change_settings(&c, n / 4);
	} else if (n % 4 == 1) {
		c.set_networks = true;
		c.network_count = networks(p, (unsigned int)rand() % 16, c.network);
	} else if (n % 4 == 2 && p->keyed) {
		c.set_leg = c.leg.set_security = true;
		new_keys(p, &c.leg.security);
		rekeyed++;
	} else {
		c.set_leg = c.leg.set_remote = c.leg.has_remote = true;
		c.leg.remote = far_end(p);
	}
	must(tunnel_update(tunnels, &c, &r, &err), &err);
	tunnel_result_free(&r);
}

static void read_all(const struct place *p)
{
	uint32_t cursor = 0, budget = UINT32_MAX;
	struct tnd_buf text = {0};
	struct tunnel_info info;
	struct session_error err;
	unsigned int n = 0;

	must(tunnel_report(tunnels, p->id, &text, NULL, &err), &err);
	tnd_buf_reset(&text);
	must(session_report(sessions, p->id, &text, NULL, &err), &err);
	tnd_buf_free(&text);
	while (tunnel_next(tunnels, &cursor, &budget, &info) && info.id != NULL)
		n++;
	bed_check(n > 0, "no tunnels");
}

/* As lan.c does it when nobody has asked for a host for some minutes. */
static void forget_host(unsigned int n)
{
	union wire_ip ip = traffic_host(n % 2, n / 2);

	flow_lan_clear(bed_host.tables, INNER, &ip, n % 2 ? 128 : 32);
}

static void change_something(unsigned int n)
{
	struct place *p = &places[(unsigned int)rand() % PLACES];

	forget_host(n);
	if (!p->up)
		create(p);
	else if (n % 8 == 0)
		replace(p, n / 8 % 2);
	else if (n % 8 == 4)
		read_all(p);
	else
		update(p, (unsigned int)rand());
}

/* ---- all of it ----------------------------------------------------------------------------- */

static uint64_t made(void)
{
	return bed_counter(DP_tunnel_fragments) + bed_counter(DP_keepalive_out) +
	       bed_counter(DP_injected);
}

static bool enough(unsigned int changes)
{
	struct tunnels_stats t;

	tunnels_stats(tunnels, &t);
	return changes > 20 && rekeyed > 2 && ended > 2 && t.roamed > 0 && traffic.read > 50 &&
	       traffic.unwrapped > 50 && bed_counter(DP_tunnel_in) > 500 &&
	       bed_counter(DP_tunnel_fragments) > 5 && bed_counter(DP_keepalive_in) > 5 &&
	       bed_counter(DP_handoff_in) > 100;
}

static void report(unsigned int n)
{
	struct tunnels_stats t;

	tunnels_stats(tunnels, &t);
	printf("%u changes, %u keys, %u ended, %lu roamed; %lu wrapped, %lu of them read, "
	       "%lu on the LAN; %lu packets and %lu keep-alives in, %lu and %lu out, %lu "
	       "fragments, "
	       "%lu handed over, %lu injected\n",
	       n, rekeyed, ended, t.roamed, traffic.wrapped, traffic.read, traffic.unwrapped,
	       bed_counter(DP_tunnel_in), bed_counter(DP_keepalive_in), bed_counter(DP_tunnel_out),
	       bed_counter(DP_keepalive_out), bed_counter(DP_tunnel_fragments),
	       bed_counter(DP_handoff_in), bed_counter(DP_injected));
	for (unsigned int d = 0; d < FLOW_DROP_COUNT; d++)
		if (bed_drop((enum flow_drop)d) > 0)
			printf("\t%s %lu\n", flow_drop_name((enum flow_drop)d),
			       bed_drop((enum flow_drop)d));
	fflush(stdout);
}

/* A change, packets for all tunnels, and what has come of those before. */
static void turn(unsigned int n)
{
	change_something(n);
	for (unsigned int i = 0; i < PLACES; i++)
		if (places[i].up && rte_rdtsc() >= places[i].rests_until_tsc)
			traffic_send(&places[i], n * PLACES + i);
	traffic_take(places);
	bed_turn();
}

static void run(void)
{
	uint64_t start = rte_rdtsc(), s = rte_get_tsc_hz();
	unsigned int n = 0;

	while (bed_left() > 0 && made() < MADE_MAX &&
	       (rte_rdtsc() < start + SECONDS * s ||
		(!enough(n) && rte_rdtsc() < start + PATIENCE * s)))
		turn(n++);
	for (unsigned int i = 0; i < 50; i++) {
		rte_delay_us_sleep(1000);
		traffic_take(places);
		bed_turn();
	}
	report(n);
	bed_check(enough(n), "too little has happened");
}

static char *make_config(void)
{
	struct tnd_buf b = {0};
	char text[WIRE_IP_STRLEN];

	tnd_buf_adds(&b, conf_head);
	for (unsigned int i = 0; i < 2 * LAN_HOSTS; i++) {
		union wire_ip ip = traffic_host(i % 2, i / 2);

		tnd_buf_addf(&b,
			     ",{\"interface\":\"inn\",\"ip\":\"%s\","
			     "\"mac\":\"02:00:00:00:01:%02x\"}",
			     wire_ip_format(&ip, text), i);
	}
	tnd_buf_add(&b, "]}", 3);
	bed_check(!b.oom, "no memory");
	return b.data;
}

int main(int argc, char **argv)
{
	static const char *const name[BED_DEVICES] = {"out", "inn"};
	char *config = make_config();

	bed_start(argc, argv, name, config);
	free(config);
	bed_check(sessions_create(&sessions, &bed_host) == 0, "sessions_create");
	bed_check(tunnels_create(&tunnels, &bed_host, sessions) == 0, "tunnels_create");
	for (unsigned int i = 0; i < PLACES; i++) {
		places[i].n = i;
		snprintf(places[i].id, sizeof(places[i].id), "tunnel-%u", i);
	}
	run();
	bed_stop();
	tunnels_free(tunnels);
	sessions_free(sessions);
	bed_free();
	return 0;
}
