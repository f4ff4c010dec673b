/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of places for the second and further SSRCs of legs. Control keeps a stock, workers take
 * from it when such an SSRC comes, and what legs had goes back when they are wiped. Blocks are
 * numbered from 1 and stay where they are for the process's life, so that a stack of numbers
 * needs no lock: its head carries a count of changes beside the topmost number.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "state.h"

#define CHUNK      128 /* blocks */
#define CHUNKS_MAX 65536
#define STOCK      512

struct block {
	uint8_t bytes[SRTP_PLACES_BYTES]; /* a struct srtp_more */
	_Atomic uint32_t below;           /* in the stack */
} __attribute__((aligned(64)));

static struct {
	struct block *chunk[CHUNKS_MAX];
	uint32_t chunks;          /* of control */
	_Atomic uint64_t head;    /* changes << 32 | topmost */
	_Atomic int64_t in_stock; /* about */
} places;

static struct block *block_at(uint32_t number)
{
	return &places.chunk[(number - 1) / CHUNK][(number - 1) % CHUNK];
}

struct srtp_more *srtp_places_at(uint32_t number)
{
	return (struct srtp_more *)block_at(number)->bytes;
}

static void push(uint32_t number)
{
	uint64_t head = atomic_load_explicit(&places.head, memory_order_relaxed);

	do
		atomic_store_explicit(&block_at(number)->below, (uint32_t)head,
				      memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&places.head, &head,
						      ((head >> 32) + 1) << 32 | number,
						      memory_order_release, memory_order_relaxed));
	atomic_fetch_add_explicit(&places.in_stock, 1, memory_order_relaxed);
}

uint32_t srtp_places_take(void)
{
	uint64_t head = atomic_load_explicit(&places.head, memory_order_acquire);
	uint32_t below;

	do {
		if ((uint32_t)head == 0)
			return 0;
		below = atomic_load_explicit(&block_at((uint32_t)head)->below,
					     memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(
		&places.head, &head, ((head >> 32) + 1) << 32 | below, memory_order_acquire,
		memory_order_acquire));
	atomic_fetch_sub_explicit(&places.in_stock, 1, memory_order_relaxed);
	return (uint32_t)head;
}

void srtp_places_give(uint32_t number)
{
	explicit_bzero(block_at(number)->bytes, SRTP_PLACES_BYTES);
	push(number);
}

int srtp_places_stock(void)
{
	while (atomic_load_explicit(&places.in_stock, memory_order_relaxed) < STOCK) {
		struct block *c;

		if (places.chunks == CHUNKS_MAX)
			return -ENOMEM;
		c = aligned_alloc(64, CHUNK * sizeof(*c));
		if (c == NULL)
			return -ENOMEM;
		memset(c, 0, CHUNK * sizeof(*c));
		places.chunk[places.chunks++] = c;
		for (uint32_t i = 0; i < CHUNK; i++)
			push((places.chunks - 1) * CHUNK + i + 1);
	}
	return 0;
}
