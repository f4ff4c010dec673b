/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For a front end that keeps its own book of a session: what its legs have counted, and its end
 * for want of media by that front end's own rules.
 */
#ifndef SESSION_LEG_H
#define SESSION_LEG_H

#include "session.h"

/* Of what a leg's far end sent, since the session's creation. */
struct session_leg_stats {
	uint64_t rtp_packets, rtcp_packets; /* accepted */
	uint64_t rtp_unsent;                /* of these, those not sent on as they are */
	uint64_t rtp_sent;                  /* sent on beyond these: played, made anew */
	uint64_t rtp_silent_ms;             /* since the latest; UINT64_MAX: none came yet */
	uint64_t received, lost, duplicate; /* RTP by its sequence numbers */
	uint32_t malformed;                 /* dropped as such */
	double jitter_ms;
	/* Since session_media.watch was set; 0 before. */
	double longest_gap_ms, jitter_max_ms, jitter_mean_ms;
};

/* By number in the flow tables, as sessions_observe() tells it: valid from inside `ended` too. */
void session_leg_stats(const struct sessions *s, uint32_t index, unsigned int leg,
		       struct session_leg_stats *out);

/* The session's number in the flow tables. */
enum session_fault session_index_of(struct sessions *s, const char *id, uint32_t *index,
				    struct session_error *err);

/*
 * Send to leg `leg`'s far end, from that leg's address and port, where RTP to it goes, or RTCP.
 * 0; -ENOENT: no such session; -ENOTCONN: it is not known where to, or on hold; -EPROTO: it gets
 * SRTP, or no RTCP; or as udp_send().
 */
int session_send(struct sessions *s, const char *id, unsigned int leg, bool rtcp, const void *data,
		 size_t len);
/* Could that be, as the session is now? SESSION_NOT_FOUND, SESSION_UNSUPPORTED (-EPROTO). */
enum session_fault session_sendable(struct sessions *s, const char *id, struct session_error *err);

/* End it as one that nobody sends to any more. SESSION_NOT_FOUND, SESSION_NO_MEMORY. */
enum session_fault session_expire(struct sessions *s, const char *id, struct session_error *err);

#endif
