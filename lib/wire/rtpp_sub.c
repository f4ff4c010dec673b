/* SPDX-License-Identifier: BSD-3-Clause */
/* Arguments of U and L, and what may stand behind "&&". */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "rtpp_private.h"

/* Shorter and longer ones are taken for "none was given". */
#define IP4_MIN_LEN 7
#define IP4_MAX_LEN 15
#define IP6_MIN_LEN 2
#define IP6_MAX_LEN 45

bool rtpp_escapes_ok(const struct rtpp_str *text)
{
	char one;

	for (size_t i = 0; i < text->len; i++) {
		struct rtpp_str part = {text->s + i, text->len - i < 3 ? text->len - i : 3};

		if (text->s[i] == '%' && rtpp_unescape(&part, &one, 1) != 1)
			return false;
	}
	return true;
}

static bool looks_like_ip(const struct rtpp_str *ip, bool ip6)
{
	return ip6 ? ip->len >= IP6_MIN_LEN && ip->len <= IP6_MAX_LEN
		   : ip->len >= IP4_MIN_LEN && ip->len <= IP4_MAX_LEN;
}

int rtpp_parse_remote(const struct rtpp_str *ip, const struct rtpp_str *port, struct rtpp_ul *ul)
{
	char text[IP6_MAX_LEN + 1];
	uint32_t n;

	ul->remote = RTPP_REMOTE_NONE;
	if (!looks_like_ip(ip, ul->ip6))
		return RTPP_OK;
	memcpy(text, ip->s, ip->len);
	text[ip->len] = '\0';
	if (wire_ip_parse(text, &ul->remote_ip) != 0 || wire_ip_is4(&ul->remote_ip) == ul->ip6 ||
	    !rtpp_number(port, UINT16_MAX, &n))
		return RTPP_E_REMOTE;
	ul->remote_port = (uint16_t)n;
	if (wire_ip_is_any(&ul->remote_ip))
		ul->remote = RTPP_REMOTE_HOLD;
	else if (n != 0)
		ul->remote = RTPP_REMOTE_KNOWN;
	return RTPP_OK;
}

static bool parse_delete(const struct rtpp_str *arg, unsigned int count, struct rtpp_sub *sub)
{
	sub->kind = RTPP_SUB_DELETE;
	for (size_t i = 1; i < arg[0].len; i++) {
		if (rtpp_lower(arg[0].s[i]) != 'w')
			return false;
		sub->weak = true;
	}
	return count == 1;
}

static bool parse_set(const struct rtpp_str *arg, unsigned int count, struct rtpp_sub *sub)
{
	struct rtpp_str value;

	sub->kind = RTPP_SUB_SET;
	sub->reverse = arg[0].len == 2;
	if (count != 2 || arg[0].len > 2 || (sub->reverse && rtpp_lower(arg[0].s[1]) != 'r') ||
	    arg[1].len < 5)
		return false;
	sub->tos = memcmp(arg[1].s, "tos=", 4) == 0;
	if (!sub->tos && memcmp(arg[1].s, "ttl=", 4) != 0)
		return false;
	value = (struct rtpp_str){arg[1].s + 4, arg[1].len - 4};
	return rtpp_number(&value, INT_MAX, &sub->value) && sub->value > 0;
}

static bool parse_lookup(const struct rtpp_context *ctx, const struct rtpp_str *arg,
			 unsigned int count, struct rtpp_sub *sub)
{
	const struct rtpp_str m = {arg[0].s + 1, arg[0].len - 1};

	sub->kind = RTPP_SUB_LOOKUP;
	if (count != 3 && count != 5)
		return false;
	if (count == 5) {
		sub->ul.notify_socket = arg[3];
		sub->ul.notify_tag = arg[4];
		if (!rtpp_escapes_ok(&arg[4]))
			return false;
	}
	return rtpp_parse_ul(ctx, &m, &sub->ul) == RTPP_OK &&
	       rtpp_parse_remote(&arg[1], &arg[2], &sub->ul) == RTPP_OK;
}

static bool parse_copy(const struct rtpp_str *arg, unsigned int count, struct rtpp_sub *sub)
{
	sub->kind = RTPP_SUB_COPY;
	if (count != 4 || arg[0].len != 1)
		return false;
	sub->call_id = arg[1];
	sub->from = arg[2];
	sub->to = arg[3];
	return true;
}

/* "M3:1 D<tag>": events of telephone keys are the one module that there is. */
static bool parse_module(const struct rtpp_str *arg, unsigned int count, struct rtpp_sub *sub)
{
	sub->kind = RTPP_SUB_DTMF;
	if (arg[0].len != 4 || memcmp(arg[0].s + 1, "3:1", 3) != 0 || count != 2 ||
	    rtpp_lower(arg[1].s[0]) != 'd')
		return false;
	if (arg[1].len > 1)
		sub->tag = (struct rtpp_str){arg[1].s + 1, arg[1].len - 1};
	return sub->tag.s == NULL || rtpp_escapes_ok(&sub->tag);
}

int rtpp_parse_sub(const struct rtpp_context *ctx, const struct rtpp_command *c,
		   const struct rtpp_str *arg, unsigned int count, struct rtpp_sub *sub)
{
	bool paired = c->op == RTPP_UPDATE && c->to.s != NULL, ok;

	memset(sub, 0, sizeof(*sub));
	switch (rtpp_lower(arg[0].s[0])) {
	case 'd': ok = parse_delete(arg, count, sub); break;
	case 's': ok = parse_set(arg, count, sub); break;
	case 'l': ok = paired && parse_lookup(ctx, arg, count, sub); break;
	case 'c': ok = paired && parse_copy(arg, count, sub); break;
	case 'm': ok = parse_module(arg, count, sub); break;
	default: ok = false;
	}
	return ok ? RTPP_OK : RTPP_E_SUB;
}
