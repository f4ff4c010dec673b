/* SPDX-License-Identifier: BSD-3-Clause */
/* tandemctl: key=value to JSON by the schema's types, and what a terminal is shown. */
#include "check.h"

#include <errno.h>

#include "args.h"
#include "table.h"
#include "text.h"

#define WORDS_MAX 4

struct args_case {
	const char *method; /* NULL: without a schema */
	const char *words[WORDS_MAX];
	const char *json;   /* NULL: refused */
	const char *reason; /* part of what is said then */
};

static const struct args_case args_cases[] = {
	/* types */
	{"session.get", {"id=call-1"}, "{\"id\":\"call-1\"}", NULL},
	{"session.get", {"id=17"}, "{\"id\":\"17\"}", NULL},
	{"session.get", {"id=true"}, "{\"id\":\"true\"}", NULL},
	{"session.get", {"id="}, "{\"id\":\"\"}", NULL},
	{"session.get", {"id=a=b"}, "{\"id\":\"a=b\"}", NULL},
	{"session.get", {"id=a:=b"}, "{\"id\":\"a:=b\"}", NULL},
	{"session.get", {"id=\"\\\n"}, "{\"id\":\"\\\"\\\\\\n\"}", NULL},
	{"session.get", {"id=gr\xc3\xbc\xc3\x9f"}, "{\"id\":\"gr\xc3\xbc\xc3\x9f\"}", NULL},
	{"session.get", {"id=\xff"}, NULL, "id: is not UTF-8"},
	{"session.get", {"id=\xed\xa0\x80"}, NULL, "id: is not UTF-8"},
	{"session.list", {"limit=10"}, "{\"limit\":10}", NULL},
	{"session.list", {"limit=-1"}, "{\"limit\":-1}", NULL},
	{"session.list", {"limit=0"}, "{\"limit\":0}", NULL},
	{"session.list", {"limit="}, NULL, "limit:  is not an integer"},
	{"session.list", {"limit=ten"}, NULL, "is not an integer"},
	{"session.list", {"limit=1.5"}, NULL, "is not an integer"},
	{"session.list", {"limit=0x10"}, NULL, "is not an integer"},
	{"session.list", {"limit=+1"}, NULL, "is not an integer"},
	{"session.list", {"limit=010"}, NULL, "is not an integer"},
	{"session.list", {"limit=true"}, NULL, "is not an integer"},
	{"session.list", {"limit=9007199254740993"}, NULL, "is not an integer"},
	{"system.drain", {"on=true"}, "{\"on\":true}", NULL},
	{"system.drain", {"on=off"}, "{\"on\":false}", NULL},
	{"system.drain", {"on=yes"}, "{\"on\":true}", NULL},
	{"system.drain", {"on=0"}, "{\"on\":false}", NULL},
	{"system.drain", {"on=True"}, NULL, "neither true nor false"},
	{"system.drain", {"on="}, NULL, "neither true nor false"},
	{"session.create", {"kind=udp"}, "{\"kind\":\"udp\"}", NULL},
	{"session.create", {"kind=t38"}, NULL, "kind: t38 is none of: rtp udp"},
	/* members and positions */
	{"session.create",
	 {"legs.0.remote.ip=10.0.0.2", "legs.0.remote.port=4000"},
	 "{\"legs\":[{\"remote\":{\"ip\":\"10.0.0.2\",\"port\":4000}}]}",
	 NULL},
	{"session.create",
	 {"legs.1.address=b", "legs.0.address=a"},
	 "{\"legs\":[{\"address\":\"a\"},{\"address\":\"b\"}]}",
	 NULL},
	{"session.update",
	 {"id=x", "legs.1.hold=true"},
	 "{\"id\":\"x\",\"legs\":[{},{\"hold\":true}]}",
	 NULL},
	{"session.update", {"legs.0.remote=null"}, "{\"legs\":[{\"remote\":null}]}", NULL},
	{"session.update", {"legs.0.dscp=null"}, "{\"legs\":[{\"dscp\":null}]}", NULL},
	{"session.update", {"legs.0=null"}, "{\"legs\":[null]}", NULL},
	{"session.create", {"legs.0.dscp=null"}, NULL, "is not an integer"},
	{"session.create",
	 {"legs.0.security.fingerprint.hash=sha-256"},
	 "{\"legs\":[{\"security\":{\"fingerprint\":{\"hash\":\"sha-256\"}}}]}",
	 NULL},
	{"session.create", {"legs.2.address=a"}, NULL, "legs.2: no such position"},
	{"session.create", {"legs.00.address=a"}, NULL, "legs: a list; its items are legs.0"},
	{"session.create", {"legs.-1.address=a"}, NULL, "legs: a list"},
	{"session.create", {"legs.99999999999.address=a"}, NULL, "legs: a list"},
	{"session.create", {"legs.address=a"}, NULL, "legs: a list"},
	{"session.create", {"legs.0.remot.ip=a"}, NULL, "legs.0.remot: no such parameter"},
	{"session.create", {"id.x=1"}, NULL, "id: has no members"},
	{"session.create", {"legs..address=a"}, NULL, "a name is missing between the dots"},
	{"session.create", {".id=a"}, NULL, "a name is missing between the dots"},
	{"session.create", {"legs.0.=a"}, NULL, "a name is missing between the dots"},
	{"session.create", {"legs=a"}, NULL, "legs: a list; give legs.0."},
	{"session.create", {"legs.0.remote=a"}, NULL, "legs.0.remote: an object; give its members"},
	/* lists of words */
	{"stats.get", {"names=drop.,session."}, "{\"names\":[\"drop.\",\"session.\"]}", NULL},
	{"stats.get", {"names="}, "{\"names\":[]}", NULL},
	{"stats.get", {"names=,"}, "{\"names\":[\"\",\"\"]}", NULL},
	{"stats.get", {"names.0=a", "names.1=b"}, "{\"names\":[\"a\",\"b\"]}", NULL},
	{"stats.get", {"names.1=b"}, NULL, "has no gaps"},
	/* raw JSON */
	{"session.create",
	 {"legs:=[ {\"address\": \"a\"}, 1.50 ]"},
	 "{\"legs\":[{\"address\":\"a\"},1.5]}",
	 NULL},
	{"session.list", {"limit:=\"x\""}, "{\"limit\":\"x\"}", NULL},
	{"session.list", {"limit:=null"}, "{\"limit\":null}", NULL},
	{"session.list", {"limit:={\"a\":1,\"a\":2}"}, NULL, "not JSON"},
	{"session.list", {"limit:=1 2"}, NULL, "not JSON"},
	{"session.list", {"limit:="}, NULL, "not JSON"},
	{"session.list", {"limit:=@/nonexistent/file"}, NULL, "/nonexistent/file: No such file"},
	/* no type in the schema */
	{"system.hello", {"api=1"}, "{\"api\":1}", NULL},
	{"system.hello",
	 {"api.major=1", "api.minor=0"},
	 "{\"api\":{\"major\":1,\"minor\":0}}",
	 NULL},
	{"config.test", {"config=x"}, NULL, "config: an object"},
	{"config.test",
	 {"config.interfaces.0.name=lan", "config.interfaces.0.mtu=1500"},
	 "{\"config\":{\"interfaces\":[{\"name\":\"lan\",\"mtu\":1500}]}}",
	 NULL},
	{"config.test", {"config.a.1=x"}, NULL, "has no gaps"},
	{"config.test", {"config.a.0=x", "config.a.b=y"}, NULL, "config.a: given whole already"},
	{NULL,
	 {"a=1", "b=007", "c=x", "d=null"},
	 "{\"a\":1,\"b\":\"007\",\"c\":\"x\",\"d\":null}",
	 NULL},
	{NULL, {"a.b.c=true"}, "{\"a\":{\"b\":{\"c\":true}}}", NULL},
	{NULL,
	 {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o=1"},
	 "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":{\"j\":{\"k\":{\"l\":"
	 "{\"m\":{\"n\":{\"o\":1}}}}}}}}}}}}}}}",
	 NULL},
	{NULL, {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p=1"}, NULL, "too deep"},
	/* words that don't fit together */
	{"session.get", {"call-1"}, NULL, "call-1: is not key=value"},
	{"session.get", {"=x"}, NULL, "is not key=value"},
	{"session.get", {":=1"}, NULL, "a name is missing"},
	{"session.get", {"id=a", "id=b"}, NULL, "id: given twice"},
	{"session.get", {"name=a"}, NULL, "name: no such parameter; there are: id"},
	{"config.get", {"a=b"}, NULL, "a: no such parameter; there are none"},
	{"session.create", {"legs:=[]", "legs.0.address=a"}, NULL, "legs: given whole already"},
	{"session.create", {"legs.0.address=a", "legs:=[]"}, NULL, "legs: given twice"},
};

static void args_to_json(void **state)
{
	for (size_t i = 0; i < COUNT(args_cases); i++) {
		const struct args_case *c = &args_cases[i];
		const struct api_method *m = c->method ? ctl_args_method(c->method) : NULL;
		struct ctl_args_error err = {0};
		struct tnd_buf out = {0};
		size_t count = 0;
		int rc;

		while (count < WORDS_MAX && c->words[count] != NULL)
			count++;
		check_case(c->words[0], c->method == NULL || m != NULL);
		rc = ctl_args_build(m ? m->params : NULL, (char *const *)c->words, count, &out,
				    &err);
		tnd_buf_addc(&out, '\0');
		if (c->json != NULL) {
			check_case(c->words[0], rc == 0);
			assert_string_equal(out.data, c->json);
		} else {
			check_case(c->words[0], rc == -EINVAL);
			if (strstr(err.text, c->reason) == NULL)
				print_error("said: %s\n", err.text);
			check_case(c->words[0], strstr(err.text, c->reason) != NULL);
		}
		tnd_buf_free(&out);
	}
}

static void no_words_are_an_empty_object(void **state)
{
	struct ctl_args_error err;
	struct tnd_buf out = {0};

	assert_int_equal(ctl_args_build(NULL, NULL, 0, &out, &err), 0);
	assert_int_equal(out.len, 2);
	assert_memory_equal(out.data, "{}", 2);
	tnd_buf_free(&out);
}

static void json_from_a_file(void **state)
{
	static const char text[] = "{\n\t\"workers\": {\"lcores\": [1]}\n}\n";
	char path[] = "/tmp/test_ctl_args.XXXXXX", word[64];
	char *words[] = {word};
	struct ctl_args_error err;
	struct tnd_buf out = {0};
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, sizeof(text) - 1, f), sizeof(text) - 1);
	assert_int_equal(fclose(f), 0);
	snprintf(word, sizeof(word), "config:=@%s", path);
	assert_int_equal(
		ctl_args_build(ctl_args_method("config.test")->params, words, 1, &out, &err), 0);
	tnd_buf_addc(&out, '\0');
	assert_string_equal(out.data, "{\"config\":{\"workers\":{\"lcores\":[1]}}}");
	tnd_buf_free(&out);
	remove(path);
}

struct text_case {
	const char *in, *out;
};

/* A terminal obeys none of what comes out. */
static const struct text_case escape_cases[] = {
	{"call-1", "call-1"},
	{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
	{"\xe6\xbc\xa2\xe5\xad\x97", "\xe6\xbc\xa2\xe5\xad\x97"},
	{"\x1b[31mred\x1b[m", "\\x1b[31mred\\x1b[m"},
	{"a\nb\tc\rd\x7f", "a\\nb\\tc\\x0dd\\x7f"},
	{"\xc2\x9b"
	 "2J",
	 "\\u009b2J"},
	{"\xe2\x80\xae"
	 "abc",
	 "\\u202eabc"},
	{"a\xe2\x80\x8b"
	 "b",
	 "a\\u200bb"},
	{"\xf3\xa0\x80\x81", "\\U000e0001"},
	{"\xff\xfe", "\\xff\\xfe"},
	{"\xc3", "\\xc3"},
	{"\xc0\xaf", "\\xc0\\xaf"},
	{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
};

static void hostile_text_is_escaped(void **state)
{
	for (size_t i = 0; i < COUNT(escape_cases); i++) {
		const struct text_case *c = &escape_cases[i];
		uint8_t *copy = exact_copy((const uint8_t *)c->in, strlen(c->in));
		struct tnd_buf b = {0};

		ctl_text_escape(&b, (const char *)copy, strlen(c->in));
		tnd_buf_addc(&b, '\0');
		assert_string_equal(b.data, c->out);
		tnd_buf_free(&b);
		free(copy);
	}
}

static void numbers_are_readable(void **state)
{
	static const struct {
		double in;
		const char *grouped, *duration, *number;
	} cases[] = {
		{0, "0", "0.0 s", "0"},
		{999, "999", "16 min 39 s", "999"},
		{1000, "1,000", "16 min 40 s", "1000"},
		{12.3456, "12", "12.3 s", "12.346"},
		{1234567, "1,234,567", "14 d 06 h", "1234567"},
		{7200.5, "7,200", "2 h 00 min", "7200.5"},
		{-1234, "-1,234", "-1234.0 s", "-1234"},
		{1e300, "1e+300", "11574074074 d 01 h", "1e+300"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tnd_buf b = {0};

		ctl_text_grouped(&b, cases[i].in);
		tnd_buf_addc(&b, '\0');
		assert_string_equal(b.data, cases[i].grouped);
		tnd_buf_reset(&b);
		ctl_text_duration(&b, cases[i].in);
		tnd_buf_addc(&b, '\0');
		assert_string_equal(b.data, cases[i].duration);
		tnd_buf_reset(&b);
		ctl_text_number(&b, cases[i].in, 3);
		tnd_buf_addc(&b, '\0');
		assert_string_equal(b.data, cases[i].number);
		tnd_buf_free(&b);
	}
}

static void columns_are_aligned(void **state)
{
	static const struct ctl_column columns[] = {{"NAME", false}, {"N", true}, {"TEXT", false}};
	struct ctl_table t;
	struct tnd_buf out = {0};

	ctl_table_init(&t, columns, 3);
	ctl_table_cell(&t, "\xc3\xbc");
	ctl_table_cellf(&t, "%d", 5);
	ctl_table_cell(&t, "one two three four five six seven");
	ctl_table_cell(&t, "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2");
	ctl_table_cell(&t, "1234");
	ctl_table_cell(&t, "\x1b");
	ctl_table_cell(&t, "last");
	ctl_table_print(&t, &out, 34);
	tnd_buf_addc(&out, '\0');
	assert_string_equal(out.data, "NAME       N  TEXT\n"
				      "\xc3\xbc          5  one two three four\n"
				      "              five six seven\n"
				      "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2  1234  \\x1b\n"
				      "last\n");
	assert_int_equal(ctl_table_rows(&t), 3);
	ctl_table_free(&t);
	tnd_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(args_to_json),
		cmocka_unit_test(no_words_are_an_empty_object),
		cmocka_unit_test(json_from_a_file),
		cmocka_unit_test(hostile_text_is_escaped),
		cmocka_unit_test(numbers_are_readable),
		cmocka_unit_test(columns_are_aligned),
	};

	ctl_text_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
