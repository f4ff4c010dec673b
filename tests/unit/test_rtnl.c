/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is asked of the kernel by rtnetlink, and what is made of its answers; and both with a real
 * kernel, in a network namespace.
 */
#include "rtnl_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_tun.h>

/* ---- what it is asked ---- */

static struct datagram asked;

static const struct nlmsghdr *take_request(uint16_t type, uint16_t flags)
{
	const struct nlmsghdr *h = (const void *)asked.data;
	ssize_t n = recv(kernel, asked.data, sizeof(asked.data), MSG_DONTWAIT);

	assert_true(n >= (ssize_t)sizeof(*h));
	assert_int_equal(h->nlmsg_len, n);
	assert_int_equal(h->nlmsg_type, type);
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | flags);
	assert_int_equal(h->nlmsg_seq, r.seq);
	return h;
}

/* An attribute is there once, with these bytes; data NULL: it is not there. */
static void must_have(const struct nlmsghdr *h, size_t header, uint16_t type, const void *data,
		      size_t len)
{
	const struct rtattr *a = (const void *)((const uint8_t *)h + NLMSG_SPACE(header));
	int left = (int)NLMSG_PAYLOAD(h, header);
	unsigned int found = 0;

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type != type)
			continue;
		found++;
		assert_non_null(data);
		assert_int_equal(RTA_PAYLOAD(a), len);
		assert_memory_equal(RTA_DATA(a), data, len);
	}
	assert_int_equal(found, data != NULL);
	assert_int_equal(left, 0);
}

static void test_link(void **state)
{
	const uint32_t mtu = 1420;
	const struct ifinfomsg *m;
	const struct nlmsghdr *h;

	ready(0);
	assert_int_equal(rtnl_link_set(&r, IFINDEX, 1420), 0);
	h = take_request(RTM_NEWLINK, 0);
	m = NLMSG_DATA(h);
	assert_int_equal(m->ifi_index, IFINDEX);
	assert_int_equal(m->ifi_flags, IFF_UP);
	assert_int_equal(m->ifi_change, IFF_UP);
	must_have(h, sizeof(*m), IFLA_MTU, &mtu, 4);
}

static void test_addresses(void **state)
{
	const union wire_ip four = ip("10.9.0.1"), six = ip("fd00:9::1");
	const uint32_t nodad = IFA_F_NODAD;
	const struct ifaddrmsg *m;
	const struct nlmsghdr *h;

	ready(0);
	assert_int_equal(rtnl_address_add(&r, IFINDEX, &four, 16), 0);
	h = take_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	m = NLMSG_DATA(h);
	assert_int_equal(m->ifa_family, AF_INET);
	assert_int_equal(m->ifa_prefixlen, 16);
	assert_int_equal(m->ifa_index, IFINDEX);
	must_have(h, sizeof(*m), IFA_LOCAL, "\x0a\x09\x00\x01", 4);
	must_have(h, sizeof(*m), IFA_ADDRESS, "\x0a\x09\x00\x01", 4);
	must_have(h, sizeof(*m), IFA_FLAGS, NULL, 0);

	ready(0);
	assert_int_equal(rtnl_address_del(&r, IFINDEX, &six, 64), 0);
	h = take_request(RTM_DELADDR, 0);
	m = NLMSG_DATA(h);
	assert_int_equal(m->ifa_family, AF_INET6);
	assert_int_equal(m->ifa_prefixlen, 64);
	must_have(h, sizeof(*m), IFA_LOCAL, six.b, 16);
	must_have(h, sizeof(*m), IFA_FLAGS, &nodad, 4);
}

