/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of sessions, page by page. */
#ifndef CTL_SESSIONS_H
#define CTL_SESSIONS_H

#include "ctl.h"

/*
 * Call `page` with each array of sessions of session.list. With `limit` only the first page,
 * of so many; 0: all there are. Ends early when `page` fails.
 */
enum ctl_status ctl_sessions_each(struct ctl *ctl, const char *prefix, uint64_t limit,
				  enum ctl_status (*page)(struct ctl *ctl,
							  const struct json_value *sessions,
							  void *arg),
				  void *arg);

#endif
