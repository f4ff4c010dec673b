/* SPDX-License-Identifier: BSD-3-Clause */
#include "candidate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <strings.h>

static const struct {
	const char *name;
	uint8_t preference; /* RFC 8445 §5.1.2.2 */
} types[CANDIDATE_TYPE_COUNT] = {
	[CANDIDATE_HOST] = {"host", 126},
	[CANDIDATE_SRFLX] = {"srflx", 100},
	[CANDIDATE_PRFLX] = {"prflx", 110},
	[CANDIDATE_RELAY] = {"relay", 0},
};

struct span {
	const char *at;
	size_t len;
};

const char *candidate_type_name(enum candidate_type t)
{
	return types[t].name;
}

uint32_t candidate_priority(enum candidate_type t, uint16_t local_preference, uint16_t component)
{
	return (uint32_t)types[t].preference << 24 | (uint32_t)local_preference << 8 |
	       (uint32_t)(256 - component);
}

static bool is(struct span s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.at, text, s.len) == 0;
}

static bool skip(struct span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->len < n || strncasecmp(s->at, prefix, n) != 0)
		return false;
	s->at += n;
	s->len -= n;
	return true;
}

/* Up to the next space; spaces before it are passed over. Empty at the end. */
static struct span next_word(struct span *rest)
{
	struct span w;

	while (rest->len > 0 && rest->at[0] == ' ') {
		rest->at++;
		rest->len--;
	}
	w = (struct span){rest->at, 0};
	while (w.len < rest->len && w.at[w.len] != ' ')
		w.len++;
	rest->at += w.len;
	rest->len -= w.len;
	return w;
}

static bool number(struct span s, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (s.len == 0 || s.len > 10)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.at[i] - '0');
	}
	*out = (uint32_t)n;
	return n <= max;
}

/* RFC 8839 §5.1: ALPHA / DIGIT / "+" / "/" */
static bool ice_chars(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
		    c != '+' && c != '/')
			return false;
	}
	return s.len > 0;
}

static bool address(struct span s, union wire_ip *out)
{
	char text[WIRE_IP_STRLEN];

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	return strlen(text) == s.len && wire_ip_parse(text, out) == 0;
}

/* What a name may hold and no address does, so that garbage is told from a name. */
static bool is_name(struct span s)
{
	bool letters = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
		    c != '-' && c != '.' && c != '_')
			return false;
		letters |= c != '.' && !(c >= '0' && c <= '9');
	}
	return letters && s.len <= 255;
}

static bool is_mdns(struct span s)
{
	return s.len > 6 && strncasecmp(s.at + s.len - 6, ".local", 6) == 0;
}

/* Neither token nor extension value may hold what would end or begin a line. */
static bool is_clean(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f)
			return false;
	return true;
}

/*
 * The verdict on one line: the first fault, and the first reason why it is of no use, which
 * counts only if the line is well-formed to its end.
 */
struct outcome {
	const char *bad;
	const char *unusable;
};

static void bad(struct outcome *o, const char *why)
{
	if (o->bad == NULL)
		o->bad = why;
}

static void unusable(struct outcome *o, const char *why)
{
	if (o->unusable == NULL)
		o->unusable = why;
}

static void parse_target(struct span ip, struct span port, struct candidate *out, struct outcome *o)
{
	uint32_t n;

	if (address(ip, &out->ip)) {
		if (!wire_ip_is_unicast(&out->ip) && !wire_ip_is_loopback(&out->ip))
			unusable(o, "no address of a host");
	} else if (is_name(ip)) {
		unusable(o, is_mdns(ip) ? "mDNS name" : "domain name");
	} else {
		bad(o, "connection address");
	}
	if (!number(port, UINT16_MAX, &n))
		bad(o, "port");
	else if (n == 0)
		unusable(o, "port 0");
	else
		out->port = (uint16_t)n;
}

