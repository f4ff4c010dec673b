/* SPDX-License-Identifier: BSD-3-Clause */
/* Any answer as text for people. */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <stddef.h>

#include "buf.h"
#include "json.h"

/*
 * Append an object: its members by dotted path with units, then its lists of objects as
 * tables where they are flat and few columns wide, otherwise by path and position.
 * `columns`: of the terminal, 0: no limit.
 */
void ctl_print_object(struct tnd_buf *out, const struct json_value *object, size_t columns);

/* Append " key=value" for a member, and one for each of what it holds, by dotted path. */
void ctl_print_member(struct tnd_buf *out, const struct json_value *member);

#endif
