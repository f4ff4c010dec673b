/* SPDX-License-Identifier: BSD-3-Clause */
#include "internal.h"

#include <stdio.h>
#include <string.h>

static const char ellipsis[] = "...";

struct path {
	char *text;
	size_t len;
	size_t max; /* beyond it there is room for the ellipsis and the zero only */
	bool cut;
};

static void add(struct path *p, const char *bytes, size_t len)
{
	if (p->cut || len > p->max - p->len) {
		p->cut = true;
		return;
	}
	memcpy(p->text + p->len, bytes, len);
	p->len += len;
}

/* Character by character, so that a cut leaves valid UTF-8. */
static void add_text(struct path *p, const char *text, size_t len, bool escape)
{
	const unsigned char *c = (const unsigned char *)text, *end = c + len;

	while (c < end && !p->cut) {
		size_t n = json_utf8(c, end);

		if (escape && *c == '~')
			add(p, "~0", 2);
		else if (escape && *c == '/')
			add(p, "~1", 2);
		else
			add(p, (const char *)c, n == 0 ? 1 : n);
		c += n == 0 ? 1 : n;
	}
}

void json_path(struct json_error *err, const char *base, const struct json_step *steps,
	       size_t count)
{
	struct path p = {.text = err->path, .max = sizeof(err->path) - sizeof(ellipsis)};
	char index[24];

	add_text(&p, base, strlen(base), false);
	for (size_t i = 0; i < count && !p.cut; i++) {
		if (steps[i].key == NULL) {
			int n = snprintf(index, sizeof(index), "/%zu", steps[i].index);

			add(&p, index, (size_t)n);
			continue;
		}
		add(&p, "/", 1);
		add_text(&p, steps[i].key, steps[i].key_len, true);
	}
	if (p.cut) {
		memcpy(p.text + p.len, ellipsis, sizeof(ellipsis) - 1);
		p.len += sizeof(ellipsis) - 1;
	}
	p.text[p.len] = 0;
}
