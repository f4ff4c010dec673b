/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of tandem-rtpproxy: what its files do for each other. */
#ifndef RTPPROXY_H
#define RTPPROXY_H

#include <sys/types.h>

#include "buf.h"
#include "config.h"
#include "options.h"

/* Documented in tandem-rtpproxy(8). tandemd's own codes come through besides. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_CONFIG = 1, /* the base configuration, or an address that is not in it */
	EXIT_USAGE = 2,
	EXIT_START = 5,
};

/* ---- addresses.c ---- */

/* Indices into the base configuration's addresses, by enum config_rtpproxy_side and is-IPv6. */
struct bound {
	int address[2][2]; /* -1: none */
	bool any;          /* nothing was named: replies have the bare port */
};

/* False: it has been said which address is missing, and what to do. */
bool addresses_find(const struct options *o, const struct config *base, struct bound *out);

/* ---- write.c ---- */

/* The configuration that tandemd is to run with: the base with what the options say. */
bool write_config(const struct options *o, const struct config *base, const struct bound *bound,
		  struct tnd_buf *out);

/* ---- sockets.c: control sockets that the user of -u may not make ---- */

struct sockets {
	unsigned int count;
	struct {
		int fd;
		const char *path; /* of the options */
		dev_t dev;
		ino_t ino;
	} made[OPTIONS_LIST_MAX];
};

/*
 * With -u: binds unix sockets before the user is changed, and tells tandemd of them by the
 * environment. EXIT_OK, or EXIT_START after it has been said what is wrong.
 */
int sockets_bind(const struct options *o, struct sockets *s);
/* This process needs them no longer. */
void sockets_close(struct sockets *s);
/* Their files go, if they are still those that were made. */
void sockets_remove(const struct sockets *s);
/* Is there one at a port that only root, or who has the capability, may take? */
bool sockets_privileged(const struct options *o);

/* ---- user.c ---- */

/*
 * As -u says; and what that user can't do of what the configuration asks for is said. EXIT_OK or
 * EXIT_START.
 */
int user_become(const struct options *o, const struct config *base);

/* ---- run.c ---- */

/* Runs tandemd with this configuration file, in the foreground (then this doesn't return) or as a
 * daemon; its exit code. `base`: what it was made from. */
int run_tandemd(const struct options *o, const struct config *base, const char *config_file);

#endif
