/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies by UDP: by the kernel's routes, or else by tandem's; and to another session's far ends. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media_private.h"
#include "session_leg.h"
#include "udp.h"

socklen_t sink_sockaddr(const union wire_ip *ip, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (wire_ip_is4(ip)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		four->sin_addr.s_addr = ip->w[3];
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	memcpy(&six->sin6_addr, ip->b, sizeof(six->sin6_addr));
	return sizeof(*six);
}

static void from_sockaddr(const struct sockaddr_storage *in, struct session_endpoint *out)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)in;
	const struct sockaddr_in *four = (const struct sockaddr_in *)in;

	if (in->ss_family == AF_INET) {
		out->ip = wire_ip_from4(four->sin_addr.s_addr);
		out->port = ntohs(four->sin_port);
	} else {
		out->ip = wire_ip_from6(six->sin6_addr.s6_addr);
		out->port = ntohs(six->sin6_port);
	}
}

/* A socket, if the kernel knows a way to it. -errno: it doesn't, or there is no socket to be had.
 */
static int open_socket(struct sink *k)
{
	struct sockaddr_storage to, local;
	socklen_t len = sink_sockaddr(&k->ip, k->port, &to), local_len = sizeof(local);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&to, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&local, &local_len) != 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	k->fd = fd;
	from_sockaddr(&local, &k->local);
	return 0;
}

/* Of ours, of that family; the one that was asked for if it fits. -1: none. */
static int address_for(const struct config *c, const union wire_ip *to, const union wire_ip *best)
{
	int any = -1;

	for (unsigned int i = 0; i < c->address_count; i++) {
		if (c->addresses[i].port_max == 0 ||
		    wire_ip_is4(&c->addresses[i].ip) != wire_ip_is4(to))
			continue;
		if (wire_ip_equal(&c->addresses[i].ip, best))
			return (int)i;
		if (any < 0)
			any = (int)i;
	}
	return any;
}

enum session_fault media_copy_start(struct media *m, const struct media_copy *c, bool *created,
				    struct session_endpoint *local, struct session_error *err)
{
	enum session_fault f;
	struct sink *k;
	int rc;

	if (c->port == 0 || c->port == UINT16_MAX)
		return media_fault(err, SESSION_BAD_PARAMS, "/udp/port",
				   "RTCP goes to the next port: 1 to 65534");
	if (wire_ip_is_any(&c->ip) || wire_ip_is_multicast(&c->ip))
		return media_fault(err, SESSION_BAD_PARAMS, "/udp/ip",
				   "not the address of a single host");
	k = sink_make(MEDIA_KIND_COPY, c->name, "copy", c->legs, err);
	if (k == NULL)
		return err->fault;
	k->ip = c->ip;
	k->port = c->port;
	k->no_rtcp = c->no_rtcp;
	rc = open_socket(k);
	if (rc != 0 && address_for(m->h->config, &c->ip, &c->ip) < 0) {
		sink_free(k);
		return media_fault(err, SESSION_BAD_PARAMS, "/udp/ip",
				   "neither the kernel (%s) nor any address of tandem reaches it",
				   strerror(-rc));
	}
	if (rc != 0)
		session_leg_local(m->s, c->id, c->legs & MEDIA_LEG_0 ? 0 : 1, &k->local);
	f = sink_begin(m, c->id, k, created, &k, err);
	if (f != SESSION_OK)
		return f;
	if (*created)
		m->stats.copies++;
	if (local != NULL)
		*local = k->local;
	return SESSION_OK;
}

/* ---- to another session -------------------------------------------------------------------- */

void sink_detach(struct media *m, struct sink *k)
{
	struct media_session *to = k->to;

	if (to == NULL)
		return;
	tnd_list_del(&k->inbound);
	k->to = NULL;
	media_session_put(m, to);
}

void sink_stop_inbound(struct media *m, struct media_session *ms)
{
	struct tnd_list *pos, *tmp;

	tnd_list_for_each_safe (pos, tmp, &ms->inbound) {
		struct sink *k = tnd_container_of(pos, struct sink, inbound);

		tnd_list_del(&k->inbound);
		k->to = NULL;
		sink_stop(m, k, SINK_STOPPED);
	}
}

/* Both legs' own media is not relayed any more. */
static enum session_fault mute(struct media *m, const char *id, bool on, struct session_error *err)
{
	const struct session_media change = {.set_mute = true, .mute = on};
	enum session_fault f = SESSION_OK;

	for (unsigned int i = 0; i < SESSION_LEGS && f == SESSION_OK; i++)
		f = session_media_set(m->s, id, i, &change, err);
	return f;
}

static enum session_fault begin_forward(struct media *m, const struct media_forward *fw,
					struct media_session *to, struct session_error *err)
{
	char name[MEDIA_NAME_MAX + 1];
	enum session_fault f;
	bool created;
	struct sink *k;

	/* One for each of them; by number, as an id may be longer than a name. */
	snprintf(name, sizeof(name), "session-%u.%u", to->index, to->generation);
	k = sink_make(MEDIA_KIND_COPY, name, NULL, MEDIA_BOTH, err);
	if (k == NULL)
		return err->fault;
	k->to = to;
	k->cross = fw->cross;
	tnd_list_add_tail(&to->inbound, &k->inbound);
	f = sink_begin(m, fw->id, k, &created, &k, err);
	if (f == SESSION_OK && created)
		m->stats.copies++;
	return f;
}

enum session_fault media_forward_start(struct media *m, const struct media_forward *fw,
				       struct session_error *err)
{
	struct media_session *to = media_session_get(m, fw->to, err);
	enum session_fault f;
	bool first;

	if (to == NULL)
		return err->fault;
	first = tnd_list_empty(&to->inbound);
	if (strcmp(fw->id, fw->to) == 0)
		f = media_fault(err, SESSION_BAD_PARAMS, "/to", "it is the same session");
	else
		f = session_sendable(m->s, fw->to, err);
	if (f == SESSION_OK)
		f = mute(m, fw->to, true, err);
	if (f == SESSION_OK) {
		struct session_error ignored;

		f = begin_forward(m, fw, to, err);
		if (f != SESSION_OK && first)
			mute(m, fw->to, false, &ignored);
	}
	media_session_put(m, to);
	return f;
}

/* ---- packets that control sends ------------------------------------------------------------ */

static int relay(struct media *m, const struct sink *k, const struct relay *r)
{
	int a;

	if (k->to != NULL)
		return session_send(m->s, k->to->id, k->cross ? 1 - r->leg : r->leg, r->rtcp,
				    r->data, r->len);
	if (k->port == 0)
		return -ENOTCONN; /* the session that it went to has ended */
	a = address_for(m->h->config, &k->ip, &r->local);
	return udp_send(m->h, (uint16_t)a, r->local_port, &k->ip, (uint16_t)(k->port + r->rtcp), 0,
			r->data, r->len);
}

void sink_relay(struct media *m, struct relay *r)
{
	helper_relayed(&m->helper);
	if (m->helper.running && relay(m, r->sink, r) != 0)
		r->sink->unsent++;
	free(r);
}
