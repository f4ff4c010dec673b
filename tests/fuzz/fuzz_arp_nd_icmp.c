/* SPDX-License-Identifier: BSD-3-Clause */
#include "arp.h"
#include "fuzz_packet.h"
#include "nd.h"

static const uint8_t our_mac[6] = {0x02, 0, 0, 0, 0, 0x01};

/* `len` built bytes, again in memory of their exact size. */
static uint8_t *parse_built(const uint8_t *built, int len, enum wire_frame_kind kind,
			    struct wire_frame *f)
{
	uint8_t *p = fuzz_copy(built, (size_t)len);

	PROMISE(wire_frame_parse(p, (uint32_t)len, true, f) == kind);
	PROMISE(kind == WIRE_ARP || f->payload_off + f->payload_len == len);
	return p;
}

static void check_arp(const uint8_t *p, size_t len, const struct wire_frame *f)
{
	struct wire_link link = {.vlan = f->vlan};
	uint8_t built[64], *again;
	struct wire_frame f2;
	struct wire_arp arp;
	int rc;

	if (wire_arp_parse(p + f->l3_off, len - f->l3_off, &arp) < 0)
		return;
	PROMISE(arp.op == WIRE_ARP_REQUEST || arp.op == WIRE_ARP_REPLY);
	PROMISE(wire_mac_is_unicast(arp.sender_mac));
	PROMISE(wire_ip_is4(&arp.sender) && wire_ip_is4(&arp.target));
	PROMISE(wire_ip_is_unicast(&arp.target));
	rc = wire_arp_build(built, sizeof(built), &link, &arp);
	PROMISE(rc > 0);
	PROMISE(wire_arp_build(built, (size_t)rc - 1, &link, &arp) == -ENOSPC);
	again = parse_built(built, rc, WIRE_ARP, &f2);
	PROMISE(f2.vlan == f->vlan);
	PROMISE(memcmp(again + f2.l3_off, p + f->l3_off, WIRE_ARP_LEN) == 0);
	free(again);
}

static void check_nd(const uint8_t *p, const struct wire_frame *f)
{
	struct wire_link link = {.vlan = f->vlan};
	struct wire_nd nd = {0}, nd2 = {0};
	uint8_t built[128], *again;
	struct wire_frame f2;
	int rc;

	if (wire_nd_parse(p, f, &nd) < 0)
		return;
	PROMISE(f->ttl == 255);
	PROMISE(wire_ip_is_unicast(&nd.target) && !wire_ip_is4(&nd.target));
	PROMISE(!nd.has_mac || wire_mac_is_unicast(nd.mac));
	rc = wire_nd_build(built, sizeof(built), &link, &f->src, &f->dst, &nd);
	PROMISE(rc > 0);
	PROMISE(wire_nd_build(built, (size_t)rc - 1, &link, &f->src, &f->dst, &nd) == -ENOSPC);
	again = parse_built(built, rc, WIRE_ICMP6, &f2);
	PROMISE(wire_nd_parse(again, &f2, &nd2) == 0);
	PROMISE(wire_ip_equal(&f->src, &f2.src) && wire_ip_equal(&f->dst, &f2.dst));
	PROMISE(wire_ip_equal(&nd.target, &nd2.target) && nd.type == nd2.type);
	PROMISE(nd.has_mac == nd2.has_mac && memcmp(nd.mac, nd2.mac, 6) == 0);
	PROMISE(nd.router == nd2.router && nd.solicited == nd2.solicited &&
		nd.override == nd2.override);
	free(again);
}

/* `p` is turned round in place. */
static void check_echo(uint8_t *p, const struct wire_frame *f, enum wire_frame_kind kind)
{
	struct wire_icmp_echo echo, echo2;
	struct wire_frame f2;
	uint8_t *again;
	int rc;

	if (wire_icmp_echo_parse(p, f, &echo) < 0) {
		PROMISE(wire_icmp_echo_reply(p, f, our_mac) < 0);
		return;
	}
	PROMISE(echo.data_off + echo.data_len == f->payload_off + f->payload_len);
	rc = wire_icmp_echo_reply(p, f, our_mac);
	if (rc < 0) {
		PROMISE(rc == (echo.request ? -EPERM : -ENOMSG));
		return;
	}
	PROMISE(rc == f->payload_off + f->payload_len);
	again = parse_built(p, rc, kind, &f2);
	PROMISE(wire_icmp_csum_ok(again, &f2));
	PROMISE(wire_icmp_echo_parse(again, &f2, &echo2) == 0);
	PROMISE(echo.request && !echo2.request);
	PROMISE(echo.id == echo2.id && echo.seq == echo2.seq && echo.data_len == echo2.data_len);
	PROMISE(wire_ip_equal(&f->src, &f2.dst) && wire_ip_equal(&f->dst, &f2.src));
	PROMISE(wire_icmp_echo_reply(again, &f2, our_mac) == -ENOMSG);
	free(again);
}

static void check_too_big(const uint8_t *p, const struct wire_frame *f)
{
	bool v6 = f->family == 6;
	size_t max = v6 ? WIRE_ICMP6_ERROR_MAX : WIRE_ICMP4_ERROR_MAX;
	size_t packet = (size_t)f->payload_off + f->payload_len - f->l3_off, quote;
	uint8_t built[WIRE_ICMP6_ERROR_MAX + WIRE_ETH_HLEN + WIRE_VLAN_HLEN], *again;
	struct wire_link link;
	struct wire_frame f2;
	int rc;

	wire_link_back(p, f, our_mac, &link);
	rc = wire_icmp_too_big(built, sizeof(built), &link, &f->dst, p, f, 1400);
	if (rc < 0) {
		PROMISE(rc == -EPERM);
		return;
	}
	PROMISE((size_t)rc <= wire_link_hlen(&link) + max);
	PROMISE(wire_icmp_too_big(built, (size_t)rc - 1, &link, &f->dst, p, f, 1400) == -ENOSPC);
	again = parse_built(built, rc, v6 ? WIRE_ICMP6 : WIRE_ICMP4, &f2);
	PROMISE(wire_icmp_csum_ok(again, &f2));
	PROMISE(wire_ip_equal(&f2.dst, &f->src) && wire_ip_equal(&f2.src, &f->dst));
	quote = f2.payload_len - WIRE_ICMP_HLEN;
	PROMISE(quote == packet || (quote < packet && (size_t)rc == wire_link_hlen(&link) + max));
	PROMISE(memcmp(again + f2.l4_off + WIRE_ICMP_HLEN, p + f->l3_off, quote) == 0);
	PROMISE(wire_icmp_too_big(built, sizeof(built), &link, &f2.dst, again, &f2, 1400) ==
		-EPERM);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum wire_frame_kind kind;
	struct wire_frame f;
	uint8_t *p;
	size_t len;

	p = fuzz_frame(data, size, &len);
	if (p == NULL)
		return 0;
	kind = wire_frame_parse(p, (uint32_t)len, true, &f);
	if ((data[0] & FUZZ_FIX_L4) && (kind == WIRE_ICMP4 || kind == WIRE_ICMP6))
		fuzz_fix_icmp(p, &f);
	if (kind == WIRE_ARP)
		check_arp(p, len, &f);
	if (kind == WIRE_ICMP6)
		check_nd(p, &f);
	if (kind == WIRE_UDP || kind == WIRE_ICMP4 || kind == WIRE_ICMP6)
		check_too_big(p, &f);
	if (kind == WIRE_ICMP4 || kind == WIRE_ICMP6)
		check_echo(p, &f, kind);
	free(p);
	return 0;
}
