/* SPDX-License-Identifier: BSD-3-Clause */
#include "book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <rte_common.h>

static struct tnd_list *bucket_of(const struct book *b, const struct rtpp_str *call_id)
{
	return &b->bucket[siphash(&b->key, call_id->s, call_id->len) & b->mask];
}

int book_init(struct book *b, uint32_t limit)
{
	uint32_t buckets = rte_align32pow2(limit);

	b->bucket = calloc(buckets, sizeof(*b->bucket));
	b->by_index = calloc(limit, sizeof(struct entry *));
	tnd_list_init(&b->dying);
	if (b->bucket == NULL || b->by_index == NULL ||
	    getrandom(&b->key, sizeof(b->key), 0) != (ssize_t)sizeof(b->key)) {
		book_free(b);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < buckets; i++)
		tnd_list_init(&b->bucket[i]);
	b->mask = buckets - 1;
	b->limit = limit;
	b->count = 0;
	return 0;
}

void book_free(struct book *b)
{
	free(b->bucket);
	free(b->by_index);
	b->bucket = NULL;
	b->by_index = NULL;
}

/* Copies `s` and a zero to *at, which moves on. */
static const char *put_text(char **at, const char *s, size_t len)
{
	char *text = *at;

	memcpy(text, s, len);
	text[len] = '\0';
	*at += len + 1;
	return text;
}

struct entry *book_new(const struct rtpp_str *call_id, const struct rtpp_str *tag, const char *id)
{
	size_t id_len = strlen(id);
	struct entry *e = calloc(1, sizeof(*e) + call_id->len + tag->len + id_len + 3);
	char *at;

	if (e == NULL)
		return NULL;
	at = e->text;
	e->call_id = (struct rtpp_str){put_text(&at, call_id->s, call_id->len), call_id->len};
	e->tag = (struct rtpp_str){put_text(&at, tag->s, tag->len), tag->len};
	e->id = put_text(&at, id, id_len);
	tnd_list_init(&e->link);
	return e;
}

void book_add(struct book *b, struct entry *e)
{
	tnd_list_add_tail(bucket_of(b, &e->call_id), &e->link);
	b->by_index[e->index] = e;
	b->count++;
}

void book_hide(struct book *b, struct entry *e, bool dying)
{
	tnd_list_del(&e->link);
	if (dying)
		tnd_list_add_tail(&b->dying, &e->link);
}

void book_release(struct book *b, struct entry *e)
{
	b->by_index[e->index] = NULL;
	b->count--;
	free(e->notify_tag);
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		free(e->codecs[i]);
		free(e->dtmf_tag[i]);
	}
	free(e);
}

enum tag_match tag_match(const struct rtpp_str *stored, const struct rtpp_str *given)
{
	if (given->s == NULL || stored->len < given->len ||
	    memcmp(stored->s, given->s, given->len) != 0)
		return TAG_NONE;
	if (stored->len == given->len)
		return TAG_SAME;
	return stored->s[given->len] == ';' ? TAG_PREFIX : TAG_NONE;
}

struct entry *book_next(const struct book *b, const struct rtpp_str *call_id, struct entry *after)
{
	struct tnd_list *head = bucket_of(b, call_id);
	struct tnd_list *pos = after == NULL ? head->next : after->link.next;

	for (; pos != head; pos = pos->next) {
		struct entry *e = tnd_container_of(pos, struct entry, link);

		if (rtpp_str_equal(&e->call_id, call_id))
			return e;
	}
	return NULL;
}

/* ";<media>" of a tag, or empty. */
static struct rtpp_str media_of(const struct rtpp_str *tag)
{
	const char *at = memrchr(tag->s, ';', tag->len);

	if (at == NULL)
		return (struct rtpp_str){tag->s + tag->len, 0};
	return (struct rtpp_str){at, tag->len - (size_t)(at - tag->s)};
}

struct entry *book_find(const struct book *b, const struct rtpp_str *call_id,
			const struct rtpp_str *from, const struct rtpp_str *to, unsigned int *leg)
{
	struct entry *e = NULL;

	while ((e = book_next(b, call_id, e)) != NULL) {
		enum tag_match m;

		*leg = 0;
		if (rtpp_str_equal(&e->tag, from))
			return e;
		*leg = 1;
		m = tag_match(&e->tag, to);
		if (m == TAG_SAME)
			return e;
		/* The media number always stands behind the from-tag, whoever speaks. */
		if (m == TAG_PREFIX) {
			struct rtpp_str stored = media_of(&e->tag), given = media_of(from);

			if (given.len > 0 && rtpp_str_equal(&stored, &given))
				return e;
		}
	}
	return NULL;
}

static bool is_printable(const struct rtpp_str *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->s[i] <= ' ' || s->s[i] > '~')
			return false;
	return true;
}

void book_make_id(const struct book *b, const struct rtpp_str *call_id, const struct rtpp_str *tag,
		  unsigned int attempt, char id[SESSION_ID_MAX + 1])
{
	/* Not a secret one: the same call has the same id after a restart. */
	static const struct siphash_key key = {{0x74616e64656d2d31, 0x72747070726f7879}};
	uint64_t h[3];

	if (attempt == 0 && call_id->len + 1 + tag->len <= SESSION_ID_MAX &&
	    is_printable(call_id) && is_printable(tag)) {
		snprintf(id, SESSION_ID_MAX + 1, "%.*s/%.*s", (int)call_id->len, call_id->s,
			 (int)tag->len, tag->s);
		return;
	}
	h[0] = siphash(&key, call_id->s, call_id->len);
	h[1] = siphash(&key, tag->s, tag->len);
	h[2] = attempt;
	snprintf(id, SESSION_ID_MAX + 1, "rtpproxy/%016llx%016llx",
		 (unsigned long long)siphash(&key, h, sizeof(h)), (unsigned long long)h[0]);
}
