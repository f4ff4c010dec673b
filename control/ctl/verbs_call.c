/* SPDX-License-Identifier: BSD-3-Clause */
/* call: one session, both legs side by side. */
#include "ctl.h"

#include <string.h>

#include "table.h"
#include "text.h"

enum cell {
	CELL_VALUE, /* as ctl_value_text() */
	CELL_COUNT, /* 1,234 */
	CELL_MS,
	CELL_HEX,     /* SSRC */
	CELL_LOSS,    /* of what should have come */
	CELL_PAYLOAD, /* RTP payload type */
	CELL_SECURITY,
	CELL_ICE,
	CELL_PAIR,
	CELL_PEER, /* the far end of ICE */
	CELL_FINGERPRINT,
	CELL_BUNDLE,
};

static const struct {
	const char *title, *path;
	enum cell cell;
	bool rare; /* left out where no leg has it */
} leg_rows[] = {
	{"address", "address", CELL_VALUE},
	{"local", "local", CELL_VALUE},
	{"rtcp", "rtcp", CELL_VALUE},
	{"remote", "remote", CELL_VALUE},
	{"learned", "learned", CELL_VALUE},
	{"latch", "latch", CELL_VALUE},
	{"latched", "latched", CELL_VALUE},
	{"state", "state", CELL_VALUE},
	{"kind", "kind", CELL_VALUE},
	{"dscp", "dscp", CELL_VALUE},
	{"hold", "hold", CELL_VALUE},
	{"security", "security", CELL_SECURITY},
	{"certificate", "security.fingerprint", CELL_FINGERPRINT, true},
	{"far certificate", "security.remote_fingerprint", CELL_FINGERPRINT, true},
	{"ice", "ice", CELL_ICE, true},
	{"ice pair", "ice.pair", CELL_PAIR, true},
	{"ice far end", "ice", CELL_PEER, true},
	{"ice consent", "ice.consent_ms", CELL_MS, true},
	{"bundle", "bundle", CELL_BUNDLE, true},
	{"rx packets", "rx.packets", CELL_COUNT},
	{"rx bytes", "rx.bytes", CELL_COUNT},
	{"lost", "rx.lost", CELL_COUNT},
	{"loss", "rx", CELL_LOSS},
	{"duplicate", "rx.duplicate", CELL_COUNT},
	{"reordered", "rx.reordered", CELL_COUNT},
	{"jitter", "rx.jitter_ms", CELL_MS},
	{"ssrc", "rx.ssrc", CELL_HEX},
	{"payload type", "rx.payload_type", CELL_PAYLOAD},
	{"last packet", "rx.last_ms", CELL_MS},
	{"tx packets", "tx.packets", CELL_COUNT},
	{"tx bytes", "tx.bytes", CELL_COUNT},
};

/* Static payload types (RFC 3551). */
static const char *payload_name(double pt)
{
	static const char *const names[] = {
		[0] = "PCMU", [3] = "GSM",   [4] = "G723",  [8] = "PCMA",  [9] = "G722",
		[13] = "CN",  [15] = "G728", [18] = "G729", [31] = "H261", [34] = "H263",
	};

	if (pt >= 96 && pt <= 127)
		return "dynamic";
	return pt >= 0 && pt < 35 ? names[(int)pt] : NULL;
}

static void loss_text(struct tnd_buf *b, const struct json_value *rx)
{
	double lost = ctl_number(rx, "lost", 0);
	double expected = ctl_number(rx, "packets", 0) - ctl_number(rx, "duplicate", 0) + lost;

	if (json_is_null(json_member(rx, "ssrc")) || expected <= 0)
		tnd_buf_addc(b, '-');
	else
		tnd_buf_addf(b, "%.2f %%", lost > 0 ? 100 * lost / expected : 0);
}

/* " (fingerprint)": why something is as it is. */
static void reason_text(struct tnd_buf *b, const struct json_value *v)
{
	if (ctl_string(v, "reason", NULL) != NULL)
		tnd_buf_addf(b, " (%s)", ctl_string(v, "reason", ""));
}

/* "sdes AEAD_AES_128_GCM, ipsec-mb", and what is unusual; "dtls connected passive …". */
static void security_text(struct tnd_buf *b, const struct json_value *security)
{
	const char *profile = ctl_string(security, "profile", "");
	const char *engine = ctl_string(security, "engine", "");
	const char *state = ctl_string(security, "state", NULL); /* of DTLS */

	tnd_buf_adds(b, ctl_string(security, "type", "-"));
	if (state != NULL)
		tnd_buf_addf(b, " %s %s", ctl_string(security, "setup", "-"), state);
	reason_text(b, security);
	tnd_buf_addf(b, "%s%s%s%s", profile[0] ? " " : "", profile, engine[0] ? ", " : "", engine);
	if (state == NULL && json_member(security, "ready") != NULL && !ctl_bool(security, "ready"))
		tnd_buf_adds(b, ", no remote key");
	if (ctl_bool(security, "untouched"))
		tnd_buf_adds(b, ", untouched");
}

