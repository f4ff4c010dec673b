/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offers and answers of tunnels, in both forms: what one party says of its end, read and written.
 * Pure: text in, text out. Inside of tunnel/.
 *
 * SDP: one section "audio" with CLEARMODE/8000 (RFC 4040); others are refused. JSON:
 *
 *	{"coder":[{"coder":"XPARENT","pt":97}],
 *	 "audio_addr":"192.0.2.1", "audio_port":16384,
 *	 "audio_ice":{"lite":false,"fingerprint":"sha-256 AB:CD:…","usr":"…","pwd":"…",
 *	              "candidate":["candidate:…"]},
 *	 "audio_setup_role":"actpass", "audio_crypto":["1 AES_CM_128_HMAC_SHA1_80 inline:…"],
 *	 "audio_rtcp_mux":true}
 *
 * where a reader passes over members that it doesn't know, and `coder` may hold others. Without ICE
 * audio_ice has a fingerprint alone, or is absent; audio_crypto is there with SDES only.
 */
#ifndef TUNNEL_DESC_H
#define TUNNEL_DESC_H

#include "sdp_crypto.h"
#include "session.h"
#include "tunnel.h"

#define DESC_CANDIDATES 64
#define DESC_CRYPTOS    8

/* Read. Text is in `arena`. Secret. */
struct tunnel_desc {
	uint8_t payload_type;
	bool secure;    /* its transport is one of SRTP */
	bool has_place; /* ip and port; in ICE they are one candidate's only */
	union wire_ip ip;
	uint16_t port;
	const char *ufrag, *pwd; /* NULL: no ICE */
	bool ice_lite, end_of_candidates;
	enum sdp_setup setup; /* SDP_SETUP_NONE: not said */
	unsigned int candidate_count, fingerprint_count, crypto_count;
	const char *candidate[DESC_CANDIDATES];
	struct leg_fingerprint fingerprint[LEG_FINGERPRINTS];
	struct sdes crypto[DESC_CRYPTOS];
	/* Of SDP, for the answer: all sections, and which of them it is. */
	struct sdp_facts facts;
	unsigned int section;
	size_t used;
	char arena[TUNNEL_TEXT_MAX + 1024];
};

/*
 * SESSION_OK; SESSION_BAD_PARAMS or SESSION_UNSUPPORTED with path "/sdp" or "/json…". `out` points
 * into `text` and into itself, and is wiped by tunnel_desc_wipe() in any case.
 */
enum session_fault tunnel_desc_read(const char *text, enum tunnel_form form,
				    struct tunnel_desc *out, struct session_error *err);
void tunnel_desc_wipe(struct tunnel_desc *d);

/* Written. */
struct tunnel_say {
	const struct session_answer *session; /* of leg 0: place, ICE, DTLS */
	uint8_t payload_type;
	enum leg_security_type security;
	enum sdp_setup setup; /* with DTLS */
	const struct sdp_key *key;
	unsigned int key_count; /* with SDES */
	uint64_t origin;        /* SDP: a number for o= */
	/* What is answered; NULL: an offer. Of SDP it was read from SDP. */
	const struct tunnel_desc *to;
};
/* Added to `out`, whose `oom` says whether it is whole. */
void tunnel_say_sdp(struct tnd_buf *out, const struct tunnel_say *s);
void tunnel_say_json(struct tnd_buf *out, const struct tunnel_say *s);

/* ---- desc.c, for those that read ---- */

enum session_fault desc_fault(struct session_error *err, enum session_fault f, const char *path,
			      const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A copy with a zero behind it; NULL: no room. */
const char *desc_text(struct tunnel_desc *d, const char *at, size_t len);
enum session_fault desc_read_sdp(const char *text, struct tunnel_desc *out,
				 struct session_error *err);
enum session_fault desc_read_json(const char *text, struct tunnel_desc *out,
				  struct session_error *err);

#endif
