/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An ICE agent (RFC 8445, RFC 8838, RFC 7675) of one component behind one local transport
 * address, lite or full.
 *
 * It knows neither sockets nor clocks nor calls: what arrives is given to it, what it sends
 * goes out through `ops`, time is *now_ms and its timer is in `timers`. For one thread.
 *
 * Who is believed: a request with the right USERNAME and a right MESSAGE-INTEGRITY, SHA-1 or
 * SHA-256, answered in kind; a response to a request of ours, from where that went, with a
 * right MESSAGE-INTEGRITY. Anything else is dropped without an answer (RFC 8489 §9.1.3 would
 * have 400 and 401, which make a reflector of us and help nobody in ICE).
 *
 * Nomination. Controlling: regular; the best pair that works, as soon as no better one is
 * under way, or 300 ms after the first worked. Controlled and lite: within 3 s of the first
 * nomination the one of highest priority (aggressive peers nominate all), later the latest (a
 * peer that has moved).
 *
 * Following (ice_follow). Where media is authenticated, it can lead: the selected pair moves with
 * it, and until a restart or the end of consent no nomination, ours or the peer's, selects another.
 *
 * Restart. Both generations of credentials are answered until the new one has its pair; what
 * was selected stays so until then. A peer's new credentials restart the agent too; in the answer
 * to an offer of ours they are another peer's, who goes by the credentials that ours are. Checks of
 * such a one that come before its answer are answered, and change nothing until then.
 *
 * Bounds: ICE_REMOTES_MAX remote candidates, of these at most ICE_PEER_REFLEXIVE_MAX learned
 * from checks; one pair and one transaction (and the one before) each.
 */
#ifndef ICE_H
#define ICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "candidate.h"
#include "timer.h"

struct ice_agent;

#define ICE_UFRAG_LEN          8  /* characters of ours */
#define ICE_PWD_LEN            24 /* the same: 144 bits */
#define ICE_REMOTE_STRLEN      256
#define ICE_REMOTES_MAX        32
#define ICE_PEER_REFLEXIVE_MAX 8
#define ICE_STUN_SERVERS_MAX   4
#define ICE_LOCALS_MAX         (1 + ICE_STUN_SERVERS_MAX)
#define ICE_MESSAGE_MAX        1280 /* longer STUN messages are not looked at */

enum ice_mode { ICE_LITE, ICE_FULL };

enum ice_state {
	ICE_NEW,          /* the peer's credentials are not known yet */
	ICE_CHECKING,     /* they are; nothing works yet */
	ICE_CONNECTED,    /* a check has succeeded, nothing is nominated yet */
	ICE_COMPLETED,    /* a pair is selected */
	ICE_DISCONNECTED, /* selected, but silent for a while; may come back by itself */
	ICE_FAILED,       /* no pair, or consent has expired: none is selected, nothing may be sent;
			   * only a restart or a check of the peer's helps */
};

/* Port in host order. */
struct ice_addr {
	union wire_ip ip;
	uint16_t port;
};

/*
 * Called from within ice_input(), the timer and the functions that change the agent. They may
 * ask it (functions that take a const agent) and may not change or free it. What a check of the
 * peer brings about is told before the check is answered.
 */
struct ice_ops {
	/* A datagram from the local transport address. */
	void (*send)(void *arg, const struct ice_addr *to, const void *data, size_t len);
	/* The nominated pair: the first, or another. Media goes there and comes from there only. */
	void (*selected)(void *arg, const struct ice_addr *remote);
	/* ice_early() says another thing than before. May be NULL. */
	void (*early)(void *arg);
	/* A local candidate found after ice_new(); NULL: there will be no more. May be NULL. */
	void (*candidate)(void *arg, const struct candidate *c);
	/* `reason` is a short constant text, or NULL. May be NULL. */
	void (*state)(void *arg, enum ice_state state, const char *reason);
	/*
	 * Has authentic media come from the selected remote address within the last seconds? Then
	 * a consent that is not answered is not the end (RFC 7675 §5.1 aside: media that is
	 * authenticated shows the same will). May be NULL: never.
	 */
	bool (*media_alive)(void *arg);
};

struct ice_config {
	enum ice_mode mode;
	bool controlling; /* to begin with; a lite agent never is */
	bool sha256;      /* own requests carry MESSAGE-INTEGRITY-SHA256: the peer must know it */
	uint64_t tie_breaker;    /* 0: random */
	struct ice_addr local;   /* what the datagrams are sent from */
	union wire_ip advertise; /* the host candidate's address; all zero: local.ip */
	struct ice_addr stun_server[ICE_STUN_SERVERS_MAX]; /* of the local family; full only */
	unsigned int stun_server_count;
	struct tnd_timers *timers;
	const uint64_t *now_ms; /* the same clock as the timers' */
	const struct ice_ops *ops;
	void *arg;
};

/* NULL: no memory, or no random numbers. STUN servers are asked from the timer on. */
struct ice_agent *ice_new(const struct ice_config *cfg);
void ice_free(struct ice_agent *a);

