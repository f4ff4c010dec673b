/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtnl.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#define ANSWER_BYTES 8192
#define ANSWER_S     1

struct request {
	struct nlmsghdr h;
	uint8_t body[512];
} __attribute__((aligned(NLMSG_ALIGNTO)));

int rtnl_open(struct rtnl *r)
{
	/* The kernel answers at once; a socket that has lost the answer must not hold us up. */
	struct timeval wait = {.tv_sec = ANSWER_S};
	int one = 1;

	r->seq = 0;
	r->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (r->fd < 0)
		return -errno;
	setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	/* Of our own request not more than the header comes back with an error. */
	setsockopt(r->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return 0;
}

void rtnl_close(struct rtnl *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

static void *begin(struct request *q, uint16_t type, uint16_t flags, size_t len)
{
	memset(q, 0, sizeof(*q));
	q->h.nlmsg_type = type;
	q->h.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	q->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	return q->body;
}

/* The few that there are in a request always fit. */
static void attribute(struct request *q, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = (void *)((uint8_t *)q + NLMSG_ALIGN(q->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	q->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

static void attribute_u32(struct request *q, uint16_t type, uint32_t value)
{
	attribute(q, type, &value, sizeof(value));
}

static void attribute_ip(struct request *q, uint16_t type, const union wire_ip *ip)
{
	if (wire_ip_is4(ip))
		attribute(q, type, &ip->w[3], 4);
	else
		attribute(q, type, ip->b, 16);
}

static uint8_t family_of(const union wire_ip *ip)
{
	return wire_ip_is4(ip) ? AF_INET : AF_INET6;
}

/* RTA_VIA: an address behind its family, which is not the route's own (RFC 5549). */
static void attribute_via(struct request *q, const union wire_ip *ip)
{
	uint16_t family = family_of(ip);
	uint8_t via[2 + 16];

	memcpy(via, &family, 2);
	memcpy(via + 2, family == AF_INET ? ip->b + 12 : ip->b, family == AF_INET ? 4 : 16);
	attribute(q, RTA_VIA, via, family == AF_INET ? 2 + 4 : 2 + 16);
}

/* What one datagram of the kernel says to request `seq`: 1: nothing that ends it; 0 or -errno. */
static int judge(const uint8_t *data, size_t len, uint32_t seq,
		 void (*fn)(void *arg, const struct nlmsghdr *h), void *arg)
{
	const struct nlmsghdr *h = (const void *)data;
	long left = (long)len; /* less than nothing behind a last one of an odd length */

	for (; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_seq != seq)
			continue;
		if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof(int)))
			return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
		if (h->nlmsg_type != NLMSG_ERROR && fn != NULL)
			fn(arg, h);
	}
	return 1;
}

/* `fn` is shown what comes before the acknowledgement. */
static int talk(struct rtnl *r, struct request *q, void (*fn)(void *arg, const struct nlmsghdr *h),
		void *arg)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	uint8_t answer[ANSWER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	int rc = 1;

	q->h.nlmsg_seq = ++r->seq;
	if (sendto(r->fd, q, q->h.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	while (rc == 1) {
		struct sockaddr_nl from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(r->fd, answer, sizeof(answer), 0, (struct sockaddr *)&from,
				     &from_len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (from.nl_pid == 0) /* other processes may write here too */
			rc = judge(answer, (size_t)n, q->h.nlmsg_seq, fn, arg);
	}
	return rc;
}

int rtnl_link_set(struct rtnl *r, unsigned int ifindex, uint16_t mtu)
{
	struct request q;
	struct ifinfomsg *m = begin(&q, RTM_NEWLINK, 0, sizeof(*m));

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = (int)ifindex;
	m->ifi_flags = m->ifi_change = IFF_UP;
	attribute_u32(&q, IFLA_MTU, mtu);
	return talk(r, &q, NULL, NULL);
}

static int address(struct rtnl *r, uint16_t type, uint16_t flags, unsigned int ifindex,
		   const union wire_ip *ip, unsigned int bits)
{
	struct request q;
	struct ifaddrmsg *m = begin(&q, type, flags, sizeof(*m));

	m->ifa_family = family_of(ip);
	m->ifa_prefixlen = (uint8_t)bits;
	m->ifa_scope = RT_SCOPE_UNIVERSE;
	m->ifa_index = ifindex;
	attribute_ip(&q, IFA_LOCAL, ip);
	attribute_ip(&q, IFA_ADDRESS, ip);
	/* Nobody beyond a TUN device could object to it. */
	if (!wire_ip_is4(ip))
		attribute_u32(&q, IFA_FLAGS, IFA_F_NODAD);
	return talk(r, &q, NULL, NULL);
}

int rtnl_address_add(struct rtnl *r, unsigned int ifindex, const union wire_ip *ip,
		     unsigned int bits)
{
	return address(r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, ip, bits);
}

int rtnl_address_del(struct rtnl *r, unsigned int ifindex, const union wire_ip *ip,
		     unsigned int bits)
{
	return address(r, RTM_DELADDR, 0, ifindex, ip, bits);
}

static int route(struct rtnl *r, uint16_t type, uint16_t flags, const struct rtnl_route *to)
{
	struct request q;
	struct rtmsg *m = begin(&q, type, flags, sizeof(*m));
	bool on_link = !to->has_gateway && wire_ip_is4(&to->prefix);

	m->rtm_family = family_of(&to->prefix);
	m->rtm_dst_len = (uint8_t)to->bits;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_type = RTN_UNICAST;
	m->rtm_scope = on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	attribute_ip(&q, RTA_DST, &to->prefix);
	attribute_u32(&q, RTA_OIF, to->ifindex);
	if (to->has_gateway && family_of(&to->gateway) == m->rtm_family)
		attribute_ip(&q, RTA_GATEWAY, &to->gateway);
	else if (to->has_gateway)
		attribute_via(&q, &to->gateway);
	return talk(r, &q, NULL, NULL);
}

int rtnl_route_add(struct rtnl *r, const struct rtnl_route *to)
{
	return route(r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, to);
}

int rtnl_route_del(struct rtnl *r, const struct rtnl_route *to)
{
	return route(r, RTM_DELROUTE, 0, to);
}

/* An address of `len` bytes as gateway; of another length than its family's it is none. */
static void read_gateway(struct rtnl_route *out, uint16_t family, const uint8_t *at, size_t len)
{
	uint32_t ip4_be;

	out->has_gateway = true;
	if (family == AF_INET && len == 4) {
		memcpy(&ip4_be, at, 4);
		out->gateway = wire_ip_from4(ip4_be);
	} else if (family == AF_INET6 && len == 16) {
		out->gateway = wire_ip_from6(at);
	} else {
		out->has_gateway = false;
	}
}

static void read_route(void *arg, const struct nlmsghdr *h)
{
	struct rtnl_route *out = arg;
	const struct rtmsg *m = NLMSG_DATA(h);
	const struct rtattr *a = RTM_RTA(m);
	int len = (int)RTM_PAYLOAD(h);

	if (h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return;
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		const uint8_t *data = RTA_DATA(a);
		uint16_t family;

		if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) == 4)
			memcpy(&out->ifindex, data, 4);
		if (a->rta_type == RTA_GATEWAY)
			read_gateway(out, m->rtm_family, data, RTA_PAYLOAD(a));
		if (a->rta_type != RTA_VIA || RTA_PAYLOAD(a) < 2)
			continue;
		memcpy(&family, data, 2);
		read_gateway(out, family, data + 2, RTA_PAYLOAD(a) - 2);
	}
}

int rtnl_route_get(struct rtnl *r, const union wire_ip *ip, struct rtnl_route *out)
{
	struct request q;
	struct rtmsg *m = begin(&q, RTM_GETROUTE, 0, sizeof(*m));
	int rc;

	*out = (struct rtnl_route){.prefix = *ip, .bits = wire_ip_is4(ip) ? 32 : 128};
	m->rtm_family = family_of(ip);
	m->rtm_dst_len = (uint8_t)out->bits;
	attribute_ip(&q, RTA_DST, ip);
	rc = talk(r, &q, read_route, out);
	if (rc == 0 && out->ifindex == 0)
		return -ENETUNREACH;
	return rc;
}
