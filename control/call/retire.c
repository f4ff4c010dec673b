/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cells wait here for the grace period after which no worker can be looking at them. First
 * in, first over: tokens only rise.
 */
#include <errno.h>
#include <stdlib.h>

#include "call.h"

#define QUEUE_MIN      1024
#define COMPLETED_TURN 256 /* in one turn of the loop; a report each */

static struct retired *item_at(const struct retired_queue *q, uint32_t i)
{
	return &q->item[(q->head + i) & (q->size - 1)];
}

int retire_reserve(struct sessions *s, unsigned int n)
{
	struct retired_queue *q = &s->retired;
	uint32_t size = q->size ? 2 * q->size : QUEUE_MIN;
	struct retired *item;

	if (q->count + n <= q->size)
		return 0;
	item = calloc(size, sizeof(*item));
	if (item == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < q->count; i++)
		item[i] = *item_at(q, i);
	free(q->item);
	q->item = item;
	q->size = size;
	q->head = 0;
	return 0;
}

void retire_push(struct sessions *s, const struct retired *r)
{
	struct retired_queue *q = &s->retired;
	struct retired *to = item_at(q, q->count++);

	*to = *r;
	to->token = flow_grace_start(s->h->tables);
}

void retire_renew(struct sessions *s, uint32_t session)
{
	struct retired_queue *q = &s->retired;

	for (uint32_t i = q->count; i-- > 0;) {
		struct retired *r = item_at(q, i);

		if (r->session != session)
			continue;
		r->token = flow_grace_start(s->h->tables);
		return;
	}
}

bool retire_poll(struct sessions *s)
{
	struct retired_queue *q = &s->retired;

	for (unsigned int n = 0; q->count > 0 && n < COMPLETED_TURN; n++) {
		struct retired r = *item_at(q, 0);

		if (!flow_grace_over(s->h->tables, r.token))
			break;
		q->head = (q->head + 1) & (q->size - 1);
		q->count--;
		publish_free(s, r.cell, FLOW_PLANS_PER_SESSION);
		if (r.secure != NULL)
			secure_release(s, r.secure);
		if (r.session != SESSION_NONE)
			session_finish(s, &s->table[r.session], r.done, r.arg);
	}
	/* After a burst of deletions the memory goes back. */
	if (q->count == 0 && q->size > QUEUE_MIN) {
		free(q->item);
		*q = (struct retired_queue){0};
	}
	return q->count > 0;
}

void retire_free(struct sessions *s)
{
	struct retired_queue *q = &s->retired;

	for (uint32_t i = 0; i < q->count; i++)
		if (item_at(q, i)->secure != NULL)
			secure_release(s, item_at(q, i)->secure);
	free(q->item);
	*q = (struct retired_queue){0};
}

void sessions_forget_callers(struct sessions *s)
{
	for (uint32_t i = 0; i < s->retired.count; i++)
		item_at(&s->retired, i)->done = NULL;
}
