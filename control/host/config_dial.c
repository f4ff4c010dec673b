/* SPDX-License-Identifier: BSD-3-Clause */
/* The members `listen` and `dial` of the block `tunnel`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_private.h"

/* Where a proof stands, of the listener and of dial `i`. */
#define LISTEN "/tunnel/listen"
#define DIAL   "/tunnel/dial/%u"

static int find_names(const struct config *c, const char *at, const char *address,
		      const char *interface, int *address_index, int *interface_index,
		      struct json_error *err)
{
	*address_index = *interface_index = -1;
	for (unsigned int i = 0; address != NULL && i < c->address_count; i++)
		if (strcmp(c->addresses[i].name, address) == 0)
			*address_index = (int)i;
	for (unsigned int i = 0; interface != NULL && i < c->interface_count; i++)
		if (strcmp(c->interfaces[i].name, interface) == 0)
			*interface_index = (int)i;
	config_at(err, "%s/address", at);
	if (address != NULL && *address_index < 0)
		return config_fault(err, "there is no address \"%s\" in /addresses", address);
	if (address != NULL && c->addresses[*address_index].port_max == 0)
		return config_fault(err, "address \"%s\" has no ports", address);
	config_at(err, "%s/interface", at);
	if (interface != NULL && *interface_index < 0)
		return config_fault(err, "there is no interface \"%s\" in /interfaces", interface);
	if (interface != NULL && c->interfaces[*interface_index].role == CONFIG_OUTER)
		return config_fault(err, "interface \"%s\" has not the role inner", interface);
	return 0;
}

static void fill_file(char out[256], bool has, const char *path)
{
	if (has)
		snprintf(out, 256, "%s", path);
}

/* The key may stand in the file of the certificate. */
static void fill_key(struct config_proof *p)
{
	if (p->key[0] == '\0')
		memcpy(p->key, p->certificate, sizeof(p->key));
}

static int fill_listen(struct config *c, const struct cfg_tunnel_listen *in, struct json_error *err)
{
	struct config_listen *l = &c->listen;

	l->on = true;
	l->port = (uint16_t)in->port;
	config_at(err, LISTEN "/ip");
	if (wire_ip_parse(in->ip, &l->ip) != 0)
		return config_fault(err, "\"%s\" is no IPv4 or IPv6 address", in->ip);
	fill_file(l->proof.psk_file, in->has_psk_file, in->psk_file);
	fill_file(l->proof.certificate, in->has_certificate, in->certificate);
	fill_file(l->proof.key, in->has_key, in->key);
	fill_file(l->proof.ca, in->has_ca, in->ca);
	fill_key(&l->proof);
	return find_names(c, LISTEN, in->has_address ? in->address : NULL,
			  in->has_interface ? in->interface : NULL, &l->address, &l->interface,
			  err);
}

static int fill_dial(struct config *c, const struct cfg_tunnel_dial *in, unsigned int i,
		     struct json_error *err)
{
	struct config_dial *d = &c->dials[i];
	char at[32];

	snprintf(at, sizeof(at), DIAL, i);
	snprintf(d->id, sizeof(d->id), "%s", in->id);
	snprintf(d->user, sizeof(d->user), "%s", in->user);
	fill_file(d->name, in->has_name, in->name);
	d->port = (uint16_t)in->port;
	config_at(err, DIAL "/host", i);
	if (wire_ip_parse(in->host, &d->host) != 0)
		return config_fault(err, "\"%s\" is no IPv4 or IPv6 address", in->host);
	fill_file(d->proof.psk_file, in->has_psk_file, in->psk_file);
	fill_file(d->proof.certificate, in->has_certificate, in->certificate);
	fill_file(d->proof.key, in->has_key, in->key);
	fill_file(d->proof.ca, in->has_ca, in->ca);
	fill_key(&d->proof);
	return find_names(c, at, in->has_address ? in->address : NULL,
			  in->has_interface ? in->interface : NULL, &d->address, &d->interface,
			  err);
}

