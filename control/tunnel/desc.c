/* SPDX-License-Identifier: BSD-3-Clause */
/* What both forms of descriptions have in common. */
#include "desc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum session_fault desc_fault(struct session_error *err, enum session_fault f, const char *path,
			      const char *fmt, ...)
{
	va_list ap;

	err->fault = f;
	snprintf(err->path, sizeof(err->path), "%s", path);
	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return f;
}

const char *desc_text(struct tunnel_desc *d, const char *at, size_t len)
{
	char *to = d->arena + d->used;

	if (len >= sizeof(d->arena) - d->used)
		return NULL;
	memcpy(to, at, len);
	to[len] = '\0';
	d->used += len + 1;
	return to;
}

/* What no form can do without. */
static enum session_fault check(const struct tunnel_desc *d, const char *path,
				struct session_error *err)
{
	if (d->secure && d->fingerprint_count == 0 && d->crypto_count == 0)
		return desc_fault(
			err, SESSION_BAD_PARAMS, path,
			"SRTP with neither a fingerprint nor a crypto line that can be used");
	if (d->ufrag == NULL && !d->has_place)
		return desc_fault(err, SESSION_BAD_PARAMS, path,
				  "neither ICE nor an address and port");
	if (d->ufrag == NULL && !wire_ip_is_unicast(&d->ip))
		return desc_fault(err, SESSION_BAD_PARAMS, path,
				  "its address is not that of a single host");
	return SESSION_OK;
}

enum session_fault tunnel_desc_read(const char *text, enum tunnel_form form,
				    struct tunnel_desc *out, struct session_error *err)
{
	const char *path = form == TUNNEL_SDP ? "/sdp" : "/json";
	enum session_fault f;

	memset(out, 0, sizeof(*out));
	if (strlen(text) > TUNNEL_TEXT_MAX)
		return desc_fault(err, SESSION_BAD_PARAMS, path, "longer than %u bytes",
				  TUNNEL_TEXT_MAX);
	f = form == TUNNEL_SDP ? desc_read_sdp(text, out, err) : desc_read_json(text, out, err);
	return f == SESSION_OK ? check(out, path, err) : f;
}

void tunnel_desc_wipe(struct tunnel_desc *d)
{
	explicit_bzero(d, sizeof(*d));
}
