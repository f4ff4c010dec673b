/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies that come later: what is waited for is a disk, and nobody else waits for it. */
#include <stdlib.h>

#include "compat_private.h"

struct waiter *later_new(struct compat *c)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->c = c;
	tnd_list_add_tail(&c->waiters, &w->link);
	return w;
}

void later_free(struct waiter *w)
{
	tnd_list_del(&w->link);
	free(w);
}

void later_done(struct waiter *w, int rc)
{
	if (rc != RTPP_OK)
		rtpp_reply_error(&w->r, rc);
	else
		rtpp_reply_add(&w->r, "0");
	compat_finish(w->c, &w->r);
	if (w->deliver != NULL)
		w->deliver(w);
	later_free(w);
}

void later_free_all(struct compat *c)
{
	while (!tnd_list_empty(&c->waiters))
		later_free(tnd_container_of(c->waiters.next, struct waiter, link));
}
