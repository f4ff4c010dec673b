/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two lines of JSON by which tunnels are dialled:
 *
 *	{"tandem":1,"user":"alice","sdp":"v=0…"}
 *	{"tandem":1,"sdp":"v=0…","network_info":{…}}  or  {"tandem":1,"error":"denied","reason":"…"}
 *
 * "json":{…} instead of "sdp" is the other form of offers and answers. Members that are not known
 * are passed over. Pure.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "netinfo.h"
#include "rtptp.h"

#define MESSAGE_VERSION 1
#define MESSAGE_WHY     256

/* Either an offer with a user, or an answer, or an error. */
struct message {
	char user[WIRE_RTPTP_NAME_MAX + 1]; /* "": none */
	bool json;                          /* the form of `text` */
	struct tnd_buf text; /* zero-ended beyond its length; empty: none. Wiped when freed */
	bool has_info;
	struct netinfo info;
	char error[32], reason[MESSAGE_WHY]; /* error "": none */
};

/* 0; -EINVAL with `why`; -ENOMEM. message_free() in every case. */
int message_read(const char *text, size_t len, struct message *out, char why[MESSAGE_WHY]);
void message_free(struct message *m);

void message_write_offer(struct tnd_buf *b, const char *user, const char *sdp);
/* In the form of the offer; info may be NULL. */
void message_write_answer(struct tnd_buf *b, bool json, const char *text, size_t len,
			  const struct netinfo *info);
void message_write_error(struct tnd_buf *b, const char *error, const char *reason);

#endif
