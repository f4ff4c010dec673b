/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects of a few sizes, by the hundred thousand, without a header each: cut out of chunks of
 * hugepage memory (of ordinary memory where there is none left), aligned to SLAB_ALIGN, used again
 * once given back. Chunks are freed with all the rest. For the control lcore.
 */
#ifndef SLAB_H
#define SLAB_H

#include <stddef.h>
#include <stdint.h>

#define SLAB_SIZES 32
#define SLAB_ALIGN 16

struct slab {
	size_t size; /* of an object */
	void *free;  /* given back: each begins with the address of the next */
	char *rest;  /* of the newest chunk, not used yet */
	size_t left; /* bytes of it */
	size_t chunk;
};

struct slab_chunk;

struct slabs {
	struct slab slab[SLAB_SIZES];
	unsigned int count;
	struct slab_chunk *chunks;
	size_t used; /* bytes of objects that are out */
	size_t held; /* bytes of chunks */
};

/* NULL: no memory, or more than SLAB_SIZES different sizes. Not zeroed. */
void *slab_take(struct slabs *s, size_t size);
/* Its `size` as it was taken. The caller has wiped it, if it was secret. */
void slab_give(struct slabs *s, void *object, size_t size);
void slabs_free(struct slabs *s);

#endif
