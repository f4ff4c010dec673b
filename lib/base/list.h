/* SPDX-License-Identifier: BSD-3-Clause */
/* Intrusive doubly linked list. A node that is in no list points at itself. */
#ifndef TND_LIST_H
#define TND_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct tnd_list {
	struct tnd_list *next, *prev;
};

#define tnd_container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

static inline void tnd_list_init(struct tnd_list *l)
{
	l->next = l->prev = l;
}

static inline bool tnd_list_empty(const struct tnd_list *l)
{
	return l->next == l;
}

static inline void tnd_list_add_tail(struct tnd_list *head, struct tnd_list *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

static inline void tnd_list_del(struct tnd_list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	tnd_list_init(n);
}

#define tnd_list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)

/* `pos` may be deleted in the body; `tmp` holds the next one. */
#define tnd_list_for_each_safe(pos, tmp, head)                                                     \
	for (pos = (head)->next, tmp = pos->next; pos != (head); pos = tmp, tmp = pos->next)

#endif
