/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnel.dial, tunnel.hangup, tunnel.dials. */
#include <openssl/crypto.h>
#include <string.h>

#include "dial.h"
#include "rpc.h"

static struct dials *dials_of(struct rpc_call *c)
{
	struct dials *ds = rpc_api(c)->dials;

	if (ds == NULL)
		rpc_fail(c, API_ERR_UNSUPPORTED, NULL,
			 "tunnels need an interface with the role inner");
	return ds;
}

/* -1 where no name was given. False: there is none of that name, and the call has failed. */
static bool find_names(struct rpc_call *c, const struct api_tunnel_dial *in,
		       struct dial_params *out)
{
	const struct config *config = rpc_api(c)->h->config;

	out->address = out->interface = -1;
	for (unsigned int i = 0; in->has_address && i < config->address_count; i++)
		if (strcmp(config->addresses[i].name, in->address) == 0 &&
		    config->addresses[i].port_max != 0)
			out->address = (int)i;
	for (unsigned int i = 0; in->has_interface && i < config->interface_count; i++)
		if (strcmp(config->interfaces[i].name, in->interface) == 0 &&
		    config->interfaces[i].role != CONFIG_OUTER)
			out->interface = (int)i;
	if (in->has_address && out->address < 0) {
		rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/address",
			 "there is no address \"%s\" with ports", in->address);
		return false;
	}
	if (in->has_interface && out->interface < 0) {
		rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/interface",
			 "there is no inner interface \"%s\"", in->interface);
		return false;
	}
	return true;
}

static bool fill(struct rpc_call *c, const struct api_tunnel_dial *in, uint8_t psk[TLS_PSK_MAX],
		 struct dial_params *out)
{
	*out = (struct dial_params){.id = in->id,
				    .port = (uint16_t)in->port,
				    .user = in->user,
				    .name = in->has_name ? in->name : NULL,
				    .psk = psk,
				    .certificate = in->has_certificate ? in->certificate : NULL,
				    .key = in->has_key ? in->key : NULL,
				    .ca = in->has_ca ? in->ca : NULL};
	if (wire_ip_parse(in->host, &out->host) != 0 ||
	    !(wire_ip_is_unicast(&out->host) || wire_ip_is_loopback(&out->host))) {
		rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/host",
			 "not the IPv4 or IPv6 address of a host");
		return false;
	}
	if (in->has_psk)
		out->psk_len = psk_parse(in->psk, strlen(in->psk), psk);
	if (in->has_psk && out->psk_len == 0) {
		rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/psk",
			 "a secret is of 16 to 64 bytes, in hexadecimal");
		return false;
	}
	return find_names(c, in, out);
}

void rpc_tunnel_dial(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_dial *in = params;
	struct dials *ds = dials_of(c);
	uint8_t psk[TLS_PSK_MAX] = {0};
	struct session_error err;
	struct dial_params p;
	struct tnd_buf *b;
	bool created;

	if (ds == NULL)
		return;
	if (!fill(c, in, psk, &p))
		goto out;
	if (dial_start(ds, &p, &created, &err) != SESSION_OK) {
		rpc_fail_session(c, &err);
		goto out;
	}
	b = rpc_result(c);
	json_w_open(b, "result", '{');
	json_w_string(b, "id", in->id);
	json_w_bool(b, "created", created);
	json_w_close(b, '}');
	rpc_done(c);
out:
	OPENSSL_cleanse(psk, sizeof(psk));
}

void rpc_tunnel_hangup(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_hangup *in = params;
	struct dials *ds = dials_of(c);
	struct session_error err;
	struct tnd_buf *b;

	if (ds == NULL)
		return;
	if (dial_hangup(ds, in->id, &err) != SESSION_OK) {
		rpc_fail_session(c, &err);
		return;
	}
	b = rpc_result(c);
	json_w_open(b, "result", '{');
	json_w_string(b, "id", in->id);
	json_w_close(b, '}');
	rpc_done(c);
}

void rpc_tunnel_dials(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_dials *in = params;
	struct dials *ds = dials_of(c);
	const void *cursor = NULL;
	char ip[WIRE_IP_STRLEN];
	struct dial_info d;
	struct tnd_buf *b;

	if (ds == NULL)
		return;
	b = rpc_result(c);
	json_w_open(b, "result", '{');
	json_w_open(b, "dials", '[');
	while (dial_next(ds, &cursor, &d)) {
		if (in->has_id && strcmp(in->id, d.id) != 0)
			continue;
		json_w_open(b, NULL, '{');
		json_w_string(b, "id", d.id);
		json_w_string(b, "user", d.user);
		json_w_string(b, "host", wire_ip_format(&d.host, ip));
		json_w_uint(b, "port", d.port);
		json_w_string(b, "state", dial_state_name(d.state));
		json_w_uint(b, "attempts", d.attempts);
		if (d.state == DIAL_WAITING)
			json_w_uint(b, "next_ms", d.next_ms);
		if (d.reason[0] != '\0')
			json_w_string(b, "reason", d.reason);
		json_w_close(b, '}');
	}
	json_w_close(b, ']');
	json_w_close(b, '}');
	rpc_done(c);
}
