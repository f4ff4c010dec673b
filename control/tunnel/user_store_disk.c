/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that waits for the disk in place of the control lcore. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "user_store_private.h"

#define SYNC_S 1  /* after a change: it is on the disk */
#define COPY_S 30 /* … and in the copy */

/* What the log has, to the disk and into the file; whoever reads or writes is not held up. */
static void checkpoint(struct user_store *s, sqlite3 *db)
{
	if (sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
		tnd_warn("users", "%s: %s", s->path, sqlite3_errmsg(db));
}

/* True: it is to end. */
static bool wait_for(struct user_store *s, unsigned int seconds)
{
	struct timespec until;
	bool ending;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&s->lock);
	while (!s->ending && pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
		;
	ending = s->ending;
	pthread_mutex_unlock(&s->lock);
	return ending;
}

static void *disk_main(void *arg)
{
	struct user_store *s = arg;
	uint64_t synced = 0, copied = UINT64_MAX, now;
	unsigned int since_copy = COPY_S;
	sqlite3 *db = NULL;
	bool ending;

	if (store_file_attach(s->path, &db) != 0) {
		tnd_err("users", "%s: the thread for the disk can't open it", s->path);
		return NULL;
	}
	sqlite3_exec(db, "PRAGMA synchronous=FULL", NULL, NULL, NULL);
	do {
		ending = wait_for(s, SYNC_S);
		now = atomic_load(&s->at);
		if (now != synced)
			checkpoint(s, db);
		synced = now;
		since_copy += SYNC_S;
		if (now == copied || (!ending && since_copy < COPY_S))
			continue;
		store_file_copy(db, s->path);
		copied = now;
		since_copy = 0;
	} while (!ending);
	sqlite3_close(db);
	return NULL;
}

/* Anywhere but on the workers' cores; where there is no other, it may disturb them. */
static void choose_cores(const struct user_store *s, const unsigned int *workers,
			 unsigned int count)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (long i = 0; i < n && i < CPU_SETSIZE; i++)
		CPU_SET((size_t)i, &cpus);
	for (unsigned int i = 0; i < count; i++)
		CPU_CLR(workers[i], &cpus);
	if (CPU_COUNT(&cpus) == 0 || pthread_setaffinity_np(s->thread, sizeof(cpus), &cpus) != 0)
		tnd_warn("users", "there is no core for the store's thread but those of workers");
}

static int make_thread(struct user_store *s)
{
	struct sched_param param = {0};
	sigset_t all, before;
	pthread_attr_t attr;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &param);
	/* Signals are control's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&s->thread, &attr, disk_main, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -rc;
}

int store_disk_start(struct user_store *s, const unsigned int *workers, unsigned int count)
{
	pthread_condattr_t clock;
	int rc;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &clock);
	pthread_condattr_destroy(&clock);
	rc = make_thread(s);
	s->running = rc == 0;
	if (rc != 0) {
		tnd_err("users", "no thread for the store: %s", strerror(-rc));
		return rc;
	}
	pthread_setname_np(s->thread, "tnd-users");
	choose_cores(s, workers, count);
	return 0;
}

void store_disk_stop(struct user_store *s)
{
	if (!s->running)
		return;
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	s->running = false;
}
