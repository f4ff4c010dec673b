/* SPDX-License-Identifier: BSD-3-Clause */
/* Roles of interfaces: which of them are the inner side of tunnels, and of what kind. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_private.h"

bool config_device_arg(const char *device, const char *key, char *value, size_t size)
{
	size_t len = strlen(key), n;

	for (const char *p = strchr(device, ','); p != NULL; p = strchr(p, ',')) {
		p++;
		if (strncmp(p, key, len) != 0 || p[len] != '=')
			continue;
		p += len + 1;
		n = strcspn(p, ",");
		snprintf(value, size, "%.*s", (int)n, p);
		return true;
	}
	return false;
}

static bool is_tun(const char *device)
{
	return strncmp(device, "net_tun", 7) == 0;
}

static int fill_prefixes(const struct json_items *items, struct config_prefix *out,
			 unsigned int *count, const char *what, unsigned int i,
			 struct json_error *err)
{
	char *const *text = items->items;

	for (size_t k = 0; k < items->count; k++) {
		config_at(err, "/interfaces/%u/kernel/%s/%zu", i, what, k);
		if (wire_ip_parse_prefix(text[k], &out[k].ip, &out[k].bits) != 0)
			return config_fault(err,
					    "\"%s\" is no address with a prefix length, such as "
					    "10.9.0.1/16 or fd00:9::1/64",
					    text[k]);
		(*count)++;
	}
	return 0;
}

int config_fill_inner(struct config_interface *out, const struct cfg_interface *in, unsigned int i,
		      struct json_error *err)
{
	char name[sizeof(out->kernel_name) + 1] = "";

	out->role = in->role == CFG_INTERFACE_ROLE_OUTER ? CONFIG_OUTER
		    : is_tun(in->device)                 ? CONFIG_INNER_TUN
							 : CONFIG_INNER_LAN;
	config_at(err, "/interfaces/%u/device", i);
	if (is_tun(in->device)) {
		if (!config_device_arg(in->device, "iface", name, sizeof(name)) || name[0] == '\0')
			return config_fault(err, "a TUN device needs the name that the kernel is "
						 "to know it by: net_tun0,iface=tun0");
		if (strlen(name) >= sizeof(out->kernel_name) || strchr(name, '%') != NULL)
			return config_fault(err, "\"%s\" is no name for a device: 15 bytes at most",
					    name);
	}
	memcpy(out->kernel_name, name, sizeof(out->kernel_name));
	if (fill_prefixes(&in->kernel.addresses, out->kernel_address, &out->kernel_address_count,
			  "addresses", i, err) != 0)
		return -EINVAL;
	return fill_prefixes(&in->kernel.routes, out->kernel_route, &out->kernel_route_count,
			     "routes", i, err);
}

static bool host_bits(const struct config_prefix *p)
{
	union wire_ip ip = p->ip;

	for (unsigned int bit = wire_ip_is4(&ip) ? p->bits + 96 : p->bits; bit < 128; bit++)
		if (ip.b[bit / 8] & 0x80 >> bit % 8)
			return true;
	return false;
}

static int check_kernel(const struct config_interface *f, unsigned int i, struct json_error *err)
{
	for (unsigned int k = 0; k < f->kernel_address_count; k++) {
		config_at(err, "/interfaces/%u/kernel/addresses/%u", i, k);
		if (!wire_ip_is_unicast(&f->kernel_address[k].ip))
			return config_fault(err, "is no address that a host can have");
		for (unsigned int n = 0; n < k; n++)
			if (wire_ip_equal(&f->kernel_address[n].ip, &f->kernel_address[k].ip))
				return config_fault(err, "named twice");
	}
	for (unsigned int k = 0; k < f->kernel_route_count; k++) {
		config_at(err, "/interfaces/%u/kernel/routes/%u", i, k);
		if (host_bits(&f->kernel_route[k]))
			return config_fault(err, "bits are set beyond the prefix length of %u",
					    f->kernel_route[k].bits);
	}
	return 0;
}

static int check_role(const struct config *c, unsigned int i, struct json_error *err)
{
	const struct config_interface *f = &c->interfaces[i];

	config_at(err, "/interfaces/%u/role", i);
	if (f->role == CONFIG_OUTER && is_tun(f->device))
		return config_fault(err, "a TUN device has no Ethernet, so that it can only be "
					 "the inner side of tunnels: \"inner\"");
	for (unsigned int k = 0; k < i; k++)
		if ((f->role == CONFIG_OUTER) != (c->interfaces[k].role == CONFIG_OUTER) &&
		    config_same_device(f->device, c->interfaces[k].device))
			return config_fault(err,
					    "interface \"%s\" has the same device and the other "
					    "role",
					    c->interfaces[k].name);
	config_at(err, "/interfaces/%u/vlan", i);
	if (f->role == CONFIG_INNER_TUN && f->vlan != 0)
		return config_fault(err, "a TUN device knows no VLANs");
	config_at(err, "/interfaces/%u/kernel", i);
	if (f->role != CONFIG_INNER_TUN && (f->kernel_address_count || f->kernel_route_count))
		return config_fault(err, "only an inner interface that is a TUN device has a "
					 "kernel's side");
	return check_kernel(f, i, err);
}

int config_check_inner(const struct config *c, struct json_error *err)
{
	for (unsigned int i = 0; i < c->interface_count; i++)
		if (check_role(c, i, err) != 0)
			return -EINVAL;
	for (unsigned int i = 0; i < c->address_count; i++) {
		const struct config_interface *f = &c->interfaces[c->addresses[i].interface];

		config_at(err, "/addresses/%u/interface", i);
		if (f->role == CONFIG_INNER_TUN)
			return config_fault(err,
					    "\"%s\" is a TUN device: its addresses are the "
					    "kernel's, in kernel.addresses of the interface",
					    f->name);
	}
	return 0;
}
