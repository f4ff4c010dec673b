/* SPDX-License-Identifier: BSD-3-Clause */
/* One command: found out what it is, carried out, answered. */
#include <rte_cycles.h>

#include "compat_private.h"
#include "log.h"

static bool has_feature(const struct compat *c, const struct rtpp_str *date)
{
	for (unsigned int i = 0; i < RTPP_FEATURE_COUNT; i++)
		if (rtpp_str_is(date, rtpp_features[i].date))
			return !(rtpp_features[i].needs_media && c->media == NULL) &&
			       !(rtpp_features[i].needs_targets && c->targets.count == 0);
	return false;
}

int compat_error(const struct session_error *err, bool is_new)
{
	switch (err->fault) {
	case SESSION_NO_PORTS: return is_new ? RTPP_E_NO_PORT : RTPP_E_NO_PORT_MORE;
	case SESSION_TABLE_FULL:
	case SESSION_LIMIT: return RTPP_E_OVERLOAD;
	case SESSION_WRONG_STATE: return RTPP_E_DRAINING;
	case SESSION_NO_MEMORY: return RTPP_E_SESSION_MEMORY;
	case SESSION_NOT_FOUND: return RTPP_E_NO_SESSION;
	default: return RTPP_E_REMOTE;
	}
}

static void update_and_lookup(struct compat *c, const struct rtpp_command *cmd,
			      const struct sockaddr *peer, struct rtpp_reply *r)
{
	struct port_reply port;
	struct entry *e = NULL;
	unsigned int leg = 0;
	char text[64];
	int rc = update_command(c, cmd, peer, &e, &leg, &port);

	if (rc != RTPP_OK) {
		rtpp_reply_error(r, rc);
		return;
	}
	if (e == NULL) {
		rtpp_reply_add(r, "0"); /* a lookup of what is not there is no error to clients … */
		r->error = true;        /* … but counts as one */
		return;
	}
	update_write(c, &port, text);
	rtpp_reply_add(r, "%s", text);
	sub_commands(c, cmd, e, leg, peer, r);
}

/* Commands about one session that must be there. */
static void about_session(struct compat *c, const struct rtpp_command *cmd,
			  const struct sockaddr *peer, struct rtpp_reply *r)
{
	unsigned int leg;
	struct entry *e = book_find(&c->book, &cmd->call_id, &cmd->from, &cmd->to, &leg);
	int rc = cmd->late_error;

	if (e == NULL) {
		rtpp_reply_error(r, RTPP_E_NO_SESSION);
		return;
	}
	switch (cmd->op) {
	case RTPP_QUERY:
		if (rc != RTPP_OK)
			break;
		query_session(c, cmd, e, leg, r);
		if (!r->error)
			sub_commands(c, cmd, e, leg, peer, r);
		return;
	case RTPP_PLAY: rc = play_start(c, cmd, e, leg); break;
	case RTPP_STOP_PLAY: play_stop(c, e, leg); break;
	default: /* RTPP_COPY */
		rc = record_copy(c, cmd, e, leg, r);
		if (rc == RTPP_OK && r->len > r->begin)
			return;
	}
	if (c->later != NULL)
		return;
	if (rc != RTPP_OK)
		rtpp_reply_error(r, rc);
	else
		rtpp_reply_add(r, "0");
}

static void answer(struct rtpp_reply *r, int rc)
{
	if (rc != RTPP_OK)
		rtpp_reply_error(r, rc);
	else
		rtpp_reply_add(r, "0");
}

static void carry_out(struct compat *c, const struct rtpp_command *cmd, const struct sockaddr *peer,
		      struct rtpp_reply *r)
{
	switch (cmd->op) {
	case RTPP_UPDATE:
	case RTPP_LOOKUP: update_and_lookup(c, cmd, peer, r); break;
	case RTPP_DELETE:
		answer(r, end_delete(c, &cmd->call_id, &cmd->from, &cmd->to, cmd->weak)
				  ? RTPP_OK
				  : RTPP_E_NO_SESSION);
		break;
	case RTPP_DELETE_ALL:
		tnd_info("rtpproxy", "X: all %u sessions are deleted", c->book.count);
		end_all(c);
		answer(r, RTPP_OK);
		break;
	case RTPP_RECORD: answer(r, record_command(c, cmd)); break;
	case RTPP_STOP_RECORD: answer(r, record_stop(c, cmd)); break;
	case RTPP_INFO: query_info(c, cmd, r); break;
	case RTPP_STATS: query_totals(c, cmd, r); break;
	case RTPP_VERSION: rtpp_reply_add(r, "%s", RTPP_FEATURE_BASE); break;
	case RTPP_FEATURE: rtpp_reply_add(r, "%d", has_feature(c, &cmd->name)); break;
	default: about_session(c, cmd, peer, r);
	}
}

void compat_finish(struct compat *c, struct rtpp_reply *r)
{
	rtpp_reply_end(r);
	c->n.ncmds_repld++;
	if (r->error)
		c->n.ncmds_errs++;
	else
		c->n.ncmds_succd++;
}

struct waiter *compat_execute(struct compat *c, const struct rtpp_str *text,
			      const struct sockaddr *peer, struct rtpp_reply *r)
{
	uint64_t begin = rte_rdtsc();
	int rc = rtpp_parse(text->s, text->len, &c->ctx, &c->cmd);

	c->n.ncmds_rcvd++;
	c->later = NULL;
	if (rc == RTPP_OK)
		carry_out(c, &c->cmd, peer, r);
	else
		rtpp_reply_error(r, rc);
	if (c->later != NULL)
		c->later->r = *r;
	else
		compat_finish(c, r);
	c->busy_tsc += rte_rdtsc() - begin;
	return c->later;
}
