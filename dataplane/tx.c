/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames out: gathered by port over one turn of the loop, sent in bursts. */
#include "worker.h"

static void send_port(struct worker *w, uint16_t port)
{
	struct tx_buffer *tx = &w->tx[port];
	uint64_t bytes = tx->bytes;
	uint16_t sent;

	sent = rte_eth_tx_burst(port, tx->queue, tx->m, tx->n);
	if (unlikely(sent < tx->n)) {
		for (uint16_t i = sent; i < tx->n; i++)
			bytes -= tx->m[i]->pkt_len;
		flow_count(w->drops[FLOW_DROP_tx_full], tx->n - sent);
		rte_pktmbuf_free_bulk(&tx->m[sent], tx->n - sent);
	}
	worker_count(w, tx_packets, sent);
	worker_count(w, tx_bytes, bytes);
	tx->n = 0;
	tx->bytes = 0;
}

/* Where the device has fewer queues than there are workers, another one sends for us. */
static void hand_over(struct worker *w, uint16_t port, struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		m[i]->ol_flags |= dp_tx_ready_flag;
		m[i]->port = port;
		handoff_add(w, w->tx[port].worker, m[i]);
	}
}

void tx_frames(struct worker *w, uint16_t port, struct rte_mbuf **m, uint16_t n)
{
	struct tx_buffer *tx = &w->tx[port];
	uint32_t bytes = 0;

	if (unlikely(tx->worker != w->index)) {
		hand_over(w, port, m, n);
		return;
	}
	if (unlikely(tx->n + n > TX_BUFFER_MAX))
		send_port(w, port);
	for (uint16_t i = 0; i < n; i++) {
		tx->m[tx->n + i] = m[i];
		bytes += m[i]->pkt_len;
	}
	tx->n += n;
	tx->bytes += bytes;
	w->tx_dirty |= UINT32_C(1) << port;
}

void tx_flush(struct worker *w)
{
	while (w->tx_dirty) {
		uint16_t port = (uint16_t)rte_bsf32(w->tx_dirty);

		w->tx_dirty &= w->tx_dirty - 1;
		if (w->tx[port].n)
			send_port(w, port);
	}
}
