/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnels_traffic.h"

#include <stdlib.h>
#include <string.h>

#include "ip.h"
#include "rtptp.h"

#define HOPS  4
#define LARGE 1300
#define SMALL 100

struct traffic_sums traffic;

/* Of a frame with a packet inside. */
struct inner {
	union wire_ip src, dst;
	uint16_t len;
	uint8_t hops;
	bool df;
};

union wire_ip traffic_ip4(uint8_t net, uint8_t place, uint8_t host)
{
	return wire_ip_from4(rte_cpu_to_be_32(UINT32_C(10) << 24 | (uint32_t)net << 16 |
					      (uint32_t)place << 8 | host));
}

union wire_ip traffic_ip6(uint8_t net, uint8_t place, uint8_t host)
{
	union wire_ip ip = {.b = {0xfd, [3] = net, [7] = place, [15] = host}};

	return ip;
}

union wire_ip traffic_host(bool is6, unsigned int n)
{
	uint8_t host = (uint8_t)(HOST_FIRST + n % LAN_HOSTS);

	return is6 ? traffic_ip6(8, 0, host) : traffic_ip4(8, 0, host);
}

static union wire_ip pick(bool is6, uint8_t net, unsigned int place, uint8_t host)
{
	return is6 ? traffic_ip6(net, (uint8_t)place, host)
		   : traffic_ip4(net, (uint8_t)place, host);
}

static uint16_t write_inner(uint8_t *p, const struct inner *in)
{
	bool is6 = !wire_ip_is4(&in->src);
	uint16_t hlen = is6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN, sum;

	memset(p, 0x5a, in->len);
	if (is6) {
		wire_ip6_write(p, &in->src, &in->dst, 253, in->hops, 0, in->len - hlen);
		return in->len;
	}
	wire_ip4_write(p, &in->src, &in->dst, 253, in->hops, 0, in->len - hlen);
	if (!in->df) {
		wire_put16(p + 4, (uint16_t)rand());
		wire_put16(p + 6, 0);
		wire_put16(p + 10, 0);
		sum = wire_checksum(wire_sum(p, hlen));
		memcpy(p + 10, &sum, 2);
	}
	return in->len;
}

static void write_eth(uint8_t *p, unsigned int iface, bool is6)
{
	memcpy(p, &bed_host.tables->iface[iface].mac, 6);
	memcpy(p + 6, "\2\0\0\0\0\x77", 6);
	wire_put16(p + 12, is6 ? WIRE_ETHERTYPE_IP6 : WIRE_ETHERTYPE_IP4);
}

static void lan_sends(unsigned int queue, const struct inner *in)
{
	uint8_t p[BED_FRAME];

	write_eth(p, INNER, !wire_ip_is4(&in->src));
	bed_put(INNER, queue, p, WIRE_ETH_HLEN + write_inner(p + WIRE_ETH_HLEN, in));
}

/* Plain, and over IPv4. */
static void far_end_sends(struct place *at, unsigned int queue, const struct inner *in)
{
	union wire_ip from = wire_ip_from4(rte_cpu_to_be_32(0x0a000002)),
		      to = wire_ip_from4(rte_cpu_to_be_32(0x0a000001));
	uint8_t p[BED_FRAME], *ip = p + WIRE_ETH_HLEN, *udp = ip + WIRE_IP4_HLEN;
	uint16_t udp_len = WIRE_UDP_HLEN + WIRE_RTP_HLEN;

	udp_len += write_inner(udp + udp_len, in);
	write_eth(p, OUTER, false);
	wire_ip4_write(ip, &from, &to, WIRE_PROTO_UDP, 64, 0, udp_len);
	wire_put16(udp, at->far_port);
	wire_put16(udp + 2, at->port);
	wire_put16(udp + 4, udp_len);
	wire_put16(udp + 6, 0);
	wire_rtptp_write(udp + WIRE_UDP_HLEN, 97, at->seq++, 0, 7);
	bed_put(OUTER, queue, p, WIRE_ETH_HLEN + WIRE_IP4_HLEN + udp_len);
}

