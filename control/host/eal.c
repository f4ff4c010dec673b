/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "buf.h"
#include "host.h"
#include "log.h"

__attribute__((format(printf, 2, 3))) static void add(struct eal_args *a, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (a->argc == EAL_ARGS_MAX) {
		a->overflow = true;
		return;
	}
	va_start(ap, fmt);
	n = vasprintf(&a->argv[a->argc], fmt, ap);
	va_end(ap);
	if (n < 0) {
		a->argv[a->argc] = NULL;
		a->overflow = true;
		return;
	}
	a->argc++;
}

void eal_args_free(struct eal_args *a)
{
	for (int i = 0; i < a->argc; i++)
		free(a->argv[i]);
	memset(a, 0, sizeof(*a));
}

/* ---- lcores ------------------------------------------------------------------------------ */

struct cpu_map {
	const cpu_set_t *cpus;
	unsigned int used[CPU_SETSIZE]; /* lcores on each CPU */
};

static bool is_worker(const struct config *c, unsigned int lcore)
{
	for (unsigned int i = 0; i < c->lcore_count; i++)
		if (c->lcores[i] == lcore)
			return true;
	return false;
}

/* An lcore has the CPU of its own number; one without takes the CPU that is used least. */
static unsigned int take_cpu(struct cpu_map *map, unsigned int lcore)
{
	unsigned int best = CPU_SETSIZE;

	if (lcore < CPU_SETSIZE && CPU_ISSET(lcore, map->cpus)) {
		map->used[lcore]++;
		return lcore;
	}
	for (unsigned int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, map->cpus) &&
		    (best == CPU_SETSIZE || map->used[i] < map->used[best]))
			best = i;
	if (best == CPU_SETSIZE)
		best = 0;
	map->used[best]++;
	tnd_warn("eal", "there is no CPU %u for lcore %u: it shares CPU %u", lcore, lcore, best);
	return best;
}

static int add_lcores(struct eal_args *a, const struct config *c, const cpu_set_t *cpus)
{
	struct cpu_map map = {.cpus = cpus};
	unsigned int control = 0, cpu[FLOW_WORKERS_MAX] = {0};
	struct tnd_buf b = {0};

	while (is_worker(c, control))
		control++;
	/* Those with a CPU of their own first, so that the others see what is taken. */
	for (unsigned int i = 0; i < c->lcore_count; i++)
		if (c->lcores[i] < CPU_SETSIZE && CPU_ISSET(c->lcores[i], cpus))
			cpu[i] = take_cpu(&map, c->lcores[i]);
	tnd_buf_addf(&b, "%u@%u", control, take_cpu(&map, control));
	for (unsigned int i = 0; i < c->lcore_count; i++) {
		if (!(c->lcores[i] < CPU_SETSIZE && CPU_ISSET(c->lcores[i], cpus)))
			cpu[i] = take_cpu(&map, c->lcores[i]);
		tnd_buf_addf(&b, ",%u@%u", c->lcores[i], cpu[i]);
	}
	if (b.oom)
		return -ENOMEM;
	add(a, "--lcores=%.*s", (int)b.len, b.data);
	add(a, "--main-lcore=%u", control);
	tnd_buf_free(&b);
	return 0;
}

/* ---- devices and memory ------------------------------------------------------------------ */

static void add_devices(struct eal_args *a, const struct config *c)
{
	bool any = false;

	for (unsigned int i = 0; i < c->interface_count; i++) {
		bool again = false;

		if (!config_is_pci(c->interfaces[i].device))
			continue;
		for (unsigned int k = 0; k < i; k++)
			again = again || config_same_device(c->interfaces[k].device,
							    c->interfaces[i].device);
		if (!again) {
			add(a, "-a");
			add(a, "%s", c->interfaces[i].device);
		}
		any = true;
	}
	if (!any)
		add(a, "--no-pci");
}

static bool has_any(const struct config *c, const char *const *names)
{
	for (; *names != NULL; names++)
		if (config_eal_has(c, *names, NULL))
			return true;
	return false;
}

static void add_memory(struct eal_args *a, const struct config *c)
{
	static const char *const shared[] = {
		"--in-memory",   "--no-shconf", "--huge-dir",    "--legacy-mem",
		"--file-prefix", "--proc-type", "--huge-unlink", NULL};

	if (config_eal_has(c, "--no-huge", NULL)) {
		if (!config_eal_has(c, "--no-shconf", NULL))
			add(a, "--no-shconf");
		if (!config_eal_has(c, "-m", NULL)) {
			add(a, "-m");
			add(a, "%zu", (host_memory_need(c) >> 20) + 1);
		}
	} else if (!has_any(c, shared)) {
		add(a, "--in-memory");
	}
}