/* "full completed, controlling" */
static void ice_text(struct tnd_buf *b, const struct json_value *ice)
{
	tnd_buf_addf(b, "%s %s", ctl_string(ice, "mode", "-"), ctl_string(ice, "state", "-"));
	reason_text(b, ice);
	tnd_buf_addf(b, ", %s", ctl_string(ice, "role", "-"));
	if (ctl_bool(ice, "restarting"))
		tnd_buf_adds(b, ", restarting");
}

static void pair_text(struct tnd_buf *b, const struct json_value *pair)
{
	ctl_value_text(b, json_member(pair, "local"));
	tnd_buf_adds(b, " to ");
	ctl_value_text(b, json_member(pair, "remote"));
}

/* "abcd, 3 candidates, 1 learned" */
static void peer_text(struct tnd_buf *b, const struct json_value *ice)
{
	const char *ufrag = ctl_string(ice, "remote_ufrag", NULL);

	if (ufrag == NULL) {
		tnd_buf_addc(b, '-');
		return;
	}
	tnd_buf_addf(b, "%s, %.0f candidates", ufrag, ctl_number(ice, "remotes", 0));
	if (ctl_number(ice, "learned", 0) > 0)
		tnd_buf_addf(b, ", %.0f learned", ctl_number(ice, "learned", 0));
	if (ctl_bool(ice, "remote_lite"))
		tnd_buf_adds(b, ", lite");
}

/* Enough of it to compare by eye: "sha-256 AB:CD:EF:01…". */
static void fingerprint_text(struct tnd_buf *b, const struct json_value *fp)
{
	const char *value = ctl_string(fp, "value", "-");

	tnd_buf_addf(b, "%s %.11s%s", ctl_string(fp, "hash", "-"), value,
		     strlen(value) > 11 ? "..." : "");
}

/* "of call-1: 96, 97" for a bundled leg, "96, 97" for that with the transport. */
static void bundle_text(struct tnd_buf *b, const struct json_value *bundle)
{
	const struct json_value *types = json_member(bundle, "payload_types");

	if (ctl_string(bundle, "id", NULL) != NULL)
		tnd_buf_addf(b, "of %s: ", ctl_string(bundle, "id", ""));
	for (const struct json_value *t = json_first(types); t != NULL; t = json_next(t)) {
		ctl_value_text(b, t);
		if (json_next(t) != NULL)
			tnd_buf_adds(b, ", ");
	}
}

/* Cells of more than a value; false: `v` is none of them. */
static bool object_text(struct tnd_buf *b, const struct json_value *v, enum cell cell)
{
	if (!json_is_object(v))
		return false;
	switch (cell) {
	case CELL_LOSS: loss_text(b, v); return true;
	case CELL_SECURITY: security_text(b, v); return true;
	case CELL_ICE: ice_text(b, v); return true;
	case CELL_PAIR: pair_text(b, v); return true;
	case CELL_PEER: peer_text(b, v); return true;
	case CELL_FINGERPRINT: fingerprint_text(b, v); return true;
	case CELL_BUNDLE: bundle_text(b, v); return true;
	default: return false;
	}
}

static void cell_text(struct tnd_buf *b, const struct json_value *v, enum cell cell)
{
	double d;

	if (object_text(b, v, cell))
		return;
	if (cell == CELL_VALUE || !json_to_double(v, &d)) {
		ctl_value_text(b, v);
		return;
	}
	switch (cell) {
	case CELL_COUNT: ctl_text_grouped(b, d); break;
	case CELL_HEX:
		tnd_buf_addf(b, "0x%08x", d >= 0 && d <= UINT32_MAX ? (uint32_t)d : 0);
		break;
	case CELL_MS:
		if (d >= 10000)
			ctl_text_duration(b, d / 1000);
		else
			tnd_buf_addf(b, "%.1f ms", d);
		break;
	case CELL_PAYLOAD:
		ctl_text_number(b, d, 0);
		if (payload_name(d) != NULL)
			tnd_buf_addf(b, " (%s)", payload_name(d));
		break;
	default: break;
	}
}

#define LEGS_MAX 8 /* columns */

