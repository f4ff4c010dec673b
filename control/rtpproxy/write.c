/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The base configuration with what rtpproxy's options change in it: ports and advertised
 * addresses, directories of recordings, the level of the log, and the block `rtpproxy`, which is
 * made from nothing else. tandemd checks the whole as it checks every configuration.
 */
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "json.h"
#include "rtpproxy.h"

/* Every member of `object` but those named, as it is. */
static void copy_others(struct tnd_buf *out, const struct json_value *object,
			const char *const *except)
{
	const struct json_value *m;

	for (m = json_first(object); m != NULL; m = json_next(m)) {
		bool skip = false;

		for (unsigned int i = 0; except[i] != NULL; i++)
			skip = skip || strcmp(json_key(m), except[i]) == 0;
		if (!skip)
			json_w_value(out, json_key(m), m);
	}
}

/* Is this one of the addresses that sessions take ports at, and of which side? */
static int side_of(const struct bound *bound, int address)
{
	for (int side = 0; side < 2; side++)
		if (bound->address[side][0] == address || bound->address[side][1] == address)
			return side;
	return -1;
}

/* What -A says for this address: of a bridge's other side, or of the other family, it says nothing.
 */
static const char *advertised(const struct options *o, const union wire_ip *ip, int side)
{
	const char *text = side == 0 ? o->advertise.first : o->advertise.second;
	union wire_ip advertise;

	if (side < 0 || text == NULL)
		return NULL;
	/* tandemd refuses what is no address, and says where. */
	if (wire_ip_parse(text, &advertise) == 0 && wire_ip_is4(&advertise) != wire_ip_is4(ip))
		return NULL;
	return text;
}

static void write_address(struct tnd_buf *out, const struct options *o,
			  const struct json_value *address, const union wire_ip *ip, int side)
{
	const char *advertise = advertised(o, ip, side);
	const char *except[3] = {NULL};
	unsigned int n = 0;

	if (side >= 0 && o->port_min != 0)
		except[n++] = "ports";
	if (advertise != NULL)
		except[n++] = "advertise";
	json_w_open(out, NULL, '{');
	copy_others(out, address, except);
	if (side >= 0 && o->port_min != 0) {
		json_w_open(out, "ports", '{');
		json_w_uint(out, "min", o->port_min);
		json_w_uint(out, "max", o->port_max);
		json_w_close(out, '}');
	}
	if (advertise != NULL)
		json_w_string(out, "advertise", advertise);
	json_w_close(out, '}');
}

static void write_addresses(struct tnd_buf *out, const struct options *o,
			    const struct json_value *list, const struct config *base,
			    const struct bound *bound)
{
	const struct json_value *a;
	int i = 0;

	json_w_open(out, "addresses", '[');
	for (a = json_first(list); a != NULL; a = json_next(a), i++)
		write_address(out, o, a, &base->addresses[i].ip, side_of(bound, i));
	json_w_close(out, ']');
}

static void write_media(struct tnd_buf *out, const struct options *o,
			const struct json_value *media)
{
	static const char *const except[] = {"record_dir", "spool_dir", NULL};
	static const char *const none[] = {NULL};

	if (media == NULL && o->record_dir == NULL)
		return;
	json_w_open(out, "media", '{');
	if (media != NULL)
		copy_others(out, media, o->record_dir != NULL ? except : none);
	if (o->record_dir != NULL)
		json_w_string(out, "record_dir", o->record_dir);
	if (o->spool_dir != NULL)
		json_w_string(out, "spool_dir", o->spool_dir);
	json_w_close(out, '}');
}

static void write_bind(struct tnd_buf *out, const struct config *base, const struct bound *bound)
{
	static const char *const names[2][2] = {{"internal", "internal6"},
						{"external", "external6"}};

	json_w_open(out, "bind", '{');
	for (unsigned int side = 0; side < 2; side++)
		for (unsigned int six = 0; six < 2; six++)
			if (bound->address[side][six] >= 0)
				json_w_string(out, names[side][six],
					      base->addresses[bound->address[side][six]].name);
	json_w_close(out, '}');
}

static void write_strings(struct tnd_buf *out, const char *key, char *const *text,
			  unsigned int count)
{
	json_w_open(out, key, '[');
	for (unsigned int i = 0; i < count; i++)
		json_w_string(out, NULL, text[i]);
	json_w_close(out, ']');
}

/* rtpproxy takes the parties of a bridge for asymmetric, unless it is told otherwise. */
static const char *latch(const struct options *o)
{
	bool bridge = o->listen4.second != NULL || o->listen6.second != NULL;

	if (o->strict)
		return "strict";
	if (bridge && o->symmetric)
		return "once";
	return bridge || o->asymmetric ? "host" : "once";
}

static void write_rtpproxy(struct tnd_buf *out, const struct options *o, const struct config *base,
			   const struct bound *bound)
{
	json_w_open(out, "rtpproxy", '{');
	write_strings(out, "control", o->control, o->control_count);
	if (o->timeout_target_count > 0)
		write_strings(out, "timeout_targets", o->timeout_target, o->timeout_target_count);
	if (o->user_given)
		json_w_string(out, "group", o->group);
	if (o->socket_mode != NULL)
		json_w_string(out, "mode", o->socket_mode);
	write_bind(out, base, bound);
	json_w_bool(out, "reply_address", !bound->any);
	json_w_string(out, "latch", latch(o));
	json_w_uint(out, "ttl_s", o->ttl_s);
	if (o->setup_ttl_s != 0)
		json_w_uint(out, "setup_ttl_s", o->setup_ttl_s);
	json_w_string(out, "ttl_mode", o->independent_ttl ? "independent" : "unified");
	if (o->tos >= 0)
		json_w_uint(out, "tos", (uint64_t)o->tos);
	json_w_bool(out, "record_all", o->record_all);
	json_w_string(out, "record_format", o->record_pcap ? "pcap" : "rtp");
	json_w_bool(out, "record_rtcp", o->record_rtcp);
	json_w_bool(out, "duplicate", o->twice);
	json_w_close(out, '}');
}

bool write_config(const struct options *o, const struct config *base, const struct bound *bound,
		  struct tnd_buf *out)
{
	static const char *const except[] = {"addresses", "rtpproxy", "media", "log", NULL};
	struct json_value *root;
	struct json_error err;

	if (json_parse(base->text, base->text_len, &root, &err) != 0) {
		fprintf(stderr, "tandem-rtpproxy: %s: %s\n", o->base, err.reason);
		return false;
	}
	json_w_open(out, NULL, '{');
	copy_others(out, root, except);
	write_addresses(out, o, json_member(root, "addresses"), base, bound);
	write_media(out, o, json_member(root, "media"));
	write_rtpproxy(out, o, base, bound);
	json_w_open(out, "log", '{');
	json_w_string(out, "level", o->log_level);
	json_w_close(out, '}');
	json_w_close(out, '}');
	tnd_buf_addc(out, '\n');
	json_free(root);
	return !out->oom;
}
