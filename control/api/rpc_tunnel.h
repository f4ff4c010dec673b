/* SPDX-License-Identifier: BSD-3-Clause */
/* What rpc_tunnel*.c and rpc_user.c have in common. */
#ifndef RPC_TUNNEL_H
#define RPC_TUNNEL_H

#include "rpc.h"
#include "tunnel.h"

/* Members that tunnel.create and tunnel.offer both have; -1, NULL: absent. */
struct tunnel_settings {
	const char *id, *user, *interface, *address;
	const struct json_items *networks;
	int64_t payload_type, dscp, mtu, liveness_s, setup_s;
	int pt_strict, mss_clamp;
	uint8_t families;
	bool allow_plain;
};

#define TUNNEL_HAS(p, member, absent) ((p)->has_##member ? (p)->member : (absent))
#define TUNNEL_SETTINGS(p)                                                                         \
	((struct tunnel_settings){                                                                 \
		.id = (p)->id,                                                                     \
		.user = TUNNEL_HAS(p, user, NULL),                                                 \
		.interface = TUNNEL_HAS(p, interface, NULL),                                       \
		.address = TUNNEL_HAS(p, address, NULL),                                           \
		.networks = &(p)->networks,                                                        \
		.payload_type = TUNNEL_HAS(p, payload_type, -1),                                   \
		.dscp = TUNNEL_HAS(p, dscp, -1),                                                   \
		.mtu = TUNNEL_HAS(p, mtu, -1),                                                     \
		.liveness_s = TUNNEL_HAS(p, liveness_s, -1),                                       \
		.setup_s = TUNNEL_HAS(p, setup_s, -1),                                             \
		.pt_strict = TUNNEL_HAS(p, pt_strict, -1),                                         \
		.mss_clamp = TUNNEL_HAS(p, mss_clamp, -1),                                         \
		.families = (uint8_t)(p)->families,                                                \
		.allow_plain = (p)->allow_plain,                                                   \
	})

/* All of these: NULL or false: it has been answered. */
struct tunnels *tunnels_of(struct rpc_call *c);
bool tunnel_read_settings(struct rpc_call *c, const struct tunnel_settings *in,
			  enum tunnel_mode mode, struct tunnel_params *out);
/* Texts of networks; `member`: "networks". */
bool tunnel_read_networks(struct rpc_call *c, const char *member, const struct json_items *in,
			  struct net_prefix *out, unsigned int *count);
/* What users/ could not do, in the terms of the API. */
void rpc_fail_user(struct rpc_call *c, const struct user_error *err);
bool tunnel_read_mtu(struct rpc_call *c, int64_t mtu);
bool tunnel_read_info(struct rpc_call *c, const struct json_value *v, struct netinfo *out);

#endif
