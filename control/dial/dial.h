/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnels that two tandems agree upon by themselves. One listens, the other dials: over TLS, at the
 * kernel's addresses, an offer goes there with the user's name, an answer with the network
 * information comes back, and the connection ends. The tunnel goes its own way.
 *
 * A tunnel that was dialled is dialled again while it is down, after 1 s at first and 30 s at last,
 * until it is hung up, or deleted. What the network information says is put on the inner interface
 * where that is a TUN device, for as long as the tunnel is there; so it is for client tunnels that
 * others have signalled, which are told `tunnel.redial` instead of being dialled.
 *
 * For the control lcore.
 */
#ifndef DIAL_H
#define DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls.h"
#include "tunnel.h"

struct dials;

enum dial_state {
	DIAL_WAITING, /* for its turn, or for the time to try again */
	DIAL_CALLING,
	DIAL_SETUP, /* answered; no authentic packet yet */
	DIAL_UP,
};
const char *dial_state_name(enum dial_state s);

/* Texts are copied; secrets are wiped when the dial is gone. */
struct dial_params {
	const char *id; /* of the tunnel */
	union wire_ip host;
	uint16_t port;
	const char *user;
	const char *name; /* of the server's certificate; NULL: its address */
	/* Either a secret, or three PEM texts. */
	const uint8_t *psk;
	size_t psk_len;
	const char *certificate, *key, *ca;
	int address, interface; /* indexes of the configuration's; -1: the first that fits */
};

/*
 * Dials now, and from now on. SESSION_CONFLICT: there is one of this id, with other parameters, or
 * a tunnel; the same again is SESSION_OK with *created false. SESSION_BAD_PARAMS with the member's
 * path: a certificate that is none …
 */
enum session_fault dial_start(struct dials *ds, const struct dial_params *p, bool *created,
			      struct session_error *err);
/* Never again, and its tunnel ends. SESSION_NOT_FOUND. */
enum session_fault dial_hangup(struct dials *ds, const char *id, struct session_error *err);

struct dial_info {
	const char *id, *user;
	union wire_ip host;
	uint16_t port;
	enum dial_state state;
	uint32_t attempts;  /* in vain, one after the other */
	uint64_t next_ms;   /* WAITING: until the next */
	const char *reason; /* of the latest failure; "": none */
};
/* From *cursor (NULL at first) on; false at the end. */
bool dial_next(const struct dials *ds, const void **cursor, struct dial_info *out);

struct dials_stats {
	uint32_t dials, up;      /* now */
	uint64_t called, failed; /* attempts */
	/* Of the listener. */
	uint32_t callers; /* connections now */
	uint64_t accepted, handshakes_failed, malformed, denied, refused, answered, cut_off;
};
void dials_stats(const struct dials *ds, struct dials_stats *out);

/*
 * Listens and dials as configured. 0 or -errno, logged. *out is NULL where `t` is: there is no
 * inner interface.
 */
int dials_create(struct dials **out, struct host *h, struct tunnels *t);
/* Before tunnels_free(). */
void dials_free(struct dials *ds);

#endif
