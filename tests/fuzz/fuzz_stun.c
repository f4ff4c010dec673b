/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * STUN messages, alone and as what an ICE agent gets. The input is a byte of set-up and then
 * messages, each behind a byte that says what of it is put right, since nobody guesses an HMAC.
 */
#include <endian.h>
#include <errno.h>

#include "fuzz.h"
#include "ice_private.h"

enum {
	SET_FULL = 1,
	SET_CONTROLLING = 2,
	SET_REMOTE = 4,
	SET_CANDIDATE = 8,
	SET_REMOTE_LITE = 16,
	SET_STUN_SERVER = 32,
	SET_OFFERED = 64, /* what restarts is answered by one peer or the other instead */

	FIX_USER = 1,      /* USERNAME begins with the agent's fragment */
	FIX_INTEGRITY = 2, /* by the agent's password, of a response by the peer's */
	FIX_FINGERPRINT = 4,
	FIX_ID = 8,       /* that of the agent's last request */
	FROM_SERVER = 16, /* else from one of three others: */
	FROM_SHIFT = 5,   /* and 7: a restart instead of a message */
};

static const char remote_pwd[] = "fuzzfuzzfuzzfuzzfuzzfuzz";
static uint64_t now_ms;
static struct tnd_timers timers;
static uint8_t last_id[STUN_ID_LEN];
static unsigned int answers;

static void on_send(void *arg, const struct ice_addr *to, const void *data, size_t len)
{
	struct stun_msg m;

	PROMISE(stun_parse(data, len, &m) == 0);
	PROMISE(m.has & STUN_HAS_FINGERPRINT && m.unknown_count == 0);
	if (m.class == STUN_REQUEST)
		memcpy(last_id, m.id, STUN_ID_LEN);
	answers += m.class == STUN_SUCCESS || m.class == STUN_ERROR;
}

static void on_selected(void *arg, const struct ice_addr *remote)
{
	PROMISE(ice_source_valid(*(struct ice_agent **)arg, remote));
}

static const struct ice_ops ops = {.send = on_send, .selected = on_selected};

static struct ice_addr address(unsigned int i)
{
	return (struct ice_addr){wire_ip_from4(htobe32(0xc0000200 + i)), (uint16_t)(1000 + i)};
}

/* ---- the parser ---------------------------------------------------------------------------- */

static void check_sound(const struct stun_msg *m, const uint8_t *data, size_t len)
{
	struct stun_attr a;
	size_t off = 0, before = 20;

	PROMISE(m->len == len && len % 4 == 0 && m->method < 0x1000);
	if (m->has & STUN_HAS_USERNAME)
		PROMISE((const uint8_t *)m->username + m->username_len <= data + len);
	if (m->has & STUN_HAS_SHA1)
		PROMISE(m->sha1_off >= 20 && m->sha1_off + 4u + STUN_SHA1_LEN <= len);
	if (m->has & STUN_HAS_SHA256)
		PROMISE(m->sha256_off >= 20 && m->sha256_len >= STUN_SHA256_MIN &&
			m->sha256_off + 4u + m->sha256_len <= len);
	if (m->has & STUN_HAS_ERROR)
		PROMISE(m->error >= 300 && m->error <= 699);
	while (stun_next(data, len, &off, &a)) {
		PROMISE(off > before && off <= len && a.value + a.len <= data + len);
		before = off;
	}
	PROMISE(len == 20 || off == len);
}

static void check_parser(const uint8_t *data, size_t len)
{
	uint8_t *copy = fuzz_copy(data, len);
	struct stun_msg m;

	if (stun_parse(copy, len, &m) == 0)
		check_sound(&m, copy, len);
	free(copy);
}

/* ---- the agent ----------------------------------------------------------------------------- */

static void fix_attr(struct ice_agent *a, uint8_t flags, uint8_t *data,
		     const struct stun_attr *attr)
{
	size_t off = (size_t)(attr->value - 4 - data);
	bool sha256 = attr->type == STUN_MESSAGE_INTEGRITY_SHA256;
	uint8_t head[4], mac[STUN_SHA256_LEN];
	struct stun_msg m = {.data = data};
	struct ice_key k;

	if (flags & FIX_USER && attr->type == STUN_USERNAME && attr->len > ICE_UFRAG_LEN) {
		memcpy(data + off + 4, ice_ufrag(a), ICE_UFRAG_LEN);
		data[off + 4 + ICE_UFRAG_LEN] = ':';
	}
	if (flags & FIX_INTEGRITY &&
	    ((sha256 && attr->len <= STUN_SHA256_LEN) ||
	     (attr->type == STUN_MESSAGE_INTEGRITY && attr->len == STUN_SHA1_LEN))) {
		const char *pwd = data[0] & 1 ? remote_pwd : ice_pwd(a);

		ice_key_init(&k, pwd, strlen(pwd));
		stun_covered_head(&m, (uint16_t)off, attr->len, head);
		ice_key_mac(&k, sha256, head, data + 4, off - 4, mac);
		memcpy(data + off + 4, mac, attr->len);
	}
	if (flags & FIX_FINGERPRINT && attr->type == STUN_FINGERPRINT && attr->len == 4)
		wire_put32(data + off + 4, stun_crc32(data, off) ^ 0x5354554e);
}

