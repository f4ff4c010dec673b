/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What rtpproxy's clients have told of their sessions: by call-id and from-tag. Each is one
 * session of call/, whose leg 0 faces the caller (whose tag it has: `L` tells its port), leg 1 the
 * callee (`U` does). rtpproxy's own numbers of sides are the other way round: weak[] has those.
 */
#ifndef COMPAT_BOOK_H
#define COMPAT_BOOK_H

#include "list.h"
#include "rtpp.h"
#include "session.h"
#include "siphash.h"
#include "timer.h"

struct target;

struct entry {
	struct tnd_list link; /* in its bucket, the oldest first; or in book.dying */
	struct tnd_timer ttl;
	uint32_t index;            /* the session's number in the flow tables */
	struct rtpp_str call_id;   /* in `text` */
	struct rtpp_str tag;       /* the from-tag, with its ";<media>"; in `text` */
	const char *id;            /* the session's; in `text` */
	uint16_t address[2];       /* by leg: index into the configuration's */
	bool strong, weak[2];      /* why it is kept */
	bool opened[2];            /* by leg: somebody was told its port */
	bool complete;             /* both were */
	bool resized[2], recorded; /* by leg: Z was given; R or C was */
	uint32_t ttl_s[2];         /* by leg; unified: of [0] only */
	uint64_t touched_ms[2];    /* by leg: when a command began its time anew */
	uint64_t created_ms;
	struct target *target;                      /* whom to tell of its timeout; NULL: nobody */
	char *notify_tag, *dtmf_tag[2], *codecs[2]; /* malloc'd, or NULL; the latter by leg */
	size_t notify_len, dtmf_len[2];
	char text[];
};

struct book {
	struct tnd_list *bucket;
	struct tnd_list dying;   /* out of the buckets, but not ended yet */
	struct entry **by_index; /* [sessions' limit] */
	uint32_t mask, limit, count;
	struct siphash_key key;
};

int book_init(struct book *b, uint32_t limit);
/* No entries are in it any more. */
void book_free(struct book *b);

/* An entry that nobody can find yet; NULL: no memory. `id`: as session ids are. */
struct entry *book_new(const struct rtpp_str *call_id, const struct rtpp_str *tag, const char *id);
void book_add(struct book *b, struct entry *e);
/* Nobody finds it any more; it waits in `dying` where that is asked for. */
void book_hide(struct book *b, struct entry *e, bool dying);
/* It is in no list any more. */
void book_release(struct book *b, struct entry *e);

/* How a stored tag meets a given one. */
enum tag_match { TAG_NONE, TAG_SAME, TAG_PREFIX /* the stored one goes on with ";<media>" */ };
enum tag_match tag_match(const struct rtpp_str *stored, const struct rtpp_str *given);

/* The next session of a call behind `after` (NULL: the first), or NULL. */
struct entry *book_next(const struct book *b, const struct rtpp_str *call_id, struct entry *after);

/*
 * The session that these tags mean, and in *leg which side speaks: 0, the caller (the from-tag is
 * the stored one), or 1. NULL: none.
 */
struct entry *book_find(const struct book *b, const struct rtpp_str *call_id,
			const struct rtpp_str *from, const struct rtpp_str *to, unsigned int *leg);

/*
 * The id of its session: "<call-id>/<from-tag>" where that is printable ASCII and fits, with
 * `attempt` 0; otherwise "rtpproxy/" and a hash of both and of `attempt`.
 */
void book_make_id(const struct book *b, const struct rtpp_str *call_id, const struct rtpp_str *tag,
		  unsigned int attempt, char id[SESSION_ID_MAX + 1]);

#endif
