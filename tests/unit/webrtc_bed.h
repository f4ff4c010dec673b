/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Far ends that speak ICE and DTLS, made of the same libraries, and the network between them and
 * call/: what a party sends goes to the plan at its port and, if that says so, to control as
 * workers punt it; what control sends goes to the party. Time is that of the host's loop.
 *
 * Doubles for udp_send(), udp_answer() and udp_parse(), by the linker's --wrap.
 */
#ifndef WEBRTC_BED_H
#define WEBRTC_BED_H

#include "call_host.h"

#include "dtls.h"
#include "ice.h"

#define BED_PARTIES 4

struct party {
	struct ice_addr addr;
	struct ice_agent *ice;
	struct dtls_endpoint *dtls;
	enum ice_state ice_state;
	struct ice_addr selected;
	struct dtls_report dtls_state;
	struct dtls_keys keys;
	unsigned int keyed;    /* how often */
	unsigned int received; /* datagrams */
	unsigned int bytes;    /* in all of them */
	unsigned int plain;    /* of these, neither STUN nor DTLS */
	bool deaf;             /* nothing gets there, nothing comes from there */
	bool silent;           /* what gets there is only counted */
	bool mute;             /* nothing comes from there */
};

struct bed {
	struct host *h;
	struct dtls_context *dtls; /* of the parties */
	struct party party[BED_PARTIES];
	unsigned int answered, sent; /* by udp_answer(), by udp_send() */
	bool lossy;                  /* every second datagram to control is lost */
	void (*on_answer)(void);     /* before what udp_answer() sends is sent; or NULL */
};

void bed_init(struct bed *b, struct host *h);
void bed_free(struct bed *b);

/* A party at an IPv4 address and port. */
struct party *bed_party(struct bed *b, unsigned int i, const char *ip, uint16_t port);
void party_ice(struct bed *b, struct party *p, enum ice_mode mode, bool controlling);
void party_dtls(struct bed *b, struct party *p, enum dtls_setup setup, bool own_certificate);
/* What tandem's answer says about a leg: credentials, candidates; fingerprint. */
void party_hear_ice(struct party *p, const struct session_ice *a);
void party_hear_dtls(struct party *p, const struct session_dtls *a, enum dtls_setup setup);
/* … and the other way round. Text is valid until the next call. */
struct leg_ice party_tell_ice(struct party *p, uint8_t mode);
struct leg_dtls party_tell_dtls(struct party *p, uint8_t setup);
/* A datagram to a port of tandem's. */
void party_send(struct bed *b, struct party *p, uint16_t port, const void *data, size_t len);
void party_free(struct party *p);

/* Time goes on by `ms`, in steps of 10, with all that is due. */
void bed_run(struct bed *b, unsigned int ms);

#endif
