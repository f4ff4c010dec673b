/* SPDX-License-Identifier: BSD-3-Clause */
#include "slab.h"

#include <stdbool.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_malloc.h>

#define CHUNK_FIRST (16u << 10)
/*
 * Little of the last one of each size is unused at worst, and with the allocator's headers whole
 * ones fill hugepages.
 */
#define CHUNK_MAX ((128u << 10) - 2 * RTE_CACHE_LINE_SIZE)

/* At the head of a chunk: one line. */
struct slab_chunk {
	struct slab_chunk *next;
	bool huge; /* rte_malloc'd */
} __rte_cache_aligned;

static struct slab *slab_of(struct slabs *s, size_t size)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (s->slab[i].size == size)
			return &s->slab[i];
	if (s->count == SLAB_SIZES)
		return NULL;
	s->slab[s->count] = (struct slab){.size = size, .chunk = CHUNK_FIRST};
	return &s->slab[s->count++];
}

/* Each twice as large as the one before, so that few calls cost little memory. */
static bool grow(struct slabs *s, struct slab *b)
{
	size_t size = RTE_MAX(b->chunk, sizeof(struct slab_chunk) + b->size);
	struct slab_chunk *c = rte_malloc("keys", size, RTE_CACHE_LINE_SIZE);
	bool huge = c != NULL;

	if (!huge)
		c = aligned_alloc(RTE_CACHE_LINE_SIZE,
				  RTE_ALIGN_CEIL(size, (size_t)RTE_CACHE_LINE_SIZE));
	if (c == NULL)
		return false;
	*c = (struct slab_chunk){.next = s->chunks, .huge = huge};
	s->chunks = c;
	s->held += size;
	b->rest = (char *)(c + 1);
	b->left = size - sizeof(*c);
	b->chunk = RTE_MIN(2 * b->chunk, (size_t)CHUNK_MAX);
	return true;
}

void *slab_take(struct slabs *s, size_t size)
{
	struct slab *b = slab_of(s, RTE_ALIGN_CEIL(size, (size_t)SLAB_ALIGN));
	void *object;

	if (b == NULL || (b->free == NULL && b->left < b->size && !grow(s, b)))
		return NULL;
	object = b->free;
	if (object != NULL) {
		b->free = *(void **)object;
	} else {
		object = b->rest;
		b->rest += b->size;
		b->left -= b->size;
	}
	s->used += b->size;
	return object;
}

void slab_give(struct slabs *s, void *object, size_t size)
{
	struct slab *b = slab_of(s, RTE_ALIGN_CEIL(size, (size_t)SLAB_ALIGN));

	*(void **)object = b->free;
	b->free = object;
	s->used -= b->size;
}

void slabs_free(struct slabs *s)
{
	while (s->chunks != NULL) {
		struct slab_chunk *c = s->chunks;

		s->chunks = c->next;
		if (c->huge)
			rte_free(c);
		else
			free(c);
	}
	*s = (struct slabs){0};
}
