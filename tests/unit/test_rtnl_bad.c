/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers of rtnetlink that are late, false, cut, or none. */
#include "rtnl_bed.h"

#include <errno.h>
#include <sys/socket.h>

#define OTHER 0x0bad0000 /* a sequence number that is none of ours */

/* ---- what it answers ---- */

/* The answer to a request that was given up on comes with that to the next, before it or in it. */
static void test_late_answers(void **state)
{
	struct datagram d = {.len = 0};

	assert_int_equal(add_one(), -ETIMEDOUT);
	say_error(&d, r.seq, -EEXIST);
	send_it(&d);
	say_error(&d, r.seq + 2, -EPERM);
	say_error(&d, next_seq(), 0);
	say_error(&d, next_seq(), -EPERM);
	send_it(&d);
	assert_int_equal(add_one(), 0);
}

/* ---- answers that are none ---- */

/* Attributes of other sizes than they have are passed over, and none is read beyond its end. */
static void test_odd_attributes(void **state)
{
	static const struct {
		uint16_t type;
		size_t len;
		uint8_t family;
	} cases[] = {
		{RTA_OIF, 0, AF_INET},      {RTA_OIF, 3, AF_INET},       {RTA_OIF, 8, AF_INET},
		{RTA_GATEWAY, 0, AF_INET},  {RTA_GATEWAY, 3, AF_INET},   {RTA_GATEWAY, 16, AF_INET},
		{RTA_GATEWAY, 4, AF_INET6}, {RTA_GATEWAY, 17, AF_INET6}, {RTA_GATEWAY, 4, AF_UNIX},
		{RTA_VIA, 0, AF_INET},      {RTA_VIA, 1, AF_INET},       {RTA_VIA, 2, AF_INET},
		{RTA_VIA, 6, AF_INET},      {RTA_VIA, 18, AF_INET},
	};
	static const uint8_t junk[18] = {1, 2, 3, 4};
	const uint32_t oif = IFINDEX;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct datagram d = {.len = 0};
		struct rtnl_route got;
		struct nlmsghdr *h = say_route(&d, next_seq(), cases[i].family);

		add(&d, h, RTA_OIF, &oif, 4);
		add(&d, h, cases[i].type, junk, cases[i].len);
		say_error(&d, next_seq(), 0);
		send_it(&d);
		assert_int_equal(get_one("198.51.100.7", &got), 0);
		assert_int_equal(got.ifindex, IFINDEX);
		assert_false(got.has_gateway);
	}
}

/* Lengths of messages and attributes that are false, one after the other. */
static void test_false_lengths(void **state)
{
	static const uint32_t lens[] = {0,  1,  15,   16,         17,         27,
					28, 29, 4096, 0x7fffffff, 0xfffffff0, UINT32_MAX};
	static const uint16_t rta_lens[] = {0, 1, 3, 4, 5, 7, 0x7fff, 0xffff};
	const uint32_t oif = IFINDEX;
	struct rtnl_route got;
	int rc;

	for (size_t i = 0; i < COUNT(lens); i++) {
		struct datagram d = {.len = 0};

		say_route(&d, next_seq(), AF_INET)->nlmsg_len = lens[i];
		send_it(&d);
		ready(-EEXIST);
		assert_int_equal(get_one("198.51.100.7", &got), -EEXIST);
	}
	for (size_t i = 0; i < COUNT(rta_lens); i++) {
		struct datagram d = {.len = 0};
		struct nlmsghdr *h = say_route(&d, next_seq(), AF_INET);

		add(&d, h, RTA_OIF, &oif, 4);
		((struct rtattr *)((uint8_t *)h + NLMSG_SPACE(sizeof(struct rtmsg))))->rta_len =
			rta_lens[i];
		say_error(&d, next_seq(), 0);
		send_it(&d);
		rc = get_one("198.51.100.7", &got);
		assert_int_equal(rc, -ENETUNREACH);
	}
}

/* Cut anywhere: what comes whole behind it counts. */
static void test_cut(void **state)
{
	const uint32_t oif = IFINDEX;
	struct rtnl_route got;

	for (size_t len = 1;; len++) {
		struct datagram d = {.len = 0};
		struct nlmsghdr *h = say_route(&d, next_seq(), AF_INET);

		add(&d, h, RTA_OIF, &oif, 4);
		say_error(&d, next_seq(), -EPERM);
		if (len == d.len)
			break;
		d.len = len;
		send_it(&d);
		ready(0);
		/* The error's number stands at the front of what is behind its header. */
		if (len >= h->nlmsg_len + NLMSG_LENGTH(sizeof(struct nlmsgerr)))
			assert_int_equal(get_one("198.51.100.7", &got), -EPERM);
		else
			assert_int_equal(get_one("198.51.100.7", &got),
					 len >= h->nlmsg_len ? 0 : -ENETUNREACH);
		while (recv(r.fd, d.data, sizeof(d.data), MSG_DONTWAIT) > 0)
			;
	}
}

/* More than there is room for: the rest is lost, and with it what stands there. */
static void test_too_long(void **state)
{
	static const uint8_t junk[12000];
	struct datagram d = {.len = 0};

	say(&d, RTM_NEWROUTE, next_seq(), junk, sizeof(junk));
	say_error(&d, next_seq(), -EPERM);
	send_it(&d);
	ready(0);
	assert_int_equal(add_one(), 0);
}

/*
 * A last message whose length is no multiple of four: what an earlier datagram has left behind it
 * in the buffer is no message.
 */
static void test_left_behind(void **state)
{
	enum { AT = 24 }; /* where the second datagram's message ends, rounded up */
	struct datagram d = {.len = 0}, hidden = {.len = 0};
	uint8_t body[100] = {0};

	say_error(&hidden, next_seq(), -EPERM);
	memcpy(body + AT - NLMSG_HDRLEN, hidden.data, hidden.len);
	say(&d, RTM_NEWROUTE, OTHER, body, AT - NLMSG_HDRLEN + hidden.len);
	send_it(&d);
	d.len = 0;
	say(&d, RTM_NEWROUTE, OTHER, "12345", 5);
	assert_int_equal(d.len, 21);
	send_it(&d);
	ready(0);
	assert_int_equal(add_one(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_late_answers), TEST(test_odd_attributes), TEST(test_false_lengths),
		TEST(test_cut),          TEST(test_too_long),       TEST(test_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
