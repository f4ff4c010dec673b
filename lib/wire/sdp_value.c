/* SPDX-License-Identifier: BSD-3-Clause */
/* What attributes mean that a media relay cares for. */
#include <errno.h>
#include <string.h>

#include "sdp.h"

static int fault(const char **why, const char *reason)
{
	*why = reason;
	return -EINVAL;
}

static bool read_ip(struct sdp_view v, union wire_ip *ip)
{
	char text[WIRE_IP_STRLEN];

	if (v.len >= sizeof(text))
		return false;
	memcpy(text, v.at, v.len);
	text[v.len] = '\0';
	return wire_ip_parse(text, ip) == 0;
}

static bool is_name(struct sdp_view v)
{
	bool letter = false;

	for (size_t i = 0; i < v.len; i++) {
		char c = v.at[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			letter = true;
		else if (!(c >= '0' && c <= '9') && c != '-' && c != '.')
			return false;
	}
	return letter && v.len <= 255;
}

int sdp_read_connection(struct sdp_view v, struct sdp_connection *out, const char **why)
{
	struct sdp_view net = sdp_word(&v), family = sdp_word(&v), address = sdp_word(&v);
	const char *slash = address.len > 0 ? memchr(address.at, '/', address.len) : NULL;
	bool ip4 = sdp_is_nocase(family, "IP4");

	*out = (struct sdp_connection){0};
	if (!sdp_is_nocase(net, "IN") || (!ip4 && !sdp_is_nocase(family, "IP6")) ||
	    address.len == 0 || v.len != 0)
		return fault(why, "must be IN, then IP4 or IP6, then an address");
	if (slash != NULL) {
		out->has_ttl = true;
		address.len = (size_t)(slash - address.at);
	}
	if (read_ip(address, &out->ip)) {
		/* An IPv4 address written as IPv6 is none of either. */
		if (wire_ip_is4(&out->ip) != ip4 ||
		    (!ip4 && memchr(address.at, ':', address.len) == NULL))
			return fault(why, "the address is not of the family before it");
		return 0;
	}
	memset(&out->ip, 0, sizeof(out->ip));
	out->is_name = true;
	return is_name(address) ? 0 : fault(why, "neither an address nor a domain name");
}

int sdp_read_rtcp(struct sdp_view v, struct sdp_rtcp *out, const char **why)
{
	struct sdp_view word = sdp_word(&v);
	uint64_t port;

	*out = (struct sdp_rtcp){0};
	if (!sdp_number(word, UINT16_MAX, &port))
		return fault(why, "a port is 0 to 65535");
	out->port = (uint16_t)port;
	if (v.len == 0)
		return 0;
	out->has_connection = true;
	return sdp_read_connection(v, &out->c, why);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

int sdp_read_fingerprint(struct sdp_view v, struct sdp_fingerprint *out, const char **why)
{
	const char *p;

	out->hash = sdp_word(&v);
	out->value = sdp_word(&v);
	if (!sdp_is_token(out->hash) || out->value.len == 0 || v.len != 0)
		return fault(why, "must be a hash's name, then the fingerprint");
	p = out->value.at;
	if (out->value.len % 3 != 2 || out->value.len > 3 * SDP_FINGERPRINT_MAX - 1)
		return fault(why, "must be bytes of two hexadecimal digits, with colons between");
	for (size_t i = 0; i < out->value.len; i++)
		if (i % 3 == 2 ? p[i] != ':' : !is_hex(p[i]))
			return fault(why, "must be bytes of two hexadecimal digits, with colons "
					  "between");
	return 0;
}

static const char *const setups[] = {
	[SDP_SETUP_ACTIVE] = "active",
	[SDP_SETUP_PASSIVE] = "passive",
	[SDP_SETUP_ACTPASS] = "actpass",
	[SDP_SETUP_HOLDCONN] = "holdconn",
};

int sdp_read_setup(struct sdp_view v, enum sdp_setup *out, const char **why)
{
	for (enum sdp_setup s = SDP_SETUP_ACTIVE; s <= SDP_SETUP_HOLDCONN; s++)
		if (sdp_is_nocase(v, setups[s])) {
			*out = s;
			return 0;
		}
	return fault(why, "must be active, passive, actpass or holdconn");
}

const char *sdp_setup_name(enum sdp_setup s)
{
	return setups[s];
}

static const char *const directions[] = {
	[0] = "inactive",
	[SDP_RECV] = "recvonly",
	[SDP_SEND] = "sendonly",
	[SDP_SEND | SDP_RECV] = "sendrecv",
};

bool sdp_read_direction(struct sdp_view name, unsigned int *out)
{
	for (unsigned int i = 0; i <= (SDP_SEND | SDP_RECV); i++)
		if (sdp_is(name, directions[i])) {
			*out = i;
			return true;
		}
	return false;
}

const char *sdp_direction_name(unsigned int direction)
{
	return directions[direction];
}

static bool is_ice_text(struct sdp_view v)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '+' && c != '/')
			return false;
	}
	return true;
}

int sdp_read_ufrag(struct sdp_view v, const char **why)
{
	if (v.len < 4 || v.len > 256 || !is_ice_text(v))
		return fault(why, "must be 4 to 256 letters, digits, + or /");
	return 0;
}

int sdp_read_pwd(struct sdp_view v, const char **why)
{
	if (v.len < 22 || v.len > 256 || !is_ice_text(v))
		return fault(why, "must be 22 to 256 letters, digits, + or /");
	return 0;
}

bool sdp_has_word(struct sdp_view v, const char *word)
{
	while (v.len > 0)
		if (sdp_is(sdp_word(&v), word))
			return true;
	return false;
}

bool sdp_read_payload_type(struct sdp_view v, uint8_t *out)
{
	uint64_t n;

	if (!sdp_number(v, 127, &n))
		return false;
	*out = (uint8_t)n;
	return true;
}

const char *sdp_static_rtpmap(uint8_t payload_type)
{
	static const char *const maps[] = {
		[0] = "PCMU/8000",    [3] = "GSM/8000",    [4] = "G723/8000",   [5] = "DVI4/8000",
		[6] = "DVI4/16000",   [7] = "LPC/8000",    [8] = "PCMA/8000",   [9] = "G722/8000",
		[10] = "L16/44100/2", [11] = "L16/44100",  [12] = "QCELP/8000", [13] = "CN/8000",
		[14] = "MPA/90000",   [15] = "G728/8000",  [16] = "DVI4/11025", [17] = "DVI4/22050",
		[18] = "G729/8000",   [25] = "CelB/90000", [26] = "JPEG/90000", [28] = "nv/90000",
		[31] = "H261/90000",  [32] = "MPV/90000",  [33] = "MP2T/90000", [34] = "H263/90000",
	};

	return payload_type < sizeof(maps) / sizeof(maps[0]) ? maps[payload_type] : NULL;
}
