/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes through lib/json: parsing either fails with a place and a reason, or gives a value
 * that is written and read back the same, and that every table takes or refuses cleanly.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api_tables.h"
#include "config_tables.h"
#include "json.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

static void check_error(const struct json_error *err, const char *base)
{
	CHECK(memchr(err->path, 0, sizeof(err->path)) != NULL);
	CHECK(memchr(err->reason, 0, sizeof(err->reason)) != NULL);
	CHECK(err->reason[0] != 0);
	CHECK(strncmp(err->path, base, strlen(base)) == 0);
	CHECK(err->path[0] == 0 || err->path[0] == '/');
}

static void decode(const struct json_value *v, const struct json_object *object)
{
	struct json_error err;
	void *out = malloc(object->size > 0 ? object->size : 1);

	CHECK(out != NULL);
	if (json_decode(v, object, "/params", out, &err) < 0)
		check_error(&err, "/params");
	json_decode_free(object, out);
	free(out);
}

static void round_trip(const struct json_value *v)
{
	struct tnd_buf first = {0}, second = {0};
	struct json_value *again;
	struct json_error err;

	json_w_value(&first, NULL, v);
	CHECK(!first.oom);
	if (first.len <= JSON_TEXT_MAX) {
		CHECK(json_parse(first.data, first.len, &again, &err) == 0);
		json_w_value(&second, NULL, again);
		CHECK(second.len == first.len);
		CHECK(memcmp(second.data, first.data, first.len) == 0);
		json_free(again);
	}
	tnd_buf_free(&first);
	tnd_buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_value *v;
	struct json_error err;

	if (json_parse((const char *)data, size, &v, &err) < 0) {
		check_error(&err, "");
		return 0;
	}
	for (int i = 0; i < API_METHOD_COUNT; i++)
		if (api_methods[i].params != NULL)
			decode(v, api_methods[i].params);
	decode(v, &cfg_file_object);
	round_trip(v);
	json_free(v);
	return 0;
}
