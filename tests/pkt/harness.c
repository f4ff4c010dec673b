/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole of tandem in one thread, with time in the hands of a test: pcap in, pcap and
 * counters out. Devices are net_ring ports, so that neither a NIC, nor root, nor hugepages
 * are needed; control and workers are stepped in turn at a made-up TSC.
 *
 * Reads commands from standard input, one a line, and answers each with one line: "ok", a JSON
 * reply, or "error: …".
 *
 *	port NAME QUEUES	a device "net_ring_NAME" with so many queues
 *	start FILE		configuration; its devices are the ports above
 *	rpc JSON		a JSON-RPC request (or batch); answers its reply
 *	rx NAME QUEUE FILE	the packets of a pcap come in at the device's queue; time moves on
 *				by the differences of their timestamps
 *	tight BYTES		from now on so much room is left behind a packet that comes in
 *	tx NAME FILE		writes what the device has sent since the last time to a pcap
 *	advance MS		time passes
 *	media, play, …		see harness_media.h
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>

#include "api.h"
#include "buf.h"
#include "harness_media.h"
#include "host.h"
#include "log.h"
#include "session.h"
#include "tunnel.h"

#define PORTS_MAX  8
#define QUEUES_MAX 8
#define RING_SIZE  4096
#define TURNS_MAX  2000

struct port {
	char name[32];
	unsigned int queues;
	struct rte_ring *rx[QUEUES_MAX], *tx[QUEUES_MAX];
};

static struct {
	struct port port[PORTS_MAX];
	unsigned int port_count;
	struct config *config;
	struct host host;
	struct sessions *sessions;
	struct tunnels *tunnels; /* NULL: no inner interface */
	struct api *api;
	bool started;
	unsigned int tight; /* bytes behind a packet; 0: as the driver would leave it */
	uint64_t now;
} h;

static void answer(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

static struct port *find_port(const char *name)
{
	for (unsigned int i = 0; i < h.port_count; i++)
		if (strcmp(h.port[i].name, name) == 0)
			return &h.port[i];
	return NULL;
}

/* Every worker and control take a turn, until nobody has anything to do. */
static void settle(void)
{
	unsigned int work;

	do {
		work = 0;
		h.now += 1000;
		for (uint16_t w = 0; w < h.config->lcore_count; w++)
			work += dp_poll_once(h.host.dp, w, h.now);
		loop_step(&h.host.loop, h.now);
		for (uint16_t w = 0; w < h.config->lcore_count; w++)
			work += dp_poll_once(h.host.dp, w, h.now);
	} while (work);
}

static void advance_us(uint64_t us)
{
	uint64_t end = h.now + us * rte_get_tsc_hz() / 1000000;
	uint64_t step = rte_get_tsc_hz() / 1000;

	while (h.now + step < end) {
		h.now += step;
		settle();
	}
	if (h.now < end)
		h.now = end;
	settle();
}

static void do_port(char *args)
{
	struct port *p = &h.port[h.port_count];
	char name[64];

	if (h.port_count == PORTS_MAX || sscanf(args, "%31s %u", p->name, &p->queues) != 2 ||
	    p->queues == 0 || p->queues > QUEUES_MAX) {
		answer("error: port NAME QUEUES");
		return;
	}
	for (unsigned int q = 0; q < p->queues; q++) {
		snprintf(name, sizeof(name), "%s_rx%u", p->name, q);
		p->rx[q] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof(name), "%s_tx%u", p->name, q);
		p->tx[q] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, 0);
		if (p->rx[q] == NULL || p->tx[q] == NULL) {
			answer("error: no memory for rings");
			return;
		}
	}
	if (rte_eth_from_rings(p->name, p->rx, p->queues, p->tx, p->queues, SOCKET_ID_ANY) < 0) {
		answer("error: net_ring refused");
		return;
	}
	h.port_count++;
	answer("ok");
}

static void do_start(char *path)
{
	struct json_error err;
	char text[600];

	if (config_load(path, &h.config, &err) != 0) {
		snprintf(text, sizeof(text), "error: %s: %s", err.path, err.reason);
		answer(text);
		return;
	}
	if (host_init(&h.host, h.config, h.now) != 0 ||
	    sessions_create(&h.sessions, &h.host) != 0 ||
	    tunnels_create(&h.tunnels, &h.host, h.sessions) != 0 ||
	    api_create(&h.api, &h.host, h.sessions) != 0) {
		answer("error: it did not start, see the log");
		return;
	}
	api_set_tunnels(h.api, h.tunnels);
	h.started = true;
	media_begin(h.sessions, &h.host);
	settle();
	answer("ok");
}

struct reply {
	bool done;
};

static void on_reply(void *arg, const char *text, size_t len)
{
	struct reply *r = arg;

	r->done = true;
	printf("%.*s\n", (int)len, text);
	fflush(stdout);
}

static void do_rpc(char *text)
{
	struct reply r = {0};

	api_input(h.api, true, text, strlen(text), on_reply, &r);
	for (unsigned int i = 0; i < TURNS_MAX && !r.done; i++)
		settle();
	if (!r.done)
		answer("error: no reply");
	settle();
}

