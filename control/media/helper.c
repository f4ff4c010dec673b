/* SPDX-License-Identifier: BSD-3-Clause */
#include "helper.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_lcore.h>

#include "deliver.h"
#include "log.h"

#define BURST         64
#define DRAIN_MAX     131072 /* copies of one worker in a turn: more than wait in its ring */
#define TICK_MS       100
#define CLOCK_EVERY_S 1
#define NS            UINT64_C(1000000000)

/* ---- time ---------------------------------------------------------------------------------- */

static void set_clock(struct helper *h, uint64_t now_tsc)
{
	struct timespec now;

	if (h->base_tsc != 0 && now_tsc - h->base_tsc < CLOCK_EVERY_S * h->tsc_hz)
		return;
	h->base_tsc = rte_rdtsc();
	clock_gettime(CLOCK_REALTIME, &now);
	h->base_ns = (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

static void set_now(struct helper *h)
{
	h->now_tsc = rte_rdtsc();
	h->now_ms = h->now_tsc / (h->tsc_hz / 1000);
}

uint64_t helper_time_ns(const struct helper *h, uint64_t tsc)
{
	double s = (double)(int64_t)(tsc - h->base_tsc) / (double)h->tsc_hz;

	return h->base_ns + (uint64_t)(int64_t)(s * (double)NS);
}

/* ---- sinks --------------------------------------------------------------------------------- */

static void start_sink(struct helper *h, struct sink *k)
{
	k->run.next = h->by_session[k->flow_session];
	h->by_session[k->flow_session] = k;
	tnd_list_add_tail(&h->sinks, &k->run.link);
}

/* Its session's packets that wait in a ring are still its own. */
static void stop_sink(struct helper *h, struct sink *k)
{
	tnd_list_del(&k->run.link);
	tnd_list_add_tail(&h->ending, &k->run.link);
}

static void finish_sink(struct helper *h, struct sink *k)
{
	struct sink **at = &h->by_session[k->flow_session];

	while (*at != k)
		at = &(*at)->run.next;
	*at = k->run.next;
	tnd_list_del(&k->run.link);
	deliver_close(h, k);
	mailbox_put(&h->out, &k->done);
}

static void finish_ending(struct helper *h)
{
	while (!tnd_list_empty(&h->ending))
		finish_sink(h, tnd_container_of(h->ending.next, struct sink, run.link));
}

/* ---- the thread ---------------------------------------------------------------------------- */

static bool read_mail(struct helper *h)
{
	struct mail *m = mailbox_take(&h->in), *next;
	bool any = m != NULL;

	for (; m != NULL; m = next) {
		next = m->next;
		switch ((enum mail_kind)m->kind) {
		case MAIL_START: start_sink(h, tnd_container_of(m, struct sink, start)); break;
		case MAIL_STOP: stop_sink(h, tnd_container_of(m, struct sink, stop)); break;
		case MAIL_LOAD:
			frame_cache_load(&h->cache, tnd_container_of(m, struct load, mail));
			mailbox_put(&h->out, m);
			break;
		case MAIL_QUIT: h->quit = true; break;
		case MAIL_LIMIT:
		case MAIL_DONE:
		case MAIL_RELAY: break; /* these go the other way */
		}
	}
	return any;
}

/* All copies that waited when it began. */
static bool drain(struct helper *h, uint16_t worker)
{
	struct rte_mbuf *m[BURST];
	unsigned int all = 0, n;

	do {
		n = dp_copy_receive(h->config.dp, worker, m, BURST);
		for (unsigned int i = 0; i < n; i++)
			deliver(h, m[i]);
		rte_pktmbuf_free_bulk(m, n);
		all += n;
		set_now(h); /* the disk may have taken its time */
	} while (n == BURST && all < DRAIN_MAX);
	return all != 0;
}

static void tick(struct helper *h)
{
	struct tnd_list *pos;

	if (h->now_ms < h->tick_ms)
		return;
	h->tick_ms = h->now_ms + TICK_MS;
	tnd_list_for_each (pos, &h->sinks)
		deliver_tick(h, tnd_container_of(pos, struct sink, run.link));
}

static bool turn(struct helper *h)
{
	bool any;

	set_now(h);
	set_clock(h, h->now_tsc);
	any = read_mail(h);
	for (uint16_t i = 0; i < h->config.workers; i++)
		any |= drain(h, i);
	finish_ending(h);
	tick(h);
	return any;
}

static void nap(struct helper *h)
{
	struct pollfd p = {.fd = h->wake_fd, .events = POLLIN};
	uint64_t n;

	if (poll(&p, 1, tnd_list_empty(&h->sinks) ? -1 : 1) == 1 &&
	    read(h->wake_fd, &n, sizeof(n)) < 0)
		return; /* it was read already */
}

static void *run(void *arg)
{
	struct helper *h = arg;

	while (!h->quit)
		if (!turn(h) && !h->quit)
			nap(h);
	while (!tnd_list_empty(&h->sinks))
		stop_sink(h, tnd_container_of(h->sinks.next, struct sink, run.link));
	finish_ending(h);
	return NULL;
}

/* ---- its life ------------------------------------------------------------------------------ */

void helper_tell(struct helper *h, struct mail *m)
{
	uint64_t one = 1;

	mailbox_put(&h->in, m);
	/* It can only fail because the helper has been woken too often already. */
	if (write(h->wake_fd, &one, sizeof(one)) < 0)
		return;
}

void helper_relayed(struct helper *h)
{
	__atomic_sub_fetch(&h->relayed, 1, __ATOMIC_RELAXED);
}

static void without_workers(const struct helper_config *c, cpu_set_t *cpus)
{
	for (uint16_t i = 0; i < c->workers && c->lcores != NULL; i++)
		CPU_CLR(rte_lcore_to_cpu_id((int)c->lcores[i]), cpus);
}

/* Anywhere but on the workers' cores, and on that of control only if there is no other. */
static void choose_cores(const struct helper *h, pthread_t thread)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t all, quiet;

	CPU_ZERO(&all);
	for (long i = 0; i < n && i < CPU_SETSIZE; i++)
		CPU_SET((size_t)i, &all);
	without_workers(&h->config, &all);
	quiet = all;
	CPU_CLR(rte_lcore_to_cpu_id((int)rte_get_main_lcore()), &quiet);
	/* What this process may not use, the kernel takes off; it refuses what is none then. */
	if (CPU_COUNT(&quiet) != 0 && pthread_setaffinity_np(thread, sizeof(quiet), &quiet) == 0)
		return;
	if (CPU_COUNT(&all) != 0 && pthread_setaffinity_np(thread, sizeof(all), &all) == 0)
		return;
	tnd_warn("media", "there is no core for the recorder but those of workers: give it one, or "
			  "recording disturbs calls");
}

static int make_thread(struct helper *h)
{
	struct sched_param param = {0};
	pthread_attr_t attr;
	sigset_t all, before;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &param);
	/* Signals are control's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&h->thread, &attr, run, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (rc != 0)
		return -rc;
	pthread_setname_np(h->thread, "tnd-media");
	choose_cores(h, h->thread);
	return 0;
}

int helper_start(struct helper *h, const struct helper_config *config)
{
	int rc = -ENOMEM;

	*h = (struct helper){.config = *config, .tsc_hz = rte_get_tsc_hz()};
	tnd_list_init(&h->sinks);
	tnd_list_init(&h->ending);
	frame_cache_init(&h->cache, config->cache_bytes);
	h->by_session = calloc(config->sessions, sizeof(struct sink *));
	h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->by_session != NULL)
		rc = h->wake_fd < 0 ? -errno : make_thread(h);
	h->running = rc == 0;
	if (rc != 0) {
		tnd_err("media", "the recorder can't be started: %s", strerror(-rc));
		helper_free(h);
	}
	return rc;
}

void helper_stop(struct helper *h)
{
	if (!h->running)
		return;
	h->quit_mail.kind = MAIL_QUIT;
	helper_tell(h, &h->quit_mail);
	pthread_join(h->thread, NULL);
	h->running = false;
}

void helper_free(struct helper *h)
{
	helper_stop(h);
	frame_cache_free(&h->cache);
	free(h->by_session);
	if (h->wake_fd >= 0)
		close(h->wake_fd);
}
