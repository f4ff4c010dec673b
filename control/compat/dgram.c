/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands in datagrams: "<cookie> <command>". Taken and answered by the batch. A cookie that
 * comes again gets the reply that it got, or those that it will get within this batch.
 */
#include <errno.h>
#include <string.h>

#include "compat_private.h"

#define BATCH 64
#define TURN  4 /* batches in one turn: others are served too */

struct batch {
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_iov[BATCH], out_iov[BATCH];
	struct sockaddr_storage peer[BATCH];
	struct rtpp_reply reply[BATCH];
	char data[BATCH][RTPP_COMMAND_MAX + 1]; /* one more, so that what is too long is noticed */
};

static struct batch batch; /* of the control lcore; nothing in it outlives a call */

static int receive(int fd)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		batch.in_iov[i] = (struct iovec){batch.data[i], sizeof(batch.data[i])};
		batch.in[i].msg_hdr = (struct msghdr){.msg_name = &batch.peer[i],
						      .msg_namelen = sizeof(batch.peer[i]),
						      .msg_iov = &batch.in_iov[i],
						      .msg_iovlen = 1};
	}
	return recvmmsg(fd, batch.in, BATCH, MSG_DONTWAIT, NULL);
}

/* The reply's bytes: new ones in `r`, or those that were kept. */
static struct iovec answer(struct compat *c, const char *text, size_t len,
			   const struct sockaddr *peer, struct rtpp_reply *r)
{
	struct rtpp_str cookie, command;
	bool has_cookie = rtpp_split_cookie(text, len, &cookie, &command);
	const char *kept;
	size_t kept_len;

	if (!has_cookie) {
		c->n.ncmds_rcvd++;
		c->n.ncmds_repld++;
		c->n.ncmds_errs++;
		rtpp_reply_begin(r, NULL);
		rtpp_reply_error(r, RTPP_E_SYNTAX);
		rtpp_reply_end(r);
		return (struct iovec){r->data, r->len};
	}
	kept = cookies_find(&c->cookies, &cookie, &kept_len);
	if (kept != NULL) {
		c->n.ncmds_rcvd_ndups++;
		memcpy(r->data, kept, kept_len);
		return (struct iovec){r->data, kept_len};
	}
	rtpp_reply_begin(r, &cookie);
	/* Too long: its rest is not there to be looked at. */
	if (len > RTPP_COMMAND_MAX)
		command = (struct rtpp_str){NULL, 0};
	compat_execute(c, &command, peer, r);
	cookies_add(&c->cookies, &cookie, r->data, r->len, c->h->loop.now_ms);
	return (struct iovec){r->data, r->len};
}

static void transmit(int fd, unsigned int n)
{
	unsigned int sent = 0;

	/* A client that can't be reached, or a full buffer: it will ask again. */
	while (sent < n) {
		int k = sendmmsg(fd, batch.out + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += k > 0 ? (unsigned int)k : 1;
	}
}

void dgram_read(struct loop_fd *f, uint32_t events)
{
	struct listener *l = f->arg;

	for (unsigned int turn = 0; turn < TURN; turn++) {
		int n = receive(f->fd);

		if (n <= 0)
			return;
		for (int i = 0; i < n; i++) {
			batch.out_iov[i] =
				answer(l->c, batch.data[i], batch.in[i].msg_len,
				       (struct sockaddr *)&batch.peer[i], &batch.reply[i]);
			batch.out[i].msg_hdr =
				(struct msghdr){.msg_name = &batch.peer[i],
						.msg_namelen = batch.in[i].msg_hdr.msg_namelen,
						.msg_iov = &batch.out_iov[i],
						.msg_iovlen = 1};
		}
		transmit(f->fd, (unsigned int)n);
		if (n < BATCH)
			return;
	}
}
