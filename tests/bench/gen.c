/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_gen's commands, one a line on standard input, each answered by one line of JSON:
 *
 *	set NUMBER			which set of flows the others are about; 0 at first
 *	load FILE SRC_MAC DST_MAC [KEYS [TUNNELS]]
 *					flows (struct gen_flow, see gen.h), keys for them
 *					(struct gen_keys), tunnels for them (struct gen_flow)
 *	size BYTES			of the IP packets, before they are sealed; 0: IMIX
 *	run KEY=VALUE …			port rx_port rate_pps most_pps ms drain_ms quiet_ms
 *					stall_us slack_us latency; rx_port is port if absent
 *	first PORT TIMEOUT_MS		until the first packet comes back
 *	link PORT			is it up?
 *
 * The devices are those of EAL's arguments, by number. Ends when its input does.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include "gen.h"

#define POOL_CACHE 256
#define DESC       1024

static struct gen gen;

static void die(const char *what)
{
	fprintf(stderr, "bench_gen: %s\n", what);
	exit(1);
}

/* What is never written afterwards, the payload, is zero: the templates' sums rely on it. */
static void zero_payload(struct rte_mempool *mp, void *arg, void *obj, unsigned int i)
{
	struct rte_mbuf *m = obj;

	(void)mp;
	(void)arg;
	(void)i;
	memset(m->buf_addr, 0, m->buf_len);
}

static void open_port(uint16_t port, struct rte_mempool *rx_pool)
{
	struct rte_eth_conf conf = {0};
	uint16_t rx = DESC, tx = DESC;

	if (rte_eth_dev_configure(port, 1, 1, &conf) != 0 ||
	    rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx, &tx) != 0 ||
	    rte_eth_rx_queue_setup(port, 0, rx, SOCKET_ID_ANY, NULL, rx_pool) != 0 ||
	    rte_eth_tx_queue_setup(port, 0, tx, SOCKET_ID_ANY, NULL) != 0 ||
	    rte_eth_dev_start(port) != 0)
		die("a device does not start");
	rte_eth_promiscuous_enable(port);
}

