/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name;
	int priority; /* of syslog(3) */
} levels[] = {
	[TND_LOG_ERR] = {"error", 3},
	[TND_LOG_WARN] = {"warning", 4},
	[TND_LOG_INFO] = {"info", 6},
	[TND_LOG_DEBUG] = {"debug", 7},
};

static enum tnd_log_level max_level = TND_LOG_INFO;

void tnd_log_set_level(enum tnd_log_level level)
{
	max_level = level;
}

int tnd_log_parse_level(const char *name, enum tnd_log_level *level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(name, levels[i].name) == 0) {
			*level = (enum tnd_log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* systemd sets JOURNAL_STREAM where stderr is a journal socket. */
static bool under_journald(void)
{
	static int known = -1;

	if (known < 0)
		known = getenv("JOURNAL_STREAM") != NULL && !isatty(STDERR_FILENO);
	return known;
}

void tnd_log(enum tnd_log_level level, const char *subject, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	if (level > max_level)
		return;

	if (under_journald()) {
		n = snprintf(line, sizeof(line), "<%d>%s: ", levels[level].priority, subject);
	} else {
		struct timespec now;
		struct tm tm;

		clock_gettime(CLOCK_REALTIME, &now);
		localtime_r(&now.tv_sec, &tm);
		n = snprintf(line, sizeof(line), "%02d:%02d:%02d.%03ld %s %s: ", tm.tm_hour,
			     tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000, levels[level].name,
			     subject);
	}

	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;

	/* One line an entry, whatever a client put into a name. */
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[n] = '\n';

	/* One write, so that lines of several processes don't mix. Nobody to tell if it fails. */
	ssize_t done = write(STDERR_FILENO, line, n + 1);
	(void)done;
}
