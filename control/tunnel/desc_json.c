/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptions of tunnels as JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "desc.h"

#define CODER "XPARENT"

static enum session_fault bad(struct session_error *err, const char *member, const char *reason)
{
	char path[sizeof(err->path)];

	snprintf(path, sizeof(path), "/json%s%s", member[0] != '\0' ? "/" : "", member);
	return desc_fault(err, SESSION_BAD_PARAMS, path, "%s", reason);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Text of a member: NULL and true where it is absent; false: no text, or too much of it. */
static bool member_text(struct tunnel_desc *d, const struct json_value *v, const char *key,
			const char **out)
{
	const struct json_value *m = json_member(v, key);

	*out = NULL;
	if (m == NULL)
		return true;
	if (!json_is_string(m))
		return false;
	*out = desc_text(d, json_string(m), strlen(json_string(m)));
	return *out != NULL;
}

static bool member_flag(const struct json_value *v, const char *key, bool *out)
{
	const struct json_value *m = json_member(v, key);

	*out = false;
	return m == NULL || json_to_bool(m, out);
}

static enum session_fault read_coder(const struct json_value *v, struct tunnel_desc *out,
				     struct session_error *err)
{
	const struct json_value *list = json_member(v, "coder");

	if (list == NULL || !json_is_array(list))
		return bad(err, "coder", "must be an array");
	for (const struct json_value *c = json_first(list); c != NULL; c = json_next(c)) {
		const struct json_value *name = json_member(c, "coder"), *pt = json_member(c, "pt");
		int64_t n;

		if (name == NULL || !json_is_string(name) || strcmp(json_string(name), CODER) != 0)
			continue;
		if (pt == NULL || !json_to_int(pt, &n) || n < 0 || n > 127)
			return bad(err, "coder", CODER " without a payload type `pt` of 0 to 127");
		out->payload_type = (uint8_t)n;
		return SESSION_OK;
	}
	return bad(err, "coder", "no " CODER);
}

static enum session_fault read_place(const struct json_value *v, struct tunnel_desc *out,
				     struct session_error *err)
{
	const struct json_value *addr = json_member(v, "audio_addr");
	const struct json_value *port = json_member(v, "audio_port");
	int64_t n;

	if (addr == NULL && port == NULL)
		return SESSION_OK;
	if (addr == NULL || !json_is_string(addr) ||
	    wire_ip_parse(json_string(addr), &out->ip) != 0)
		return bad(err, "audio_addr", "must be an IPv4 or IPv6 address");
	if (port == NULL || !json_to_int(port, &n) || n < 1 || n > 65535)
		return bad(err, "audio_port", "must be a port");
	out->port = (uint16_t)n;
	out->has_place = true;
	return SESSION_OK;
}

/* "sha-256 AB:CD:…", as in SDP. */
static enum session_fault read_fingerprint(const struct json_value *ice, struct tunnel_desc *out,
					   struct session_error *err)
{
	struct leg_fingerprint *to = &out->fingerprint[0];
	struct sdp_fingerprint fp;
	const char *text, *why;

	if (!member_text(out, ice, "fingerprint", &text))
		return bad(err, "audio_ice/fingerprint", "must be text, such as sha-256 AB:CD:…");
	if (text == NULL)
		return SESSION_OK;
	if (sdp_read_fingerprint((struct sdp_view){text, strlen(text)}, &fp, &why) != 0)
		return bad(err, "audio_ice/fingerprint", why);
	to->hash = desc_text(out, fp.hash.at, fp.hash.len);
	to->value = desc_text(out, fp.value.at, fp.value.len);
	if (to->hash == NULL || to->value == NULL)
		return bad(err, "", "too much text");
	out->fingerprint_count = 1;
	out->secure = true;
	return SESSION_OK;
}

static enum session_fault read_candidates(const struct json_value *ice, struct tunnel_desc *out,
					  struct session_error *err)
{
	const struct json_value *list = json_member(ice, "candidate");

	if (list == NULL)
		return SESSION_OK;
	if (!json_is_array(list))
		return bad(err, "audio_ice/candidate", "must be an array");
	for (const struct json_value *c = json_first(list);
	     c != NULL && out->candidate_count < DESC_CANDIDATES; c = json_next(c)) {
		const char *text = NULL;

		if (json_is_string(c))
			text = desc_text(out, json_string(c), strlen(json_string(c)));
		if (text == NULL)
			return bad(err, "audio_ice/candidate", "must be lines candidate:…");
		out->candidate[out->candidate_count++] = text;
	}
	return SESSION_OK;
}

static enum session_fault read_ice(const struct json_value *v, struct tunnel_desc *out,
				   struct session_error *err)
{
	const struct json_value *ice = json_member(v, "audio_ice");
	const char *why;
	enum session_fault f;

	if (ice == NULL)
		return SESSION_OK;
	if (!json_is_object(ice))
		return bad(err, "audio_ice", "must be an object");
	f = read_fingerprint(ice, out, err);
	if (f != SESSION_OK)
		return f;
	if (!member_text(out, ice, "usr", &out->ufrag))
		return bad(err, "audio_ice/usr", "must be text");
	if (!member_text(out, ice, "pwd", &out->pwd))
		return bad(err, "audio_ice/pwd", "must be text");
	if ((out->ufrag == NULL) != (out->pwd == NULL))
		return bad(err, "audio_ice", "usr and pwd belong together");
	if (out->ufrag == NULL)
		return SESSION_OK;
	if (sdp_read_ufrag((struct sdp_view){out->ufrag, strlen(out->ufrag)}, &why) != 0)
		return bad(err, "audio_ice/usr", why);
	if (sdp_read_pwd((struct sdp_view){out->pwd, strlen(out->pwd)}, &why) != 0)
		return bad(err, "audio_ice/pwd", why);
	if (!member_flag(ice, "lite", &out->ice_lite))
		return bad(err, "audio_ice/lite", "must be true or false");
	out->end_of_candidates = true;
	return read_candidates(ice, out, err);
}

static enum session_fault read_setup(const struct json_value *v, struct tunnel_desc *out,
				     struct session_error *err)
{
	const char *text, *why;

