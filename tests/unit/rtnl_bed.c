/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtnl_bed.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct rtnl r;
int kernel;

int set_up(void **state)
{
	const struct timeval wait = {.tv_usec = 50000};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	r = (struct rtnl){.fd = pair[0]};
	kernel = pair[1];
	return setsockopt(r.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
}

int tear_down(void **state)
{
	rtnl_close(&r);
	close(kernel);
	return 0;
}

union wire_ip ip(const char *text)
{
	union wire_ip a;

	assert_int_equal(wire_ip_parse(text, &a), 0);
	return a;
}

struct rtnl_route route(const char *prefix, const char *gateway)
{
	struct rtnl_route to = {.ifindex = IFINDEX};

	assert_int_equal(wire_ip_parse_prefix(prefix, &to.prefix, &to.bits), 0);
	to.has_gateway = gateway != NULL;
	if (gateway != NULL)
		to.gateway = ip(gateway);
	return to;
}

struct nlmsghdr *say(struct datagram *d, uint16_t type, uint32_t seq, const void *body, size_t len)
{
	struct nlmsghdr *h = (void *)(d->data + NLMSG_ALIGN(d->len));

	memset(h, 0, NLMSG_SPACE(len));
	h->nlmsg_type = type;
	h->nlmsg_seq = seq;
	h->nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	if (len > 0)
		memcpy(NLMSG_DATA(h), body, len);
	d->len = NLMSG_ALIGN(d->len) + h->nlmsg_len;
	return h;
}

void say_error(struct datagram *d, uint32_t seq, int error)
{
	const struct nlmsgerr e = {.error = error};

	say(d, NLMSG_ERROR, seq, &e, sizeof(e));
}

void add(struct datagram *d, struct nlmsghdr *h, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = (void *)((uint8_t *)h + NLMSG_ALIGN(h->nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	h->nlmsg_len = (uint32_t)(NLMSG_ALIGN(h->nlmsg_len) + a->rta_len);
	d->len = (size_t)((uint8_t *)h - d->data) + h->nlmsg_len;
}

struct nlmsghdr *say_route(struct datagram *d, uint32_t seq, uint8_t family)
{
	const struct rtmsg m = {.rtm_family = family, .rtm_type = RTN_UNICAST};

	return say(d, RTM_NEWROUTE, seq, &m, sizeof(m));
}

void send_it(const struct datagram *d)
{
	assert_int_equal(send(kernel, d->data, d->len, 0), (ssize_t)d->len);
}

uint32_t next_seq(void)
{
	return r.seq + 1;
}

void ready(int error)
{
	struct datagram d = {.len = 0};

	say_error(&d, next_seq(), error);
	send_it(&d);
}

int add_one(void)
{
	const struct rtnl_route to = route("10.0.0.0/8", NULL);

	return rtnl_route_add(&r, &to);
}

int get_one(const char *to, struct rtnl_route *out)
{
	const union wire_ip a = ip(to);

	return rtnl_route_get(&r, &a, out);
}
