/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decapsulation: one byte of flags, one of the outer TOS, two of an MTU, then an RTP packet. What
 * is in it goes through all that tunnels do with packets, in either direction.
 */
#include <errno.h>

#include "fragment.h"
#include "fuzz.h"
#include "icmp_error.h"
#include "rtptp.h"

#define FIX_IP4  1 /* the checksum of the inner header, for chance would not find one */
#define NO_CHECK 2

#define SETUP_LEN 4

static void fix_ip4(uint8_t *p, size_t len)
{
	size_t hlen = len >= WIRE_IP4_HLEN ? 4u * (p[0] & 15) : 0;
	uint16_t sum;

	if (hlen < WIRE_IP4_HLEN || hlen > len || p[0] >> 4 != 4)
		return;
	memset(p + 10, 0, 2);
	sum = wire_checksum(wire_sum(p, hlen));
	memcpy(p + 10, &sum, 2);
}

/* By the book. */
static uint32_t book_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void check_parsed(const uint8_t *p, size_t len, const struct wire_inner *i, bool summed)
{
	bool v6 = i->family == 6;

	PROMISE(i->family == 4 || v6);
	PROMISE(p[0] >> 4 == i->family);
	PROMISE(i->len <= len && i->len >= i->hlen);
	PROMISE(i->len == (v6 ? wire_get16(p + 4) + 40u : wire_get16(p + 2)));
	PROMISE(v6 ? i->hlen == 40 : i->hlen >= 20 && i->hlen <= 60 && i->hlen % 4 == 0);
	PROMISE(v6 || !summed || book_sum(p, i->hlen, 0) == 0xffff);
}

/* Nothing but one byte of hops and the checksum; right stays right. */
static void check_hop(const uint8_t *p, const struct wire_inner *i, bool summed)
{
	size_t at = i->family == 6 ? 7 : 8;
	uint8_t *copy = fuzz_copy(p, i->len);

	if (wire_inner_hop(copy, i)) {
		PROMISE(p[at] > 1 && copy[at] == p[at] - 1);
		PROMISE(i->family == 6 || !summed || book_sum(copy, i->hlen, 0) == 0xffff);
		copy[at] = p[at];
		if (i->family == 4)
			memcpy(copy + 10, p + 10, 2);
	} else {
		PROMISE(p[at] <= 1);
	}
	PROMISE(memcmp(copy, p, i->len) == 0);
	free(copy);
}

static void check_ecn(const uint8_t *p, const struct wire_inner *i, uint8_t outer, bool summed)
{
	uint8_t *copy = fuzz_copy(p, i->len);
	struct wire_inner after;

	if (!wire_inner_ecn_out(copy, i, outer)) {
		PROMISE((i->tos & 3) == 0 && (outer & 3) == 3);
		PROMISE(memcmp(copy, p, i->len) == 0);
	} else {
		PROMISE(wire_inner_parse(copy, i->len, summed, &after) <= WIRE_INNER_IP6);
		PROMISE(after.tos >> 2 == i->tos >> 2);
		PROMISE((i->tos & 3) != 0 || (after.tos & 3) == 0);
		PROMISE((i->tos & 3) != 3 || (after.tos & 3) == 3);
		PROMISE(memcmp(copy + 12, p + 12, i->len - 12u) == 0);
	}
	free(copy);
}

/* What TCP's checksum says of the packet, or 0 where none is there. */
static uint32_t tcp_sum(const uint8_t *p, const struct wire_inner *i, uint16_t *off)
{
	bool v6 = i->family == 6;
	int proto = v6 ? wire_inner_upper6(p, i, off) : i->proto;
	uint32_t len;

	if (!v6)
		*off = i->hlen;
	len = (uint32_t)i->len - *off;
	if (proto != WIRE_PROTO_TCP || len < WIRE_TCP_HLEN)
		return 0;
	return book_sum(p + *off, len, book_sum(p + (v6 ? 8 : 12), v6 ? 32 : 8, len + 6));
}

static void check_mss(const uint8_t *p, const struct wire_inner *i, uint16_t mtu)
{
	uint8_t *copy = fuzz_copy(p, i->len);
	uint16_t off = 0, off_after = 0;
	uint32_t before = 0, after;

	if (i->family == 4 || wire_inner_upper6(p, i, &off) >= 0)
		before = tcp_sum(p, i, &off);
	if (wire_inner_clamp_mss(copy, i, mtu)) {
		PROMISE(before != 0);
		after = tcp_sum(copy, i, &off_after);
		PROMISE(off == off_after && after == before);
		PROMISE(memcmp(copy, p, off + 16u) == 0);
		PROMISE(!wire_inner_clamp_mss(copy, i, mtu));
	} else {
		PROMISE(memcmp(copy, p, i->len) == 0);
	}
	free(copy);
}

