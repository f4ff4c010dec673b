/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoding by table: the object's members are gone through once, each is looked up among the
 * fields, and what is missing is found at the end.
 */
#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the decoder is: a chain on the C stack, at most JSON_DEPTH_MAX long. */
struct place {
	const struct place *up; /* NULL: the root, whose pointer is `base` */
	const char *key;        /* NULL: index */
	size_t index;
	const char *base;
};

static int decode_value(const cJSON *v, const struct json_field *f, void *out, bool *was_null,
			const struct place *place, struct json_error *err);

static int __attribute__((format(printf, 3, 4)))
fail(struct json_error *err, const struct place *place, const char *fmt, ...)
{
	struct json_step steps[JSON_DEPTH_MAX];
	size_t at = JSON_DEPTH_MAX;
	va_list ap;

	for (; place->up != NULL && at > 0; place = place->up)
		steps[--at] = (struct json_step){
			.key = place->key,
			.key_len = place->key == NULL ? 0 : strlen(place->key),
			.index = place->index,
		};
	json_path(err, place->base, &steps[at], JSON_DEPTH_MAX - at);
	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int no_memory(struct json_error *err)
{
	err->path[0] = 0;
	snprintf(err->reason, sizeof(err->reason), "out of memory");
	return -ENOMEM;
}

/* "a, b, c", as much as fits. */
static void join(char *text, size_t size, const char *const *names, size_t count)
{
	size_t used = 0;

	text[0] = 0;
	for (size_t i = 0; i < count; i++) {
		int n = snprintf(text + used, size - used, "%s%s", i == 0 ? "" : ", ", names[i]);

		if ((size_t)n >= size - used) {
			text[used] = 0;
			return;
		}
		used += (size_t)n;
	}
}

static int fail_unknown(struct json_error *err, const struct place *place,
			const struct json_object *o)
{
	const char *names[64];
	char known[200];
	size_t n = o->field_count < 64 ? o->field_count : 64;

	if (n == 0)
		return fail(err, place, "unknown key; there are none here");
	for (size_t i = 0; i < n; i++)
		names[i] = o->fields[i].name;
	join(known, sizeof(known), names, n);
	return fail(err, place, "unknown key; known are: %s", known);
}

static int decode_int(const cJSON *v, const struct json_field *f, int64_t *out,
		      const struct place *place, struct json_error *err)
{
	if (json_to_int(json_v(v), out) && *out >= f->min && *out <= f->max)
		return 0;
	return fail(err, place, "must be an integer from %" PRId64 " to %" PRId64, f->min, f->max);
}

static bool is_printable(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++)
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
			return false;
	return true;
}

static int decode_string(const cJSON *v, const struct json_field *f, const char **out,
			 const struct place *place, struct json_error *err)
{
	size_t len;

	if (!cJSON_IsString(v))
		return fail(err, place, "must be a string");
	len = strlen(v->valuestring);
	if (len < (size_t)f->min || len > (size_t)f->max) {
		if (f->min == f->max)
			return fail(err, place, "must be a string of %" PRId64 " bytes", f->min);
		return fail(err, place, "must be a string of %" PRId64 " to %" PRId64 " bytes",
			    f->min, f->max);
	}
	if (f->printable && !is_printable(v->valuestring))
		return fail(err, place, "must be without control characters");
	*out = v->valuestring;
	return 0;
}

static int decode_enum(const cJSON *v, const struct json_field *f, int *out,
		       const struct place *place, struct json_error *err)
{
	char known[200];
	size_t n;

	for (n = 0; f->names[n] != NULL; n++)
		if (cJSON_IsString(v) && strcmp(v->valuestring, f->names[n]) == 0) {
			*out = (int)n;
			return 0;
		}
	join(known, sizeof(known), f->names, n);
	return fail(err, place, "must be one of: %s", known);
}

static size_t element_size(const struct json_field *e)
{
	switch (e->type) {
	case JSON_BOOL: return sizeof(bool);
	case JSON_INT: return sizeof(int64_t);
	case JSON_NUMBER: return sizeof(double);
	case JSON_STRING: return sizeof(char *);
	case JSON_ENUM: return sizeof(int);
	case JSON_OBJECT: return e->object->size;
	case JSON_ARRAY: return sizeof(struct json_items);
	case JSON_ANY: return sizeof(struct json_value *);
	}
	return 0;
}

static void set_defaults(const struct json_object *o, char *out)
{
	for (size_t i = 0; i < o->field_count; i++) {
		const struct json_field *f = &o->fields[i];

		switch (f->type) {
		case JSON_BOOL: *(bool *)(out + f->offset) = f->default_int != 0; break;
		case JSON_INT: *(int64_t *)(out + f->offset) = f->default_int; break;
		case JSON_ENUM: *(int *)(out + f->offset) = (int)f->default_int; break;
		case JSON_STRING: *(const char **)(out + f->offset) = f->default_string; break;
		case JSON_OBJECT: set_defaults(f->object, out + f->offset); break;
		case JSON_NUMBER:
		case JSON_ARRAY:
		case JSON_ANY: break;
		}
	}
}

