/* SPDX-License-Identifier: BSD-3-Clause */
#include "stun.h"

#include <errno.h>

#define FINGERPRINT_XOR 0x5354554e

static uint64_t get64(const uint8_t *p)
{
	return (uint64_t)wire_get32(p) << 32 | wire_get32(p + 4);
}

/* Half a byte a step: the table is one cache line, and messages are short. */
uint32_t stun_crc32(const void *data, size_t len)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *p = data;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

/* ---- reading ------------------------------------------------------------------------------- */

bool stun_next(const uint8_t *data, size_t len, size_t *off, struct stun_attr *out)
{
	size_t at = *off == 0 ? WIRE_STUN_HLEN : *off;
	size_t padded;

	if (at > len || len - at < 4)
		return false;
	out->type = wire_get16(data + at);
	out->len = wire_get16(data + at + 2);
	out->value = data + at + 4;
	padded = ((size_t)out->len + 3) & ~(size_t)3;
	if (padded > len - at - 4)
		return false;
	*off = at + 4 + padded;
	return true;
}

static bool read_address(const struct stun_attr *a, const uint8_t *id, struct stun_msg *m)
{
	static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};
	uint8_t ip[16];

	if (a->len < 4 || a->len != (a->value[1] == 1 ? 8 : 20) || a->value[1] < 1 ||
	    a->value[1] > 2)
		return false;
	memcpy(ip, a->value + 4, a->len - 4u);
	for (unsigned int i = 0; i < a->len - 4u; i++)
		ip[i] ^= i < 4 ? cookie[i] : id[i - 4];
	if (a->value[1] == 1) {
		uint32_t be;

		memcpy(&be, ip, 4);
		m->mapped = wire_ip_from4(be);
	} else {
		m->mapped = wire_ip_from6(ip);
	}
	m->mapped_port = wire_get16(a->value + 2) ^ (WIRE_STUN_COOKIE >> 16);
	return true;
}

static bool read_error(const struct stun_attr *a, struct stun_msg *m)
{
	if (a->len < 4 || (a->value[2] & 7) < 3 || (a->value[2] & 7) > 6 || a->value[3] > 99)
		return false;
	m->error = (uint16_t)((a->value[2] & 7) * 100 + a->value[3]);
	return true;
}

static void note_unknown(struct stun_msg *m, uint16_t type)
{
	if (m->unknown_count < STUN_UNKNOWN_MAX)
		m->unknown[m->unknown_count] = type;
	m->unknown_count++;
}

static enum stun_has bit_of(uint16_t type)
{
	switch (type) {
	case STUN_USERNAME: return STUN_HAS_USERNAME;
	case STUN_ERROR_CODE: return STUN_HAS_ERROR;
	case STUN_XOR_MAPPED_ADDRESS: return STUN_HAS_MAPPED;
	case STUN_PRIORITY: return STUN_HAS_PRIORITY;
	case STUN_USE_CANDIDATE: return STUN_HAS_USE_CANDIDATE;
	case STUN_ICE_CONTROLLED: return STUN_HAS_CONTROLLED;
	case STUN_ICE_CONTROLLING: return STUN_HAS_CONTROLLING;
	default: return 0;
	}
}

/* Understood, and not of use here: MAPPED-ADDRESS and the long-term credential's. */
static bool is_passed_over(uint16_t type)
{
	return type >= 0x8000 || type == STUN_MAPPED_ADDRESS || type == STUN_UNKNOWN_ATTRIBUTES ||
	       type == STUN_REALM || type == STUN_NONCE;
}

