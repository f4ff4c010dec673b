/* SPDX-License-Identifier: BSD-3-Clause */
#include "session_must.h"

struct session_params session_params_46(const char *id)
{
	struct session_params p = {
		.id = id,
		.idle_timeout_s = 60,
		.leg = {{.has_remote = true, .address = 0, .dscp = SESSION_DSCP_KEEP},
			{.has_remote = true, .address = 1, .dscp = SESSION_DSCP_KEEP}},
	};

	p.leg[0].remote.port = 4000;
	p.leg[1].remote.port = 5004;
	assert_int_equal(wire_ip_parse("10.0.0.2", &p.leg[0].remote.ip), 0);
	assert_int_equal(wire_ip_parse("2001:db8::9", &p.leg[1].remote.ip), 0);
	return p;
}

struct session_answer must_create(struct sessions *s, const struct session_params *p)
{
	struct session_answer a;
	struct session_error err;

	if (session_create(s, p, &a, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	return a;
}

struct session_answer must_update(struct sessions *s, const struct session_change *c)
{
	struct session_answer a;
	struct session_error err;

	if (session_update(s, c, &a, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	return a;
}

static void check_fault(const struct session_error *err, enum session_fault f, const char *path)
{
	assert_int_equal(err->fault, f);
	assert_string_equal(err->path, path);
	assert_true(err->reason[0] != '\0');
}

void must_refuse(struct sessions *s, const struct session_params *p, enum session_fault f,
		 const char *path)
{
	struct session_answer a;
	struct session_error err;

	assert_int_equal(session_create(s, p, &a, &err), f);
	check_fault(&err, f, path);
}

void must_not_update(struct sessions *s, const struct session_change *c, enum session_fault f,
		     const char *path)
{
	struct session_answer a;
	struct session_error err;

	assert_int_equal(session_update(s, c, &a, &err), f);
	check_fault(&err, f, path);
}

static void ignore(void *arg, const char *text, size_t len)
{
}

void must_delete(struct sessions *s, const char *id)
{
	struct session_error err;

	assert_int_equal(session_delete(s, id, ignore, NULL, &err), SESSION_OK);
}
