/* SPDX-License-Identifier: BSD-3-Clause */
#include "netinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- prefixes ------------------------------------------------------------------------------ */

static unsigned int bits_of(const struct net_prefix *p)
{
	return p->bits + (wire_ip_is4(&p->ip) ? 96u : 0u);
}

char *net_prefix_format(const struct net_prefix *p, char text[NET_PREFIX_STRLEN])
{
	char ip[WIRE_IP_STRLEN];

	snprintf(text, NET_PREFIX_STRLEN, "%s/%u", wire_ip_format(&p->ip, ip), p->bits);
	return text;
}

int net_prefix_parse(const char *text, struct net_prefix *out)
{
	unsigned int bits;

	if (strchr(text, '/') == NULL) {
		if (wire_ip_parse(text, &out->ip) != 0)
			return -EINVAL;
		out->bits = wire_ip_is4(&out->ip) ? 32 : 128;
		return 0;
	}
	if (wire_ip_parse_prefix(text, &out->ip, &bits) != 0)
		return -EINVAL;
	out->bits = (uint8_t)bits;
	return 0;
}

void net_prefix_range(const struct net_prefix *p, union wire_ip *first, union wire_ip *last)
{
	unsigned int bits = bits_of(p);

	*first = *last = p->ip;
	for (unsigned int i = bits; i < 128; i++) {
		first->b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
		last->b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
}

void net_prefix_trim(struct net_prefix *p)
{
	union wire_ip last;

	net_prefix_range(p, &p->ip, &last);
}

bool net_prefix_equal(const struct net_prefix *a, const struct net_prefix *b)
{
	return a->bits == b->bits && wire_ip_equal(&a->ip, &b->ip);
}

bool net_prefix_overlap(const struct net_prefix *a, const struct net_prefix *b)
{
	const struct net_prefix *wide = a->bits < b->bits ? a : b;

	if (wire_ip_is4(&a->ip) != wire_ip_is4(&b->ip))
		return false;
	return wire_ip_in_prefix(wide == a ? &b->ip : &a->ip, &wide->ip, wide->bits);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_mask(struct tnd_buf *b, const struct net_prefix *p)
{
	const struct net_prefix all = {.bits = p->bits + (wire_ip_is4(&p->ip) ? 96 : 0)};
	union wire_ip mask, ones;
	char text[WIRE_IP_STRLEN];

	net_prefix_range(&all, &mask, &ones);
	for (unsigned int i = 0; i < 16; i++)
		mask.b[i] = (uint8_t)~ones.b[i];
	if (wire_ip_is4(&p->ip))
		mask = wire_ip_from4(mask.w[3]);
	json_w_string(b, "mask", wire_ip_format(&mask, text));
}

void netinfo_write(struct tnd_buf *b, const char *key, const struct netinfo *n)
{
	char text[NET_PREFIX_STRLEN];

	json_w_open(b, key, '{');
	if (n->address_count > 0) {
		json_w_string(b, "addr", wire_ip_format(&n->address[0].ip, text));
		write_mask(b, &n->address[0]);
		json_w_open(b, "addresses", '[');
		for (unsigned int i = 0; i < n->address_count; i++)
			json_w_string(b, NULL, net_prefix_format(&n->address[i], text));
		json_w_close(b, ']');
	}
	json_w_open(b, "dns", '[');
	for (unsigned int i = 0; i < n->dns_count; i++)
		json_w_string(b, NULL, wire_ip_format(&n->dns[i], text));
	json_w_close(b, ']');
	json_w_open(b, "routes", '[');
	for (unsigned int i = 0; i < n->route_count; i++)
		json_w_string(b, NULL, net_prefix_format(&n->route[i], text));
	json_w_close(b, ']');
	if (n->mtu != 0)
		json_w_uint(b, "mtu", n->mtu);
	json_w_close(b, '}');
}

/* ---- reading ------------------------------------------------------------------------------- */

struct reader {
	const char *base;
	struct json_error *err;
};

static int bad(const struct reader *r, const char *member, const char *reason)
{
	snprintf(r->err->path, sizeof(r->err->path), "%.180s%s%s", r->base,
		 member[0] != '\0' ? "/" : "", member);
	snprintf(r->err->reason, sizeof(r->err->reason), "%s", reason);
	return -EINVAL;
}

/* Text at `v`, or NULL. */
static const char *text_of(const struct json_value *v)
{
	return v != NULL && json_is_string(v) ? json_string(v) : NULL;
}

/* Is it an address of a single host, and not one of an IP version that was there already? */
static int add_address(const struct reader *r, const char *member, const struct net_prefix *p,
		       struct netinfo *out)
{
	bool is4 = wire_ip_is4(&p->ip);

	if (!wire_ip_is_unicast(&p->ip) || wire_ip_is_link_local(&p->ip))
		return bad(r, member, "not the address of a single host");
	for (unsigned int i = 0; i < out->address_count; i++)
		if (wire_ip_is4(&out->address[i].ip) == is4)
			return net_prefix_equal(&out->address[i], p)
				       ? 0
				       : bad(r, member, "a second one of its IP version");
	out->address[out->address_count++] = *p;
	return 0;
}

/* Ones, then zeros: their number. */
static int mask_bits(const union wire_ip *mask, bool is4)
{
	unsigned int from = is4 ? 96 : 0, bits = from;

	while (bits < 128 && mask->b[bits / 8] & (0x80 >> bits % 8))
		bits++;
	for (unsigned int i = bits; i < 128; i++)
		if (mask->b[i / 8] & (0x80 >> i % 8))
			return -EINVAL;
	return (int)(bits - from);
}

static int read_addr(const struct reader *r, const struct json_value *v, struct netinfo *out)
{
	const struct json_value *m = json_member(v, "mask");
	const struct json_value *a = json_member(v, "addr");
	struct net_prefix p;
	union wire_ip mask;
	int bits;

	if (a == NULL)
		return m == NULL ? 0 : bad(r, "mask", "only together with addr");
	if (text_of(a) == NULL || wire_ip_parse(text_of(a), &p.ip) != 0)
		return bad(r, "addr", "not an IPv4 or IPv6 address");
	p.bits = wire_ip_is4(&p.ip) ? 32 : 128;
	if (m != NULL) {
		if (text_of(m) == NULL || wire_ip_parse(text_of(m), &mask) != 0)
			return bad(r, "mask", "not a mask, such as 255.255.255.0");
		bits = mask_bits(&mask, wire_ip_is4(&p.ip));
		if (bits < 0 || (wire_ip_is4(&p.ip) && !wire_ip_is4(&mask)))
			return bad(r, "mask", "not a mask for the address");
		p.bits = (uint8_t)bits;
	}
	return add_address(r, "addr", &p, out);
}

/* Each text of an array: `fn` with its place. */
static int each(const struct reader *r, const struct json_value *v, const char *member,
		unsigned int max,
		int (*fn)(const struct reader *r, const char *at, const char *text,
			  struct netinfo *out),
		struct netinfo *out)
{
	const struct json_value *list = json_member(v, member), *i;
	unsigned int n = 0;
	char at[48];
	int rc = 0;

	if (list == NULL)
		return 0;
	if (!json_is_array(list) || json_count(list) > max) {
		snprintf(at, sizeof(at), "an array of %u strings at most", max);
		return bad(r, member, at);
	}
	for (i = json_first(list); i != NULL && rc == 0; i = json_next(i)) {
		snprintf(at, sizeof(at), "%s/%u", member, n++);
		rc = text_of(i) != NULL ? fn(r, at, text_of(i), out) : bad(r, at, "not a string");
	}
	return rc;
}

static int read_address(const struct reader *r, const char *at, const char *text,
			struct netinfo *out)
{
	struct net_prefix p;

	if (net_prefix_parse(text, &p) != 0)
		return bad(r, at, "not an address with a prefix length, such as 10.9.0.2/32");
	return add_address(r, at, &p, out);
}

static int read_dns(const struct reader *r, const char *at, const char *text, struct netinfo *out)
{
	union wire_ip ip;

	if (wire_ip_parse(text, &ip) != 0 || !wire_ip_is_unicast(&ip))
		return bad(r, at, "not the address of a single host");
	out->dns[out->dns_count++] = ip;
	return 0;
}

static int read_route(const struct reader *r, const char *at, const char *text, struct netinfo *out)
{
	struct net_prefix *p = &out->route[out->route_count];

	if (net_prefix_parse(text, p) != 0)
		return bad(r, at, "not a network, such as 10.0.0.0/8");
	net_prefix_trim(p);
	out->route_count++;
	return 0;
}

int netinfo_read(const struct json_value *v, const char *base, struct netinfo *out,
		 struct json_error *err)
{
	const struct reader r = {base, err};
	const struct json_value *mtu;
	int64_t n;

	memset(out, 0, sizeof(*out));
	if (!json_is_object(v))
		return bad(&r, "", "must be an object");
	if (each(&r, v, "addresses", NETINFO_ADDRESSES, read_address, out) != 0 ||
	    read_addr(&r, v, out) != 0 || each(&r, v, "dns", NETINFO_DNS, read_dns, out) != 0 ||
	    each(&r, v, "routes", NETINFO_ROUTES, read_route, out) != 0)
		return -EINVAL;
	mtu = json_member(v, "mtu");
	if (mtu == NULL)
		return 0;
	if (!json_to_int(mtu, &n) || (n != 0 && n < NETINFO_MTU_MIN) || n > UINT16_MAX)
		return bad(&r, "mtu", "not a number of bytes from 576 to 65535, or 0");
	out->mtu = (uint16_t)n;
	return 0;
}
