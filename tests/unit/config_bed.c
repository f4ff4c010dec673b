/* SPDX-License-Identifier: BSD-3-Clause */
#include "config_bed.h"

struct config *parse(const char *text)
{
	struct json_error err;
	struct config *c = NULL;

	if (config_parse(text, strlen(text), &c, &err) != 0) {
		print_error("%s: %s\n", err.path, err.reason);
		fail();
	}
	return c;
}