static void check_upper(const uint8_t *p, const struct wire_inner *i)
{
	uint16_t off = 0;
	int proto;

	if (i->family != 6)
		return;
	proto = wire_inner_upper6(p, i, &off);
	PROMISE(proto == -EINVAL || proto == -ENOENT || (proto >= 0 && proto < 256));
	PROMISE(proto < 0 || (off >= 40 && off <= i->len));
}

static void check_fragments(const uint8_t *p, const struct wire_inner *i, uint16_t mtu)
{
	uint8_t header[WIRE_IP4_HLEN_MAX];
	struct wire_fragment piece;
	struct wire_fragments f;
	uint32_t at = i->hlen;
	int n, seen = 0;

	if (i->family != 4)
		return;
	n = wire_fragment_start(&f, p, i, mtu);
	PROMISE(n > 0 || n == -EMSGSIZE || n == -EINVAL);
	PROMISE((n == 1) == (i->len <= mtu));
	if (n < 0)
		return;
	while (wire_fragment_next(&f, header, &piece)) {
		struct wire_inner made;
		uint8_t *whole = malloc((size_t)piece.hlen + piece.len);

		PROMISE(whole != NULL);
		memcpy(whole, header, piece.hlen);
		memcpy(whole + piece.hlen, p + piece.off, piece.len);
		PROMISE(piece.off == at && at + piece.len <= i->len);
		at += piece.len;
		seen++;
		PROMISE(piece.hlen + piece.len <= mtu || n == 1);
		PROMISE(seen == n || (piece.len % 8 == 0 && piece.len > 0));
		PROMISE(wire_inner_parse(whole, (uint32_t)piece.hlen + piece.len, true, &made) ==
			WIRE_INNER_IP4);
		PROMISE(made.len == piece.hlen + piece.len && made.tos == i->tos);
		PROMISE(8u * (wire_get16(whole + 6) & 0x1fff) ==
			8u * (wire_get16(p + 6) & 0x1fff) + piece.off - i->hlen);
		free(whole);
	}
	PROMISE(seen == n && at == i->len);
}

static void check_error(const uint8_t *p, const struct wire_inner *i, uint8_t what, uint16_t mtu)
{
	union wire_ip src =
		i->family == 6 ? wire_ip_from6(p + 24) : wire_ip_from4(wire_load32(p + 16));
	enum wire_icmp_error error = what % (WIRE_ERROR_PROHIBITED + 1);
	uint8_t built[WIRE_ICMP_ERROR_MAX], *copy;
	struct wire_inner made;
	int rc;

	rc = wire_icmp_error(built, sizeof(built), error, &src, p, i, mtu);
	PROMISE(rc == -EPERM || rc == -EINVAL || rc > 0);
	if (rc < 0)
		return;
	PROMISE(wire_icmp_error(built, (size_t)rc - 1, error, &src, p, i, mtu) == -ENOSPC);
	PROMISE(wire_icmp_error(built, (size_t)rc, error, &src, p, i, mtu) == rc);
	copy = fuzz_copy(built, (size_t)rc);
	PROMISE(wire_inner_parse(copy, (uint32_t)rc, true, &made) <= WIRE_INNER_IP6);
	PROMISE(made.len == rc && made.family == i->family);
	PROMISE(wire_icmp_error(built, sizeof(built), error, &src, copy, &made, mtu) == -EPERM);
	free(copy);
}

static void check_packet(const uint8_t *payload, size_t len, const uint8_t *setup)
{
	uint16_t mtu = wire_get16(setup + 2);
	bool summed = !(setup[0] & NO_CHECK);
	struct wire_inner i;
	uint8_t *p;

	if (wire_inner_parse(payload, (uint32_t)len, summed, &i) > WIRE_INNER_IP6)
		return;
	PROMISE(!wire_rtptp_is_keepalive(payload, (uint32_t)len));
	check_parsed(payload, len, &i, summed);
	p = fuzz_copy(payload, i.len); /* nothing behind it is looked at from here on */
	PROMISE(wire_inner_scope(p, &i) <= WIRE_SCOPE_BAD);
	check_hop(p, &i, summed);
	check_ecn(p, &i, setup[1], summed);
	check_upper(p, &i);
	check_mss(p, &i, mtu);
	check_fragments(p, &i, mtu);
	check_error(p, &i, setup[0] >> 2, mtu);
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_rtp rtp;
	uint8_t *payload;

	if (size < SETUP_LEN || size > 65536 + SETUP_LEN)
		return 0;
	if (!wire_rtp_parse(data + SETUP_LEN, (uint32_t)(size - SETUP_LEN), &rtp))
		return 0;
	payload = fuzz_copy(data + SETUP_LEN + rtp.payload_off, rtp.payload_len);
	if (data[0] & FIX_IP4)
		fix_ip4(payload, rtp.payload_len);
	check_packet(payload, rtp.payload_len, data);
	free(payload);
	return 0;
}
