/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The secrets of legs: keys made, given, taken back. Inside of call/.
 *
 * What workers use is in flow_tables.secure[leg] and written here only:
 *
 *	rx, tx	     objects of lib/srtp, out of slabs; replaced whole. What is taken out goes
 *		     through retire.c, and is wiped when no worker can be looking at it.
 *	rx_old	     the rx before, until rx is replaced again
 *	leg	     made with the leg's first keys, stays until the session ends, even through
 *		     a time without encryption: it knows which indices have been used.
 *
 * Keys of a leg with DTLS are none in the beginning, and all replaced or taken away together,
 * whenever its endpoint says so. A bundled leg has the pointers of its head, and nothing of its
 *own.
 *
 * Control keeps no master key, but for one that tandem made itself: sessions.made[leg] is its
 * crypto attribute, as a repeated session.create must answer it again.
 */
#ifndef SECURE_H
#define SECURE_H

#include "session.h"
#include "slab.h"
#include "srtp.h"

struct sessions;
struct session;
struct srtp_keys;
struct srtp_leg;
struct dtls_keys;
struct tnd_buf;

/*
 * A change on its way: what it takes is all there before anything changes. Once it has taken
 * effect, it holds what the change has put out of use.
 */
struct secure_step {
	uint32_t session;
	bool changes; /* anything at all */
	struct secure_leg_step {
		bool changes, was_on, on;
		bool was_dtls, dtls;
		bool replaces; /* all keys that there are, also by none */
		bool sets_made;
		uint8_t window_log2;
		char *made;                /* with sets_made; then: the one before */
		struct srtp_keys *rx, *tx; /* new, or NULL: as before */
		struct srtp_leg *leg;      /* the same */
		const struct srtp_keys *gone[3];
	} leg[SESSION_LEGS];
};

/* Room for the secrets of 2 * sessions legs, paged in as it is used. 0 or -ENOMEM. */
int secure_create(struct sessions *s);
/* After all sessions' secure_end(). */
void secure_free(struct sessions *s);

/*
 * What `want` (NULL: leave that leg) means for the legs of `se`. On a fault nothing is to be
 * undone; otherwise secure_commit() or secure_abort() comes next.
 */
enum session_fault secure_prepare(struct sessions *s, const struct session *se,
				  const struct leg_security *const want[SESSION_LEGS],
				  struct secure_step *step, struct session_error *err);
/* The flags that the legs will have. */
void secure_flags(const struct sessions *s, struct session *se, const struct secure_step *step);
/* Before the plans that need it are published. */
void secure_commit(struct sessions *s, const struct session *se, struct secure_step *step);
void secure_abort(struct sessions *s, struct secure_step *step);
/*
 * Keys that DTLS made for a leg, or NULL: those that it has are not to be used any more. Takes
 * effect at once. 0, or -ENOMEM: nothing has changed.
 */
int secure_replace(struct sessions *s, struct session *se, unsigned int i,
		   const struct dtls_keys *keys);
/* After the grace period: what is out of use is wiped, and the step freed. */
void secure_release(struct sessions *s, struct secure_step *step);
/* Workers have let go of the session: everything of its legs. */
void secure_end(struct sessions *s, const struct session *se);

/* For params_hash(): the same for what means the same. */
uint64_t secure_params_hash(const struct sessions *s, const struct leg_security *want, bool tunnel);

/* Member "security" of a leg, without secrets. */
void secure_write(const struct sessions *s, const struct session *se, unsigned int i,
		  struct tnd_buf *b);
/* What an answer tells of the leg. */
void secure_answer(const struct sessions *s, const struct session *se, unsigned int i,
		   struct session_answer *a);

/* All the memory of a session with both legs secured by keys of this profile. */
size_t secure_session_bytes(enum srtp_engine e, enum srtp_profile p, unsigned int window);

#endif
