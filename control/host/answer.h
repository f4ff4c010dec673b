/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that the control lcore writes itself, and how many of them. */
#ifndef ANSWER_H
#define ANSWER_H

#include "host.h"
#include "link.h"

/* May one more go? `per_s` a second on average, a tenth of it (16 at least) at once. */
bool limit_take(struct host_limit *l, uint64_t now_ms, uint32_t per_s);

/* An empty mbuf, or NULL (counted). */
struct rte_mbuf *answer_alloc(struct host *h);
/* Bytes that may be written from the start of the mbuf's data on. */
size_t answer_room(const struct rte_mbuf *m);
/* Send `len` bytes that were written there; `len` <= 0 frees it. Takes the mbuf. */
bool answer_send(struct host *h, uint16_t iface, struct rte_mbuf *m, int len);

/* From us on this interface to `dst`. */
struct wire_link answer_link(const struct host *h, uint16_t iface, const uint8_t dst[6]);

/* ICMP to our addresses; and packets that don't fit the other side. They take the mbuf. */
void icmp_input(struct host *h, uint16_t iface, struct rte_mbuf *m);
void icmp_too_big(struct host *h, uint16_t iface, uint16_t mtu, uint16_t quote, struct rte_mbuf *m);

#endif
