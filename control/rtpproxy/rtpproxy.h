/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of tandem-rtpproxy: what its files do for each other. */
#ifndef RTPPROXY_H
#define RTPPROXY_H

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

/* ---- run.c ---- */

/* Runs tandemd with this configuration file, in the foreground (then this doesn't return) or as a
 * daemon; its exit code. */
int run_tandemd(const struct options *o, const char *config_file);

#endif