static void parse_type(struct span word, struct candidate *out, struct outcome *o)
{
	for (unsigned int t = 0; t < CANDIDATE_TYPE_COUNT; t++)
		if (is(word, types[t].name)) {
			out->type = (enum candidate_type)t;
			return;
		}
	if (word.len == 0)
		bad(o, "type");
	unusable(o, "unknown type");
}

/* raddr, rport and extensions: pairs of name and value (RFC 8839 §5.1). */
static void parse_extensions(struct span rest, struct candidate *out, struct outcome *o)
{
	for (struct span key = next_word(&rest); key.len > 0; key = next_word(&rest)) {
		struct span value = next_word(&rest);
		uint32_t n;

		if (value.len == 0) {
			bad(o, "extension without a value");
		} else if (is(key, "raddr")) {
			/* Hidden by some as a name or 0.0.0.0; it is of diagnostic use only. */
			if (!address(value, &out->related) && !is_name(value))
				bad(o, "raddr");
		} else if (is(key, "rport")) {
			if (number(value, UINT16_MAX, &n))
				out->related_port = (uint16_t)n;
			else
				bad(o, "rport");
		} else if (is(key, "ufrag") && out->ufrag == NULL) {
			if (!ice_chars(value) || value.len > 256)
				bad(o, "ufrag");
			out->ufrag = value.at;
			out->ufrag_len = value.len;
		}
	}
}

static void parse(struct span rest, struct candidate *out, struct outcome *o)
{
	struct span foundation = next_word(&rest), component = next_word(&rest);
	struct span transport = next_word(&rest), priority = next_word(&rest);
	struct span ip = next_word(&rest), port = next_word(&rest), typ = next_word(&rest);
	uint32_t n;

	if (foundation.len > CANDIDATE_FOUNDATION_MAX || !ice_chars(foundation))
		bad(o, "foundation");
	else
		memcpy(out->foundation, foundation.at, foundation.len);
	if (!number(component, 256, &n) || n == 0)
		bad(o, "component");
	else
		out->component = (uint16_t)n;
	if (transport.len == 0)
		bad(o, "transport");
	else if (is(transport, "tcp"))
		unusable(o, "TCP");
	else if (!is(transport, "udp"))
		unusable(o, "unknown transport");
	if (!number(priority, UINT32_MAX, &out->priority))
		bad(o, "priority");
	else if (out->priority == 0 || out->priority > INT32_MAX)
		bad(o, "priority");
	parse_target(ip, port, out, o);
	if (!is(typ, "typ"))
		bad(o, "no typ");
	parse_type(next_word(&rest), out, o);
	parse_extensions(rest, out, o);
}

int candidate_parse(const char *text, size_t len, struct candidate *out, const char **why)
{
	struct span line = {text, len};
	struct outcome o = {NULL, NULL};

	memset(out, 0, sizeof(*out));
	skip(&line, "a=");
	skip(&line, "candidate:");
	if (!is_clean(line))
		o.bad = "control character";
	else
		parse(line, out, &o);
	*why = o.bad != NULL ? o.bad : o.unusable;
	if (*why == NULL)
		return 0;
	memset(out, 0, sizeof(*out));
	return o.bad != NULL ? -EINVAL : -ENOTSUP;
}

int candidate_format(const struct candidate *c, char *out, size_t size)
{
	static const union wire_ip none;
	char ip[WIRE_IP_STRLEN], related[WIRE_IP_STRLEN];
	int n, m = 0;

	n = snprintf(out, size, "candidate:%s %u UDP %u %s %u typ %s", c->foundation, c->component,
		     c->priority, wire_ip_format(&c->ip, ip), c->port, types[c->type].name);
	if (n < 0 || (size_t)n >= size)
		return -ENOSPC;
	if (!wire_ip_equal(&c->related, &none))
		m = snprintf(out + n, size - (size_t)n, " raddr %s rport %u",
			     wire_ip_format(&c->related, related), c->related_port);
	return m < 0 || (size_t)(n + m) >= size ? -ENOSPC : n + m;
}
