/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The unix sockets of the API: lines in, lines out.
 *
 * A client holds up nobody but itself. It is given a share of each turn of the loop
 * (SLICE_REQUESTS); its next line is not begun before the reply to the last is complete, and
 * nothing is read from it meanwhile; what it doesn't read is kept up to SERVER_OUT_MAX, and
 * a client that has more than that pending and takes nothing for SERVER_STUCK_MS is cut off.
 * Events are given only up to SERVER_EVENTS_OUT pending: a subscriber that reads too slowly
 * is not cut off for them, but told what it has missed (events.lost).
 *
 * A client that shuts down its writing side still gets its replies; one that closes has what
 * it sent carried out, as far as it arrived whole.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdint.h>

#define SERVER_LINE_MAX    (256 * 1024)  /* without its LF */
#define SERVER_OUT_MAX     (1024 * 1024) /* bytes pending to one client */
#define SERVER_EVENTS_OUT  (256 * 1024)
#define SERVER_STUCK_MS    1000
#define SERVER_CLIENTS_MAX 256   /* on each socket */
#define SERVER_IDLE_MS     30000 /* who asked nothing for so long makes room where all are taken */

struct api;
struct api_server;

struct server_stats {
	uint32_t clients;
	uint64_t refused, cut_off;
};

/* 0 or -errno after a logged reason. */
int server_start(struct api_server **out, struct api *a);
void server_stop(struct api_server *s);
void server_stats(const struct api_server *s, struct server_stats *out);

/* There are new events: give them to their subscribers soon. */
void server_events_due(struct api_server *s);

#endif
