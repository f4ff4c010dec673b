/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the rtpproxy codec share. */
#ifndef WIRE_RTPP_PRIVATE_H
#define WIRE_RTPP_PRIVATE_H

#include "rtpp.h"

char rtpp_lower(char c);
/* Decimal digits, all of it, at most `max`. */
bool rtpp_number(const struct rtpp_str *text, uint32_t max, uint32_t *out);
bool rtpp_escapes_ok(const struct rtpp_str *text);

/* ---- rtpp_modifier.c: what is behind a command's letter; RTPP_OK or an error ---- */

int rtpp_parse_ul(const struct rtpp_context *ctx, const struct rtpp_str *m, struct rtpp_ul *ul);
int rtpp_parse_count(const struct rtpp_str *m, int *count);
int rtpp_parse_flags(const struct rtpp_str *m, struct rtpp_command *c);

/* ---- rtpp_sub.c ---- */

/* The far end as U and L name it, by the family that the modifiers said. */
int rtpp_parse_remote(const struct rtpp_str *ip, const struct rtpp_str *port, struct rtpp_ul *ul);
int rtpp_parse_sub(const struct rtpp_context *ctx, const struct rtpp_command *c,
		   const struct rtpp_str *arg, unsigned int count, struct rtpp_sub *sub);

#endif
