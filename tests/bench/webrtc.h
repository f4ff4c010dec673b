/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_webrtc: both parties of thousands of calls in one thread, over one DPDK device.
 *
 * Party a is what a browser is to a relay: an ICE agent, a DTLS endpoint, SRTP. Party b is a
 * plain phone. Each has an address of its own, which says what call and party it is, and
 * WEBRTC_PORT. Their ICE, DTLS and SRTP are tandem's own libraries, from the other side.
 *
 *	webrtc.c	commands, the loop
 *	webrtc_api.c	sessions are asked for, and ended
 *	webrtc_call.c	one call: what its agent and endpoint tell, keys
 *	webrtc_media.c	RTP both ways, at its pace, counted
 *	webrtc_net.c	frames
 */
#ifndef WEBRTC_H
#define WEBRTC_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "dtls.h"
#include "ice.h"
#include "srtp.h"
#include "timer.h"

struct json_value;

#define WEBRTC_PORT      4000
#define WEBRTC_CALLS_MAX 20000
#define WEBRTC_BURST     32
#define WEBRTC_PTIME_MS  20

enum call_state {
	CALL_NONE,
	CALL_ASKED,     /* session.create is on its way */
	CALL_CHECKING,  /* answered: ICE, then DTLS */
	CALL_CONNECTED, /* media is sent */
	CALL_UP,        /* what it is to have has come through, in both directions */
	CALL_FAILED,
};

/* RTP from a party to the other. Numbers are those of its packets, from 0 on. */
struct call_way {
	uint32_t next;     /* to be sent */
	uint32_t base;     /* counted from here on */
	uint32_t received; /* of these */
	uint32_t expected; /* next one, if in order */
	bool through;      /* one has come */
};

struct call {
	enum call_state state;
	bool media;       /* has some; others are checks alone */
	uint16_t port[2]; /* of tandem's legs, host order */
	uint32_t ip[2];   /* likewise */
	struct ice_agent *ice;
	struct dtls_endpoint *dtls; /* NULL: plain RTP over ICE */
	struct ice_addr remote;     /* the selected one */
	struct srtp_keys *seal, *open;
	struct srtp_leg *seal_leg, *open_leg;
	struct call_way way[2]; /* from a, from b */
	/* When it happened; 0: not yet. */
	uint64_t asked_us, check_us, selected_us, keys_us, up_us;
};

struct webrtc_counts {
	uint64_t requests_out, responses_in, requests_in; /* STUN */
	uint64_t disconnected;                            /* agents that have missed an answer */
	uint64_t late_ms; /* of media that this thread was kept from sending */
	uint64_t offered, received, reordered, wrong;
	uint64_t turn_us; /* the longest from one look at the device to the next */
	uint64_t early;   /* sent before the first that came through, and not come through */
	uint64_t bad;     /* SRTP that isn't authentic */
	uint64_t refused; /* frames that the device did not take */
	uint64_t foreign;
};

struct webrtc_setup {
	uint32_t count;     /* calls in all, those that are there included */
	uint32_t under_way; /* at most, asked for and not up */
	double per_s;       /* 0: as many as under_way lets through */
	bool tandem_full;   /* tandem checks and nominates; otherwise it is lite */
	bool dtls;
	uint32_t media_each; /* every n-th has media */
	uint32_t ms;         /* then it is given up */
};

struct webrtc {
	uint64_t now_us, now_ms;
	struct tnd_timers timers;
	struct dtls_context *dtls;
	char fingerprint[DTLS_FINGERPRINT_STRLEN];
	struct call *call; /* [WEBRTC_CALLS_MAX] */
	uint32_t count;    /* calls that were asked for */
	uint32_t up, failed, ended;
	struct webrtc_setup setup;
	struct webrtc_counts n;
	char error[256]; /* the first that tandem answered */
};

extern struct webrtc load;

uint64_t webrtc_clock_us(void *arg);

/* ---- webrtc_net.c: addresses and ports in host order --------------------------------------- */

void net_open(void);
bool net_link_up(void);
uint32_t net_party_ip(uint32_t call, unsigned int party);
/* A frame with room for a payload, which *payload points at; NULL: none
 * is free. */
struct rte_mbuf *net_new(uint8_t **payload);
uint16_t net_room(const struct rte_mbuf *m);
/* Headers for `len` bytes of payload; it goes out with the next flush. */
void net_queue(struct rte_mbuf *m, uint32_t src_ip, uint32_t dst_ip, uint16_t dport, uint16_t len);
void net_flush(void);

struct net_packet {
	struct rte_mbuf *m;
	uint32_t call;
	unsigned int party; /* that it is for */
	uint32_t src_ip;
	uint16_t sport;
	uint16_t len;
	uint8_t *data;
};

/* At most WEBRTC_BURST; the caller frees their mbufs. */
unsigned int net_receive(struct net_packet out[WEBRTC_BURST]);

/* ---- webrtc_api.c --------------------------------------------------------------------------- */

int api_open(const char *path); /* 0 or -errno */
void api_ask(uint32_t call);
/* So many from `first` on. */
void api_end(uint32_t first, uint32_t count);
/* Reads what there is, writes what waits. True: there was something. */
bool api_poll(void);

/* ---- webrtc_call.c -------------------------------------------------------------------------- */

/* What party a has before it asks. 0 or -ENOMEM. */
int call_begin(uint32_t i);
/* tandem's answer; NULL: it refused. */
void call_answered(uint32_t i, const struct json_value *result);
void call_input(const struct net_packet *p);
void call_up(struct call *c);
void call_fail(struct call *c);
void call_wipe(struct call *c);

/* ---- webrtc_media.c ------------------------------------------------------------------------- */

void media_open(void);
void media_start(void);
void media_stop(void);
/* What is due. */
bool media_tick(void);
/* The first packets of a call, at once. */
void media_begin(struct call *c);
void media_flush(void);
/* RTP or SRTP, of one burst. */
void media_input(const struct net_packet *const p[], unsigned int n);
/* Counts into load.n what was sent since the last time, and what of it came back. */
void media_count(void);
int media_keys(struct call *c, const struct dtls_keys *keys);
void media_wipe(struct call *c);

#endif
