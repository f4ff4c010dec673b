/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes through lib/json: parsing either fails with a place and a reason, or gives a value
 * that is written and read back the same, and that every table takes or refuses cleanly.
 */
#include "api_tables.h"
#include "config_tables.h"
#include "fuzz.h"
#include "json.h"

static void check_error(const struct json_error *err, const char *base)
{
	PROMISE(memchr(err->path, 0, sizeof(err->path)) != NULL);
	PROMISE(memchr(err->reason, 0, sizeof(err->reason)) != NULL);
	PROMISE(err->reason[0] != 0);
	PROMISE(strncmp(err->path, base, strlen(base)) == 0);
	PROMISE(err->path[0] == 0 || err->path[0] == '/');
}

static void decode(const struct json_value *v, const struct json_object *object)
{
	struct json_error err;
	void *out = malloc(object->size > 0 ? object->size : 1);

	PROMISE(out != NULL);
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
	PROMISE(!first.oom);
	if (first.len <= JSON_TEXT_MAX) {
		PROMISE(json_parse(first.data, first.len, &again, &err) == 0);
		json_w_value(&second, NULL, again);
		PROMISE(second.len == first.len);
		PROMISE(memcmp(second.data, first.data, first.len) == 0);
		json_free(again);
	}
	tnd_buf_free(&first);
	tnd_buf_free(&second);
}

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
