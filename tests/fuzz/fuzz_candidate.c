/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "candidate.h"
#include "fuzz.h"

/* What was accepted is written, and read again as the same. */
static void check_round(const struct candidate *c)
{
	static const union wire_ip none;
	char text[CANDIDATE_STRLEN];
	struct candidate back;
	const char *why;
	int len = candidate_format(c, text, sizeof(text));

	PROMISE(len > 0 && text[len] == '\0');
	PROMISE(candidate_parse(text, (size_t)len, &back, &why) == 0);
	PROMISE(strcmp(back.foundation, c->foundation) == 0 && back.component == c->component);
	PROMISE(back.type == c->type && back.priority == c->priority && back.port == c->port);
	PROMISE(wire_ip_equal(&back.ip, &c->ip) && wire_ip_equal(&back.related, &c->related));
	if (!wire_ip_equal(&c->related, &none))
		PROMISE(back.related_port == c->related_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = (char *)fuzz_copy(data, size);
	struct candidate c;
	const char *why = NULL;
	int rc = candidate_parse(text, size, &c, &why);

	PROMISE(rc == 0 || rc == -EINVAL || rc == -ENOTSUP);
	PROMISE((rc == 0) == (why == NULL));
	if (rc == 0) {
		PROMISE(c.port != 0 && c.priority != 0 && c.component >= 1 && c.component <= 256);
		PROMISE(c.ufrag == NULL || (c.ufrag >= text && c.ufrag_len <= 256 &&
					    c.ufrag + c.ufrag_len <= text + size));
		check_round(&c);
	}
	free(text);
	return 0;
}