static void test_routes(void **state)
{
	static const struct {
		const char *prefix, *gateway;
		uint8_t family, scope;
	} cases[] = {
		{"10.0.0.0/8", NULL, AF_INET, RT_SCOPE_LINK},
		{"0.0.0.0/1", "192.0.2.1", AF_INET, RT_SCOPE_UNIVERSE},
		{"198.51.100.7/32", "fe80::1", AF_INET, RT_SCOPE_UNIVERSE},
		{"8000::/1", NULL, AF_INET6, RT_SCOPE_UNIVERSE},
		{"2001:db8::/32", "fe80::1", AF_INET6, RT_SCOPE_UNIVERSE},
	};
	const uint32_t oif = IFINDEX;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct rtnl_route to = route(cases[i].prefix, cases[i].gateway);
		const uint8_t *at = wire_ip_is4(&to.prefix) ? to.prefix.b + 12 : to.prefix.b;
		size_t len = cases[i].family == AF_INET ? 4 : 16;
		const struct nlmsghdr *h;
		const struct rtmsg *m;

		ready(0);
		check_case(cases[i].prefix, rtnl_route_add(&r, &to) == 0);
		h = take_request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
		m = NLMSG_DATA(h);
		assert_int_equal(m->rtm_family, cases[i].family);
		assert_int_equal(m->rtm_dst_len, to.bits);
		assert_int_equal(m->rtm_scope, cases[i].scope);
		assert_int_equal(m->rtm_table, RT_TABLE_MAIN);
		must_have(h, sizeof(*m), RTA_DST, at, len);
		must_have(h, sizeof(*m), RTA_OIF, &oif, 4);
		if (to.has_gateway && wire_ip_is4(&to.gateway))
			must_have(h, sizeof(*m), RTA_GATEWAY, to.gateway.b + 12, 4);
		else
			must_have(h, sizeof(*m), RTA_GATEWAY,
				  to.has_gateway && len == 16 ? to.gateway.b : NULL, 16);
		/* A gateway of the other family (RFC 5549): its family, then its address. */
		must_have(h, sizeof(*m), RTA_VIA,
			  i == 2 ? "\x0a\x00\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1" : NULL, 18);
		ready(0);
		check_case(cases[i].prefix, rtnl_route_del(&r, &to) == 0);
		take_request(RTM_DELROUTE, 0);
	}
}

/* ---- what it answers ---- */

/* The kernel's refusals are handed on as they are; silence is a refusal too. */
static void test_errors(void **state)
{
	static const int errors[] = {-EEXIST, -EPERM,       -ENODEV,        -ESRCH,  -ENETDOWN,
				     -EINVAL, -ENETUNREACH, -EADDRNOTAVAIL, -ENOBUFS};
	struct rtnl_route got;

	for (size_t i = 0; i < COUNT(errors); i++) {
		ready(errors[i]);
		assert_int_equal(add_one(), errors[i]);
		ready(errors[i]);
		assert_int_equal(get_one("192.0.2.1", &got), errors[i]);
	}
	assert_int_equal(add_one(), -ETIMEDOUT);
	ready(0);
	assert_int_equal(add_one(), 0);
	close(r.fd);
	assert_int_equal(add_one(), -EBADF);
	r.fd = -1;
}

static void test_way_out(void **state)
{
	const union wire_ip want = ip("192.0.2.1");
	const uint32_t oif = IFINDEX, zero = 0;
	struct datagram d = {.len = 0};
	struct rtnl_route got;
	struct nlmsghdr *h;

	h = say_route(&d, next_seq(), AF_INET);
	add(&d, h, RTA_OIF, &oif, 4);
	add(&d, h, RTA_GATEWAY, "\xc0\x00\x02\x01", 4);
	say_error(&d, next_seq(), 0);
	send_it(&d);
	assert_int_equal(get_one("198.51.100.7", &got), 0);
	assert_int_equal(got.ifindex, IFINDEX);
	assert_int_equal(got.bits, 32);
	assert_true(got.has_gateway);
	assert_true(wire_ip_equal(&got.gateway, &want));

	/* On the link; in datagrams of their own; with an interface that is none. */
	d.len = 0;
	h = say_route(&d, next_seq(), AF_INET6);
	add(&d, h, RTA_OIF, &oif, 4);
	send_it(&d);
	ready(0);
	assert_int_equal(get_one("2001:db8::7", &got), 0);
	assert_int_equal(got.bits, 128);
	assert_false(got.has_gateway);
	d.len = 0;
	h = say_route(&d, next_seq(), AF_INET);
	add(&d, h, RTA_OIF, &zero, 4);
	say_error(&d, next_seq(), 0);
	send_it(&d);
	assert_int_equal(get_one("198.51.100.7", &got), -ENETUNREACH);
	ready(0);
	assert_int_equal(get_one("198.51.100.7", &got), -ENETUNREACH);
}