static struct rte_mbuf *to_mbuf(const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_pool());

	if (m == NULL)
		return NULL;
	if (len + h.tight > rte_pktmbuf_tailroom(m)) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	if (h.tight)
		m->data_off = (uint16_t)(m->buf_len - len - h.tight);
	memcpy(rte_pktmbuf_mtod(m, void *), data, len);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return m;
}

static uint64_t us_of(const struct pcap_pkthdr *hdr)
{
	return (uint64_t)hdr->ts.tv_sec * 1000000 + (uint64_t)hdr->ts.tv_usec;
}

static void do_rx(char *args)
{
	char name[32], path[512], error[PCAP_ERRBUF_SIZE];
	unsigned int queue, pending = 0;
	struct pcap_pkthdr *hdr;
	const uint8_t *data;
	uint64_t last = 0;
	struct port *p;
	pcap_t *pc;

	if (sscanf(args, "%31s %u %511s", name, &queue, path) != 3 || !(p = find_port(name)) ||
	    queue >= p->queues || !(pc = pcap_open_offline(path, error))) {
		answer("error: rx NAME QUEUE FILE");
		return;
	}
	while (pcap_next_ex(pc, &hdr, &data) == 1) {
		struct rte_mbuf *m;

		if (last != 0 && us_of(hdr) > last) {
			settle();
			advance_us(us_of(hdr) - last);
			pending = 0;
		}
		last = us_of(hdr);
		m = to_mbuf(data, hdr->caplen);
		if (m == NULL || rte_ring_enqueue(p->rx[queue], m) != 0) {
			pcap_close(pc);
			answer("error: no room for the packet");
			return;
		}
		if (++pending == RING_SIZE / 2) {
			settle();
			pending = 0;
		}
	}
	pcap_close(pc);
	settle();
	answer("ok");
}

static void do_tx(char *args)
{
	char name[32], path[512];
	struct port *p;
	pcap_dumper_t *out;
	pcap_t *pc;

	if (sscanf(args, "%31s %511s", name, path) != 2 || !(p = find_port(name))) {
		answer("error: tx NAME FILE");
		return;
	}
	pc = pcap_open_dead(DLT_EN10MB, 65535);
	out = pcap_dump_open(pc, path);
	if (out == NULL) {
		pcap_close(pc);
		answer("error: the file can't be written");
		return;
	}
	for (unsigned int q = 0; q < p->queues; q++) {
		struct rte_mbuf *m;

		while (rte_ring_dequeue(p->tx[q], (void **)&m) == 0) {
			struct pcap_pkthdr hdr = {.caplen = m->pkt_len, .len = m->pkt_len};

			pcap_dump((u_char *)out, &hdr, rte_pktmbuf_mtod(m, const u_char *));
			rte_pktmbuf_free(m);
		}
	}
	pcap_dump_close(out);
	pcap_close(pc);
	answer("ok");
}

static void do_advance(char *args)
{
	advance_us(1000 * strtoull(args, NULL, 10));
	answer("ok");
}

static void do_tight(char *args)
{
	h.tight = (unsigned int)strtoul(args, NULL, 10);
	answer("ok");
}

static void do_media(void (*fn)(char *args, char *out, size_t size), char *args)
{
	static char out[1 << 19];

	fn(args, out, sizeof(out));
	answer(out);
	settle();
}

static void do_media_set(char *args)
{
	do_media(media_set, args);
}

static void do_play(char *args)
{
	do_media(media_play, args);
}

static void do_halt(char *args)
{
	do_media(media_halt, args);
}

static void do_copies(char *args)
{
	do_media(media_copies, args);
}

static void do_told(char *args)
{
	settle();
	do_media(media_told, args);
}

static const struct {
	const char *name;
	void (*fn)(char *args);
	bool after_start;
} commands[] = {
	{"port", do_port, false},  {"start", do_start, false},    {"rpc", do_rpc, true},
	{"rx", do_rx, true},       {"tx", do_tx, true},           {"advance", do_advance, true},
	{"tight", do_tight, true}, {"media", do_media_set, true}, {"play", do_play, true},
	{"halt", do_halt, true},   {"copies", do_copies, true},   {"told", do_told, true},
};

static void run_line(char *line)
{
	char *args = strchr(line, ' ');

	if (args)
		*args++ = '\0';
	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		if (strcmp(commands[i].name, line) != 0)
			continue;
		if (commands[i].after_start != h.started)
			answer("error: not at this time");
		else
			commands[i].fn(args ? args : line + strlen(line));
		return;
	}
	answer("error: unknown command");
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	tnd_log_set_level(TND_LOG_WARN);
	if (rte_eal_init(argc, argv) < 0)
		return 1;
	h.now = rte_rdtsc();
	while ((n = getline(&line, &cap, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		run_line(line);
	}
	free(line);
	if (h.started) {
		media_finish();
		api_stop(h.api);
		tunnels_free(h.tunnels);
		sessions_free(h.sessions);
		host_free(&h.host);
		config_free(h.config);
	}
	rte_eal_cleanup();
	return 0;
}
