/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands in datagrams: "<cookie> <command>". Taken and answered by the batch. A cookie that
 * comes again gets the reply that it got, or those that it will get within this batch; while its
 * command is in work, nothing.
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

static void send_late(struct waiter *w)
{
	const struct rtpp_str cookie = {w->r.data, w->r.begin - 1u};

	cookies_add(&w->c->cookies, &cookie, w->r.data, w->r.len, w->c->h->loop.now_ms);
	/* As below: a client that can't be reached will ask again. */
	if (sendto(w->l->fd.fd, w->r.data, w->r.len, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (struct sockaddr *)&w->peer, w->peer_len) < 0)
		return;
}

/* The reply's bytes: new ones in `r`, or those that were kept; of length 0: they come later. */
static struct iovec answer(struct listener *l, const char *text, size_t len,
			   const struct msghdr *from, struct rtpp_reply *r)
{
	struct compat *c = l->c;
	struct rtpp_str cookie, command;
	struct waiter *w;
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
		if (kept_len == cookie.len) /* in work */
			kept_len = 0;
		memcpy(r->data, kept, kept_len);
		return (struct iovec){r->data, kept_len};
	}
	rtpp_reply_begin(r, &cookie);
	/* Too long: its rest is not there to be looked at. */
	if (len > RTPP_COMMAND_MAX)
		command = (struct rtpp_str){NULL, 0};
	w = compat_execute(c, &command, from->msg_name, r);
	if (w == NULL) {
		cookies_add(&c->cookies, &cookie, r->data, r->len, c->h->loop.now_ms);
		return (struct iovec){r->data, r->len};
	}
	w->deliver = send_late;
	w->l = l;
	memcpy(&w->peer, from->msg_name, from->msg_namelen);
	w->peer_len = from->msg_namelen;
	cookies_add(&c->cookies, &cookie, cookie.s, cookie.len, c->h->loop.now_ms);
	return (struct iovec){r->data, 0};
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
		unsigned int out = 0;

		if (n <= 0)
			return;
		for (int i = 0; i < n; i++) {
			const struct msghdr *from = &batch.in[i].msg_hdr;

			batch.out_iov[out] = answer(l, batch.data[i], batch.in[i].msg_len, from,
						    &batch.reply[i]);
			if (batch.out_iov[out].iov_len == 0)
				continue;
			batch.out[out].msg_hdr = (struct msghdr){.msg_name = from->msg_name,
								 .msg_namelen = from->msg_namelen,
								 .msg_iov = &batch.out_iov[out],
								 .msg_iovlen = 1};
			out++;
		}
		transmit(f->fd, out);
		if (n < BATCH)
			return;
	}
}
