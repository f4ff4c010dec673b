/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsed values: cJSON's tree, read only. */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

int json_parse(const char *text, size_t len, struct json_value **out, struct json_error *err)
{
	int rc = json_scan(text, len, err);

	*out = NULL;
	if (rc == 0) {
		*out = (struct json_value *)cJSON_ParseWithLength(text, len);
		if (*out == NULL)
			rc = -ENOMEM;
	}
	if (rc == -ENOMEM) {
		err->path[0] = 0;
		snprintf(err->reason, sizeof(err->reason), "out of memory");
	}
	return rc;
}

/* Texts may be secrets: none is left in memory that is given back. As deep as JSON_DEPTH_MAX. */
static void wipe(cJSON *v)
{
	for (; v != NULL; v = v->next) {
		if (v->valuestring != NULL)
			explicit_bzero(v->valuestring, strlen(v->valuestring));
		wipe(v->child);
	}
}

void json_free(struct json_value *root)
{
	wipe((cJSON *)root);
	cJSON_Delete((cJSON *)root);
}

bool json_is_object(const struct json_value *v)
{
	return cJSON_IsObject(json_c(v));
}

bool json_is_array(const struct json_value *v)
{
	return cJSON_IsArray(json_c(v));
}

bool json_is_string(const struct json_value *v)
{
	return cJSON_IsString(json_c(v));
}

bool json_is_null(const struct json_value *v)
{
	return cJSON_IsNull(json_c(v));
}

bool json_is_number(const struct json_value *v)
{
	return cJSON_IsNumber(json_c(v));
}

const struct json_value *json_member(const struct json_value *object, const char *key)
{
	if (!json_is_object(object))
		return NULL;
	return json_v(cJSON_GetObjectItemCaseSensitive(json_c(object), key));
}

const struct json_value *json_first(const struct json_value *container)
{
	return container == NULL ? NULL : json_v(json_c(container)->child);
}

const struct json_value *json_next(const struct json_value *item)
{
	return item == NULL ? NULL : json_v(json_c(item)->next);
}

const char *json_key(const struct json_value *member)
{
	return member == NULL ? NULL : json_c(member)->string;
}

size_t json_count(const struct json_value *container)
{
	size_t n = 0;

	for (const struct json_value *v = json_first(container); v != NULL; v = json_next(v))
		n++;
	return n;
}

const char *json_string(const struct json_value *v)
{
	return json_is_string(v) ? json_c(v)->valuestring : NULL;
}

bool json_to_int(const struct json_value *v, int64_t *out)
{
	double d;

	if (!json_is_number(v))
		return false;
	d = json_c(v)->valuedouble;
	/* 2^53 itself may be 2^53 + 1, rounded. */
	if (fabs(d) >= (double)JSON_INT_EXACT || d != trunc(d))
		return false;
	*out = (int64_t)d;
	return true;
}

bool json_to_double(const struct json_value *v, double *out)
{
	if (!json_is_number(v))
		return false;
	*out = json_c(v)->valuedouble;
	return true;
}

bool json_to_bool(const struct json_value *v, bool *out)
{
	if (!cJSON_IsBool(json_c(v)))
		return false;
	*out = cJSON_IsTrue(json_c(v));
	return true;
}