/* ---- what the peer has signalled ------------------------------------------------------------ */

/* Would ice_set_remote() take it? 4-256 and 22-256 characters of ALPHA DIGIT + / */
bool ice_credentials_ok(const char *ufrag, size_t ufrag_len, const char *pwd, size_t pwd_len);

/*
 * The peer's credentials, from its offer or answer. The same again changes nothing. Others
 * than before are a restart by the peer: candidates begin anew, and if ice_restart() did not
 * precede, our own credentials change with them, but not while ice_offered(). `lite`: the peer
 * has a=ice-lite.
 *
 * 0; 1: our own credentials are new, tell the peer; -EINVAL, -ENOMEM, -EIO (no random numbers):
 * nothing has changed.
 */
int ice_set_remote(struct ice_agent *a, const char *ufrag, const char *pwd, bool lite);

/* An offer of ours that does not restart ICE is on its way to be answered, or not any more. */
void ice_offered(struct ice_agent *a, bool on);

/*
 * 0; -EINVAL: no address of a host; -EAGAIN: of a generation that the peer's credentials are not
 * (its "ufrag" says so), or before ice_set_remote(); -EAFNOSUPPORT: not the local family, or
 * link-local where the local address is not; -ENOSPC: too many; -ENOMEM. One that is known
 * already, or of a component other than 1, is taken and changes nothing.
 */
int ice_add_remote_candidate(struct ice_agent *a, const struct candidate *c);

/* There will be no more (until a restart): a controlling agent need not wait for better ones. */
void ice_end_of_candidates(struct ice_agent *a);

/* ---- our side ------------------------------------------------------------------------------- */

/*
 * New local credentials, for an offer. Again before it was answered: those of the first time.
 * 0, or -EIO: no random numbers.
 */
int ice_restart(struct ice_agent *a);

/* Of the newest generation; zero-terminated, valid until the next restart. */
const char *ice_ufrag(const struct ice_agent *a);
const char *ice_pwd(const struct ice_agent *a);

/* Local candidates so far, best first: their number, at most ICE_LOCALS_MAX. */
unsigned int ice_local_candidates(const struct ice_agent *a, struct candidate out[ICE_LOCALS_MAX]);
/* All STUN servers have answered or been given up. */
bool ice_gathered(const struct ice_agent *a);

/* ---- traffic -------------------------------------------------------------------------------- */

/*
 * A STUN datagram for the local address. 0: it was authentic and is dealt with (or is an
 * answer of a STUN server, or an indication, which changes nothing); -EBADMSG: malformed; -EACCES:
 * not authentic; -ESRCH: an answer to nothing that was asked; -ENOSPC: authentic and answered, but
 * there is no memory for one more address.
 */
int ice_input(struct ice_agent *a, const struct ice_addr *from, const void *data, size_t len);

/*
 * Authentic media has come from there: that is the selected pair's remote address from now on,
 * where consent is asked for next. `selected` is not called. 0; -EAGAIN: no pair is selected.
 */
int ice_follow(struct ice_agent *a, const struct ice_addr *remote);

/*
 * Has an authentic check come from there, or one of ours been answered from there? Of the
 * generation that is being replaced: only if it is selected, once the peer has answered the
 * restart. For DTLS, which begins before nomination.
 */
bool ice_source_valid(const struct ice_agent *a, const struct ice_addr *from);

/*
 * While nothing is selected: where the pair that we nominate leads to (*nominating), or the best
 * that an authentic check came by. Nothing may be sent there. False: there is none.
 */
bool ice_early(const struct ice_agent *a, struct ice_addr *from, bool *nominating);

/* ---- what there is to know ------------------------------------------------------------------ */

struct ice_info {
	enum ice_mode mode;
	enum ice_state state;
	const char *reason; /* of the state; constant, or NULL */
	bool controlling;
	bool remote_lite;
	bool has_remote; /* its credentials are known */
	bool has_selected;
	bool restarting; /* the generation before is still the one in use */
	struct ice_addr selected;
	unsigned int remotes; /* candidates, learned ones too */
	unsigned int learned; /* of these */
	uint64_t consent_ms;  /* when the peer last answered or checked; 0: never */
	uint32_t rtt_ms;      /* of the latest consent check that was answered; UINT32_MAX: none */
	uint64_t checks_in;   /* authentic requests */
	uint64_t checks_out;  /* requests, those sent again too */
	uint64_t rejected;    /* messages that were malformed or not authentic */
};

void ice_get_info(const struct ice_agent *a, struct ice_info *out);
/* The peer's fragment, zero-terminated; NULL: not known. */
const char *ice_remote_ufrag(const struct ice_agent *a);

const char *ice_state_name(enum ice_state s);
const char *ice_mode_name(enum ice_mode m);

/* Bytes that the agent holds. */
size_t ice_bytes(const struct ice_agent *a);

#endif
