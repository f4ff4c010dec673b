/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DIAL_PRIVATE_H
#define DIAL_PRIVATE_H

#include "answer.h"
#include "dial.h"
#include "host.h"
#include "tls_stream.h"

struct dial {
	struct tnd_list link;
	struct dials *ds;
	char id[SESSION_ID_MAX + 1], user[WIRE_RTPTP_NAME_MAX + 1];
	char *name, *certificate, *key, *ca; /* owned; NULL: not given */
	uint8_t psk[TLS_PSK_MAX];
	size_t psk_len;
	union wire_ip host;
	uint16_t port;
	int address, interface;
	enum dial_state state;
	uint32_t attempts;
	uint32_t brief; /* tunnels in a row that were up for less than BRIEF_MS */
	uint64_t up_ms; /* UP: since then */
	char reason[TLS_WHY];
	struct tnd_timer timer;
	struct tls_context *tls; /* while there is a stream */
	struct tls_stream *stream;
	bool tunnel;   /* it has one */
	bool deleting; /* … which we take away ourselves */
};

/* What was put on a TUN device, or is to be. */
struct network {
	struct tnd_list link;
	char id[SESSION_ID_MAX + 1];
	uint16_t interface;
	struct netinfo info;
	bool has_pin, pinned; /* the server's address, and whether its route is ours */
	union wire_ip pin;
	/* What is in force by us: bits by position in `info`. */
	uint32_t addresses, routes;
};

struct listener {
	struct dials *ds;
	struct loop_fd fd; /* .fd -1: not there */
	struct tls_context *tls;
	struct tnd_timer retry;
	struct host_limit limit, log_limit;
	struct psk_table *psks;
	uint64_t psks_looked_ms;
	struct {
		int64_t s, ns, size;
		uint64_t ino;
	} psks_file;
	struct tnd_list conns; /* oldest first */
	unsigned int count;
	uint64_t serial; /* for ids */
};

struct dials {
	struct host *h;
	struct tunnels *tunnels;
	struct tnd_list dials, networks, callers;
	unsigned int caller_count;
	unsigned int calling; /* CALLING and SETUP */
	struct listener listener;
	struct tunnel_observer observer;
	bool stopping;
	struct dials_stats n;
};

/* ---- client.c ---- */

struct dial *dial_find(const struct dials *ds, const char *id);
void client_first(struct dial *d, uint64_t after_ms);
void client_up(struct dial *d);
void client_down(struct dial *d, enum tunnel_reason reason);
/* Frees it, with its tunnel. */
void client_end(struct dial *d);
/* After so many failures in a row: 1 s to 30 s, half of it by chance. */
uint64_t redial_after_ms(uint32_t attempts);

/* ---- caller.c: client tunnels that others signal ---- */

void caller_up(struct dials *ds, const char *id);
void caller_down(struct dials *ds, const char *id, enum tunnel_reason reason);
void callers_free(struct dials *ds);

/* ---- listener.c ---- */

/* Once, before the others. */
void listener_init(struct dials *ds);
int listener_start(struct dials *ds);
void listener_stop(struct dials *ds);

/* ---- network.c ---- */

/* NULL: takes it away. */
void network_set(struct dials *ds, const char *id, uint16_t interface, const struct netinfo *info);
void networks_free(struct dials *ds);

/* ---- files.c ---- */

/* A text file whole, zero-ended, to be freed; NULL with errno. */
char *file_text(const char *path);

#endif
