/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of rtpproxy(8), read for tandem-rtpproxy(8). */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define OPTIONS_LIST_MAX 16

/* Both sides of a bridge: "internal[/external]"; NULL: not given. */
struct option_pair {
	char *first, *second;
};

struct options {
	const char *base; /* tandem's configuration: devices and addresses */
	bool print_config, foreground;
	struct option_pair listen4, listen6, advertise;
	char *control[OPTIONS_LIST_MAX]; /* as the block `rtpproxy` has them */
	unsigned int control_count;
	char *timeout_target[OPTIONS_LIST_MAX];
	unsigned int timeout_target_count;
	const char *record_dir, *spool_dir, *pid_file;
	bool keep_dir; /* a daemon stays where it was started */
	bool record_all, record_pcap, record_rtcp, twice, independent_ttl;
	uint32_t ttl_s, setup_ttl_s; /* setup 0: as ttl */
	uint16_t port_min, port_max; /* 0: as the base has them */
	int tos;                     /* -1: not given */
	uint32_t files;              /* RLIMIT_NOFILE; 0: as it is */
	bool user_given;
	uid_t uid;
	gid_t gid;
	char user[64], group[64];
	const char *socket_mode;    /* NULL: not given */
	const char *log_level;      /* tandemd's name of it */
	int facility;               /* of syslog(3) */
	bool strict;                /* --strict: media from the signalled address only */
	bool symmetric, asymmetric; /* --bridge_symmetric, --force_asymmetric */
};

/* -1: go on with what is in `o`; else the exit code, everything has been said. */
int options_parse(int argc, char **argv, struct options *o);
void options_free(struct options *o);

#endif
