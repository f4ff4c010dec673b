/* SPDX-License-Identifier: BSD-3-Clause */
/* What front ends that carry offers and answers (RFC 3264) tell beyond session.h. */
#ifndef SESSION_OFFER_H
#define SESSION_OFFER_H

#include <stdbool.h>

struct sessions;

/*
 * An offer that describes our side of this leg is on its way, or, `on` false, it has been answered
 * or withdrawn. In between another device than before may begin ICE and DTLS with what the offer
 * says of us, ahead of its answer; what it does then counts from its answer on. Credentials for ICE
 * that an update brings meanwhile are the answer's: our own stay. For legs without DTLS or ICE it
 * means nothing; role "actpass" means the same without this.
 */
void session_offered(struct sessions *s, const char *id, unsigned int leg, bool on);

#endif
