/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "base64.h"
#include "fuzz.h"
#include "sdes.h"

/* What was accepted is written, and read again as the same. */
static void check_round(const struct sdes *s)
{
	static char text[SDES_KEYS_MAX * SDES_STRLEN];
	struct sdes back;
	const char *why;
	int len = sdes_format(s, text, sizeof(text));

	PROMISE(len > 0 && text[len] == '\0');
	PROMISE(s->key_count > 1 || len < SDES_STRLEN);
	PROMISE(sdes_parse(text, (size_t)len, &back, &why) == 0);
	back.wsh = s->wsh;
	PROMISE(memcmp(s, &back, sizeof(*s)) == 0);
}

static void check_sound(const struct sdes *s)
{
	PROMISE(s->tag <= SDES_TAG_MAX && s->suite < SDES_SUITE_COUNT);
	PROMISE(s->key_count >= 1 && s->key_count <= SDES_KEYS_MAX);
	for (unsigned int i = 0; i < s->key_count; i++) {
		const struct sdes_key *k = &s->key[i];

		PROMISE(k->master_len ==
			sdes_suite_key_len(s->suite) + sdes_suite_salt_len(s->suite));
		PROMISE(k->lifetime <= SDES_LIFETIME_MAX && k->mki_len <= SDES_MKI_MAX);
		PROMISE(s->key_count == 1 || k->mki_len != 0);
	}
}

/* Different texts are different bytes, but for padding. */
static void check_base64(const char *text, size_t len)
{
	uint8_t bytes[64];
	char back[WIRE_BASE64_LEN(sizeof(bytes)) + 1];
	int n = wire_base64_decode(text, len, bytes, sizeof(bytes));

	if (n < 0)
		return;
	wire_base64_encode(bytes, (size_t)n, back);
	PROMISE(strlen(back) == WIRE_BASE64_LEN((size_t)n));
	PROMISE(len <= strlen(back) && memcmp(back, text, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = (char *)fuzz_copy(data, size);
	const char *why = NULL;
	struct sdes s;
	int rc = sdes_parse(text, size, &s, &why);

	PROMISE(rc == 0 || rc == -EINVAL || rc == -ENOTSUP);
	PROMISE((rc == 0) == (why == NULL));
	if (rc == 0) {
		check_sound(&s);
		check_round(&s);
	}
	check_base64(text, size);
	free(text);
	return 0;
}
