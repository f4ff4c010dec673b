/* SPDX-License-Identifier: BSD-3-Clause */
#include "frames.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 20 ms a packet; G.723.1 has no frames but those of 30 ms. */
static const struct frame_codec codecs[] = {
	{0, 160, 160, 20000}, /* PCMU */
	{3, 33, 160, 20000},  /* GSM */
	{4, 24, 240, 30000},  /* G.723.1 at 6.3 kbit/s */
	{8, 160, 160, 20000}, /* PCMA */
	{9, 160, 160, 20000}, /* G.722: its clock counts 8 kHz (RFC 3551 §4.5.2) */
	{18, 20, 160, 20000}, /* G.729, two frames */
};

const struct frame_codec *frame_codec(uint8_t payload_type)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (codecs[i].payload_type == payload_type)
			return &codecs[i];
	return NULL;
}

void frame_cache_init(struct frame_cache *c, uint64_t max_bytes)
{
	tnd_list_init(&c->list);
	c->bytes = 0;
	c->max_bytes = max_bytes;
}

static void drop(struct frame_cache *c, struct frames *f)
{
	tnd_list_del(&f->link);
	c->bytes -= f->len;
	free(f->path);
	free(f);
}

void frame_cache_free(struct frame_cache *c)
{
	while (!tnd_list_empty(&c->list))
		drop(c, tnd_container_of(c->list.next, struct frames, link));
}

void frames_release(struct frames *f)
{
	__atomic_sub_fetch(&f->users, 1, __ATOMIC_RELEASE);
}

static bool in_use(const struct frames *f)
{
	return __atomic_load_n(&f->users, __ATOMIC_ACQUIRE) != 0;
}

static bool is_same(const struct frames *f, const char *path, const struct stat *st)
{
	return strcmp(f->path, path) == 0 && f->dev == st->st_dev && f->ino == st->st_ino &&
	       f->len == (size_t)st->st_size && f->mtime.tv_sec == st->st_mtim.tv_sec &&
	       f->mtime.tv_nsec == st->st_mtim.tv_nsec;
}

/* Those that nobody plays make room, the longest unused first. */
static bool make_room(struct frame_cache *c, size_t len)
{
	struct tnd_list *pos, *tmp;

	tnd_list_for_each_safe (pos, tmp, &c->list) {
		struct frames *f = tnd_container_of(pos, struct frames, link);

		if (c->bytes + len <= c->max_bytes)
			break;
		if (!in_use(f))
			drop(c, f);
	}
	return c->bytes + len <= c->max_bytes;
}

static int read_all(int fd, uint8_t *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO; /* it has become shorter */
		done += (size_t)n;
	}
	return 0;
}

static struct frames *read_file(struct frame_cache *c, const char *path, int fd,
				const struct stat *st, int *rc)
{
	size_t len = (size_t)st->st_size;
	struct frames *f;

	*rc = -EFBIG;
	if (len > c->max_bytes)
		return NULL;
	*rc = -ENOMEM;
	if (!make_room(c, len))
		return NULL;
	f = calloc(1, sizeof(*f) + len);
	if (f == NULL)
		return NULL;
	f->path = strdup(path);
	if (f->path == NULL)
		goto fail;
	*rc = read_all(fd, f->data, len);
	if (*rc != 0)
		goto fail;
	f->mtime = st->st_mtim;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->len = len;
	c->bytes += len;
	return f;
fail:
	free(f->path);
	free(f);
	return NULL;
}

static struct frames *find(struct frame_cache *c, const char *path, const struct stat *st)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &c->list) {
		struct frames *f = tnd_container_of(pos, struct frames, link);

		if (is_same(f, path, st)) {
			tnd_list_del(&f->link);
			return f;
		}
	}
	return NULL;
}

/* One file: held frames, or NULL and why not in *rc. */
static struct frames *load_file(struct frame_cache *c, const char *path, uint16_t frame_len,
				int *rc)
{
	struct frames *f = NULL;
	struct stat st;
	int fd;

	/* A pipe would wait for its writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		*rc = -errno;
		return NULL;
	}
	*rc = fstat(fd, &st) == 0 ? 0 : -errno;
	if (*rc == 0 && !S_ISREG(st.st_mode))
		*rc = -EINVAL;
	if (*rc == 0 && st.st_size < frame_len)
		*rc = -ENODATA;
	if (*rc != 0)
		goto out;
	f = find(c, path, &st);
	if (f == NULL)
		f = read_file(c, path, fd, &st, rc);
	if (f == NULL)
		goto out;
	tnd_list_add_tail(&c->list, &f->link);
	__atomic_add_fetch(&f->users, 1, __ATOMIC_RELAXED);
out:
	close(fd);
	return f;
}

void frame_cache_load(struct frame_cache *c, struct load *l)
{
	l->rc = -ENOENT;
	l->frames = NULL;
	for (unsigned int i = 0; i < l->type_count && l->frames == NULL; i++) {
		char *path;
		int rc;

		l->codec = frame_codec(l->type[i]);
		if (l->codec == NULL)
			continue;
		if (asprintf(&path, "%s.%u", l->base, l->type[i]) < 0) {
			l->rc = -ENOMEM;
			return;
		}
		l->frames = load_file(c, path, l->codec->frame_len, &rc);
		free(path);
		/* The first that is wrong is told of, if none is right. */
		if (l->frames != NULL || l->rc == -ENOENT)
			l->rc = rc;
	}
}
