/* SPDX-License-Identifier: BSD-3-Clause */
/* The API without its sockets: envelopes, batches, methods, events. */
#include "rpc_bed.h"

/* ---- envelopes ------------------------------------------------------------------------------- */

static void envelopes(void **state)
{
	static const struct {
		const char *line;
		const char *id;   /* of the reply; NULL: no reply at all */
		const char *code; /* NULL: it succeeds */
		const char *path;
	} cases[] = {
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.hello\"}", "1", NULL, NULL},
		{" {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.hello\"} \r", "1", NULL, NULL},
		{"{\"method\":\"system.hello\",\"params\":{},\"id\":\"a\\\"b\",\"jsonrpc\":\"2."
		 "0\"}",
		 "\"a\\\"b\"", NULL, NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"system.hello\"}", "null", NULL,
		 NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":-7,\"method\":\"system.hello\"}", "-7", NULL, NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"system.hello\"}", "1.5", NULL, NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":9007199254740991,\"method\":\"system.hello\"}",
		 "9007199254740991", NULL, NULL},
		/* Notifications: neither success nor failure is told. */
		{"{\"jsonrpc\":\"2.0\",\"method\":\"system.hello\"}", NULL, NULL, NULL},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}", NULL, NULL, NULL},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"system.drain\",\"params\":{}}", NULL, NULL,
		 NULL},
		/* No JSON, or none that is strict. */
		{"", "null", "-32700", ""},
		{"nonsense", "null", "-32700", ""},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.hello\"", "null", "-32700",
		 NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.hello\"} x", "null", "-32700",
		 NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":1,\"method\":\"system.hello\"}", "null",
		 "-32700", "/id"},
		{"{\"jsonrpc\":\"2.0\",\"id\":\"\\u0000\",\"method\":\"system.hello\"}", "null",
		 "-32700", "/id"},
		{"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"system.hello\"}", "null",
		 "-32700", "/id"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.get\",\"params\":{\"id\":"
		 "\"a\","
		 "\"id\":\"b\"}}",
		 "null", "-32700", "/params/id"},
		{"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "null", "-32700", NULL},
		/* JSON, but no request. */
		{"1", "null", "-32600", ""},
		{"\"x\"", "null", "-32600", ""},
		{"null", "null", "-32600", ""},
		{"{}", "null", "-32600", "/jsonrpc"},
		{"[]", "null", "-32600", ""},
		{"{\"id\":5,\"method\":\"system.hello\"}", "5", "-32600", "/jsonrpc"},
		{"{\"jsonrpc\":\"1.0\",\"id\":5,\"method\":\"system.hello\"}", "5", "-32600",
		 "/jsonrpc"},
		{"{\"jsonrpc\":2.0,\"id\":5,\"method\":\"system.hello\"}", "5", "-32600",
		 "/jsonrpc"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5}", "5", "-32600", "/method"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":1}", "5", "-32600", "/method"},
		{"{\"jsonrpc\":\"2.0\",\"method\":1}", "null", "-32600", "/method"},
		{"{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"system.hello\"}", "null", "-32600",
		 "/id"},
		{"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"system.hello\"}", "null", "-32600",
		 "/id"},
		{"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"system.hello\"}", "null", "-32600",
		 "/id"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.hello\",\"extra\":1}", "5",
		 "-32600", "/extra"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.hello\",\"params\":1}", "5",
		 "-32600", "/params"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.hello\",\"params\":null}", "5",
		 "-32600", "/params"},
		/* A request that can't be carried out. */
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"no.such\"}", "5", "-32601", NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"\"}", "5", "-32601", NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.hello\",\"params\":[]}", "5",
		 "-32602", "/params"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.hello\",\"params\":{\"x\":1}}",
		 "5", "-32602", "/params/x"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.drain\"}", "5", "-32602",
		 "/params/on"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.drain\",\"params\":{\"on\":1}}",
		 "5", "-32602", "/params/on"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"dtls.create\",\"params\":{\"x\":1}}",
		 "5", "1203", NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"session.offer\"}", "5", "-32602",
		 "/params/id"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.hello\",\"params\":{\"api\":2}"
		 "}",
		 "5", "1203", "/params/api"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.hello\",\"params\":{\"api\":"
		 "{\"major\":1,\"minor\":9}}}",
		 "5", NULL, NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.hello\",\"params\":{\"api\":"
		 "{\"minor\":9}}}",
		 "5", "-32602", "/params/api/major"},
		{"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"system.hello\",\"params\":{\"api\":"
		 "\"1\"}}",
		 "5", "-32602", "/params/api"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *name = cases[i].line, *r = ask(name);
		char part[128];

		if (cases[i].id == NULL) {
			check_case(name, r[0] == '\0');
			continue;
		}
		snprintf(part, sizeof(part), "{\"jsonrpc\":\"2.0\",\"id\":%s,", cases[i].id);
		check_case(name, strncmp(r, part, strlen(part)) == 0);
		check_case(name, has(r, "\"result\":") == (cases[i].code == NULL));
		if (cases[i].code == NULL)
			continue;
		snprintf(part, sizeof(part), "\"error\":{\"code\":%s,", cases[i].code);
		check_case(name, has(r, part));
		check_case(name, has(r, "\"data\":{\"name\":\""));
		if (cases[i].path != NULL) {
			snprintf(part, sizeof(part), "\"path\":\"%s\"", cases[i].path);
			check_case(name, has(r, part));
		}
	}
}

