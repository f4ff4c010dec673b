/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtptp.h"

/* Leading ones of `n` bytes; -1 if there are ones behind a zero. */
static int mask_bits(const uint8_t *mask, size_t n)
{
	int bits = 0;
	size_t i = 0;

	for (; i < n && mask[i] == 0xff; i++)
		bits += 8;
	if (i < n && mask[i] != 0) {
		uint8_t zeros = (uint8_t)~mask[i];

		if (zeros & (zeros + 1))
			return -1;
		bits += 8 - __builtin_popcount(zeros);
		i++;
	}
	for (; i < n; i++)
		if (mask[i] != 0)
			return -1;
	return bits;
}

static void mask_write(uint8_t *mask, size_t n, unsigned int bits)
{
	memset(mask, 0, n);
	memset(mask, 0xff, bits / 8);
	if (bits % 8 != 0)
		mask[bits / 8] = (uint8_t)(0xff << (8 - bits % 8));
}

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

enum wire_rtptp_fault wire_rtptp_user_read(const uint8_t *p, size_t len,
					   struct wire_rtptp_user *user)
{
	static const uint8_t zero[16];
	const uint8_t *mask = p + 16;
	int bits;

	if (len != WIRE_RTPTP_USER_LEN)
		return WIRE_USER_LENGTH;
	user->addr = wire_ip_from6(p);
	user->bits = 0;
	user->wide_mask = false;
	if (memcmp(p, zero, 16) == 0)
		return memcmp(mask, zero, 16) == 0 ? WIRE_USER_OK : WIRE_USER_MASK;
	if (!wire_ip_is_unicast(&user->addr) || wire_ip_is_link_local(&user->addr))
		return WIRE_USER_ADDRESS;
	if (wire_ip_is4(&user->addr)) {
		user->wide_mask = mask_bits(mask, sizeof(mapped)) == 8 * sizeof(mapped);
		if (!user->wide_mask && memcmp(mask, mapped, sizeof(mapped)) != 0)
			return WIRE_USER_MASK;
		bits = mask_bits(mask + sizeof(mapped), 4);
	} else {
		bits = mask_bits(mask, 16);
	}
	if (bits < 0)
		return WIRE_USER_MASK;
	user->bits = (uint8_t)bits;
	return WIRE_USER_OK;
}

void wire_rtptp_user_write(uint8_t p[WIRE_RTPTP_USER_LEN], const struct wire_rtptp_user *user)
{
	uint8_t *mask = p + 16;

	memcpy(p, user->addr.b, 16);
	if (!wire_ip_is4(&user->addr)) {
		mask_write(mask, 16, user->bits);
		return;
	}
	if (user->wide_mask)
		memset(mask, 0xff, sizeof(mapped));
	else
		memcpy(mask, mapped, sizeof(mapped));
	mask_write(mask + sizeof(mapped), 4, user->bits);
}

/* Bytes of the UTF-8 character at `p` (RFC 3629 §4); 0: none, or a control character. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	static const uint32_t least[5] = {[2] = 0x80, [3] = 0x800, [4] = 0x10000};
	size_t n = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	uint32_t c;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (n == 0 || n > left)
		return 0;
	c = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c < 0xa0)
		return 0;
	return n;
}

bool wire_rtptp_name_ok(const char *name, size_t len)
{
	const uint8_t *p = (const uint8_t *)name;

	if (len == 0 || len > WIRE_RTPTP_NAME_MAX)
		return false;
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_len(p + at, len - at);
		if (n == 0)
			return false;
	}
	return true;
}