int config_fill_dial(struct config *c, const struct cfg_tunnel *in, struct json_error *err)
{
	const struct cfg_tunnel_dial *dials = in->dial.items;

	if (in->has_listen && fill_listen(c, &in->listen, err) != 0)
		return -EINVAL;
	c->dials = calloc(in->dial.count ? in->dial.count : 1, sizeof(*c->dials));
	if (c->dials == NULL)
		return -ENOMEM;
	c->dial_count = (unsigned int)in->dial.count;
	for (unsigned int i = 0; i < c->dial_count; i++)
		if (fill_dial(c, &dials[i], i, err) != 0)
			return -EINVAL;
	return 0;
}

static int check_proof(const char *at, const struct config_proof *p, struct json_error *err)
{
	const struct {
		const char *member, *path;
	} file[] = {{"psk_file", p->psk_file},
		    {"certificate", p->certificate},
		    {"key", p->key},
		    {"ca", p->ca}};

	for (unsigned int i = 0; i < RTE_DIM(file); i++) {
		config_at(err, "%s/%s", at, file[i].member);
		if (file[i].path[0] != '\0' && file[i].path[0] != '/')
			return config_fault(err, "must be an absolute path");
	}
	config_at(err, "%s/key", at);
	if (p->certificate[0] == '\0' && p->key[0] != '\0')
		return config_fault(err, "a key is of use only with its certificate");
	config_at(err, "%s/ca", at);
	if ((p->certificate[0] == '\0') != (p->ca[0] == '\0'))
		return config_fault(err, "certificate and ca are given together, so that both "
					 "sides prove who they are");
	config_at(err, "%s", at);
	if (p->certificate[0] == '\0' && p->psk_file[0] == '\0')
		return config_fault(err, "needs psk_file, or certificate and ca");
	return 0;
}

static bool has_inner(const struct config *c)
{
	for (unsigned int i = 0; i < c->interface_count; i++)
		if (c->interfaces[i].role != CONFIG_OUTER)
			return true;
	return false;
}

static int check_dial(const struct config *c, unsigned int i, struct json_error *err)
{
	const struct config_dial *d = &c->dials[i];
	char at[32];

	snprintf(at, sizeof(at), DIAL, i);
	config_at(err, "%s/host", at);
	if (!wire_ip_is_unicast(&d->host) && !wire_ip_is_loopback(&d->host))
		return config_fault(err, "not the address of a single host");
	for (unsigned int k = 0; k < i; k++)
		if (strcmp(c->dials[k].id, d->id) == 0) {
			config_at(err, "%s/id", at);
			return config_fault(err, "/tunnel/dial/%u has this id too", k);
		}
	if (check_proof(at, &d->proof, err) != 0)
		return -EINVAL;
	config_at(err, "%s", at);
	if (d->proof.psk_file[0] != '\0' && d->proof.certificate[0] != '\0')
		return config_fault(err, "either psk_file, or certificate and ca");
	return 0;
}

int config_check_dial(const struct config *c, struct json_error *err)
{
	if (c->listen.on && check_proof(LISTEN, &c->listen.proof, err) != 0)
		return -EINVAL;
	for (unsigned int i = 0; i < c->dial_count; i++)
		if (check_dial(c, i, err) != 0)
			return -EINVAL;
	config_at(err, "/tunnel");
	if ((c->listen.on || c->dial_count > 0) && !has_inner(c))
		return config_fault(err, "tunnels need an interface with the role inner");
	return 0;
}

int config_check_proof_files(const struct config *c, unsigned int i, struct json_error *err)
{
	const struct config_proof *p = i == 0 ? &c->listen.proof : &c->dials[i - 1].proof;
	const struct {
		const char *member, *path;
	} file[] = {{"psk_file", p->psk_file},
		    {"certificate", p->certificate},
		    {"key", p->key},
		    {"ca", p->ca}};
	char at[32];

	snprintf(at, sizeof(at), DIAL, i - 1);
	for (unsigned int k = 0; k < RTE_DIM(file); k++) {
		if (file[k].path[0] == '\0' || access(file[k].path, R_OK) == 0)
			continue;
		config_at(err, "%s/%s", i == 0 ? LISTEN : at, file[k].member);
		config_fault(err, "%s cannot be read: %s", file[k].path, strerror(errno));
		return -ENODEV;
	}
	return 0;
}
