/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of compat/: what its files share. */
#ifndef COMPAT_PRIVATE_H
#define COMPAT_PRIVATE_H

#include <sys/socket.h>

#include "book.h"
#include "compat.h"
#include "cookie.h"
#include "media.h"
#include "session_leg.h"
#include "target.h"

/* In rtpproxy's words, since start. */
struct compat_counters {
	uint64_t ncmds_rcvd, ncmds_rcvd_ndups, ncmds_succd, ncmds_errs, ncmds_repld;
	uint64_t nsess_created, nsess_destroyed, nsess_timeout, nsess_complete;
	uint64_t nsess_nortp, nsess_owrtp, nsess_nortcp, nsess_owrtcp;       /* of those complete */
	uint64_t rtpa_nsent, rtpa_nrcvd, rtpa_ndups, rtpa_nlost, rtpa_perrs; /* of those ended */
	double total_duration_s;
};

struct conn;
struct listener;

/* Somebody whose reply comes later. */
struct waiter {
	struct tnd_list link; /* in compat.waiters */
	struct compat *c;
	struct rtpp_reply r; /* begun: its cookie is in it */
	/* Hands over `r`, which is complete. NULL: whoever has asked is gone. */
	void (*deliver)(struct waiter *w);
	struct conn *conn; /* by a connection; or by a datagram: */
	struct listener *l;
	struct sockaddr_storage peer;
	socklen_t peer_len;
};

struct compat {
	struct host *h;
	struct sessions *s;
	struct media *media; /* NULL: nothing is recorded or played */
	const struct config_rtpproxy *config;
	struct rtpp_context ctx;
	struct book book;
	struct cookies cookies;
	struct targets targets;
	struct tnd_list listeners, conns;
	struct tnd_list ready; /* connections with something to do in this turn */
	struct session_observer observer;
	struct loop_poller poller;
	struct tnd_timer second;
	struct compat_counters n;
	uint64_t busy_tsc, busy_since_tsc; /* spent on commands in this second */
	uint64_t packets_in;               /* … at its beginning */
	double pps_in, load;               /* packets a second; share of the time, 0 to 1 */
	bool overloaded;
	struct rtpp_command cmd; /* the one in work … */
	struct waiter *later;    /* … and who is told of its end then; NULL: that is now */
	struct tnd_list waiters;
};

/* ---- command.c ---- */

/*
 * Carry out a command (without its cookie). `peer`: who sent it; NULL: it came by a unix socket.
 * `r` is begun; its line end is added. Unless NULL is returned: then the reply comes later, and
 * the caller fills in to whom.
 */
struct waiter *compat_execute(struct compat *c, const struct rtpp_str *text,
			      const struct sockaddr *peer, struct rtpp_reply *r);
/* A reply is complete: its line end, and counted. */
void compat_finish(struct compat *c, struct rtpp_reply *r);
/* That of a session's end or refusal, as rtpproxy's number. */
int compat_error(const struct session_error *err, bool is_new);

/* ---- address.c: at which of our addresses a leg stands ---- */

/*
 * What the modifiers say: indexes of addresses for a new session's legs, and in *local the one
 * named by L or R, -1 if none is. RTPP_OK, E31, E32 or E36.
 */
int address_choose(const struct compat *c, const struct rtpp_ul *ul, int leg[SESSION_LEGS],
		   int *local);

/* ---- update.c: U and L ---- */

struct port_reply {
	uint16_t port;
	bool ip6;
	union wire_ip ip;
};

/* `peer` as above. RTPP_OK and where the far end of the other side is to send, or an error. */
int update_command(struct compat *c, const struct rtpp_command *cmd, const struct sockaddr *peer,
		   struct entry **e, unsigned int *leg, struct port_reply *out);
/* The side `leg` of a session that exists tells of itself. */
int update_side(struct compat *c, struct entry *e, unsigned int leg, const struct rtpp_ul *ul,
		bool is_update, const struct sockaddr *peer, struct port_reply *out);
void update_write(const struct compat *c, const struct port_reply *p, char text[64]);

/* ---- sub.c: what stands behind && ---- */

/*
 * Carry them out, and add their results. `leg`: the side that speaks. The session may have ended
 * when this returns.
 */