int eal_args_build(const struct config *c, const cpu_set_t *cpus, struct eal_args *out)
{
	static const char *const cores[] = {"-l", "--lcores", "-c", "-s", "-S", NULL};
	static const char *const devices[] = {"-a", "--allow", "-b", "--block", "--no-pci", NULL};
	int err = 0;

	memset(out, 0, sizeof(*out));
	add(out, "tandemd");
	if (!has_any(c, cores))
		err = add_lcores(out, c, cpus);
	if (!has_any(c, devices))
		add_devices(out, c);
	if (!config_eal_has(c, "--file-prefix", NULL))
		add(out, "--file-prefix=tandem-%d", getpid());
	add_memory(out, c);
	if (!config_eal_has(c, "--telemetry", NULL) && !config_eal_has(c, "--no-telemetry", NULL))
		add(out, "--no-telemetry");
	for (unsigned int i = 0; i < c->eal_arg_count; i++)
		add(out, "%s", c->eal_args[i]);
	if (err != 0)
		return err;
	return out->overflow ? -E2BIG : 0;
}

/* ---- log --------------------------------------------------------------------------------- */

/* EAL tells much at start that is of use only to who looks for a fault. */
static enum tnd_log_level our_level(int rte_level)
{
	if (rte_level <= 0)
		return TND_LOG_INFO;
	if (rte_level <= (int)RTE_LOG_ERR)
		return TND_LOG_ERR;
	return rte_level == (int)RTE_LOG_WARNING ? TND_LOG_WARN : TND_LOG_DEBUG;
}

static ssize_t write_log(void *cookie, const char *text, size_t len)
{
	size_t n = len;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	if (n > 0)
		tnd_log(our_level(rte_log_cur_msg_loglevel()), "eal", "%.*s", (int)n, text);
	return (ssize_t)len;
}

/* Line-buffered, so that what EAL writes in pieces is one line of ours. */
static void take_log(void)
{
	static const cookie_io_functions_t io = {.write = write_log};
	FILE *f = fopencookie(NULL, "w", io);

	if (f == NULL)
		return;
	setvbuf(f, NULL, _IOLBF, BUFSIZ);
	rte_openlog_stream(f);
}

/* ---- start ------------------------------------------------------------------------------- */

static int check_lcores(const struct config *c)
{
	for (unsigned int i = 0; i < c->lcore_count; i++) {
		if (c->lcores[i] == rte_get_main_lcore()) {
			tnd_err("eal",
				"/workers/lcores/%u: lcore %u is the control lcore (by eal.args); "
				"workers need others",
				i, c->lcores[i]);
			return -EINVAL;
		}
		if (!rte_lcore_is_enabled(c->lcores[i])) {
			tnd_err("eal", "/workers/lcores/%u: eal.args leave out lcore %u", i,
				c->lcores[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static void log_args(const struct eal_args *a)
{
	struct tnd_buf b = {0};

	for (int i = 1; i < a->argc; i++)
		tnd_buf_addf(&b, " %s", a->argv[i]);
	if (!b.oom && b.data != NULL)
		tnd_debug("eal", "arguments:%.*s", (int)b.len, b.data);
	tnd_buf_free(&b);
}

int eal_start(const struct config *c)
{
	struct eal_args args, order;
	cpu_set_t cpus;
	int err;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return -errno;
	err = eal_args_build(c, &cpus, &args);
	if (err != 0) {
		tnd_err("eal", "/eal/args: %s", strerror(-err));
		goto out;
	}
	log_args(&args);
	take_log();
	/* EAL changes the order of the pointers; what it keeps, it copies. */
	order = args;
	if (rte_eal_init(order.argc, order.argv) < 0) {
		err = rte_errno ? -rte_errno : -EINVAL;
		tnd_err("eal", "DPDK does not start with these eal.args and devices: %s",
			strerror(-err));
		goto out;
	}
	err = check_lcores(c);
	if (err != 0)
		eal_stop();
out:
	eal_args_free(&args);
	return err;
}

void eal_stop(void)
{
	char dir[PATH_MAX];

	/* EAL leaves a directory for each file prefix, and ours has a new one at each start. */
	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	rmdir(dir);
}