static bool any_has(const struct json_value *const *legs, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (ctl_at(legs[i], path) != NULL)
			return true;
	return false;
}

/* A row of drops.NAME for each name that any leg has, in the order met. */
static void drop_rows(struct ctl_table *t, const struct json_value *const *legs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct json_value *drops = json_member(legs[i], "drops");

		for (const struct json_value *d = json_first(drops); d != NULL; d = json_next(d)) {
			bool before = false;

			if (json_key(d) == NULL)
				continue;
			for (size_t j = 0; j < i; j++)
				before |= json_member(json_member(legs[j], "drops"), json_key(d)) !=
					  NULL;
			if (before)
				continue;
			ctl_table_cellf(t, "drop.%s", json_key(d));
			for (size_t j = 0; j < count; j++) {
				const struct json_value *drop =
					json_member(json_member(legs[j], "drops"), json_key(d));
				struct tnd_buf cell = {0};

				if (drop != NULL)
					cell_text(&cell, drop, CELL_COUNT);
				else
					tnd_buf_addc(&cell, '0');
				ctl_table_take(t, &cell);
				tnd_buf_free(&cell);
			}
		}
	}
}

static void print_legs(struct tnd_buf *out, const struct json_value *session)
{
	static const struct ctl_column columns[LEGS_MAX + 1];
	const struct json_value *legs[LEGS_MAX];
	struct tnd_buf cell = {0};
	struct ctl_table t;
	size_t count = 0;

	for (const struct json_value *l = json_first(json_member(session, "legs"));
	     l != NULL && count < LEGS_MAX; l = json_next(l))
		legs[count++] = l;
	ctl_table_init(&t, columns, count + 1);
	ctl_table_cell(&t, "");
	for (size_t i = 0; i < count; i++)
		ctl_table_cellf(&t, "leg %zu", i);
	for (size_t r = 0; r < sizeof(leg_rows) / sizeof(leg_rows[0]); r++) {
		if (leg_rows[r].rare && !any_has(legs, count, leg_rows[r].path))
			continue;
		ctl_table_cell(&t, leg_rows[r].title);
		for (size_t i = 0; i < count; i++) {
			cell_text(&cell, ctl_at(legs[i], leg_rows[r].path), leg_rows[r].cell);
			ctl_table_take(&t, &cell);
		}
	}
	drop_rows(&t, legs, count);
	ctl_table_print(&t, out, 0);
	ctl_table_free(&t);
	tnd_buf_free(&cell);
}

static void head(struct tnd_buf *b, const struct json_value *s)
{
	const char *id = ctl_string(s, "id", "-");

	tnd_buf_addf(b, "session %s: %s, kind %s, age ", id, ctl_string(s, "state", "-"),
		     ctl_string(s, "kind", "-"));
	ctl_text_duration(b, ctl_number(s, "age_s", 0));
	tnd_buf_addf(b, ", generation %.0f, worker %.0f, idle timeout %.0f s, MOS ",
		     ctl_number(s, "generation", 0), ctl_number(s, "worker", 0),
		     ctl_number(s, "idle_timeout_s", 0));
	if (json_is_number(json_member(s, "mos")))
		tnd_buf_addf(b, "%.2f", ctl_number(s, "mos", 0));
	else
		tnd_buf_addc(b, '-');
}

enum ctl_status ctl_verb_call(struct ctl *ctl, char *const *args, size_t count)
{
	struct tnd_buf params = {0}, line = {0}, out = {0};
	struct ctl_reply reply;
	enum ctl_status status;

	if (!ctl_text_is_utf8(args[0], strlen(args[0])))
		return ctl_fail(ctl, CTL_USAGE, "%s: is not UTF-8", args[0]);
	json_w_open(&params, NULL, '{');
	json_w_string(&params, "id", args[0]);
	json_w_close(&params, '}');
	status = ctl_call(ctl, "session.get", &params, &reply);
	tnd_buf_free(&params);
	if (status != CTL_OK)
		return status;
	if (ctl->json) {
		status = ctl_write_json(ctl, reply.result);
	} else if (!json_is_array(json_member(reply.result, "legs"))) {
		status = ctl_fail(ctl, CTL_NO_DAEMON, "session.get: the answer has no legs");
	} else {
		head(&line, reply.result);
		if (line.oom)
			out.oom = true;
		else
			ctl_text_escape(&out, line.data, line.len);
		tnd_buf_addc(&out, '\n');
		print_legs(&out, reply.result);
		status = ctl_write(ctl, &out);
	}
	tnd_buf_free(&line);
	tnd_buf_free(&out);
	ctl_reply_free(&reply);
	return status;
}
