/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports.h"

#include <errno.h>
#include <stdlib.h>

static struct ports_queue *queue_of(const struct ports *p, uint16_t addr, uint16_t pair)
{
	return &p->queue[addr * p->workers + pair % p->workers];
}

static void push(struct ports_queue *q, uint16_t pair)
{
	uint32_t at = (uint32_t)q->head + q->count++;

	q->pair[at % q->size] = pair;
}

/* The pairs that lie within a range: first..end, end excluded. */
static void pairs_of(const struct ports_range *range, uint32_t *first, uint32_t *end)
{
	*first = (range->min + 1u) / 2;
	if (*first == 0)
		*first = 1;
	*end = (range->max + 1u) / 2;
}

/* Rings are laid out one after the other: their sizes first, then what is in them. */
static void fill(struct ports *p, const struct ports_range *range, uint16_t count)
{
	uint16_t *at = p->memory;
	uint32_t first, end;

	for (uint16_t a = 0; a < count; a++) {
		pairs_of(&range[a], &first, &end);
		for (uint32_t i = first; i < end; i++)
			queue_of(p, a, (uint16_t)i)->size++;
		for (uint16_t w = 0; w < p->workers; w++) {
			struct ports_queue *q = &p->queue[a * p->workers + w];

			q->pair = at;
			at += q->size;
		}
		for (uint32_t i = first; i < end; i++)
			push(queue_of(p, a, (uint16_t)i), (uint16_t)i);
	}
}

int ports_init(struct ports *p, const struct flow_tables *t, const struct ports_range *range,
	       uint16_t count)
{
	size_t total = 0;
	uint32_t first, end;

	*p = (struct ports){.workers = t->worker_count,
			    .queue_count = (uint32_t)count * t->worker_count};
	for (uint16_t a = 0; a < count; a++) {
		pairs_of(&range[a], &first, &end);
		total += end > first ? end - first : 0;
	}
	p->queue = calloc(p->queue_count ? p->queue_count : 1, sizeof(*p->queue));
	p->memory = calloc(total ? total : 1, sizeof(*p->memory));
	if (p->queue == NULL || p->memory == NULL) {
		ports_free(p);
		return -ENOMEM;
	}
	fill(p, range, count);
	return 0;
}

void ports_free(struct ports *p)
{
	free(p->queue);
	free(p->memory);
	*p = (struct ports){0};
}

uint16_t ports_take(struct ports *p, uint16_t addr, uint16_t worker)
{
	struct ports_queue *q = &p->queue[addr * p->workers + worker];
	uint16_t pair;

	if (q->count == 0)
		return 0;
	pair = q->pair[q->head];
	q->head = (uint16_t)((q->head + 1) % q->size);
	q->count--;
	return (uint16_t)(pair * 2);
}

void ports_give(struct ports *p, uint16_t addr, uint16_t port)
{
	push(queue_of(p, addr, port / 2), port / 2);
}

uint32_t ports_left_all(const struct ports *p, uint16_t addr)
{
	uint32_t n = 0;

	for (uint16_t w = 0; w < p->workers; w++)
		n += ports_left(p, addr, w);
	return n;
}
