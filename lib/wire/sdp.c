/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* RFC 8866 §5: the lines of the session's level in their order; t, r and z stand together. */
#define SESSION_ORDER "vosiuepcbtka"

int sdp_fault(struct sdp_error *err, unsigned int line, const char *fmt, ...)
{
	va_list ap;

	err->line = line;
	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* ---- views --------------------------------------------------------------------------------- */

bool sdp_is(struct sdp_view v, const char *text)
{
	return v.len == strlen(text) && (v.len == 0 || memcmp(v.at, text, v.len) == 0);
}

bool sdp_is_nocase(struct sdp_view v, const char *text)
{
	return v.len == strlen(text) && (v.len == 0 || strncasecmp(v.at, text, v.len) == 0);
}

bool sdp_equal(struct sdp_view a, struct sdp_view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct sdp_view *v)
{
	while (v->len > 0 && is_blank(v->at[0])) {
		v->at++;
		v->len--;
	}
}

struct sdp_view sdp_word(struct sdp_view *rest)
{
	struct sdp_view w;

	skip_blanks(rest);
	w = (struct sdp_view){rest->at, 0};
	while (w.len < rest->len && !is_blank(rest->at[w.len]))
		w.len++;
	rest->at += w.len;
	rest->len -= w.len;
	skip_blanks(rest);
	return w;
}

bool sdp_number(struct sdp_view v, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (v.len == 0)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		unsigned int digit = (unsigned int)(unsigned char)v.at[i] - '0';

		if (digit > 9 || n > (max - digit) / 10 || digit > max)
			return false;
		n = 10 * n + digit;
	}
	*out = n;
	return true;
}

bool sdp_is_token(struct sdp_view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.at[i] <= ' ' || v.at[i] > '~' || strchr("\"(),/:;<=>?@[\\]", v.at[i]) != NULL)
			return false;
	return v.len > 0;
}

/* ---- the text ------------------------------------------------------------------------------ */

