/* SPDX-License-Identifier: BSD-3-Clause */
#include "user_pool.h"

#include <errno.h>
#include <stdlib.h>

#define WORD 64

static unsigned __int128 number_of(const union wire_ip *ip)
{
	unsigned __int128 n = 0;

	for (unsigned int i = 0; i < 16; i++)
		n = n << 8 | ip->b[i];
	return n;
}

static union wire_ip address_at(const struct user_pool *p, uint32_t i)
{
	unsigned __int128 n = number_of(&p->net.ip) + i;
	union wire_ip ip;

	for (unsigned int k = 16; k-- > 0; n >>= 8)
		ip.b[k] = (uint8_t)n;
	return ip;
}

static void set_bit(struct user_pool *p, uint32_t i, bool taken)
{
	uint64_t bit = UINT64_C(1) << (i % WORD), *word = &p->taken[i / WORD];

	if (!(*word & bit) == !taken)
		return;
	*word ^= bit;
	p->free = taken ? p->free - 1 : p->free + 1;
}

static void mark_reserved(struct user_pool *p)
{
	for (unsigned int i = 0; i < p->reserved_count; i++) {
		unsigned __int128 n = number_of(&p->reserved[i]) - number_of(&p->net.ip);

		if (n < p->size)
			set_bit(p, (uint32_t)n, true);
	}
	set_bit(p, 0, true);
	if (wire_ip_is4(&p->net.ip) && p->size == UINT64_C(1) << (32 - p->net.bits))
		set_bit(p, p->size - 1, true);
}

int user_pool_init(struct user_pool *p, const struct net_prefix *net)
{
	unsigned int left = (wire_ip_is4(&net->ip) ? 32u : 128u) - net->bits;

	*p = (struct user_pool){.net = *net, .size = USER_POOL_MAX};
	net_prefix_trim(&p->net);
	if (left < 20)
		p->size = 1u << left;
	p->taken = calloc((p->size + WORD - 1) / WORD, sizeof(*p->taken));
	if (p->taken == NULL)
		return -ENOMEM;
	user_pool_clear(p);
	return 0;
}

void user_pool_free(struct user_pool *p)
{
	free(p->taken);
	p->taken = NULL;
}

void user_pool_reserve(struct user_pool *p, const union wire_ip *ip)
{
	if (p->taken == NULL || p->reserved_count == USER_POOL_RESERVED)
		return;
	p->reserved[p->reserved_count++] = *ip;
	mark_reserved(p);
}

void user_pool_clear(struct user_pool *p)
{
	if (p->taken == NULL)
		return;
	for (uint32_t i = 0; i < (p->size + WORD - 1) / WORD; i++)
		p->taken[i] = 0;
	p->free = p->size;
	mark_reserved(p);
}

void user_pool_mark(struct user_pool *p, const union wire_ip *first, const union wire_ip *last,
		    bool taken)
{
	unsigned __int128 base = number_of(&p->net.ip), from = number_of(first);
	unsigned __int128 to = number_of(last), end = base + p->size - 1;

	if (p->taken == NULL || to < base || from > end)
		return;
	from = from < base ? base : from;
	to = to > end ? end : to;
	for (unsigned __int128 n = from; n <= to; n++)
		set_bit(p, (uint32_t)(n - base), taken);
	if (!taken)
		mark_reserved(p);
}

/* The first free one from `from` on, or `size`. */
static uint32_t find_free(const struct user_pool *p, uint32_t from)
{
	for (uint32_t i = from; i < p->size;) {
		uint64_t free_bits = ~p->taken[i / WORD] >> (i % WORD);

		if (free_bits != 0) {
			i += (uint32_t)__builtin_ctzll(free_bits);
			return i < p->size ? i : p->size;
		}
		i += WORD - i % WORD;
	}
	return p->size;
}

int user_pool_take(struct user_pool *p, union wire_ip *out)
{
	uint32_t i;

	if (p->taken == NULL || p->free == 0)
		return -ENOSPC;
	i = find_free(p, p->next);
	if (i == p->size)
		i = find_free(p, 0);
	set_bit(p, i, true);
	p->next = i + 1 == p->size ? 0 : i + 1;
	*out = address_at(p, i);
	return 0;
}
