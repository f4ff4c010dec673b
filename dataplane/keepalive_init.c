/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of keep-alives: all that they will ever have, where there is an inner interface. */
#include <errno.h>
#include <sys/mman.h>

#include <rte_malloc.h>

#include "worker.h"

#define START_RING  4096
#define SLOTS_PER_S 64 /* the wheel is two seconds around */

static bool has_inner(const struct flow_tables *t)
{
	for (uint16_t i = 0; i < t->iface_count; i++)
		if (t->iface[i].role != FLOW_ROLE_OUTER)
			return true;
	return false;
}

static struct rte_ring *make_start(void)
{
	ssize_t bytes = rte_ring_get_memsize_elem(sizeof(struct keepalive_start), START_RING);
	struct rte_ring *r = rte_zmalloc("tnd_keepalive", (size_t)bytes, RTE_CACHE_LINE_SIZE);

	if (r != NULL &&
	    rte_ring_init(r, "tnd_keepalive", START_RING, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		rte_free(r);
		r = NULL;
	}
	return r;
}

int keepalive_init(struct worker *w)
{
	struct keepalive *k = &w->keepalive;
	void *p;

	k->due = UINT64_MAX;
	k->step = w->tsc_per_ms * 1000 / SLOTS_PER_S;
	k->todo = KEEPALIVE_NONE;
	for (unsigned int i = 0; i < KEEPALIVE_SLOTS; i++)
		k->head[i] = KEEPALIVE_NONE;
	k->start = make_start();
	if (k->start == NULL)
		return -ENOMEM;
	if (!has_inner(w->t))
		return 0;
	/* Not one page of it is to be faulted in later. */
	k->entry_bytes = (size_t)w->t->session_count * sizeof(*k->entry);
	p = mmap(NULL, k->entry_bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	k->entry = p;
	return 0;
}

void keepalive_free(struct worker *w)
{
	struct keepalive *k = &w->keepalive;

	if (k->entry != NULL)
		munmap(k->entry, k->entry_bytes);
	rte_free(k->start);
}