void sub_commands(struct compat *c, const struct rtpp_command *cmd, struct entry *e,
		  unsigned int leg, const struct sockaddr *peer, struct rtpp_reply *r);

/* ---- end.c: ends and times ---- */

/* Take flags away; those that nothing keeps end. True: at least one was found. */
bool end_delete(struct compat *c, const struct rtpp_str *call_id, const struct rtpp_str *from,
		const struct rtpp_str *to, bool weak);
void end_all(struct compat *c);
/* Some of those that end_all() left: true if there are more. */
bool end_some(struct compat *c);
void end_observed(struct session_observer *o, uint32_t index, const char *id, bool timed_out);

void ttl_init(struct compat *c, struct entry *e);
/* A command was about this session: its time begins anew. */
void ttl_touch(struct compat *c, struct entry *e);
/* Of the side `leg`, or of both where they share it. */
void ttl_set(struct compat *c, struct entry *e, unsigned int leg, uint32_t ttl_s);
/* Seconds left. */
uint32_t ttl_left_s(const struct compat *c, const struct entry *e);

/* ---- query.c ---- */

void query_session(struct compat *c, const struct rtpp_command *cmd, const struct entry *e,
		   unsigned int leg, struct rtpp_reply *r);
void query_totals(struct compat *c, const struct rtpp_command *cmd, struct rtpp_reply *r);
void query_info(struct compat *c, const struct rtpp_command *cmd, struct rtpp_reply *r);
/* What workers have received from devices. */
uint64_t query_packets_in(const struct compat *c);

/* ---- record.c, play.c: RTPP_OK and the reply's text in `r`, or an error ---- */

int record_command(struct compat *c, const struct rtpp_command *cmd);
int record_copy(struct compat *c, const struct rtpp_command *cmd, struct entry *e, unsigned int leg,
		struct rtpp_reply *r);
int record_stop(struct compat *c, const struct rtpp_command *cmd);
/* What comes in the session that `from` names goes to both sides of `e`, whose side `leg` hears
 * what is heard there by who has the tag `from`. 0 or -1. */
int record_forward(struct compat *c, const struct rtpp_sub *from, struct entry *e,
		   unsigned int leg);
/* As `record_all` wants it. */
void record_all(struct compat *c, struct entry *e);
/* RTPP_OK with c->later set: it is not known yet. */
int play_start(struct compat *c, const struct rtpp_command *cmd, struct entry *e, unsigned int leg);
void play_stop(struct compat *c, struct entry *e, unsigned int leg);

/* ---- later.c ---- */

/* NULL: no memory. */
struct waiter *later_new(struct compat *c);
/* RTPP_OK or an error, to who waits. */
void later_done(struct waiter *w, int rc);
/* Nothing is waited for. */
void later_free(struct waiter *w);
void later_free_all(struct compat *c);

/* ---- dtmf.c ---- */

/* Tell of keys that are pressed on side `leg`; tag absent: no more. 0 or -1. */
int dtmf_catch(struct compat *c, struct entry *e, unsigned int leg, const struct rtpp_str *tag);
void dtmf_observed(struct session_observer *o, const struct flow_event *ev, const char *id);

/* ---- listen.c, dgram.c, stream.c ---- */

enum listener_kind { LISTEN_UDP, LISTEN_UNIX, LISTEN_CUNIX, LISTEN_TCP };

struct listener {
	struct tnd_list link;
	struct loop_fd fd;
	struct tnd_timer retry; /* after accept(2) ran out of descriptors */
	struct compat *c;
	const char *name; /* the configuration's text */
	const char *path; /* of unix sockets; otherwise NULL */
	enum listener_kind kind;
	dev_t dev; /* of the socket file that was made here */
	ino_t ino;
	unsigned int clients;
};

int listen_open(struct compat *c, const char *name);
void listen_close(struct listener *l);

void dgram_read(struct loop_fd *f, uint32_t events);

/* Takes the descriptor in every case. */
void stream_new(struct listener *l, int fd, const struct sockaddr_storage *peer);
void stream_close_all(struct compat *c);
/* A share of the turn for those that have something to do: true if there is more. */
bool stream_turn(struct compat *c);
/* The one that was silent for the longest time makes room, if that is long. */
bool stream_make_room(struct listener *l);

#endif