/* An attribute that is none of integrity and fingerprint. False: it can't be. */
static bool read_plain(const struct stun_attr *a, struct stun_msg *m)
{
	enum stun_has bit = bit_of(a->type);

	if (bit == 0) {
		if (!is_passed_over(a->type))
			note_unknown(m, a->type);
		return true;
	}
	if (m->has & bit)
		return true;
	m->has |= bit;
	switch (bit) {
	case STUN_HAS_USERNAME:
		m->username = (const char *)a->value;
		m->username_len = a->len;
		return a->len <= STUN_USERNAME_MAX;
	case STUN_HAS_ERROR: return read_error(a, m);
	case STUN_HAS_MAPPED: return read_address(a, m->id, m);
	case STUN_HAS_PRIORITY:
		if (a->len != 4)
			return false;
		m->priority = wire_get32(a->value);
		return true;
	case STUN_HAS_USE_CANDIDATE: return a->len == 0;
	default: /* both roles */
		if (a->len != 8 || (m->has & STUN_HAS_CONTROLLED && m->has & STUN_HAS_CONTROLLING))
			return false;
		m->tie_breaker = get64(a->value);
		return true;
	}
}

static bool read_integrity(const struct stun_attr *a, struct stun_msg *m)
{
	uint16_t off = (uint16_t)(a->value - 4 - m->data);

	if (a->type == STUN_MESSAGE_INTEGRITY) {
		/* Behind another of its kind, or behind the stronger one: passed over. */
		if (m->has & (STUN_HAS_SHA1 | STUN_HAS_SHA256))
			return true;
		m->has |= STUN_HAS_SHA1;
		m->sha1_off = off;
		return a->len == STUN_SHA1_LEN;
	}
	if (m->has & STUN_HAS_SHA256)
		return true;
	m->has |= STUN_HAS_SHA256;
	m->sha256_off = off;
	m->sha256_len = a->len;
	return a->len >= STUN_SHA256_MIN && a->len <= STUN_SHA256_LEN && a->len % 4 == 0;
}

static bool read_fingerprint(const struct stun_attr *a, struct stun_msg *m)
{
	size_t off = (size_t)(a->value - 4 - m->data);

	if (a->len != 4 || off + 8 != m->len)
		return false;
	m->has |= STUN_HAS_FINGERPRINT;
	return wire_get32(a->value) == (stun_crc32(m->data, off) ^ FINGERPRINT_XOR);
}

static bool read_attr(const struct stun_attr *a, struct stun_msg *m)
{
	if (a->type == STUN_FINGERPRINT)
		return read_fingerprint(a, m);
	if (a->type == STUN_MESSAGE_INTEGRITY || a->type == STUN_MESSAGE_INTEGRITY_SHA256)
		return read_integrity(a, m);
	return m->has & (STUN_HAS_SHA1 | STUN_HAS_SHA256) || read_plain(a, m);
}

int stun_parse(const void *data, size_t len, struct stun_msg *out)
{
	const uint8_t *p = data;
	struct stun_attr a;
	uint16_t type;
	size_t off = 0;

	memset(out, 0, sizeof(*out));
	if (len > WIRE_STUN_HLEN + UINT16_MAX || !wire_is_stun(p, (uint32_t)len))
		return -EINVAL;
	type = wire_get16(p);
	out->data = p;
	out->len = len;
	out->id = p + 8;
	/* Class and method are interleaved (RFC 8489 §5). */
	out->class = (enum stun_class)((type >> 4 & 1) | (type >> 7 & 2));
	out->method = (uint16_t)((type & 0xf) | (type >> 1 & 0x70) | (type >> 2 & 0xf80));
	while (stun_next(p, len, &off, &a))
		if (!read_attr(&a, out))
			return -EINVAL;
	return off == len || len == WIRE_STUN_HLEN ? 0 : -EINVAL;
}

void stun_covered_head(const struct stun_msg *m, uint16_t off, uint16_t mac_len, uint8_t head[4])
{
	memcpy(head, m->data, 2);
	wire_put16(head + 2, (uint16_t)(off + 4 + mac_len - WIRE_STUN_HLEN));
}

/* ---- writing ------------------------------------------------------------------------------- */

void stun_begin(struct stun_writer *w, void *data, size_t size, enum stun_class class,
		uint16_t method, const uint8_t id[STUN_ID_LEN])
{
	uint16_t type = (uint16_t)((method & 0xf) | (method & 0x70) << 1 | (method & 0xf80) << 2 |
				   (class & 1) << 4 | (class & 2) << 7);

	*w = (struct stun_writer){.data = data, .size = size, .full = size < WIRE_STUN_HLEN};
	if (w->full)
		return;
	wire_put16(w->data, type);
	wire_put16(w->data + 2, 0);
	wire_put32(w->data + 4, WIRE_STUN_COOKIE);
	memcpy(w->data + 8, id, STUN_ID_LEN);
	w->len = WIRE_STUN_HLEN;
}

