/* SPDX-License-Identifier: BSD-3-Clause */
/* What the verbs of tandemctl share: options, a call with its answer, exit status. */
#ifndef CTL_H
#define CTL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "client.h"
#include "json.h"

#define CTL_DEFAULT_SOCKET "/run/tandem/api.sock"

enum ctl_status {
	CTL_OK = 0,
	CTL_ERROR = 1,     /* the daemon answered an error, or output could not be written */
	CTL_USAGE = 2,     /* the command line is wrong; nothing was sent */
	CTL_NO_DAEMON = 3, /* no daemon, or none that answers as it should */
};

/* Bits of the options that only some verbs take. */
enum ctl_option {
	CTL_OPT_PARAMS = 1 << 0,
	CTL_OPT_WATCH = 1 << 1,
	CTL_OPT_ONCE = 1 << 2,
	CTL_OPT_IDS = 1 << 3,
	CTL_OPT_FROM = 1 << 4,
	CTL_OPT_INTERVAL = 1 << 5,
	CTL_OPT_COUNT = 1 << 6,
	CTL_OPT_DIAL = 1 << 7, /* any of struct ctl_dial */
};

/* Of `tunnel dial`; NULL: not given. */
struct ctl_dial {
	const char *id, *user, *port, *name, *address, *interface;
	const char *psk_file, *certificate, *key, *ca; /* files */
};

struct ctl {
	const char *socket;
	unsigned int timeout_ms; /* for each answer */
	bool json;
	unsigned int given; /* enum ctl_option */
	const char *params;
	struct ctl_dial dial;
	uint64_t from_seq;
	unsigned int interval_ms;
	uint64_t count; /* frames or events to show; 0: no end */
	uint64_t events_shown;
	/* Optional: for each notification that comes while an answer is waited for. */
	enum ctl_status (*on_notification)(struct ctl *ctl, const struct json_value *root);
	struct ctl_client client;
	char error[1024]; /* printable; main prints it when the verb has failed */
};

/* ---- calls -------------------------------------------------------------------------------- */

struct ctl_reply {
	struct json_value *root;
	const struct json_value *result; /* in `root` */
};

/*
 * Call a method; `params` is JSON text or NULL. Connects first if need be. CTL_OK: free the
 * reply with ctl_reply_free(). Otherwise ctl->error says what went wrong.
 */
enum ctl_status ctl_call(struct ctl *ctl, const char *method, const struct tnd_buf *params,
			 struct ctl_reply *reply);
void ctl_reply_free(struct ctl_reply *reply);

/* What ctl_client_* said, into ctl->error: CTL_NO_DAEMON. */
enum ctl_status ctl_broken(struct ctl *ctl, int rc);

/* Fill ctl->error with a printable line and pass the status on. */
enum ctl_status ctl_fail(struct ctl *ctl, enum ctl_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- output ------------------------------------------------------------------------------- */

/* Columns of stdout's terminal, 0 if it is none. */
size_t ctl_columns(void);

/* Write to stdout, and empty the buffer. CTL_OK, or CTL_ERROR with ctl->error. */
enum ctl_status ctl_write(struct ctl *ctl, struct tnd_buf *out);

/* A value as one line of JSON, made harmless for a terminal. */
enum ctl_status ctl_write_json(struct ctl *ctl, const struct json_value *v);

/* ---- members of an answer, by dotted path; the daemon may have left out anything ------------ */

const struct json_value *ctl_at(const struct json_value *v, const char *path);
const char *ctl_string(const struct json_value *v, const char *path, const char *fallback);
double ctl_number(const struct json_value *v, const char *path, double fallback);
bool ctl_bool(const struct json_value *v, const char *path);

/* Append a value in one cell's form: yes/no, "-" for null, "10.0.0.1:4000" for endpoints. */
void ctl_value_text(struct tnd_buf *b, const struct json_value *v);

/* ---- verbs: arguments after the verb, as main() has them ------------------------------------ */

enum ctl_status ctl_verb_show(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_sessions(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_call(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_stats(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_drops(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_top(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_events(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_drain(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_tunnels(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_users(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_tunnel(struct ctl *ctl, char *const *args, size_t count);
enum ctl_status ctl_verb_help(struct ctl *ctl, char *const *args, size_t count);
/* args[0] is the method. */
enum ctl_status ctl_verb_method(struct ctl *ctl, char *const *args, size_t count);

struct ctl_verb {
	const char *name;
	const char *args; /* for help */
	const char *summary;
	enum ctl_status (*run)(struct ctl *ctl, char *const *args, size_t count);
	size_t args_min, args_max;
	unsigned int options; /* enum ctl_option that it takes */
};
/* Ends with a NULL name. */
extern const struct ctl_verb ctl_verbs[];

/* Print completions of the last word, one a line. Never fails: no daemon, no ids. */
enum ctl_status ctl_complete(struct ctl *ctl, char *const *words, size_t count);

#endif
