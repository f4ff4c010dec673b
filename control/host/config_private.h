/* SPDX-License-Identifier: BSD-3-Clause */
/* Steps of config_parse(): private to config*.c. */
#ifndef CONFIG_PRIVATE_H
#define CONFIG_PRIVATE_H

#include "config.h"
#include "config_tables.h"

/* Where: the JSON pointer; then what is wrong there. config_fault() returns -EINVAL. */
void config_at(struct json_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int config_fault(struct json_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* From the decoded file into the zeroed `c`: names become indexes, text addresses. */
int config_fill(struct config *c, const struct cfg_file *file, struct json_error *err);
/* Do the parts fit together? */
int config_check(const struct config *c, struct json_error *err);
int config_check_addresses(const struct config *c, struct json_error *err);
/* Roles of interfaces, and the kernel's side of TUN devices. */
int config_fill_inner(struct config_interface *out, const struct cfg_interface *in, unsigned int i,
		      struct json_error *err);
int config_check_inner(const struct config *c, struct json_error *err);
/* The block `media`; the directories: -ENODEV where one can't be written to, or read. */
void config_fill_media(struct config_media *m, const struct cfg_media *in);
int config_check_media(const struct config_media *m, struct json_error *err);
int config_check_media_dirs(const struct config_media *m, struct json_error *err);
/* The block `rtpproxy`. */
int config_fill_rtpproxy(struct config *c, const struct cfg_rtpproxy *in, struct json_error *err);
int config_check_rtpproxy(const struct config *c, struct json_error *err);
void config_free_rtpproxy(struct config_rtpproxy *r);
/* The block `tunnel`. */
int config_fill_tunnel(struct config_tunnel *t, const struct cfg_tunnel *in,
		       struct json_error *err);
/* Its members `listen` and `dial`. */
int config_fill_dial(struct config *c, const struct cfg_tunnel *in, struct json_error *err);
/* Can the files of the listener (0), and of dial i - 1, be read? 0 or -ENODEV. */
int config_check_proof_files(const struct config *c, unsigned int i, struct json_error *err);
int config_check_dial(const struct config *c, struct json_error *err);
int config_check_tunnel(const struct config *c, struct json_error *err);
/* The files of DTLS: can they be read, and do they belong together? 0 or -ENODEV. */
int config_check_certificate(const struct config *c, struct json_error *err);

#endif
