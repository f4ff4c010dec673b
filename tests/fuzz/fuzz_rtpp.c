/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "fuzz.h"
#include "rtpp.h"

static void check_str(const struct rtpp_str *s, const char *text, size_t size)
{
	if (s->s == NULL)
		return;
	PROMISE(s->s >= text && s->s + s->len <= text + size);
	PROMISE(memchr(s->s, '\0', s->len) == NULL && memchr(s->s, ' ', s->len) == NULL);
}

static void check_tag(const struct rtpp_str *tag)
{
	char out[RTPP_COMMAND_MAX];

	if (tag->s != NULL)
		PROMISE(rtpp_unescape(tag, out, sizeof(out)) >= 0);
}

static void check_ul(const struct rtpp_ul *ul, const char *text, size_t size)
{
	check_str(&ul->local, text, size);
	check_str(&ul->codecs, text, size);
	check_str(&ul->notify_socket, text, size);
	check_tag(&ul->notify_tag);
	PROMISE(ul->letters <= 2 && ul->ptime_ms < 1000);
	PROMISE(!(ul->asymmetric && ul->symmetric));
	if (ul->remote == RTPP_REMOTE_KNOWN)
		PROMISE(ul->remote_port != 0 && wire_ip_is4(&ul->remote_ip) != ul->ip6);
}

static void check_command(const struct rtpp_command *c, const char *text, size_t size)
{
	check_str(&c->call_id, text, size);
	check_str(&c->from, text, size);
	check_str(&c->to, text, size);
	check_str(&c->name, text, size);
	PROMISE(c->stat_count == 0 || c->stat_first + c->stat_count == c->arg_count);
	PROMISE(c->arg_count <= RTPP_ARGS_MAX && c->sub_count <= RTPP_SUBS_MAX);
	if (c->op == RTPP_UPDATE || c->op == RTPP_LOOKUP)
		check_ul(&c->ul, text, size);
	for (unsigned int i = 0; i < c->sub_count; i++) {
		check_ul(&c->sub[i].ul, text, size);
		check_tag(&c->sub[i].tag);
		check_str(&c->sub[i].call_id, text, size);
	}
}

/* First byte: bit 0: bridging; bit 1: with a cookie. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtpp_context ctx = {.bridging = size > 0 && (data[0] & 1)};
	char *text = (char *)fuzz_copy(data, size);
	struct rtpp_str cookie, rest = {text, size};
	static struct rtpp_command c;
	struct rtpp_reply r;
	bool has_cookie = false;
	int rc;

	if (size > 0 && (data[0] & 2))
		has_cookie = rtpp_split_cookie(text, size, &cookie, &rest);
	rc = rtpp_parse(rest.s, rest.len, &ctx, &c);
	PROMISE(rc >= RTPP_OK && rc <= RTPP_E_DRAINING);
	if (rc == RTPP_OK)
		check_command(&c, text, size);
	rtpp_reply_begin(&r, has_cookie ? &cookie : NULL);
	rtpp_reply_add(&r, "%.*s", (int)rest.len, rest.s);
	rtpp_reply_error(&r, rc < 0 ? 0 : rc);
	rtpp_reply_end(&r);
	PROMISE(r.len <= RTPP_REPLY_MAX && r.data[r.len - 1] == '\n' && !r.full);
	free(text);
	return 0;
}