static void input(struct ice_agent *a, uint8_t flags, uint8_t *data, size_t len)
{
	struct ice_addr from = flags & FROM_SERVER ? address(9) : address(flags >> FROM_SHIFT & 3);
	unsigned int before = answers;
	struct ice_addr early;
	bool nominating;
	struct ice_info info;
	struct stun_attr attr;
	struct stun_msg m;
	size_t off = 0;
	int rc;

	if (len >= 20 && flags & FIX_ID)
		memcpy(data + 8, last_id, STUN_ID_LEN);
	while (len >= 20 && stun_next(data, len, &off, &attr))
		fix_attr(a, flags, data, &attr);
	rc = ice_input(a, &from, data, len);
	if (answers != before) {
		/* Answered: one request, of somebody who knows the password. */
		PROMISE(rc == 0 || rc == -ENOSPC);
		PROMISE(answers == before + 1);
		PROMISE(stun_parse(data, len, &m) == 0 && m.class == STUN_REQUEST);
		PROMISE(m.has & STUN_HAS_USERNAME && m.has & (STUN_HAS_SHA1 | STUN_HAS_SHA256));
	}
	ice_get_info(a, &info);
	PROMISE(info.remotes <= ICE_REMOTES_MAX && info.learned <= ICE_PEER_REFLEXIVE_MAX);
	PROMISE(!info.has_selected || ice_source_valid(a, &info.selected));
	PROMISE(!info.has_selected || !ice_early(a, &early, &nominating));
	PROMISE(ice_bytes(a) <= 8192);
}

static void set_up(struct ice_agent *a, uint8_t set)
{
	struct candidate c = {.foundation = "1", .component = 1, .priority = 99};

	if (set & SET_REMOTE)
		PROMISE(ice_set_remote(a, "fuzz", remote_pwd, set & SET_REMOTE_LITE) == 0);
	c.ip = address(1).ip;
	c.port = address(1).port;
	if (set & SET_CANDIDATE)
		ice_add_remote_candidate(a, &c);
}

static void restart(struct ice_agent *a, uint8_t set)
{
	const char *ufrag = ice_remote_ufrag(a);
	char own[ICE_UFRAG_LEN + 1];

	if (!(set & SET_OFFERED)) {
		PROMISE(ice_restart(a) == 0);
		PROMISE(ice_set_remote(a, "fuzzy", remote_pwd, false) >= 0);
		return;
	}
	strcpy(own, ice_ufrag(a));
	ufrag = ufrag == NULL || strcmp(ufrag, "fuzz") != 0 ? "fuzz" : "fuzzy";
	PROMISE(ice_set_remote(a, ufrag, remote_pwd, false) == 0);
	PROMISE(strcmp(own, ice_ufrag(a)) == 0);
	ice_offered(a, false);
	ice_offered(a, true);
}

static void check_agent(const uint8_t *data, size_t size)
{
	uint8_t set = size > 0 ? data[0] : 0;
	struct ice_agent *a;
	struct ice_config cfg = {
		.mode = set & SET_FULL ? ICE_FULL : ICE_LITE,
		.controlling = set & SET_CONTROLLING,
		.tie_breaker = UINT64_C(1) << 62,
		.local = address(0),
		.stun_server = {address(9)},
		.stun_server_count = set & SET_STUN_SERVER ? 1 : 0,
		.timers = &timers,
		.now_ms = &now_ms,
		.ops = &ops,
		.arg = &a,
	};

	/* Once: it takes longer than an agent's life. */
	if (now_ms == 0) {
		now_ms = 1000;
		tnd_timers_init(&timers, now_ms);
	}
	a = ice_new(&cfg);
	PROMISE(a != NULL);
	set_up(a, set);
	ice_offered(a, set & SET_OFFERED);
	for (size_t at = 1; at + 1 < size;) {
		uint8_t flags = data[at++], *copy;
		size_t len = size - at;

		if (len >= 20 && 20u + wire_get16(data + at + 2) < len)
			len = 20u + wire_get16(data + at + 2);
		copy = fuzz_copy(data + at, len);
		at += len;
		if (flags >> FROM_SHIFT == 7)
			restart(a, set);
		else
			input(a, flags, copy, len);
		free(copy);
		for (unsigned int i = 0; i < 8; i++) {
			now_ms += 30;
			tnd_timers_run(&timers, now_ms);
		}
	}
	ice_free(a);
	PROMISE(timers.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_parser(data, size);
	if (size > 2)
		check_parser(data + 2, size - 2);
	check_agent(data, size);
	return 0;
}
