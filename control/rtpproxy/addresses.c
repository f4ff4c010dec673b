/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The addresses that -l and -6 name are to be tandem's own: found in the base configuration by
 * their IP. One that the kernel has is the commonest mistake of who comes from rtpproxy.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "rtpproxy.h"

static bool is_any(const char *host)
{
	return strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static bool resolve(const char *host, bool six, union wire_ip *out)
{
	const struct addrinfo hints = {.ai_family = six ? AF_INET6 : AF_INET};
	struct addrinfo *found;
	char text[64];
	int rc = getaddrinfo(host, NULL, &hints, &found);

	if (rc != 0) {
		fprintf(stderr, "tandem-rtpproxy: %s: %s\n", host, gai_strerror(rc));
		return false;
	}
	rc = getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), NULL, 0,
			 NI_NUMERICHOST);
	freeaddrinfo(found);
	return rc == 0 && wire_ip_parse(text, out) == 0;
}

/* The kernel's interface that has this address; false: none has. */
static bool kernel_interface(const union wire_ip *ip, char *name, size_t size)
{
	struct ifaddrs *list, *i;
	union wire_ip there;
	char text[64];
	bool found = false;

	if (getifaddrs(&list) != 0)
		return false;
	for (i = list; i != NULL && !found; i = i->ifa_next) {
		sa_family_t family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;

		if (family != AF_INET && family != AF_INET6)
			continue;
		if (getnameinfo(i->ifa_addr,
				family == AF_INET ? sizeof(struct sockaddr_in)
						  : sizeof(struct sockaddr_in6),
				text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		text[strcspn(text, "%")] = '\0';
		if (wire_ip_parse(text, &there) != 0 || !wire_ip_equal(&there, ip))
			continue;
		snprintf(name, size, "%s", i->ifa_name);
		found = true;
	}
	freeifaddrs(list);
	return found;
}

static void say_missing(const struct options *o, const struct config *base, const char *host,
			const union wire_ip *ip)
{
	char text[WIRE_IP_STRLEN], name[64];

	wire_ip_format(ip, text);
	fprintf(stderr, "tandem-rtpproxy: %s (%s) is not among the addresses of %s", host, text,
		o->base);
	for (unsigned int i = 0; i < base->address_count; i++) {
		wire_ip_format(&base->addresses[i].ip, text);
		fprintf(stderr, "%s%s", i ? ", " : ": ", text);
	}
	fputs("\n", stderr);
	if (!kernel_interface(ip, name, sizeof(name)))
		return;
	wire_ip_format(ip, text);
	fprintf(stderr,
		"tandem-rtpproxy: the kernel has %s on %s. tandem owns its addresses itself:\n"
		"  1. give it a device that nothing else uses, as it takes all of its packets: a "
		"NIC,\n"
		"     a virtual function, or by AF_XDP an interface (\"net_af_xdp0,iface=...\")\n"
		"  2. name device and address in %s (see tandemd(8)); if it is to be %s itself,\n"
		"     take it from the kernel: ip address del %s dev %s\n",
		text, name, o->base, text, text, name);
}

static bool find(const struct options *o, const struct config *base, const char *host, bool six,
		 int *out)
{
	union wire_ip ip;

	if (host == NULL)
		return true;
	if (!resolve(host, six, &ip))
		return false;
	for (unsigned int i = 0; i < base->address_count; i++) {
		if (!wire_ip_equal(&base->addresses[i].ip, &ip))
			continue;
		*out = (int)i;
		return true;
	}
	say_missing(o, base, host, &ip);
	return false;
}

/* The first address of each family. */
static void find_any(const struct config *base, int out[2])
{
	for (unsigned int i = base->address_count; i-- > 0;)
		out[!wire_ip_is4(&base->addresses[i].ip)] = (int)i;
}

bool addresses_find(const struct options *o, const struct config *base, struct bound *out)
{
	const struct option_pair *pairs[2] = {&o->listen4, &o->listen6};

	*out = (struct bound){.address = {{-1, -1}, {-1, -1}}};
	out->any = o->listen4.first == NULL && o->listen4.second == NULL &&
		   o->listen6.first == NULL && o->listen6.second == NULL;
	for (unsigned int six = 0; six < 2; six++) {
		const char *host[2] = {pairs[six]->first, pairs[six]->second};

		for (unsigned int side = 0; side < 2; side++) {
			if (host[side] != NULL && is_any(host[side])) {
				if (side == 1) {
					fputs("tandem-rtpproxy: both sides of a bridge need "
					      "an address each\n",
					      stderr);
					return false;
				}
				out->any = true;
			} else if (!find(o, base, host[side], six, &out->address[side][six])) {
				return false;
			}
		}
	}
	if (out->any)
		find_any(base, out->address[0]);
	return true;
}
