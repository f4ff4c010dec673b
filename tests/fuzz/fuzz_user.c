/* SPDX-License-Identifier: BSD-3-Clause */
/* A user's 32 bytes of address and mask, and behind them a name. */
#include "fuzz.h"
#include "rtptp.h"

static void check_record(const uint8_t *data, size_t len)
{
	struct wire_rtptp_user user, again;
	uint8_t back[WIRE_RTPTP_USER_LEN], *p = fuzz_copy(data, len);
	enum wire_rtptp_fault fault = wire_rtptp_user_read(p, len, &user);

	PROMISE((fault == WIRE_USER_LENGTH) == (len != WIRE_RTPTP_USER_LEN));
	if (fault == WIRE_USER_OK) {
		bool v4 = wire_ip_is4(&user.addr);

		PROMISE(user.bits <= (v4 ? 32 : 128));
		PROMISE(v4 || !user.wide_mask);
		wire_rtptp_user_write(back, &user);
		PROMISE(memcmp(back, p, sizeof(back)) == 0);
		PROMISE(wire_rtptp_user_read(back, sizeof(back), &again) == WIRE_USER_OK);
		PROMISE(wire_ip_equal(&user.addr, &again.addr) && user.bits == again.bits);
		PROMISE(user.bits == 0 || !wire_ip_is_any(&user.addr));
		if (!wire_ip_is_any(&user.addr))
			PROMISE(wire_ip_is_unicast(&user.addr));
	}
	free(p);
}

static void check_name(const uint8_t *data, size_t len)
{
	uint8_t *name = fuzz_copy(data, len);
	bool ok = wire_rtptp_name_ok((const char *)name, len);

	if (ok) {
		PROMISE(len >= 1 && len <= WIRE_RTPTP_NAME_MAX);
		for (size_t i = 0; i < len; i++)
			PROMISE(name[i] >= 0x20 && name[i] != 0x7f && name[i] < 0xf5 &&
				name[i] != 0xc0 && name[i] != 0xc1);
	}
	free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t record = size < WIRE_RTPTP_USER_LEN ? size : WIRE_RTPTP_USER_LEN;

	check_record(data, record);
	check_record(data, size);
	check_name(data + record, size - record);
	return 0;
}
