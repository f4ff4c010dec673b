/* SPDX-License-Identifier: BSD-3-Clause */
/* Letters behind a command's letter. */
#include <limits.h>
#include <string.h>

#include "rtpp_private.h"

#define PTIME_MAX_MS 999

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (rtpp_lower(c) >= 'a' && rtpp_lower(c) <= 'f');
}

/* Of m from *at on, as many as `fits` takes; *at is behind them. */
static struct rtpp_str take(const struct rtpp_str *m, size_t *at, bool (*fits)(char c))
{
	struct rtpp_str got = {m->s + *at, 0};

	while (*at < m->len && fits(m->s[*at])) {
		(*at)++;
		got.len++;
	}
	return got;
}

static bool is_codecs(char c)
{
	return is_digit(c) || c == ',';
}

static bool is_address4(char c)
{
	return is_digit(c) || c == '.';
}

static bool is_address6(char c)
{
	return is_hex(c) || c == ':';
}

static bool is_label(char c)
{
	return c != '}';
}

/* "10.0.0.1", "[2001:db8::1]", and "{wan4}" where `labels` are allowed. False: none of these. */
static bool take_local(const struct rtpp_str *m, size_t *at, bool labels, struct rtpp_ul *ul)
{
	char open = *at < m->len ? m->s[*at] : '\0';

	ul->local_ip6 = open == '[';
	ul->local_kind = labels ? RTPP_LOCAL_ADDRESS : RTPP_LOCAL_ROUTE;
	if (open != '[' && !(open == '{' && labels)) {
		ul->local = take(m, at, is_address4);
		return ul->local.len > 0;
	}
	if (open == '{')
		ul->local_kind = RTPP_LOCAL_LABEL;
	(*at)++;
	ul->local = take(m, at, open == '[' ? is_address6 : is_label);
	if (*at == m->len || m->s[*at] != (open == '[' ? ']' : '}'))
		return false;
	(*at)++;
	return ul->local.len > 0;
}

static int take_side(const struct rtpp_context *ctx, struct rtpp_ul *ul, bool external)
{
	if (ul->letters == 2 || !ctx->bridging)
		return external ? RTPP_E_EXTERNAL : RTPP_E_INTERNAL;
	ul->external[ul->letters++] = external;
	return RTPP_OK;
}

static int take_ptime(const struct rtpp_str *m, size_t *at, struct rtpp_ul *ul)
{
	struct rtpp_str digits = take(m, at, is_digit);
	uint32_t n;

	if (!rtpp_number(&digits, PTIME_MAX_MS, &n) || n == 0)
		return RTPP_E_PTIME;
	ul->ptime_ms = (uint16_t)n;
	return RTPP_OK;
}

static int take_codecs(const struct rtpp_str *m, size_t *at, struct rtpp_ul *ul)
{
	struct rtpp_str codecs = take(m, at, is_codecs);

	if (codecs.len == 0 || ul->codecs.s != NULL)
		return RTPP_E_CODECS;
	ul->codecs = codecs;
	return RTPP_OK;
}

/* One modifier, whose letter is before *at. */
static int take_one(const struct rtpp_context *ctx, const struct rtpp_str *m, size_t *at,
		    char letter, struct rtpp_ul *ul)
{
	switch (letter) {
	case 'a':
		ul->asymmetric = true;
		ul->symmetric = false;
		break;
	case 's':
		ul->asymmetric = false;
		ul->symmetric = true;
		break;
	case 'e': return take_side(ctx, ul, true);
	case 'i': return take_side(ctx, ul, false);
	case '6': ul->ip6 = true; break;
	case 'w': ul->weak = true; break;
	case 'n': ul->new_port = true; break;
	case 'z': return take_ptime(m, at, ul);
	case 'c': return take_codecs(m, at, ul);
	case 'l': return take_local(m, at, true, ul) ? RTPP_OK : RTPP_E_LOCAL;
	case 'r': return take_local(m, at, false, ul) ? RTPP_OK : RTPP_E_ROUTE;
	default: return RTPP_E_MODIFIER;
	}
	return RTPP_OK;
}

int rtpp_parse_ul(const struct rtpp_context *ctx, const struct rtpp_str *m, struct rtpp_ul *ul)
{
	int rc = RTPP_OK;

	for (size_t at = 0; at < m->len && rc == RTPP_OK;) {
		char letter = rtpp_lower(m->s[at++]);

		rc = take_one(ctx, m, &at, letter, ul);
	}
	return rc;
}

int rtpp_parse_count(const struct rtpp_str *m, int *count)
{
	struct rtpp_str digits = *m;
	bool negative = false;
	uint32_t n;

	*count = 1;
	if (m->len == 0)
		return RTPP_OK;
	if (m->s[0] == '-' || m->s[0] == '+') {
		negative = m->s[0] == '-';
		digits.s++;
		digits.len--;
	}
	if (!rtpp_number(&digits, INT_MAX, &n))
		return RTPP_E_COUNT;
	*count = negative ? -(int)n : (int)n;
	return RTPP_OK;
}

static bool take_flag(struct rtpp_command *c, char letter)
{
	switch (c->op) {
	case RTPP_DELETE: c->weak = true; return letter == 'w';
	case RTPP_RECORD: c->single = true; return letter == 's';
	case RTPP_COPY:
		c->single |= letter == 's';
		c->reply_port |= letter == 'p';
		return letter == 's' || letter == 'p';
	case RTPP_QUERY:
	case RTPP_STATS: c->verbose = true; return letter == 'v';
	case RTPP_INFO: c->load |= letter == 'l'; return letter == 'b' || letter == 'l';
	default: return false;
	}
}

int rtpp_parse_flags(const struct rtpp_str *m, struct rtpp_command *c)
{
	static const int errors[] = {
		[RTPP_DELETE] = RTPP_E_DELETE, [RTPP_RECORD] = RTPP_E_RECORD,
		[RTPP_COPY] = RTPP_E_RECORD,   [RTPP_STOP_RECORD] = RTPP_E_RECORD,
		[RTPP_INFO] = RTPP_E_INFO,     [RTPP_STATS] = RTPP_E_STATS,
	};

	if (c->op == RTPP_STOP_RECORD) {
		c->all = m->len == 1 && rtpp_lower(m->s[0]) == 'a';
		return m->len == 0 || c->all ? RTPP_OK : RTPP_E_RECORD;
	}
	for (size_t i = 0; i < m->len; i++) {
		if (take_flag(c, rtpp_lower(m->s[i])))
			continue;
		if (c->op != RTPP_QUERY)
			return errors[c->op];
		c->late_error = RTPP_E_QUERY;
	}
	return RTPP_OK;
}