static void read_only(void **state)
{
	const char *r;

	r = ask_as(false, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.hello\"}");
	assert_true(has(r, "\"name\":\"tandem\""));
	/* Before its params are looked at. */
	r = ask_as(false, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.delete\"}");
	assert_true(has(r, "\"code\":1201"));
	assert_true(has(r, "\"name\":\"denied\""));
	r = ask_as(false, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.offer\"}");
	assert_true(has(r, "\"code\":1201"));
	r = ask_as(false,
		   "{\"jsonrpc\":\"2.0\",\"method\":\"system.drain\",\"params\":{\"on\":true}}");
	assert_string_equal(r, "");
	assert_false(sessions_draining(s));
}

#define CREATE(n)                                                                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":\"c" n "\",\"method\":\"session.create\",\"params\":{\"id\":" \
	"\"s" n "\",\"legs\":[{\"address\":\"lan4\"},{\"address\":\"wan6\"}]}}"
#define DELETE(n)                                                                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":\"d" n                                                        \
	"\",\"method\":\"session.delete\",\"params\":{\"id\":\"s" n "\"}}"

static void batches(void **state)
{
	const char *r, *at;
	static const char *const order[] = {"\"id\":\"c1\"", "\"id\":\"d1\"", "\"id\":\"c1\"",
					    "\"id\":\"d1\"", "\"id\":null",   "\"id\":\"d1\""};

	/* Deletes answer later than what follows them; the order stays. */
	r = ask("[" CREATE("1") "," DELETE("1") "," CREATE("1") "," DELETE(
		"1") ",{\"jsonrpc\":\"2.0\",\"method\":\"system.hello\"},7," DELETE("1") "]");
	assert_int_equal(r[0], '[');
	assert_int_equal(r[strlen(r) - 1], ']');
	at = r;
	for (size_t i = 0; i < COUNT(order); i++) {
		at = strstr(at, order[i]);
		assert_non_null(at);
		at += strlen(order[i]);
	}
	assert_null(strstr(at, "\"jsonrpc\""));
	assert_true(has(at, "\"name\":\"not_found\",\"path\":\"/params/id\""));

	assert_string_equal(ask("[{\"jsonrpc\":\"2.0\",\"method\":\"system.hello\"},"
				"{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}]"),
			    "");
	r = ask("[1]");
	assert_int_equal(
		strncmp(r, "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600", 48), 0);
}

static void batch_too_long(void **state)
{
	static char line[3 * RPC_BATCH_MAX];
	size_t len = 0;

	line[len++] = '[';
	for (int i = 0; i <= RPC_BATCH_MAX; i++)
		len += (size_t)snprintf(line + len, 3, "%s1", i ? "," : "");
	snprintf(line + len, 2, "]");
	assert_true(has(ask(line), "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600"));
}

/* A slice at a time, with a client that goes away in the middle. */
static void no_wake(struct rpc_client *c)
{
	fail();
}

static void no_matter(struct rpc_client *c, const char *method)
{
}

