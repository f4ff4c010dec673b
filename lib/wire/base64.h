/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Base64 (RFC 4648 §4), strictly: no other characters, no line ends, and the bits of the last
 * character that no byte takes are zero, so that different texts are different bytes. Padding
 * may be left out, but what is there must be right.
 */
#ifndef WIRE_BASE64_H
#define WIRE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Characters for n bytes, padding included, without a zero at the end. */
#define WIRE_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Number of bytes; -EINVAL: not base64; -E2BIG: more than `size` bytes. */
int wire_base64_decode(const char *text, size_t len, uint8_t *out, size_t size);

/* `out` holds WIRE_BASE64_LEN(len) + 1 bytes: padded, zero-ended. */
void wire_base64_encode(const uint8_t *data, size_t len, char *out);

#endif
