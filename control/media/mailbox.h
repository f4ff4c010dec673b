/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control lcore and the helper thread say to each other: a list that anybody may put
 * something into and one takes all out of, in order. Nobody ever waits. What is put in belongs
 * to the taker.
 */
#ifndef MEDIA_MAILBOX_H
#define MEDIA_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mail {
	struct mail *next;
	uint8_t kind;
};

struct mailbox {
	struct mail *last;
};

static inline void mailbox_put(struct mailbox *b, struct mail *m)
{
	m->next = __atomic_load_n(&b->last, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&b->last, &m->next, m, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

static inline bool mailbox_empty(const struct mailbox *b)
{
	return __atomic_load_n(&b->last, __ATOMIC_RELAXED) == NULL;
}

/* All there is, the oldest first, linked by `next`. */
static inline struct mail *mailbox_take(struct mailbox *b)
{
	struct mail *m = __atomic_exchange_n(&b->last, NULL, __ATOMIC_ACQUIRE), *first = NULL;

	while (m != NULL) {
		struct mail *next = m->next;

		m->next = first;
		first = m;
		m = next;
	}
	return first;
}

#endif
