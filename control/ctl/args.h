/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A method's params from the command line: "key=value" by the type that the schema gives the
 * key, "key:=JSON" and "key:=@FILE" as they are.
 *
 * A key is a dotted path of member names and positions: legs.0.remote.ip. Its type decides
 * what a value becomes: true/false/yes/no/on/off; a decimal integer; a number; one of the
 * names of an enum; text; a list of these with commas between. "null" is null where the
 * schema permits it. What has no type in the schema becomes true, false, null or a number if
 * it looks like one, else text. Ranges and lengths are for the daemon to check.
 */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include <stddef.h>

#include "api_tables.h"
#include "buf.h"

struct ctl_args_error {
	char text[512]; /* not escaped */
};

/* NULL: no such method. */
const struct api_method *ctl_args_method(const char *name);

/*
 * Append the params as one line of JSON. With `object` NULL nothing has a type. 0; -EINVAL
 * with *err; -ENOMEM.
 */
int ctl_args_build(const struct json_object *object, char *const *words, size_t count,
		   struct tnd_buf *out, struct ctl_args_error *err);

/*
 * Append JSON text as one line: what `text` is, or what the file named behind its '@' holds,
 * or stdin's ("-"). 0; -EINVAL with *err; -ENOMEM.
 */
int ctl_args_json(const char *text, struct tnd_buf *out, struct ctl_args_error *err);

#endif
