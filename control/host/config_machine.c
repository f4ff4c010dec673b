/* SPDX-License-Identifier: BSD-3-Clause */
/* What a configuration names and this machine may lack. Touches no device. */
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config_private.h"

static int check_pci(const char *device, struct json_error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s%.12s",
		 strlen(device) == 7 ? "0000:" : "", device);
	if (access(path, F_OK) == 0)
		return 0;
	config_fault(err, "there is no PCI device %s on this machine (lspci -D lists them)",
		     device);
	return -ENODEV;
}

/* These two take a kernel interface; the other vdevs that have `iface` create it. */
static int check_vdev(const char *device, struct json_error *err)
{
	char iface[IF_NAMESIZE + 1];

	if (strncmp(device, "net_af_xdp", 10) != 0 && strncmp(device, "net_af_packet", 13) != 0)
		return 0;
	if (!config_device_arg(device, "iface", iface, sizeof(iface))) {
		config_fault(err, "the argument iface is missing: %.*s,iface=eth1",
			     (int)strcspn(device, ","), device);
		return -ENODEV;
	}
	if (if_nametoindex(iface) != 0)
		return 0;
	config_fault(err, "there is no network interface %s on this machine (ip link lists them)",
		     iface);
	return -ENODEV;
}

static int check_engine(enum srtp_engine wanted, struct json_error *err)
{
	enum srtp_engine got;

	if (srtp_engine_pick(wanted, &got) == 0)
		return 0;
	if (wanted == SRTP_ENGINE_AUTO)
		config_fault(err, "no SRTP engine runs on this machine");
	else
		config_fault(err,
			     "%s does not run on this machine (%s); \"auto\" takes one that does",
			     srtp_engine_name(wanted),
			     wanted == SRTP_ENGINE_IPSEC_MB ? "it needs an x86-64 with AES-NI"
							    : "it does not initialise");
	return -ENODEV;
}

int config_check_machine(const struct config *c, unsigned int *cursor, struct json_error *err)
{
	while (*cursor < c->interface_count) {
		unsigned int i = (*cursor)++;
		const char *device = c->interfaces[i].device;
		int rc;

		config_at(err, "/interfaces/%u/device", i);
		rc = config_is_pci(device) ? check_pci(device, err) : check_vdev(device, err);
		if (rc != 0)
			return rc;
	}
	if (*cursor == c->interface_count) {
		(*cursor)++;
		config_at(err, "/api/group");
		if (c->group[0] != '\0' && getgrnam(c->group) == NULL) {
			config_fault(err, "there is no group \"%s\" on this machine", c->group);
			return -ENODEV;
		}
	}
	if (*cursor == c->interface_count + 1) {
		(*cursor)++;
		config_at(err, "/srtp/engine");
		if (check_engine(c->srtp_engine, err) != 0)
			return -ENODEV;
	}
	if (*cursor == c->interface_count + 2) {
		(*cursor)++;
		if (config_check_certificate(c, err) != 0)
			return -ENODEV;
	}
	if (*cursor == c->interface_count + 3) {
		(*cursor)++;
		if (config_check_media_dirs(&c->media, err) != 0)
			return -ENODEV;
	}
	while (*cursor <= c->interface_count + 4 + c->dial_count) {
		unsigned int i = (*cursor)++ - c->interface_count - 4;

		if (config_check_proof_files(c, i, err) != 0)
			return -ENODEV;
	}
	return 0;
}
