/* SPDX-License-Identifier: BSD-3-Clause */
/* One value of the command line to JSON. */
#ifndef CTL_SCALAR_H
#define CTL_SCALAR_H

#include "args.h"

/* Append the text `value`, given for `key`, as what `field` wants. As ctl_args_build(). */
int ctl_scalar_json(const struct json_field *field, const char *key, const char *value,
		    struct tnd_buf *out, struct ctl_args_error *err);

/* Fill *err: -EINVAL. */
int ctl_args_fail(struct ctl_args_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