static void open_ports(void)
{
	struct rte_mempool *rx_pool = rte_pktmbuf_pool_create(
		"rx", 16383, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	uint16_t port;

	gen.sealed_pool = rte_pktmbuf_pool_create("sealed", 4095, POOL_CACHE, 0,
						  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	gen.tx_pool = rte_pktmbuf_pool_create("tx", 8191, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					      SOCKET_ID_ANY);
	if (!rx_pool || !gen.tx_pool || !gen.sealed_pool)
		die("no memory for packets");
	rte_mempool_obj_iter(gen.tx_pool, zero_payload, NULL);
	RTE_ETH_FOREACH_DEV (port)
		open_port(port, rx_pool);
}

static void answer_error(const char *what, int err)
{
	printf("{\"error\":\"%s: %s\"}\n", what, strerror(-err));
}

static bool parse_mac(const char *s, uint8_t *mac)
{
	return sscanf(s, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		      &mac[4], &mac[5]) == 6;
}

static void do_set(char *args)
{
	int number = atoi(args);

	if (number < 0 || number >= GEN_SETS) {
		answer_error("set", -EINVAL);
		return;
	}
	gen.flows = &gen.set[number];
	printf("{\"set\":%d}\n", number);
}

static void do_load(char *args)
{
	const char *path = strtok(args, " \n"), *src = strtok(NULL, " \n"),
		   *dst = strtok(NULL, " \n");
	struct gen_files files = {path, strtok(NULL, " \n"), strtok(NULL, " \n")};
	struct gen_flows *f = gen.flows;
	int err = -EINVAL;

	if (dst && parse_mac(src, f->src_mac) && parse_mac(dst, f->dst_mac))
		err = gen_flows_load(f, &files);
	if (err)
		answer_error("load", err);
	else
		printf("{\"flows\":%u}\n", f->count);
}

static void do_size(char *args)
{
	int size = atoi(args);
	int err = size >= 0 && size <= GEN_SIZE_MAX ? gen_flows_build(gen.flows, (uint16_t)size)
						    : -EINVAL;

	if (err)
		answer_error("size", err);
	else
		printf("{\"size\":%d}\n", size);
}

static void print_run(const struct gen_run *r)
{
	double hz = (double)rte_get_tsc_hz(), us = 1e6 / hz;

	printf("{\"sent\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"received\":%" PRIu64
	       ",\"reordered\":%" PRIu64 ",\"stale\":%" PRIu64 ",\"foreign\":%" PRIu64
	       ",\"bad_checksums\":%" PRIu64 ",\"checked\":%" PRIu64 ",\"bad_content\":%" PRIu64
	       ",\"stalls\":%" PRIu64
	       ",\"stall_us\":%.1f,\"stall_max_us\":%.1f,\"skipped\":%" PRIu64 ",\"seconds\":%.6f",
	       r->sent, r->refused, r->received, r->reordered, r->stale, r->foreign, r->bad_sum,
	       r->checked, r->bad_content, r->stalls, (double)r->stall_tsc * us,
	       (double)r->stall_max_tsc * us, r->skipped, (double)r->send_tsc / hz);
	if (r->latency && r->hist.count)
		printf(",\"latency_us\":{\"samples\":%" PRIu64
		       ",\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}",
		       r->hist.count, (double)gen_hist_quantile(&r->hist, 0.5) * us,
		       (double)gen_hist_quantile(&r->hist, 0.99) * us,
		       (double)gen_hist_quantile(&r->hist, 0.999) * us, (double)r->hist.max * us);
	printf("}\n");
}

static void do_run(char *args)
{
	static struct gen_run r;
	char *word;

	memset(&r, 0, sizeof(r));
	r.rx_port = RTE_MAX_ETHPORTS;
	r.ms = 100;
	r.most_pps = 6e6;
	r.drain_ms = 20;
	r.stall_us = 20;
	r.slack_us = 10;
	for (word = strtok(args, " \n"); word; word = strtok(NULL, " \n")) {
		char *eq = strchr(word, '=');
		double v = eq ? atof(eq + 1) : -1;

		if (eq == NULL || v < 0) {
			answer_error(word, -EINVAL);
			return;
		}
		*eq = '\0';
		if (strcmp(word, "port") == 0)
			r.port = (uint16_t)v;
		else if (strcmp(word, "rx_port") == 0)
			r.rx_port = (uint16_t)v;
		else if (strcmp(word, "rate_pps") == 0)
			r.rate_pps = v;
		else if (strcmp(word, "most_pps") == 0)
			r.most_pps = v;
		else if (strcmp(word, "ms") == 0)
			r.ms = (uint32_t)v;
		else if (strcmp(word, "drain_ms") == 0)
			r.drain_ms = (uint32_t)v;
		else if (strcmp(word, "quiet_ms") == 0)
			r.quiet_ms = (uint32_t)v;
		else if (strcmp(word, "stall_us") == 0)
			r.stall_us = (uint32_t)v;
		else if (strcmp(word, "slack_us") == 0)
			r.slack_us = (uint32_t)v;
		else if (strcmp(word, "latency") == 0)
			r.latency = v != 0;
		else {
			answer_error(word, -EINVAL);
			return;
		}
	}
	if (r.rx_port == RTE_MAX_ETHPORTS)
		r.rx_port = r.port;
	if (gen.flows->tmpl == NULL || !rte_eth_dev_is_valid_port(r.port) ||
	    !rte_eth_dev_is_valid_port(r.rx_port)) {
		answer_error("run", -ENOENT);
		return;
	}
	gen_run(&gen, &r);
	print_run(&r);
}

static void do_first(char *args)
{
	unsigned int port, timeout_ms;

	if (sscanf(args, "%u %u", &port, &timeout_ms) != 2 || gen.flows->tmpl == NULL ||
	    gen.flows->seals || !rte_eth_dev_is_valid_port((uint16_t)port)) {
		answer_error("first", -EINVAL);
		return;
	}
	printf("{\"monotonic_ns\":%" PRIu64 "}\n", gen_first(&gen, (uint16_t)port, timeout_ms));
}

static void do_link(char *args)
{
	struct rte_eth_link link = {0};
	int err = rte_eth_link_get_nowait((uint16_t)atoi(args), &link);

	if (err)
		answer_error("link", err);
	else
		printf("{\"up\":%s}\n", link.link_status ? "true" : "false");
}

static void command(char *line)
{
	static const struct {
		const char *name;
		void (*run)(char *args);
	} commands[] = {{"set ", do_set}, {"load ", do_load},   {"size ", do_size},
			{"run ", do_run}, {"first ", do_first}, {"link ", do_link}};

	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		size_t len = strlen(commands[i].name);

		if (strncmp(line, commands[i].name, len) == 0) {
			commands[i].run(line + len);
			return;
		}
	}
	printf("{\"error\":\"no such command\"}\n");
}

int main(int argc, char **argv)
{
	char line[4096];

	if (rte_eal_init(argc, argv) < 0)
		die("EAL refused");
	if (gen_srtp_init() < 0)
		die("no engine for SRTP");
	gen.flows = &gen.set[0];
	open_ports();
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("{\"ports\":%u,\"tsc_hz\":%" PRIu64 "}\n", rte_eth_dev_count_avail(),
	       rte_get_tsc_hz());
	while (fgets(line, sizeof(line), stdin))
		command(line);
	rte_eal_cleanup();
	return 0;
}
