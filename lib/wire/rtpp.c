/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtpp.h"

#include <errno.h>
#include <string.h>

#include "rtpp_private.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char rtpp_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool rtpp_str_equal(const struct rtpp_str *a, const struct rtpp_str *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->s, b->s, a->len) == 0);
}

bool rtpp_str_is(const struct rtpp_str *a, const char *text)
{
	return strlen(text) == a->len && memcmp(a->s, text, a->len) == 0;
}

bool rtpp_number(const struct rtpp_str *text, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (text->len == 0)
		return false;
	for (size_t i = 0; i < text->len; i++) {
		if (text->s[i] < '0' || text->s[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text->s[i] - '0');
		if (n > max)
			return false;
	}
	*out = (uint32_t)n;
	return true;
}

/* The next token of *rest, which moves on; absent at the end. */
static struct rtpp_str next_token(struct rtpp_str *rest)
{
	struct rtpp_str token = {NULL, 0};
	size_t i = 0;

	while (i < rest->len && is_space(rest->s[i]))
		i++;
	if (i < rest->len)
		token.s = rest->s + i;
	while (i < rest->len && !is_space(rest->s[i])) {
		token.len++;
		i++;
	}
	if (i > 0)
		rest->s += i;
	rest->len -= i;
	return token;
}

static bool has_nul(const struct rtpp_str *token)
{
	return memchr(token->s, '\0', token->len) != NULL;
}

bool rtpp_split_cookie(const char *text, size_t len, struct rtpp_str *cookie, struct rtpp_str *rest)
{
	*rest = (struct rtpp_str){text, len};
	*cookie = next_token(rest);
	return cookie->s != NULL && cookie->len <= RTPP_COOKIE_MAX && !has_nul(cookie);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = rtpp_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int rtpp_unescape(const struct rtpp_str *in, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < in->len; i++) {
		char c = in->s[i];

		if (c == '%') {
			int high, low;

			if (in->len - i < 3)
				return -EINVAL;
			high = hex_digit(in->s[i + 1]);
			low = hex_digit(in->s[i + 2]);
			if (high < 0 || low < 0)
				return -EINVAL;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (len == size)
			return -ENOSPC;
		out[len++] = c;
	}
	return (int)len;
}

/* ---- tokens to commands -------------------------------------------------------------------- */

static const struct {
	char letter;
	uint8_t op;
	uint8_t min, max; /* arguments */
	uint8_t from;     /* which one is the from-tag; the to-tag follows; 0: none */
	bool modifiers, subs;
} commands[] = {
	{'u', RTPP_UPDATE, 5, 8, 4, true, true},
	{'l', RTPP_LOOKUP, 5, 6, 4, true, true},
	{'d', RTPP_DELETE, 3, 4, 2, true, false},
	{'x', RTPP_DELETE_ALL, 1, 1, 0, false, false},
	{'p', RTPP_PLAY, 5, 6, 4, true, false},
	{'s', RTPP_STOP_PLAY, 3, 4, 2, false, false},
	{'r', RTPP_RECORD, 3, 4, 2, true, false},
	{'c', RTPP_COPY, 4, 5, 3, true, false},
	{'n', RTPP_STOP_RECORD, 3, 4, 2, true, false},
	{'q', RTPP_QUERY, 3, 4 + RTPP_QUERY_STATS, 2, true, true},
	{'i', RTPP_INFO, 1, 1, 0, true, false},
	{'g', RTPP_STATS, 1, RTPP_ARGS_MAX, 0, true, false},
	{'v', RTPP_VERSION, 1, 1, 0, false, false},
};

/* All tokens up to "&&" or the end. RTPP_OK and *more (another part follows), or E5. */
static int split_part(struct rtpp_str *rest, struct rtpp_str *arg, unsigned int *count, bool *more)
{
	*count = 0;
	*more = false;
	for (;;) {
		struct rtpp_str token = next_token(rest);

		if (token.s == NULL)
			break;
		if (has_nul(&token))
			return RTPP_E_SYNTAX;
		if (rtpp_str_is(&token, "&&")) {
			*more = true;
			break;
		}
		if (*count == RTPP_ARGS_MAX)
			return RTPP_E_SYNTAX;
		arg[(*count)++] = token;
	}
	return *count == 0 ? RTPP_E_SYNTAX : RTPP_OK;
}

static int parse_modifiers(const struct rtpp_context *ctx, const struct rtpp_str *m,
			   struct rtpp_command *c)
{
	switch (c->op) {
	case RTPP_UPDATE:
	case RTPP_LOOKUP: return rtpp_parse_ul(ctx, m, &c->ul);
	case RTPP_PLAY: return rtpp_parse_count(m, &c->count);
	default: return rtpp_parse_flags(m, c);
	}
}

/* The arguments that have a place of their own. */
static void place_args(struct rtpp_command *c, unsigned int from)
{
	static const struct rtpp_str absent;
	unsigned int n = c->arg_count;

	c->call_id = from != 0 ? c->arg[1] : absent;
	c->from = from != 0 ? c->arg[from] : absent;
	c->to = from != 0 && n > from + 1 ? c->arg[from + 1] : absent;
	c->stat_first = from != 0 ? from + 2 : 1;
	c->stat_count = n > c->stat_first ? n - c->stat_first : 0;
	if (c->op == RTPP_PLAY || c->op == RTPP_COPY)
		c->name = c->arg[2];
	if (c->op == RTPP_PLAY)
		c->codecs = c->arg[3];
	if (c->op == RTPP_FEATURE)
		c->name = c->arg[1];
	if (c->op != RTPP_UPDATE || n < 7)
		return;
	c->ul.notify_socket = c->arg[n - 2];
	c->ul.notify_tag = c->arg[n - 1];
	if (n == 7)
		c->to = absent;
}

static int parse_command(const struct rtpp_context *ctx, struct rtpp_command *c)
{
	struct rtpp_str m = {c->arg[0].s + 1, c->arg[0].len - 1};
	char letter = rtpp_lower(c->arg[0].s[0]);
	unsigned int i = 0, min, max;
	bool modifiers;

	while (i < sizeof(commands) / sizeof(commands[0]) && commands[i].letter != letter)
		i++;
	if (i == sizeof(commands) / sizeof(commands[0]))
		return RTPP_E_COMMAND;
	c->op = commands[i].op;
	min = commands[i].min;
	max = commands[i].max;
	modifiers = commands[i].modifiers;
	if (c->op == RTPP_VERSION && m.len > 0 && rtpp_lower(m.s[0]) == 'f') {
		c->op = RTPP_FEATURE;
		min = max = 2;
		m.s++;
		m.len--;
	}
	if (c->arg_count < min || c->arg_count > max)
		return RTPP_E_ARGS;
	if (!modifiers && m.len > 0)
		return RTPP_E_MODIFIERS;
	if (!commands[i].subs && c->sub_count > 0)
		return RTPP_E_SUB;
	place_args(c, commands[i].from);
	if (c->ul.notify_tag.s != NULL && !rtpp_escapes_ok(&c->ul.notify_tag))
		return RTPP_E_ESCAPE;
	return parse_modifiers(ctx, &m, c);
}

/* Everything is split first: a fault of syntax anywhere comes before all others. */
int rtpp_parse(const char *text, size_t len, const struct rtpp_context *ctx,
	       struct rtpp_command *out)
{
	struct rtpp_str rest = {text, len}, subs, skip[RTPP_ARGS_MAX];
	unsigned int count;
	bool more;
	int rc;

	if (len > RTPP_COMMAND_MAX)
		return RTPP_E_SYNTAX;
	memset(out, 0, offsetof(struct rtpp_command, arg));
	out->late_error = RTPP_OK;
	rc = split_part(&rest, out->arg, &out->arg_count, &more);
	subs = rest;
	while (rc == RTPP_OK && more) {
		if (out->sub_count == RTPP_SUBS_MAX)
			return RTPP_E_SYNTAX;
		out->sub_count++;
		rc = split_part(&rest, skip, &count, &more);
	}
	if (rc == RTPP_OK)
		rc = parse_command(ctx, out);
	if (rc == RTPP_OK && (out->op == RTPP_UPDATE || out->op == RTPP_LOOKUP))
		rc = rtpp_parse_remote(&out->arg[2], &out->arg[3], &out->ul);
	for (unsigned int i = 0; rc == RTPP_OK && i < out->sub_count; i++) {
		split_part(&subs, skip, &count, &more);
		rc = rtpp_parse_sub(ctx, out, skip, count, &out->sub[i]);
	}
	return rc;
}
