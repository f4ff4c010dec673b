/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines by which tunnels are dialled: from a caller who is proven, but not to be trusted. */
#include <errno.h>

#include "fuzz.h"
#include "message.h"

static void check_again(const struct message *m)
{
	struct tnd_buf b = {0};
	struct message again;
	char why[MESSAGE_WHY];

	message_write_answer(&b, m->json, m->text.data, m->text.len, m->has_info ? &m->info : NULL);
	PROMISE(message_read(b.data, b.len, &again, why) == 0);
	PROMISE(again.json == m->json && again.has_info == m->has_info);
	PROMISE(again.text.len == m->text.len);
	PROMISE(memcmp(again.text.data, m->text.data, m->text.len) == 0);
	PROMISE(again.info.address_count == m->info.address_count);
	PROMISE(again.info.route_count == m->info.route_count && again.info.mtu == m->info.mtu);
	message_free(&again);
	tnd_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *p = fuzz_copy(data, len);
	char why[MESSAGE_WHY] = "";
	struct message m;
	int rc = message_read((const char *)p, len, &m, why);

	PROMISE(rc == 0 || (rc == -EINVAL && why[0] != '\0'));
	if (rc == 0 && m.error[0] == '\0') {
		PROMISE(m.text.len > 0 && m.text.data[m.text.len] == '\0');
		PROMISE(m.user[0] == '\0' || wire_rtptp_name_ok(m.user, strlen(m.user)));
		check_again(&m);
	}
	for (const char *c = m.reason; *c != '\0'; c++)
		PROMISE(*c >= ' ' && *c <= '~');
	message_free(&m);
	free(p);
	return 0;
}