void traffic_send(struct place *p, unsigned int n)
{
	static const uint8_t net[] = {9, 77, 9, 88};
	bool is6 = n % 3 == 0;
	struct inner in = {
		.src = pick(is6, 9, p->n, 2),
		.dst = pick(is6, net[n / 3 % 4], p->n, (uint8_t)(200 + n % 5)),
		.len = n % 16 == 0 ? LARGE : SMALL,
		.hops = HOPS,
		.df = n % 32 == 0,
	};

	lan_sends(n % BED_WORKERS, &in);
	if (p->keyed)
		return;
	/* To the LAN, or by it to another tunnel. */
	in.dst = n % 5 == 0 ? pick(is6, 9, (unsigned int)rand() % PLACES, 3) : traffic_host(is6, n);
	far_end_sends(p, (n + 1) % BED_WORKERS, &in);
}

/* ---- far ends ------------------------------------------------------------------------------ */

static void look_inside(const struct place *p, const uint8_t *payload, uint32_t len)
{
	struct wire_inner in = {.family = 0};
	uint8_t net, place;

	if (wire_rtptp_is_keepalive(payload, len)) {
		traffic.keepalives++;
		return;
	}
	bed_check(wire_inner_parse(payload, len, true, &in) <= WIRE_INNER_IP6, "no packet inside");
	net = in.family == 4 ? payload[17] : payload[24 + 3];
	place = in.family == 4 ? payload[18] : payload[24 + 7];
	bed_check(net == 9 || net == 77 || net == 88, "a packet to nowhere is in a tunnel");
	bed_check(net == 88 || place == p->n, "a packet is in another one's tunnel");
	traffic.read++;
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t t[16];

	memcpy(t, a, n);
	memcpy(a, b, n);
	memcpy(b, t, n);
}

/* From where it was sent to, or from another port of the far end's. */
static void send_back(const struct place *p, struct bed_frame *f, uint8_t *udp)
{
	uint8_t *ip = f->p + WIRE_ETH_HLEN;
	bool is6 = ip[0] >> 4 == 6;

	memcpy(f->p, &bed_host.tables->iface[OUTER].mac, 6);
	swap(ip + (is6 ? 8 : 12), ip + (is6 ? 24 : 16), is6 ? 16 : 4);
	swap(udp, udp + 2, 2);
	if (p->keyed && !is6 && rand() % 64 == 0) {
		wire_put16(udp, (uint16_t)(FAR_PORT + FAR_PORTS * p->n +
					   (unsigned int)rand() % FAR_PORTS));
		wire_put16(udp + 6, 0);
		traffic.moved++;
	}
	bed_put(OUTER, (unsigned int)rand() % BED_WORKERS, f->p, f->len);
}

static void far_end_takes(const struct place *places, struct bed_frame *f)
{
	uint8_t *ip = f->p + WIRE_ETH_HLEN, *udp;
	bool is6 = wire_get16(f->p + 12) == WIRE_ETHERTYPE_IP6;
	uint16_t at, hlen = is6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN, off = WIRE_ETH_HLEN + hlen;

	/* Announcements of addresses. */
	if ((!is6 && wire_get16(f->p + 12) != WIRE_ETHERTYPE_IP4) ||
	    ip[is6 ? 6 : 9] != WIRE_PROTO_UDP)
		return;
	udp = ip + hlen;
	off += WIRE_UDP_HLEN + WIRE_RTP_HLEN;
	at = (wire_get16(udp + 2) - FAR_PORT) / FAR_PORTS;
	bed_check(f->len > off && at < PLACES, "sent to nobody");
	traffic.wrapped++;
	if (!places[at].keyed)
		look_inside(&places[at], f->p + off, (uint32_t)f->len - off);
	send_back(&places[at], f, udp);
}

void traffic_take(const struct place *places)
{
	struct bed_frame f;

	while (bed_take(OUTER, &f))
		far_end_takes(places, &f);
	while (bed_take(INNER, &f))
		traffic.unwrapped += wire_get16(f.p + 12) == WIRE_ETHERTYPE_IP4 ||
				     wire_get16(f.p + 12) == WIRE_ETHERTYPE_IP6;
}
