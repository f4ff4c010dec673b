/* SPDX-License-Identifier: BSD-3-Clause */
#include "deliver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "rtp.h"

static void count(uint64_t *field, uint64_t n)
{
	__atomic_store_n(field, *field + n, __ATOMIC_RELAXED);
}

/* ---- out of a copy ------------------------------------------------------------------------- */

static void read_copy(const struct helper *h, const struct rte_mbuf *m, struct media_packet *p)
{
	const struct dp_copy *c = dp_copy_of(m);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + c->l3_off;
	const uint8_t *udp = frame + c->payload_off - WIRE_UDP_HLEN;

	if (ip[0] >> 4 == 4) {
		uint32_t src, dst;

		memcpy(&src, ip + 12, 4);
		memcpy(&dst, ip + 16, 4);
		p->src = wire_ip_from4(src);
		p->dst = wire_ip_from4(dst);
		p->tos = ip[1];
		p->hops = ip[8];
	} else {
		p->src = wire_ip_from6(ip + 8);
		p->dst = wire_ip_from6(ip + 24);
		p->tos = (uint8_t)(wire_get16(ip) >> 4);
		p->hops = ip[7];
	}
	p->sport = wire_get16(udp);
	p->dport = wire_get16(udp + 2);
	p->leg = (uint8_t)(c->leg % SESSION_LEGS);
	p->rtcp = c->media == WIRE_MEDIA_RTCP;
	p->ns = helper_time_ns(h, c->tsc);
	p->data = frame + c->payload_off;
	p->len = c->payload_len;
}

/* ---- files --------------------------------------------------------------------------------- */

static void file_ending(const struct sink *k, const struct media_packet *p, char out[16])
{
	static const char *const by_format[] = {
		[MEDIA_PCAP] = ".pcap", [MEDIA_RTP] = "", [MEDIA_PCAPNG] = ".pcapng"};

	if (k->one_file)
		snprintf(out, 16, "%s", by_format[k->format]);
	else
		snprintf(out, 16, "%s%s%s",
			 k->no_side           ? ""
			 : p->leg == k->o_leg ? ".o"
					      : ".a",
			 p->rtcp ? ".rtcp" : ".rtp", k->plain_endings ? "" : by_format[k->format]);
}

static struct writer *writer_of(struct helper *h, struct sink *k, const struct media_packet *p)
{
	unsigned int i = k->one_file ? 0 : 2 * p->leg + p->rtcp;

	if (!k->run.open[i]) {
		file_ending(k, p, k->run.ending_text[i]);
		writer_init(&k->run.writer[i], k->format, k->dir, k->final_dir, k->stem,
			    k->run.ending_text[i], &k->count, &h->log);
		k->run.open[i] = true;
	}
	return &k->run.writer[i];
}

static void reach_limit(struct helper *h, struct sink *k)
{
	k->run.full = true;
	mailbox_put(&h->out, &k->limit);
}

static void to_file(struct helper *h, struct sink *k, const struct media_packet *p)
{
	struct writer *w = writer_of(h, k, p);

	if (k->max_bytes != UINT64_MAX && writer_size_with(w, p) > k->max_bytes)
		reach_limit(h, k);
	else
		writer_packet(w, p, h->now_ms);
}

/* ---- UDP ----------------------------------------------------------------------------------- */

static bool send_by_kernel(const struct sink *k, const struct media_packet *p)
{
	struct sockaddr_storage to;
	socklen_t len = sink_sockaddr(&k->ip, k->port + p->rtcp, &to);
	ssize_t n;

	/* What the network said of an earlier one is told once, and is no matter of this one. */
	for (unsigned int i = 0; i < 2; i++) {
		n = sendto(k->fd, p->data, p->len, MSG_DONTWAIT | MSG_NOSIGNAL,
			   (struct sockaddr *)&to, len);
		if (n >= 0 || errno == EAGAIN)
			break;
	}
	return n >= 0;
}

static bool send_by_control(struct helper *h, struct sink *k, const struct media_packet *p)
{
	struct relay *r;

	if (__atomic_load_n(&h->relayed, __ATOMIC_RELAXED) >= HELPER_RELAY_MAX)
		return false;
	r = malloc(sizeof(*r) + p->len);
	if (r == NULL)
		return false;
	*r = (struct relay){.mail = {.kind = MAIL_RELAY},
			    .sink = k,
			    .local = p->dst,
			    .local_port = p->dport,
			    .leg = p->leg,
			    .rtcp = p->rtcp,
			    .len = p->len};
	memcpy(r->data, p->data, p->len);
	__atomic_add_fetch(&h->relayed, 1, __ATOMIC_RELAXED);
	mailbox_put(&h->out, &r->mail);
	return true;
}

static void to_udp(struct helper *h, struct sink *k, const struct media_packet *p)
{
	if (k->fd >= 0 ? !send_by_kernel(k, p) : !send_by_control(h, k, p)) {
		count(&k->count.lost, 1);
		return;
	}
	count(&k->count.packets, 1);
	count(&k->count.bytes, p->len);
}

/* ---- all ----------------------------------------------------------------------------------- */

void deliver(struct helper *h, const struct rte_mbuf *m)
{
	const struct dp_copy *c = dp_copy_of(m);
	uint32_t session = c->leg / SESSION_LEGS;
	struct media_packet p;

	if (session >= h->config.sessions || h->by_session[session] == NULL)
		return;
	read_copy(h, m, &p);
	for (struct sink *k = h->by_session[session]; k != NULL; k = k->run.next) {
		if (k->generation != c->generation || !(k->legs >> p.leg & 1) || k->run.full ||
		    (p.rtcp && k->no_rtcp))
			continue;
		if (c->tsc >= k->end_tsc)
			reach_limit(h, k);
		else if (k->kind == MEDIA_KIND_COPY)
			to_udp(h, k, &p);
		else
			to_file(h, k, &p);
	}
}

void deliver_tick(struct helper *h, struct sink *k)
{
	for (unsigned int i = 0; i < SINK_FILES; i++)
		if (k->run.open[i])
			writer_tick(&k->run.writer[i], h->now_ms);
	if (!k->run.full && h->now_tsc >= k->end_tsc)
		reach_limit(h, k);
}

void deliver_close(struct helper *h, struct sink *k)
{
	for (unsigned int i = 0; i < SINK_FILES; i++)
		if (k->run.open[i])
			writer_close(&k->run.writer[i], h->now_ms, k->path[i]);
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}