	if (!member_text(out, v, "audio_setup_role", &text))
		return bad(err, "audio_setup_role", "must be text");
	if (text != NULL &&
	    sdp_read_setup((struct sdp_view){text, strlen(text)}, &out->setup, &why) != 0)
		return bad(err, "audio_setup_role", why);
	return SESSION_OK;
}

static enum session_fault read_cryptos(const struct json_value *v, struct tunnel_desc *out,
				       struct session_error *err)
{
	const struct json_value *list = json_member(v, "audio_crypto");
	const char *why = "must be text";

	if (list == NULL)
		return SESSION_OK;
	if (!json_is_array(list))
		return bad(err, "audio_crypto", "must be an array");
	out->secure = true;
	for (const struct json_value *c = json_first(list);
	     c != NULL && out->crypto_count < DESC_CRYPTOS; c = json_next(c)) {
		struct sdes *s = &out->crypto[out->crypto_count];
		int rc = json_is_string(c)
				 ? sdes_parse(json_string(c), strlen(json_string(c)), s, &why)
				 : -EINVAL;

		if (rc == -EINVAL)
			return bad(err, "audio_crypto", why);
		if (rc == 0 && s->key_count == 1)
			out->crypto_count++;
	}
	return SESSION_OK;
}

enum session_fault desc_read_json(const char *text, struct tunnel_desc *out,
				  struct session_error *err)
{
	struct json_value *root;
	struct json_error e;
	enum session_fault f;
	bool mux;
	int rc = json_parse(text, strlen(text), &root, &e);

	if (rc == -ENOMEM)
		return desc_fault(err, SESSION_NO_MEMORY, "", "out of memory");
	if (rc != 0)
		return desc_fault(err, SESSION_BAD_PARAMS, "/json", "%.150s", e.reason);
	f = json_is_object(root) ? read_coder(root, out, err) : bad(err, "", "must be an object");
	if (f == SESSION_OK)
		f = read_place(root, out, err);
	if (f == SESSION_OK)
		f = read_ice(root, out, err);
	if (f == SESSION_OK)
		f = read_setup(root, out, err);
	if (f == SESSION_OK)
		f = read_cryptos(root, out, err);
	if (f == SESSION_OK && !member_flag(root, "audio_rtcp_mux", &mux))
		f = bad(err, "audio_rtcp_mux", "must be true or false");
	json_free(root);
	return f;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_ice(struct tnd_buf *out, const struct tunnel_say *s)
{
	const struct session_dtls *dtls = &s->session->leg[0].dtls;
	const struct session_ice *ice = &s->session->leg[0].ice;
	char text[sizeof(dtls->hash) + sizeof(dtls->fingerprint) + 1];

	if (!ice->on && s->security != LEG_SECURITY_DTLS)
		return;
	json_w_open(out, "audio_ice", '{');
	if (ice->on)
		json_w_bool(out, "lite", ice->lite);
	if (s->security == LEG_SECURITY_DTLS) {
		snprintf(text, sizeof(text), "%s %s", dtls->hash, dtls->fingerprint);
		json_w_string(out, "fingerprint", text);
	}
	if (ice->on) {
		json_w_string(out, "usr", ice->ufrag);
		json_w_string(out, "pwd", ice->pwd);
		json_w_open(out, "candidate", '[');
		for (unsigned int i = 0; i < ice->candidate_count; i++)
			json_w_string(out, NULL, ice->candidate[i]);
		json_w_close(out, ']');
	}
	json_w_close(out, '}');
}

static void write_cryptos(struct tnd_buf *out, const struct tunnel_say *s)
{
	char text[SDES_STRLEN];

	json_w_open(out, "audio_crypto", '[');
	for (unsigned int i = 0; i < s->key_count; i++) {
		sdp_key_format(&s->key[i], text);
		json_w_string(out, NULL, text);
	}
	json_w_close(out, ']');
	explicit_bzero(text, sizeof(text));
}

void tunnel_say_json(struct tnd_buf *out, const struct tunnel_say *s)
{
	const struct session_endpoint *at = &s->session->leg[0].local;
	char ip[WIRE_IP_STRLEN];

	json_w_open(out, NULL, '{');
	json_w_open(out, "coder", '[');
	json_w_open(out, NULL, '{');
	json_w_string(out, "coder", CODER);
	json_w_uint(out, "pt", s->payload_type);
	json_w_close(out, '}');
	json_w_close(out, ']');
	json_w_string(out, "audio_addr", wire_ip_format(&at->ip, ip));
	json_w_uint(out, "audio_port", at->port);
	write_ice(out, s);
	if (s->security == LEG_SECURITY_DTLS)
		json_w_string(out, "audio_setup_role", sdp_setup_name(s->setup));
	if (s->security == LEG_SECURITY_SDES)
		write_cryptos(out, s);
	json_w_bool(out, "audio_rtcp_mux", true);
	json_w_close(out, '}');
}
