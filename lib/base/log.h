/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines: a level, a subject ("call", "api", "neigh" …) and a text.
 *
 * They go to stderr; under systemd each line carries the "<N>" priority prefix that
 * journald understands, elsewhere a wall-clock stamp. Never called by a worker.
 */
#ifndef TND_LOG_H
#define TND_LOG_H

enum tnd_log_level { TND_LOG_ERR, TND_LOG_WARN, TND_LOG_INFO, TND_LOG_DEBUG };

/* Lines above this level are not written. Default TND_LOG_INFO. */
void tnd_log_set_level(enum tnd_log_level level);

/* "error", "warning", "info" or "debug" to a level: 0, or -EINVAL. */
int tnd_log_parse_level(const char *name, enum tnd_log_level *level);

void tnd_log(enum tnd_log_level level, const char *subject, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define tnd_err(subject, ...)   tnd_log(TND_LOG_ERR, subject, __VA_ARGS__)
#define tnd_warn(subject, ...)  tnd_log(TND_LOG_WARN, subject, __VA_ARGS__)
#define tnd_info(subject, ...)  tnd_log(TND_LOG_INFO, subject, __VA_ARGS__)
#define tnd_debug(subject, ...) tnd_log(TND_LOG_DEBUG, subject, __VA_ARGS__)

#endif