/* Header and zeroed padding; the value's place, or NULL. */
static uint8_t *put_room(struct stun_writer *w, uint16_t type, size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;
	uint8_t *p = w->data + w->len;

	if (w->full || len > UINT16_MAX || w->size - w->len < 4 + padded ||
	    w->len + 4 + padded > WIRE_STUN_HLEN + UINT16_MAX) {
		w->full = true;
		return NULL;
	}
	wire_put16(p, type);
	wire_put16(p + 2, (uint16_t)len);
	memset(p + 4 + len, 0, padded - len);
	w->len += 4 + padded;
	return p + 4;
}

static void set_length(struct stun_writer *w)
{
	wire_put16(w->data + 2, (uint16_t)(w->len - WIRE_STUN_HLEN));
}

void stun_put(struct stun_writer *w, uint16_t type, const void *value, size_t len)
{
	uint8_t *p = put_room(w, type, len);

	if (p != NULL && len > 0)
		memcpy(p, value, len);
}

void stun_put32(struct stun_writer *w, uint16_t type, uint32_t value)
{
	uint8_t *p = put_room(w, type, 4);

	if (p != NULL)
		wire_put32(p, value);
}

void stun_put64(struct stun_writer *w, uint16_t type, uint64_t value)
{
	uint8_t *p = put_room(w, type, 8);

	if (p == NULL)
		return;
	wire_put32(p, (uint32_t)(value >> 32));
	wire_put32(p + 4, (uint32_t)value);
}

/* The cookie and the transaction's id stand side by side in the header: they are the mask. */
void stun_put_address(struct stun_writer *w, const union wire_ip *ip, uint16_t port)
{
	unsigned int from = wire_ip_is4(ip) ? 12 : 0;
	uint8_t *p = put_room(w, STUN_XOR_MAPPED_ADDRESS, 4 + 16 - from);

	if (p == NULL)
		return;
	p[0] = 0;
	p[1] = from ? 1 : 2;
	wire_put16(p + 2, port ^ (WIRE_STUN_COOKIE >> 16));
	for (unsigned int i = from; i < 16; i++)
		p[4 + i - from] = ip->b[i] ^ w->data[4 + i - from];
}

void stun_put_error(struct stun_writer *w, uint16_t code, const char *reason)
{
	size_t len = strlen(reason);
	uint8_t *p = put_room(w, STUN_ERROR_CODE, 4 + len);

	if (p == NULL)
		return;
	wire_put16(p, 0);
	p[2] = (uint8_t)(code / 100);
	p[3] = (uint8_t)(code % 100);
	memcpy(p + 4, reason, len);
}

void stun_put_unknown(struct stun_writer *w, const struct stun_msg *m)
{
	unsigned int n = m->unknown_count < STUN_UNKNOWN_MAX ? m->unknown_count : STUN_UNKNOWN_MAX;
	uint8_t *p = put_room(w, STUN_UNKNOWN_ATTRIBUTES, 2 * (size_t)n);

	if (p != NULL)
		for (unsigned int i = 0; i < n; i++)
			wire_put16(p + 2 * i, m->unknown[i]);
}

uint8_t *stun_put_integrity(struct stun_writer *w, uint16_t type, size_t len)
{
	uint8_t *p = put_room(w, type, len);

	if (p != NULL)
		set_length(w);
	return p;
}

void stun_put_fingerprint(struct stun_writer *w)
{
	uint8_t *p = put_room(w, STUN_FINGERPRINT, 4);

	if (p == NULL)
		return;
	set_length(w);
	wire_put32(p, stun_crc32(w->data, (size_t)(p - 4 - w->data)) ^ FINGERPRINT_XOR);
}

size_t stun_end(struct stun_writer *w)
{
	if (w->full)
		return 0;
	set_length(w);
	return w->len;
}