static int decode_array(const cJSON *v, const struct json_field *f, struct json_items *out,
			const struct place *place, struct json_error *err)
{
	struct place here = {.up = place};
	size_t count, size = element_size(f->element);
	char *item;

	if (!cJSON_IsArray(v))
		return fail(err, place, "must be an array");
	count = json_count(json_v(v));
	if (count < (size_t)f->min || count > (size_t)f->max) {
		if (f->min == f->max)
			return fail(err, place, "must be an array of %" PRId64 " items", f->min);
		return fail(err, place, "must be an array of %" PRId64 " to %" PRId64 " items",
			    f->min, f->max);
	}
	if (count == 0)
		return 0;
	out->items = calloc(count, size > 0 ? size : 1);
	if (out->items == NULL)
		return no_memory(err);
	out->count = count;
	item = out->items;
	for (const cJSON *e = v->child; e != NULL; e = e->next, item += size, here.index++) {
		bool was_null;
		int rc;

		if (f->element->type == JSON_OBJECT)
			set_defaults(f->element->object, item);
		rc = decode_value(e, f->element, item, &was_null, &here, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The field named `key`, searched from *hint on, since clients keep to the schema's order. */
static const struct json_field *find_field(const struct json_object *o, const char *key,
					   size_t *hint)
{
	for (size_t n = 0; n < o->field_count; n++) {
		size_t i = *hint + n < o->field_count ? *hint + n : *hint + n - o->field_count;

		if (strcmp(o->fields[i].name, key) == 0) {
			*hint = i + 1 < o->field_count ? i + 1 : 0;
			return &o->fields[i];
		}
	}
	return NULL;
}

/* `out` holds the defaults already. */
static int decode_object(const cJSON *v, const struct json_object *o, char *out,
			 const struct place *place, struct json_error *err)
{
	struct place here = {.up = place};
	uint64_t seen = 0; /* by field; the generator allows 64 */
	size_t hint = 0;
	int rc;

	if (!cJSON_IsObject(v))
		return fail(err, place, "must be an object");
	for (const cJSON *m = v->child; m != NULL; m = m->next) {
		const struct json_field *f = find_field(o, m->string, &hint);
		bool was_null;

		here.key = m->string;
		if (f == NULL)
			return fail_unknown(err, &here, o);
		rc = decode_value(m, f, out + f->offset, &was_null, &here, err);
		if (rc < 0)
			return rc;
		if (was_null) {
			if (f->null_offset != JSON_NO_HAS)
				*(bool *)(out + f->null_offset) = true;
			continue;
		}
		seen |= UINT64_C(1) << (f - o->fields);
		if (f->has_offset != JSON_NO_HAS)
			*(bool *)(out + f->has_offset) = true;
	}
	for (size_t i = 0; i < o->field_count; i++)
		if (o->fields[i].required && (seen >> i & 1) == 0) {
			here.key = o->fields[i].name;
			return fail(err, &here, "required, but missing");
		}
	return 0;
}

static int decode_value(const cJSON *v, const struct json_field *f, void *out, bool *was_null,
			const struct place *place, struct json_error *err)
{
	*was_null = f->nullable && cJSON_IsNull(v);
	if (*was_null)
		return 0;
	switch (f->type) {
	case JSON_BOOL:
		return json_to_bool(json_v(v), out) ? 0 : fail(err, place, "must be true or false");
	case JSON_INT: return decode_int(v, f, out, place, err);
	case JSON_NUMBER:
		if (!cJSON_IsNumber(v))
			return fail(err, place, "must be a number");
		*(double *)out = v->valuedouble;
		return 0;
	case JSON_STRING: return decode_string(v, f, out, place, err);
	case JSON_ENUM: return decode_enum(v, f, out, place, err);
	case JSON_OBJECT: return decode_object(v, f->object, out, place, err);
	case JSON_ARRAY: return decode_array(v, f, out, place, err);
	case JSON_ANY:
		if (f->any_object && !cJSON_IsObject(v))
			return fail(err, place, "must be an object");
		*(const struct json_value **)out = json_v(v);
		return 0;
	}
	return -EINVAL;
}

int json_decode(const struct json_value *v, const struct json_object *object, const char *base,
		void *out, struct json_error *err)
{
	struct place root = {.base = base};

	memset(out, 0, object->size);
	set_defaults(object, out);
	return decode_object(json_c(v), object, out, &root, err);
}

static void free_items(const struct json_field *e, struct json_items *items)
{
	char *item = items->items;

	for (size_t i = 0; i < items->count; i++, item += element_size(e)) {
		if (e->type == JSON_OBJECT)
			json_decode_free(e->object, item);
		else if (e->type == JSON_ARRAY)
			free_items(e->element, (struct json_items *)item);
	}
	free(items->items);
	*items = (struct json_items){0};
}

void json_decode_free(const struct json_object *object, void *out)
{
	for (size_t i = 0; i < object->field_count; i++) {
		const struct json_field *f = &object->fields[i];
		void *at = (char *)out + f->offset;

		if (f->type == JSON_OBJECT)
			json_decode_free(f->object, at);
		else if (f->type == JSON_ARRAY)
			free_items(f->element, at);
	}
}