/* By a gateway of the other family, as it can be set again. */
static void test_way_out_by_the_other_family(void **state)
{
	static const uint8_t via[18] = {AF_INET6, 0, 0xfe, 0x80, [17] = 1};
	const uint32_t oif = IFINDEX;
	const union wire_ip want = ip("fe80::1");
	struct datagram d = {.len = 0};
	struct rtnl_route got;
	struct nlmsghdr *h = say_route(&d, next_seq(), AF_INET);

	add(&d, h, RTA_OIF, &oif, 4);
	add(&d, h, RTA_VIA, via, sizeof(via));
	say_error(&d, next_seq(), 0);
	send_it(&d);
	assert_int_equal(get_one("198.51.100.7", &got), 0);
	assert_true(got.has_gateway);
	assert_true(wire_ip_equal(&got.gateway, &want));
}

/* ---- a real kernel ---- */

/* A route by a gateway of the other family, read and set again, where there can be a TUN device. */
static void other_family(struct rtnl *k)
{
	struct ifreq tun = {.ifr_name = "t0", .ifr_flags = IFF_TUN | IFF_NO_PI};
	struct rtnl_route to = route("198.51.100.0/24", "fe80::1"), got;
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TUNSETIFF, &tun) != 0) {
		print_message("no TUN device here\n");
	} else {
		to.ifindex = if_nametoindex("t0");
		assert_int_equal(rtnl_link_set(k, to.ifindex, 1400), 0);
		assert_int_equal(rtnl_route_add(k, &to), 0);
		to.prefix = ip("198.51.100.7");
		assert_int_equal(rtnl_route_get(k, &to.prefix, &got), 0);
		assert_true(got.has_gateway && wire_ip_equal(&got.gateway, &to.gateway));
		assert_int_equal(rtnl_route_add(k, &got), 0);
		assert_int_equal(rtnl_route_del(k, &got), 0);
	}
	if (fd >= 0)
		close(fd);
}

/* In a network of its own, where there is a loopback device and nothing else. */
static void test_real_kernel(void **state)
{
	const union wire_ip four = ip("10.9.0.1"), six = ip("fd00:9::1"), none = ip("10.9.0.2");
	struct rtnl_route to = route("192.0.2.0/24", NULL), got;
	unsigned int lo, nobody = 999999;
	struct rtnl k;

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		skip();
	lo = if_nametoindex("lo");
	assert_int_equal(rtnl_open(&k), 0);
	assert_int_equal(rtnl_route_get(&k, &four, &got), -ENETUNREACH);
	assert_int_equal(rtnl_link_set(&k, lo, 1400), 0);
	assert_int_equal(rtnl_link_set(&k, nobody, 1400), -ENODEV);
	assert_int_equal(rtnl_address_add(&k, lo, &four, 16), 0);
	assert_int_equal(rtnl_address_add(&k, lo, &four, 16), -EEXIST);
	assert_int_equal(rtnl_address_add(&k, nobody, &four, 16), -ENODEV);
	assert_int_equal(rtnl_address_del(&k, lo, &none, 16), -EADDRNOTAVAIL);
	to.ifindex = lo;
	assert_int_equal(rtnl_route_add(&k, &to), 0);
	assert_int_equal(rtnl_route_add(&k, &to), -EEXIST);
	assert_int_equal(rtnl_route_get(&k, &(union wire_ip){.b = {0}}, &got), -ENETUNREACH);
	assert_int_equal(rtnl_route_get(&k, &four, &got), 0);
	assert_int_equal(got.ifindex, lo);
	assert_false(got.has_gateway);
	assert_int_equal(rtnl_route_del(&k, &to), 0);
	assert_int_equal(rtnl_route_del(&k, &to), -ESRCH);
	if (rtnl_address_add(&k, lo, &six, 64) == 0) /* one without IPv6 */
		assert_int_equal(rtnl_address_add(&k, lo, &six, 64), -EEXIST);
	other_family(&k);
	rtnl_close(&k);
	assert_int_equal(k.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_link),
		TEST(test_addresses),
		TEST(test_routes),
		TEST(test_errors),
		TEST(test_way_out),
		TEST(test_way_out_by_the_other_family),
		/* The last, since the process has another network then. */
		cmocka_unit_test(test_real_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
