/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control lcore tells others of itself: counters by name, events. */
#include "buf.h"
#include "watch.h"

const char *host_counter_name(enum host_counter c)
{
	static const char *const names[] = {
#define TND_HOST_COUNTER(name, text) #name,
#include "host_counter.def"
#undef TND_HOST_COUNTER
	};

	return names[c];
}

const char *host_counter_text(enum host_counter c)
{
	static const char *const texts[] = {
#define TND_HOST_COUNTER(name, text) text,
#include "host_counter.def"
#undef TND_HOST_COUNTER
	};

	return texts[c];
}

void host_notify(struct host *h, const char *type, struct tnd_buf *b)
{
	tnd_buf_addc(b, '\0');
	if (!b->oom && h->notify != NULL)
		h->notify(h->notify_arg, type, b->data);
	tnd_buf_free(b);
}
