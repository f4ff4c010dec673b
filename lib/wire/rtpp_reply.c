/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rtpp.h"

void rtpp_reply_begin(struct rtpp_reply *r, const struct rtpp_str *cookie)
{
	r->len = 0;
	r->full = r->error = false;
	if (cookie != NULL && cookie->len <= RTPP_COOKIE_MAX) {
		memcpy(r->data, cookie->s, cookie->len);
		r->len = (uint16_t)cookie->len;
		r->data[r->len++] = ' ';
	}
	r->begin = r->len;
}

void rtpp_reply_add(struct rtpp_reply *r, const char *fmt, ...)
{
	size_t room = sizeof(r->data) - 1 - r->len; /* the line end's place is kept */
	va_list ap;
	int n;

	va_start(ap, fmt);
	/* The zero may stand where the line end will. */
	n = vsnprintf(r->data + r->len, room + 1, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n > room)
		r->full = true;
	else
		r->len = (uint16_t)(r->len + n);
}

void rtpp_reply_error(struct rtpp_reply *r, int error)
{
	r->len = r->begin;
	r->full = false;
	r->error = true;
	rtpp_reply_add(r, "E%d", error);
}

void rtpp_reply_end(struct rtpp_reply *r)
{
	r->data[r->len++] = '\n';
}
