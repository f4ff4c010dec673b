/* SPDX-License-Identifier: BSD-3-Clause */
/* What listen.c and conn.c share. */
#ifndef SERVER_PRIVATE_H
#define SERVER_PRIVATE_H

#include <sys/socket.h>
#include <sys/types.h>

#include "rpc.h"
#include "server.h"

struct listener {
	struct loop_fd fd;      /* .fd -1: not there */
	struct tnd_timer retry; /* after accept(2) ran out of descriptors */
	struct api_server *server;
	const char *path;
	dev_t dev; /* of the socket file that we made */
	ino_t ino;
	bool may_write;
	unsigned int clients;
};

struct api_server {
	struct api *api;
	struct loop *loop;
	struct listener full, ro;
	struct tnd_list conns;
	struct tnd_list ready; /* with something to do in this turn */
	struct loop_poller poller;
	bool events_due;
	uint64_t refused, cut_off;
};

struct conn {
	struct tnd_list link;  /* in server.conns */
	struct tnd_list ready; /* in server.ready */
	struct loop_fd fd;
	struct api_server *server;
	struct listener *listener;
	struct rpc_client client;
	struct rpc_run *run; /* the line being carried out */
	struct tnd_buf in, out;
	size_t scanned;    /* bytes of `in` known to hold no LF */
	bool eof;          /* nothing more will come */
	bool deaf;         /* nobody is there to read what we say */
	bool closing;      /* after what is pending is out */
	bool polled;       /* it is in the epoll set */
	bool told;         /* who it is, to the log */
	uint32_t interest; /* epoll events asked for */
	uint64_t used_ms;  /* of its latest request */
	struct tnd_timer stuck;
	struct ucred peer;
};

/* ---- listen.c ---- */

int listener_open(struct listener *l, struct api_server *s, const char *path, const char *group,
		  bool may_write);
void listener_close(struct listener *l);

/* ---- conn.c ---- */

/* Takes the descriptor in every case. */
void conn_new(struct listener *l, int fd);
void conn_close(struct conn *c);
/* A share of the turn. True: there is more to do. */
bool conn_turn(struct conn *c);
void conn_ready(struct conn *c);

#endif