static void slices(void **state)
{
	static const char line[] = "[" CREATE("1") "," CREATE("2") "," CREATE("3") "]";
	struct rpc_client c = {.may_write = true, .wake = no_wake, .writes = no_matter};
	struct tnd_buf out = {0};
	struct sessions_stats st;
	struct rpc_run *run;
	size_t len;

	run = rpc_start(a, &c, line, sizeof(line) - 1);
	assert_non_null(run);
	assert_int_equal(rpc_step(run, 1, &out, SIZE_MAX), RPC_MORE);
	sessions_stats(s, &st);
	assert_int_equal(st.active, 1);
	/* No room for more: nothing is begun. */
	len = out.len;
	assert_int_equal(rpc_step(run, 1, &out, len), RPC_MORE);
	assert_int_equal(out.len, len);
	rpc_abandon(run);
	sessions_stats(s, &st);
	assert_int_equal(st.active, 1);
	tnd_buf_free(&out);

	/* One that is gone before the answer is there. */
	run = rpc_start(a, &c, DELETE("1"), sizeof(DELETE("1")) - 1);
	assert_int_equal(rpc_step(run, 1, &out, SIZE_MAX), RPC_WAIT);
	rpc_abandon(run);
	assert_false(tnd_list_empty(&a->runs));
	test_turn(h, 1);
	assert_true(tnd_list_empty(&a->runs));

	/* And the daemon that ends before. */
	ask(CREATE("1"));
	run = rpc_start(a, &c, DELETE("1"), sizeof(DELETE("1")) - 1);
	assert_int_equal(rpc_step(run, 1, &out, SIZE_MAX), RPC_WAIT);
	rpc_abandon(run);
	tnd_buf_free(&out);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void other_methods(void **state)
{
	const char *r;

	r = ask(REQUEST("system.methods", ""));
	assert_true(has(r, "{\"name\":\"session.create\",\"access\":\"write\""));
	assert_true(has(r, "{\"name\":\"session.offer\",\"access\":\"write\""));
	assert_true(has(ask(REQUEST("system.schema", "")), "\"result\":{\"$schema\""));
	assert_true(has(ask(REQUEST("config.get", "")),
			"\"result\":{\"interfaces\":[],\"addresses\":[]}}"));
	r = ask(REQUEST("system.health", ""));
	assert_true(has(r, "\"workers\":[],\"mbufs\":{\"total\":0,\"in_use\":0},\"rings\":[]"));
	assert_true(has(r, "\"sessions\":{\"active\":0,\"limit\":20},\"srtp\":{"));
	assert_true(has(r, "\"window\":128,\"legs\":0},\"ok\":true}"));
	assert_true(has(ask(REQUEST("interface.list", "")), "{\"interfaces\":[]}"));
	r = ask(REQUEST("stats.get", ""));
	assert_true(has(r, "\"drop.source\":0"));
	assert_true(has(r, "\"worker.rx_packets\":0"));
	r = ask(REQUEST("stats.get", "\"names\":[\"session.\",\"drop.ttl\",\"drop\"]"));
	assert_true(has(r, "\"result\":{\"counters\":{\"drop.ttl\":0,\"session.active\":0,"));
	assert_false(has(r, "drop.source"));
	r = ask(REQUEST("neighbour.list", ""));
	assert_true(has(r,
			"{\"interface\":\"lan\",\"ip\":\"10.0.0.2\",\"mac\":\"00:00:00:00:00:00\","
			"\"state\":\"reachable\",\"refs\":2,\"age_ms\":0}"));
	assert_true(has(r, "\"ip\":\"2001:db8::9\",\"mac\":null,\"state\":\"incomplete\""));
}

/* ---- events ---------------------------------------------------------------------------------- */

static void event_lines(void **state)
{
	struct event_sub sub = {.on = true, .types = UINT32_MAX, .next = 1};
	struct tnd_buf out = {0};
	uint32_t ended = events_match("session.ended");

	assert_int_equal(events_match("nothing"), 0);
	assert_int_equal(events_match("session"), 0);
	assert_int_equal(__builtin_popcount(events_match("session.")), 3);

	ask(CREATE("1"));
	ask(DELETE("1"));
	assert_false(events_pump(&a->events, &sub, &out, SIZE_MAX));
	tnd_buf_addc(&out, '\0');
	assert_true(has(out.data,
			"{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":1,"
			"\"type\":\"session.created\",\"id\":\"s1\",\"generation\":1}}\n"));
	assert_true(has(out.data, "{\"seq\":2,\"type\":\"session.ended\",\"id\":\"s1\","));
	tnd_buf_reset(&out);
	assert_false(events_pump(&a->events, &sub, &out, SIZE_MAX));
	assert_int_equal(out.len, 0);

	/* A filter, and a replay. */
	sub = (struct event_sub){.on = true, .types = ended, .next = 1};
	assert_false(events_pump(&a->events, &sub, &out, SIZE_MAX));
	tnd_buf_addc(&out, '\0');
	assert_false(has(out.data, "session.created"));
	assert_true(has(out.data, "\"seq\":2"));
	tnd_buf_free(&out);
}

/* A subscriber that sleeps while more happens than is kept. */
static void events_overflow(void **state)
{
	struct event_sub sub = {.on = true, .types = UINT32_MAX, .next = 1};
	struct tnd_buf out = {0};
	char part[128];

	for (int i = 0; i < EVENTS_KEPT + 10; i++)
		events_add(&a->events, "interface.link", "{\"interface\":\"lan\",\"up\":true}");
	assert_true(events_pump(&a->events, &sub, &out, 1));
	tnd_buf_addc(&out, '\0');
	snprintf(part, sizeof(part),
		 "{\"seq\":10,\"type\":\"events.lost\",\"from\":1,\"to\":10}}\n");
	assert_true(has(out.data, part));
	assert_int_equal(sub.next, 11);
	tnd_buf_reset(&out);
	assert_false(events_pump(&a->events, &sub, &out, SIZE_MAX));
	assert_int_equal(sub.next, EVENTS_KEPT + 11);
	tnd_buf_free(&out);

	/* In bytes too. */
	for (int i = 0; i < 20; i++) {
		static char big[1024 * 1024];

		memset(big, ' ', sizeof(big) - 1);
		big[0] = '{';
		big[sizeof(big) - 2] = '}';
		events_add(&a->events, "interface.link", big);
		assert_true(a->events.bytes <= EVENTS_BYTES_KEPT);
	}
	assert_true(a->events.next - a->events.first <= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(envelopes), TEST(read_only),     TEST(batches),     TEST(batch_too_long),
		TEST(slices),    TEST(other_methods), TEST(event_lines), TEST(events_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
