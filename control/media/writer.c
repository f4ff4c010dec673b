/* SPDX-License-Identifier: BSD-3-Clause */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define LOG_EVERY_MS 1000
#define FILE_MODE    0640

/* Control reads them at any time. */
static void count(uint64_t *field, uint64_t n)
{
	__atomic_store_n(field, *field + n, __ATOMIC_RELAXED);
}

static void make_path(const struct writer *w, const char *dir, unsigned int number,
		      char out[WRITER_PATH_MAX])
{
	if (number > 1)
		snprintf(out, WRITER_PATH_MAX, "%s/%s-%u%s", dir, w->stem, number, w->ending);
	else
		snprintf(out, WRITER_PATH_MAX, "%s/%s%s", dir, w->stem, w->ending);
}

static void tell(struct writer *w, const char *what, int err, uint64_t now_ms)
{
	char path[WRITER_PATH_MAX];

	if (now_ms < w->log->next_ms) {
		w->log->silent++;
		return;
	}
	make_path(w, w->dir, w->number, path);
	tnd_err("media", "%s: %s: %s; %" PRIu64 " faults before it were not told", path, what,
		strerror(err), w->log->silent);
	w->log->silent = 0;
	w->log->next_ms = now_ms + LOG_EVERY_MS;
}

void writer_init(struct writer *w, enum media_format format, const char *dir, const char *final_dir,
		 const char *stem, const char *ending, struct media_count *counts,
		 struct writer_log *log)
{
	*w = (struct writer){.format = format,
			     .dir = dir,
			     .final_dir = final_dir,
			     .stem = stem,
			     .ending = ending,
			     .count = counts,
			     .log = log,
			     .fd = -1,
			     .number = 1};
}

/* What is in the buffer, with `more`, will not be in the file. */
static void lose(struct writer *w, uint32_t more)
{
	count(&w->count->lost, w->packets + more);
	w->used = w->packets = 0;
	w->payload = 0;
}

static void fail(struct writer *w, const char *what, int err, uint64_t now_ms)
{
	tell(w, what, err, now_ms);
	w->retry_ms = now_ms + WRITER_RETRY_MS;
}

/* A name that nobody has, here or where it is to go in the end. */
static int open_new(struct writer *w)
{
	char path[WRITER_PATH_MAX];

	for (w->number = 1; w->number <= WRITER_NAMES; w->number++) {
		if (w->final_dir != w->dir) {
			make_path(w, w->final_dir, w->number, path);
			if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
				continue;
		}
		make_path(w, w->dir, w->number, path);
		w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
		if (w->fd >= 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	w->number = 1;
	return -EEXIST;
}

/* All of it, at the end of the whole records: 0 or -errno. */
static int write_all(const struct writer *w)
{
	uint32_t done = 0;

	while (done < w->used) {
		ssize_t n = pwrite(w->fd, w->buf + done, w->used - done, (off_t)(w->size + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (uint32_t)n;
	}
	return 0;
}

static void flush(struct writer *w, uint64_t now_ms)
{
	int rc;

	if (w->used == 0)
		return;
	rc = write_all(w);
	if (rc == 0) {
		w->size += w->used;
		count(&w->count->packets, w->packets);
		count(&w->count->bytes, w->payload);
		w->used = w->packets = 0;
		w->payload = 0;
		return;
	}
	/* What is left of a record would make the rest unreadable. */
	if (ftruncate(w->fd, (off_t)w->size) != 0)
		tell(w, "can't be cut", errno, now_ms);
	fail(w, "can't be written", -rc, now_ms);
	lose(w, 0);
}

static int make_ready(struct writer *w)
{
	int rc;

	if (w->buf == NULL)
		w->buf = malloc(WRITER_BUF);
	if (w->buf == NULL)
		return -ENOMEM;
	rc = w->fd < 0 ? open_new(w) : 0;
	if (rc == 0 && w->used == 0 && w->size == 0)
		w->used = (uint32_t)format_head(w->format, w->buf);
	return rc;
}

uint64_t writer_size_with(const struct writer *w, const struct media_packet *p)
{
	uint64_t head = w->size + w->used == 0 ? FORMAT_HEAD_MAX : 0;

	return w->size + w->used + head + p->len + FORMAT_RECORD_MORE;
}

void writer_packet(struct writer *w, const struct media_packet *p, uint64_t now_ms)
{
	uint32_t room = p->len + FORMAT_RECORD_MORE;
	int rc;

	if (now_ms < w->retry_ms || room > WRITER_BUF - FORMAT_HEAD_MAX) {
		count(&w->count->lost, 1);
		return;
	}
	if (w->used + room > WRITER_BUF) {
		flush(w, now_ms);
		if (now_ms < w->retry_ms) {
			count(&w->count->lost, 1);
			return;
		}
	}
	rc = make_ready(w);
	if (rc != 0) {
		fail(w, "can't be made", -rc, now_ms);
		count(&w->count->lost, 1);
		return;
	}
	if (w->packets == 0)
		w->since_ms = now_ms;
	w->used += (uint32_t)format_packet(w->format, p, w->buf + w->used);
	w->packets++;
	w->payload += p->len;
}

void writer_tick(struct writer *w, uint64_t now_ms)
{
	if (w->packets != 0 && now_ms >= w->since_ms + WRITER_FLUSH_MS)
		flush(w, now_ms);
}

/* Where file systems can't rename without replacing, a check has to do. */
static int move(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return rename(from, to) == 0 ? 0 : -errno;
}

static int move_done(struct writer *w, char path[WRITER_PATH_MAX], uint64_t now_ms)
{
	char to[WRITER_PATH_MAX];
	int rc = -EEXIST;

	for (unsigned int n = w->number; rc == -EEXIST && n <= WRITER_NAMES; n++) {
		make_path(w, w->final_dir, n, to);
		rc = move(path, to);
	}
	if (rc == 0)
		memcpy(path, to, sizeof(to));
	else
		tell(w, "can't be moved", -rc, now_ms);
	return rc;
}

int writer_close(struct writer *w, uint64_t now_ms, char path[WRITER_PATH_MAX])
{
	int rc = 0;

	path[0] = '\0';
	if (w->fd >= 0) {
		if (w->packets != 0)
			flush(w, now_ms);
		make_path(w, w->dir, w->number, path);
		if (close(w->fd) != 0)
			tell(w, "closing", errno, now_ms);
		w->fd = -1;
		if (w->size == 0) {
			unlink(path);
			path[0] = '\0';
		} else if (w->final_dir != w->dir) {
			rc = move_done(w, path, now_ms);
		}
	}
	free(w->buf);
	w->buf = NULL;
	return rc;
}
