/* SPDX-License-Identifier: BSD-3-Clause */
/* Network information, as another maker's server hands it to a client of a tunnel. */
#include "fuzz.h"
#include "netinfo.h"

static void check_prefix(const struct net_prefix *p)
{
	PROMISE(p->bits <= (wire_ip_is4(&p->ip) ? 32 : 128));
}

static void check_taken(const struct netinfo *n)
{
	PROMISE(n->address_count <= NETINFO_ADDRESSES && n->dns_count <= NETINFO_DNS);
	PROMISE(n->route_count <= NETINFO_ROUTES);
	PROMISE(n->mtu == 0 || n->mtu >= NETINFO_MTU_MIN);
	for (unsigned int i = 0; i < n->address_count; i++) {
		check_prefix(&n->address[i]);
		PROMISE(wire_ip_is_unicast(&n->address[i].ip));
		PROMISE(i == 0 || wire_ip_is4(&n->address[i].ip) != wire_ip_is4(&n->address[0].ip));
	}
	for (unsigned int i = 0; i < n->dns_count; i++)
		PROMISE(wire_ip_is_unicast(&n->dns[i]));
	for (unsigned int i = 0; i < n->route_count; i++) {
		struct net_prefix trimmed = n->route[i];

		check_prefix(&n->route[i]);
		net_prefix_trim(&trimmed);
		PROMISE(net_prefix_equal(&trimmed, &n->route[i]));
	}
}

static bool same(const struct netinfo *a, const struct netinfo *b)
{
	bool ok = a->address_count == b->address_count && a->dns_count == b->dns_count &&
		  a->route_count == b->route_count && a->mtu == b->mtu;

	for (unsigned int i = 0; ok && i < a->address_count; i++)
		ok = net_prefix_equal(&a->address[i], &b->address[i]);
	for (unsigned int i = 0; ok && i < a->dns_count; i++)
		ok = wire_ip_equal(&a->dns[i], &b->dns[i]);
	for (unsigned int i = 0; ok && i < a->route_count; i++)
		ok = net_prefix_equal(&a->route[i], &b->route[i]);
	return ok;
}

static void check_round_trip(const struct netinfo *n)
{
	struct tnd_buf b = {0};
	struct json_value *v;
	struct json_error err;
	struct netinfo back;

	netinfo_write(&b, NULL, n);
	PROMISE(!b.oom && json_parse(b.data, b.len, &v, &err) == 0);
	PROMISE(netinfo_read(v, "", &back, &err) == 0);
	PROMISE(same(n, &back));
	json_free(v);
	tnd_buf_free(&b);
}

static void check_error(const struct json_error *err)
{
	PROMISE(memchr(err->path, '\0', sizeof(err->path)) != NULL);
	PROMISE(memchr(err->reason, '\0', sizeof(err->reason)) != NULL);
	PROMISE(strncmp(err->path, "/info", 5) == 0 && err->reason[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_value *v;
	struct json_error err;
	struct netinfo n;

	if (json_parse((const char *)data, size, &v, &err) != 0)
		return 0;
	if (netinfo_read(v, "/info", &n, &err) != 0) {
		check_error(&err);
	} else {
		check_taken(&n);
		check_round_trip(&n);
	}
	json_free(v);
	return 0;
}
