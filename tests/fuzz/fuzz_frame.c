/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz_packet.h"

/* Offsets follow one another and end within the frame. */
static void check_offsets(const struct wire_frame *f, size_t len, enum wire_frame_kind kind)
{
	size_t ip_hlen = f->family == 6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN;

	PROMISE(f->vlan < 4096);
	PROMISE(f->l3_off == 14 || f->l3_off == 18);
	PROMISE(f->l3_off <= len);
	if (kind == WIRE_ARP) {
		PROMISE(f->family == 0);
		return;
	}
	PROMISE(f->family == 4 || f->family == 6);
	PROMISE(f->l4_off == f->l3_off + ip_hlen);
	PROMISE(f->payload_off == f->l4_off + (kind == WIRE_UDP ? WIRE_UDP_HLEN : 0));
	PROMISE((size_t)f->payload_off + f->payload_len <= len);
	PROMISE((f->family == 4) == wire_ip_is4(&f->src));
	PROMISE((f->family == 4) == wire_ip_is4(&f->dst));
	PROMISE(kind != WIRE_ICMP4 || f->family == 4);
	PROMISE(kind != WIRE_ICMP6 || f->family == 6);
}

/* The parsed packet is whole: one byte less of it is truncated, link padding is not missed. */
static void check_ends(const uint8_t *p, const struct wire_frame *f, enum wire_frame_kind kind)
{
	size_t ip_len = f->family == 6 ? WIRE_IP6_HLEN + wire_get16(p + f->l3_off + 4)
				       : wire_get16(p + f->l3_off + 2);
	size_t end = f->l3_off + ip_len;
	uint8_t *whole = fuzz_copy(p, end);
	struct wire_frame again;

	PROMISE(wire_frame_parse(whole, (uint32_t)end, false, &again) == kind);
	PROMISE(wire_ip_equal(&again.src, &f->src) && wire_ip_equal(&again.dst, &f->dst));
	PROMISE(again.payload_off == f->payload_off && again.payload_len == f->payload_len);
	free(whole);

	whole = fuzz_copy(p, end - 1);
	PROMISE(wire_frame_parse(whole, (uint32_t)end - 1, false, &again) == WIRE_BAD_TRUNCATED);
	free(whole);
}

/* A right checksum is taken, and one that is put off by one is not. */
static void check_udp_sum(uint8_t *p, const struct wire_frame *f)
{
	uint16_t len = f->payload_len + WIRE_UDP_HLEN, sum;
	uint8_t *field = p + f->l4_off + 6;

	memset(field, 0, 2);
	PROMISE(wire_frame_udp_csum_ok(p, f) == (f->family == 4));
	sum = wire_checksum_udp(wire_sum_ip(&f->src) + wire_sum_ip(&f->dst) + htons(len) +
				htons(WIRE_PROTO_UDP) + wire_sum(p + f->l4_off, len));
	memcpy(field, &sum, 2);
	PROMISE(wire_frame_udp_csum_ok(p, f));
	field[1] ^= 1;
	PROMISE(wire_frame_udp_csum_ok(p, f) == (field[0] == 0 && field[1] == 0 && f->family == 4));
}

/* The short way says what the long one says, or nothing. */
static void check_plain(const uint8_t *p, size_t len, bool check_csum, enum wire_frame_kind kind,
			const struct wire_frame *f)
{
	uint16_t type = len >= WIRE_ETH_HLEN ? wire_load16(p + 12) : 0;
	uint32_t left = (uint32_t)len - WIRE_ETH_HLEN, udp_len = 0;
	bool plain = false;

	if (type == htons(WIRE_ETHERTYPE_IP4))
		plain = wire_ip4_plain(p + WIRE_ETH_HLEN, left, check_csum, &udp_len);
	else if (type == htons(WIRE_ETHERTYPE_IP6))
		plain = wire_ip6_plain(p + WIRE_ETH_HLEN, left, &udp_len);
	if (!plain)
		return;
	PROMISE(kind == WIRE_UDP && f->vlan == 0);
	PROMISE(f->family == (type == htons(WIRE_ETHERTYPE_IP4) ? 4 : 6));
	PROMISE(udp_len == f->payload_len + WIRE_UDP_HLEN);
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
	kind = wire_frame_parse(p, (uint32_t)len, !(data[0] & FUZZ_NO_CHECK), &f);
	PROMISE(kind <= WIRE_BAD_UDP_LENGTH);
	check_plain(p, len, !(data[0] & FUZZ_NO_CHECK), kind, &f);
	if (kind < WIRE_BAD_TRUNCATED)
		check_offsets(&f, len, kind);
	if (kind < WIRE_BAD_TRUNCATED && kind != WIRE_ARP)
		check_ends(p, &f, kind);
	if (kind == WIRE_UDP) {
		(void)wire_frame_udp_csum_ok(p, &f);
		check_udp_sum(p, &f);
	}
	free(p);
	return 0;
}