/* Bytes of the UTF-8 character at `p` (RFC 3629), 0: none. */
static unsigned int utf8_length(const unsigned char *p, size_t left)
{
	unsigned int n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n == 1)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
		return 0;
	for (unsigned int i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong, a surrogate, beyond U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* Nothing but UTF-8, and no control characters but tabs and the ends of lines. */
static int check_bytes(struct sdp_view text, struct sdp_error *err)
{
	const unsigned char *p = (const unsigned char *)text.at;
	unsigned int line = 1, n;

	for (size_t i = 0; i < text.len; i += n) {
		n = utf8_length(p + i, text.len - i);
		if (n == 0)
			return sdp_fault(err, line, "not UTF-8");
		if (p[i] == '\n')
			line++;
		else if (p[i] == '\r' && i + 1 < text.len && p[i + 1] != '\n')
			return sdp_fault(err, line, "a CR that is not followed by LF");
		else if ((p[i] < ' ' && p[i] != '\t' && p[i] != '\r') || p[i] == 0x7f)
			return sdp_fault(err, line, "a control character (0x%02x)", p[i]);
	}
	return 0;
}

/* Ends of lines at the end of the text, beyond the last line's own, are no lines. */
static struct sdp_view without_blank_end(struct sdp_view text)
{
	while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
		text.len--;
	return text;
}

static struct sdp_view cut_line(struct sdp_part *rest)
{
	size_t left = (size_t)(rest->end - rest->at);
	const char *lf = memchr(rest->at, '\n', left);
	struct sdp_view line = {rest->at, lf != NULL ? (size_t)(lf - rest->at) : left};

	rest->at = lf != NULL ? lf + 1 : rest->end;
	rest->line++;
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

bool sdp_next(struct sdp_part *rest, struct sdp_line *out)
{
	const char *colon;

	if (rest->at >= rest->end)
		return false;
	*out = (struct sdp_line){.number = rest->line};
	out->whole = cut_line(rest);
	if (out->whole.len < 2 || out->whole.at[1] != '=')
		return true; /* of no type: sdp_parse() lets none of these pass */
	out->type = out->whole.at[0];
	out->value = (struct sdp_view){out->whole.at + 2, out->whole.len - 2};
	if (out->type != 'a')
		return true;
	colon = memchr(out->value.at, ':', out->value.len);
	out->name = out->value;
	out->rest = (struct sdp_view){out->value.at + out->value.len, 0};
	if (colon == NULL)
		return true;
	out->name.len = (size_t)(colon - out->value.at);
	out->rest = (struct sdp_view){colon + 1, out->value.len - out->name.len - 1};
	out->has_rest = true;
	return true;
}

/* ---- lines --------------------------------------------------------------------------------- */

static int check_version(const struct sdp_line *l, struct sdp_error *err)
{
	return sdp_is(l->value, "0") ? 0 : sdp_fault(err, l->number, "v= must be 0");
}

static int read_origin(const struct sdp_line *l, struct sdp_origin *o, struct sdp_error *err)
{
	struct sdp_view rest = l->value, version, word;
	uint64_t id;

	o->line = l->number;
	o->username = sdp_word(&rest);
	o->id = sdp_word(&rest);
	version = sdp_word(&rest);
	for (int i = 0; i < 3; i++)
		word = sdp_word(&rest);
	if (word.len == 0 || rest.len != 0)
		return sdp_fault(err, l->number,
				 "o= must have six fields: username, id, version, IN, IP4 or IP6, "
				 "address");
	if (!sdp_number(o->id, UINT64_MAX, &id) || !sdp_number(version, UINT64_MAX, &o->version))
		return sdp_fault(err, l->number, "o=: id and version must be numbers below 2^64");
	return 0;
}

static int read_c(const struct sdp_line *l, unsigned int *line, struct sdp_connection *c,
		  struct sdp_error *err)
{
	const char *why;

	if (*line != 0)
		return sdp_fault(err, l->number, "a second c= (the first is in line %u)", *line);
	*line = l->number;
	return sdp_read_connection(l->value, c, &why) != 0
		       ? sdp_fault(err, l->number, "c=: %s", why)
		       : 0;
}

static int read_port(struct sdp_view word, struct sdp_media *m)
{
	const char *slash = word.len > 0 ? memchr(word.at, '/', word.len) : NULL;
	uint64_t port, count;

	if (slash != NULL) {
		struct sdp_view n = {slash + 1, word.len - (size_t)(slash - word.at) - 1};

		if (!sdp_number(n, UINT16_MAX, &count) || count == 0)
			return -EINVAL;
		m->has_count = count > 1;
		word.len = (size_t)(slash - word.at);
	}
	if (!sdp_number(word, UINT16_MAX, &port))
		return -EINVAL;
	m->port = (uint16_t)port;
	return 0;
}

/* Tokens with slashes between. */
static bool is_proto(struct sdp_view v)
{
	for (;;) {
		const char *slash = v.len > 0 ? memchr(v.at, '/', v.len) : NULL;
		size_t len = slash != NULL ? (size_t)(slash - v.at) : v.len;

		if (!sdp_is_token((struct sdp_view){v.at, len}))
			return false;
		if (slash == NULL)
			return true;
		v.at += len + 1;
		v.len -= len + 1;
	}
}

static int read_media(const struct sdp_line *l, struct sdp_media *m, struct sdp_error *err)
{
	struct sdp_view rest = l->value;

	m->line = l->number;
	m->kind = sdp_word(&rest);
	if (!sdp_is_token(m->kind))
		return sdp_fault(err, l->number, "m=: no kind of media");
	if (read_port(sdp_word(&rest), m) != 0)
		return sdp_fault(err, l->number, "m=: a port is 0 to 65535");
	m->proto = sdp_word(&rest);
	if (!is_proto(m->proto))
		return sdp_fault(err, l->number, "m=: no transport such as RTP/AVP");
	while (rest.len > 0 && is_blank(rest.at[rest.len - 1]))
		rest.len--;
	m->formats = rest;
	if (rest.len == 0 && m->port != 0)
		return sdp_fault(err, l->number, "m=: no format");
	return 0;
}

static int check_line(const struct sdp_line *l, struct sdp_error *err)
{
	if (l->whole.len == 0)
		return sdp_fault(err, l->number, "an empty line");
	if (l->type == '\0')
		return sdp_fault(err, l->number, "not of the form x=value");
	if (strchr(SESSION_ORDER "mrz", l->type) == NULL)
		return sdp_fault(err, l->number, "no such type of line: %c=",
				 l->type > ' ' && l->type <= '~' ? l->type : '?');
	if (l->type == 'a' && !sdp_is_token(l->name))
		return sdp_fault(err, l->number, "a=: no name of an attribute");
	return 0;
}

/* ---- levels -------------------------------------------------------------------------------- */

/* Types of the session's level may be repeated, but for v, o, s, i, u, c and k. */
static int check_order(const struct sdp_line *l, char *last, struct sdp_error *err)
{
	char type = l->type == 'r' || l->type == 'z' ? 't' : l->type;
	const char *at = strchr(SESSION_ORDER, type), *before = strchr(SESSION_ORDER, *last);

	if (*last == '\0') {
		if (type != 'v')
			return sdp_fault(err, l->number, "v=0 must come first");
	} else if (at < before) {
		return sdp_fault(err, l->number, "%c= must come before %c=", l->type, *last);
	} else if (at == before && strchr("vosiuck", type) != NULL) {
		return sdp_fault(err, l->number, "a second %c=", l->type);
	} else if (*last != type && (*last == 'v' || *last == 'o') && at != before + 1) {
		return sdp_fault(err, l->number, "%c= is missing before this", before[1]);
	} else if (strchr("ka", type) != NULL && strchr("tka", *last) == NULL) {
		return sdp_fault(err, l->number, "t= is missing before this");
	} else if (l->type != type && *last != 't') {
		return sdp_fault(err, l->number, "%c= belongs behind t=", l->type);
	}
	*last = type;
	return 0;
}

static int parse_session(struct sdp_part *rest, struct sdp *out, struct sdp_error *err)
{
	struct sdp_part here = *rest;
	struct sdp_line l;
	char last = '\0';
	int rc = 0;

	while (sdp_next(&here, &l) && l.type != 'm') {
		rc = check_line(&l, err);
		if (rc == 0)
			rc = check_order(&l, &last, err);
		if (rc == 0 && l.type == 'v')
			rc = check_version(&l, err);
		else if (rc == 0 && l.type == 'o')
			rc = read_origin(&l, &out->origin, err);
		else if (rc == 0 && l.type == 'c')
			rc = read_c(&l, &out->c_line, &out->c, err);
		if (rc != 0)
			return rc;
		*rest = here;
	}
	if (last == '\0')
		return sdp_fault(err, 1, "v=0 must come first");
	if (strchr("tka", last) == NULL)
		return sdp_fault(err, rest->line, "%s is missing before this",
				 last == 'v'   ? "o="
				 : last == 'o' ? "s="
					       : "t=");
	return 0;
}

static int parse_section(struct sdp_part *rest, struct sdp *out, struct sdp_error *err)
{
	struct sdp_part here = *rest;
	struct sdp_media *m;
	struct sdp_line l;
	int rc;

	sdp_next(&here, &l);
	if (out->count == SDP_SECTIONS_MAX)
		return sdp_fault(err, l.number, "more than %u sections", SDP_SECTIONS_MAX);
	m = &out->section[out->count++];
	*m = (struct sdp_media){.part = *rest};
	rc = read_media(&l, m, err);
	*rest = here;
	while (rc == 0 && sdp_next(&here, &l) && l.type != 'm') {
		rc = check_line(&l, err);
		if (rc == 0 && strchr("icbka", l.type) == NULL)
			return sdp_fault(err, l.number, "%c= can't be in a section", l.type);
		if (rc == 0 && l.type == 'c')
			rc = read_c(&l, &m->c_line, &m->c, err);
		*rest = here;
	}
	m->part.end = rest->at;
	return rc;
}

int sdp_parse(const char *text, size_t len, struct sdp *out, struct sdp_error *err)
{
	struct sdp_view all = {text, len};
	struct sdp_part rest;
	int rc;

	*out = (struct sdp){0};
	if (len > SDP_TEXT_MAX)
		return sdp_fault(err, 0, "longer than %u bytes", SDP_TEXT_MAX);
	rc = check_bytes(all, err);
	if (rc != 0)
		return rc;
	out->text = without_blank_end(all);
	out->session = (struct sdp_part){out->text.at, out->text.at + out->text.len, 1};
	rest = out->session;
	rc = parse_session(&rest, out, err);
	out->session.end = rest.at;
	while (rc == 0 && rest.at < rest.end)
		rc = parse_section(&rest, out, err);
	for (unsigned int i = 0; rc == 0 && i < out->count; i++)
		if (out->section[i].c_line == 0 && out->c_line == 0)
			rc = sdp_fault(err, out->section[i].line,
				       "no c= in this section, nor before the first");
	return rc;
}
