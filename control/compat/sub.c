/* SPDX-License-Identifier: BSD-3-Clause */
/* Sub-commands: after U, L and Q, one after the other, until one fails. */
#include <stdio.h>

#include "compat_private.h"
#include "session_media.h"

#define FAILED "-1"

struct result {
	char text[64]; /* "": it went well, and there is nothing to say */
};

static int set_tos(struct compat *c, struct entry *e, unsigned int leg, uint32_t tos)
{
	struct session_change ch = {.id = e->id};
	struct session_answer a;
	struct session_error err;

	if (tos > UINT8_MAX)
		return -1;
	ch.leg[leg].set_dscp = true;
	ch.leg[leg].dscp = (uint8_t)(tos >> 2);
	return session_update(c->s, &ch, &a, &err) == SESSION_OK ? 0 : -1;
}

static int set_ttl(struct compat *c, struct entry *e, unsigned int leg, uint32_t ttl_s)
{
	struct session_change ch = {.id = e->id, .set_idle_timeout = true};
	struct session_answer a;
	struct session_error err;

	ttl_set(c, e, leg, ttl_s);
	ch.idle_timeout_s = RTE_MAX(e->ttl_s[0], e->ttl_s[1]);
	return session_update(c->s, &ch, &a, &err) == SESSION_OK ? 0 : -1;
}

/* The other side at once: *leg is the one that speaks from then on. */
static int look_up(struct compat *c, struct entry *e, unsigned int *leg, const struct rtpp_ul *ul,
		   const struct sockaddr *peer, struct result *r)
{
	bool is_update = ul->notify_socket.s != NULL;
	struct port_reply port;

	if (update_side(c, e, 1 - *leg, ul, is_update, peer, &port) != RTPP_OK)
		return -1;
	*leg = 1 - *leg;
	update_write(c, &port, r->text);
	return 0;
}

static bool is_there(const struct compat *c, const struct entry *e, uint32_t index)
{
	return c->book.by_index[index] == e;
}

static int carry_out(struct compat *c, const struct rtpp_sub *sub, struct entry *e,
		     unsigned int *leg, const struct sockaddr *peer, struct result *r)
{
	switch ((enum rtpp_sub_kind)sub->kind) {
	case RTPP_SUB_DELETE:
		return end_delete(c, &e->call_id, &e->tag, &(struct rtpp_str){NULL, 0}, sub->weak)
			       ? 0
			       : -1;
	case RTPP_SUB_SET:
		if (sub->tos)
			return set_tos(c, e, sub->reverse ? 1 - *leg : *leg, sub->value);
		return set_ttl(c, e, sub->reverse ? 1 - *leg : *leg, sub->value);
	case RTPP_SUB_LOOKUP: return look_up(c, e, leg, &sub->ul, peer, r);
	case RTPP_SUB_DTMF: return dtmf_catch(c, e, *leg, &sub->tag);
	case RTPP_SUB_COPY: return record_forward(c, sub, e, *leg);
	}
	return -1;
}

void sub_commands(struct compat *c, const struct rtpp_command *cmd, struct entry *e,
		  unsigned int leg, const struct sockaddr *peer, struct rtpp_reply *r)
{
	unsigned int skipped = 0;
	uint32_t index = e->index;
	bool failed = false;

	for (unsigned int i = 0; i < cmd->sub_count && !failed; i++) {
		struct result res = {""};

		failed = !is_there(c, e, index) ||
			 carry_out(c, &cmd->sub[i], e, &leg, peer, &res) != 0;
		if (failed)
			snprintf(res.text, sizeof(res.text), FAILED);
		if (res.text[0] == '\0') {
			skipped++;
			continue;
		}
		for (; skipped > 0; skipped--)
			rtpp_reply_add(r, " && 0");
		rtpp_reply_add(r, " && %s", res.text);
	}
}
