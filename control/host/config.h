/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file: read strictly, checked whole, then never changed while the daemon
 * runs. Field names are those of configs/schema/config.schema.json.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "dataplane.h"
#include "json.h"
#include "log.h"
#include "srtp.h"

enum config_role {
	CONFIG_OUTER,     /* calls and tunnels have their addresses there */
	CONFIG_INNER_TUN, /* a TUN device of this host: IP packets without an Ethernet header */
	CONFIG_INNER_LAN, /* Ethernet, toward a LAN */
};

struct config_prefix {
	union wire_ip ip;
	unsigned int bits; /* in the family's own terms */
};

struct config_interface {
	char name[32];
	char device[256];          /* two interfaces may share one, on different VLANs */
	uint16_t mtu;              /* default 1500 */
	uint16_t vlan;             /* 0: untagged */
	uint16_t rx_desc, tx_desc; /* 0: dataplane's choice */
	enum config_role role;
	/* The kernel's side of a TUN device: its name, and what it is given. */
	char kernel_name[16];
	struct config_prefix kernel_address[16], kernel_route[64];
	unsigned int kernel_address_count, kernel_route_count;
};

struct config_address {
	char name[32];
	uint16_t interface; /* index into interfaces */
	union wire_ip ip;
	unsigned int prefix_bits;
	bool has_gateway;
	union wire_ip gateway;
	union wire_ip advertise;     /* what replies show: `ip` unless set */
	uint16_t port_min, port_max; /* 0: none, on an inner interface */
};

struct config_neighbour { /* static */
	uint16_t interface;
	union wire_ip ip;
	struct rte_ether_addr mac;
};

struct config_route { /* prefix beyond a gateway, besides each address's own prefix and gateway */
	uint16_t interface;
	union wire_ip prefix;
	unsigned int prefix_bits;
	union wire_ip gateway;
};

struct config_stun {
	union wire_ip ip;
	uint16_t port;
};

/* Recording and playing. A directory "" is not set; others are absolute. */
struct config_media {
	char record_dir[256], spool_dir[256], capture_dir[256], play_dir[256];
	uint32_t copy_mbufs, max_files;
	uint64_t play_cache_bytes;
};

/* Sides of a bridge: the letters I and E. */
enum config_rtpproxy_side { CONFIG_RTPPROXY_INTERNAL, CONFIG_RTPPROXY_EXTERNAL };
/* Whom legs listen to where the command does not say. */
enum config_rtpproxy_latch {
	CONFIG_RTPPROXY_ONCE,
	CONFIG_RTPPROXY_STRICT, /* … and whatever it says, but for A */
	CONFIG_RTPPROXY_HOST,
};

/* The front end for rtpproxy's clients. */
struct config_rtpproxy {
	char **control; /* "udp:127.0.0.1:22222" …; none: it does not run */
	unsigned int control_count;
	char **timeout_targets;
	unsigned int timeout_target_count;
	char group[64];
	unsigned int mode; /* of unix sockets */
	int bind[2][2];    /* [side][is IPv6]: index into addresses, -1: none */
	bool reply_address, independent_ttl, record_all, record_pcap, record_rtcp, duplicate, watch;
	uint8_t latch; /* enum config_rtpproxy_latch */
	uint32_t ttl_s, setup_ttl_s;
	uint8_t tos;
	uint8_t overload_percent; /* 0: never */
};

/* What the mask of a user's address says: docs/config.md. */
enum config_mask { CONFIG_MASK_NETWORK, CONFIG_MASK_INTERFACE };

struct config_tunnel {
	char store[240]; /* "": none; else absolute */
	uint32_t users;
	enum config_mask mask;
	bool has_pool[2]; /* IPv4, IPv6 */
	struct config_prefix pool[2];
	unsigned int dns_count, route_count;
	union wire_ip dns[8];
	struct config_prefix route[32];
	uint16_t mtu; /* 0: what fits */
	uint8_t payload_type;
	bool pt_strict, mss_clamp;
	uint32_t liveness_s, setup_s;
};

/* How both sides of a dialled tunnel prove who they are: PEM files and a file of secrets. */
struct config_proof {
	char psk_file[256], certificate[256], key[256], ca[256]; /* "": not given */
};

#define CONFIG_DIAL_PORT 7765

/* Where others may dial. */
struct config_listen {
	bool on;
	union wire_ip ip; /* the kernel's; may be any */
	uint16_t port;
	struct config_proof proof;
	int address, interface; /* indexes; -1: the first that fits */
};

struct config_dial {
	char id[129], name[256], user[25]; /* name "": the address */
	union wire_ip host;
	uint16_t port;
	struct config_proof proof;
	int address, interface; /* indexes; -1: the first that fits */
};

struct config {
	char **eal_args;
	unsigned int eal_arg_count;
	unsigned int *lcores;
	unsigned int lcore_count; /* workers */
	enum dp_idle idle;
	struct config_interface *interfaces;
	unsigned int interface_count;
	struct config_address *addresses;
	unsigned int address_count;
	struct config_neighbour *neighbours;
	unsigned int neighbour_count;
	struct config_route *routes;
	unsigned int route_count;
	uint32_t limit_sessions;   /* default 10000 */
	uint32_t limit_per_second; /* session creations; 0: no limit */
	uint32_t mbufs;            /* 0: sized from queues and workers */
	enum tnd_log_level log_level;
	enum srtp_engine srtp_engine;
	uint16_t srtp_window; /* packets, a power of two */
	struct config_stun *stun_servers;
	unsigned int stun_server_count;
	/* PEM files; both "": a certificate is made at start. Otherwise both are set. */
	char dtls_certificate[256], dtls_key[256];
	bool dtls_per_session; /* one made for each leg */
	uint16_t dtls_mtu;     /* UDP payload, bytes */
	uint32_t dtls_half_open;
	uint8_t dtls_profile[SRTP_PROFILE_COUNT]; /* enum srtp_profile, the best first */
	uint8_t dtls_profile_count;               /* at least one */
	char socket[108], ro_socket[108], group[64];
	struct config_media media;
	struct config_rtpproxy rtpproxy;
	struct config_tunnel tunnel;
	struct config_listen listen;
	struct config_dial *dials;
	unsigned int dial_count;
	char *text; /* the file as read, for config.get (no secrets in it yet) */
	size_t text_len;
};

/* 0 and a configuration (free it with config_free), or -EINVAL and where and why in `err`. */
int config_parse(const char *text, size_t len, struct config **out, struct json_error *err);
/* The same from a file; -errno with `err` filled if it can't be read. */
int config_load(const char *path, struct config **out, struct json_error *err);
void config_free(struct config *c);

/*
 * What a configuration is right to name and this machine lacks: PCI devices, the kernel
 * interfaces of vdevs, the group, a certificate with its key. 0, or -ENODEV with the first such
 * place in `err`; on from *cursor (0 at first), so that all can be listed.
 */
int config_check_machine(const struct config *c, unsigned int *cursor, struct json_error *err);

/* Is `device` a PCI address ("0000:01:00.0" or "01:00.0")? */
bool config_is_pci(const char *device);
/* The value of one argument of a vdev ("net_tun0,iface=tun0"): false if it has none. */
bool config_device_arg(const char *device, const char *key, char *value, size_t size);
/* Do both mean the same device, whatever the arguments? */
bool config_same_device(const char *a, const char *b);

/*
 * Is an option among eal.args? `name` as on a command line: "--no-huge" (also found as
 * "--no-huge=…"), "-m" (also found as "-m512"). Its value, "" for none, in *value unless NULL.
 */
bool config_eal_has(const struct config *c, const char *name, const char **value);

#endif
