/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strict JSON in, JSON out. The only place that knows cJSON.
 *
 * In: json_parse() refuses what cJSON lets pass (duplicate keys, trailing bytes, bad UTF-8,
 * \u0000, integers that a double can't hold, depth over JSON_DEPTH_MAX, over JSON_TEXT_MAX
 * bytes), then json_decode() fills a C struct by a table made from the schema: unknown keys,
 * missing keys and wrong types or ranges are errors. Every error names its place as a JSON
 * pointer (RFC 6901).
 *
 * Out: json_w_* append to a tnd_buf; commas are the writer's, braces the caller's.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define JSON_DEPTH_MAX 16
#define JSON_TEXT_MAX  (256 * 1024)

struct json_error {
	char path[256];   /* JSON pointer, "" is the whole */
	char reason[256]; /* says what is wrong and what would be right */
};

struct json_value; /* a parsed value; cJSON inside */

/* 0; -EINVAL with *err: not JSON or not strict JSON; -ENOMEM. Free the root with json_free(), which
 * wipes all strings. */
int json_parse(const char *text, size_t len, struct json_value **out, struct json_error *err);
void json_free(struct json_value *root);

/* Looking at a value without a table. NULL where there is none. */
bool json_is_object(const struct json_value *v);
bool json_is_array(const struct json_value *v);
bool json_is_string(const struct json_value *v);
bool json_is_null(const struct json_value *v);
bool json_is_number(const struct json_value *v);
const struct json_value *json_member(const struct json_value *object, const char *key);
const struct json_value *json_first(const struct json_value *container);
const struct json_value *json_next(const struct json_value *item);
const char *json_key(const struct json_value *member);
size_t json_count(const struct json_value *container);
const char *json_string(const struct json_value *v);
bool json_to_int(const struct json_value *v, int64_t *out);   /* false: no integer */
bool json_to_double(const struct json_value *v, double *out); /* false: no number */
bool json_to_bool(const struct json_value *v, bool *out);

/* ---- decoding by table ------------------------------------------------------------------- */

enum json_type {
	JSON_BOOL,   /* bool */
	JSON_INT,    /* int64_t, within min..max */
	JSON_NUMBER, /* double */
	JSON_STRING, /* char * into the parsed tree (valid until json_free), length min..max bytes
		      */
	JSON_ENUM,   /* int: index into `names` */
	JSON_OBJECT, /* nested struct, by `object` */
	JSON_ARRAY,  /* struct json_items; elements by `element`, min..max of them */
	JSON_ANY,    /* const struct json_value * */
};

struct json_object;

struct json_field {
	const char *name;
	enum json_type type;
	bool required;
	bool nullable;        /* null is taken for absent */
	uint32_t offset;      /* of the value in the struct */
	uint32_t has_offset;  /* of a bool that says whether it was there; JSON_NO_HAS: none */
	uint32_t null_offset; /* of a bool that says whether it was null; JSON_NO_HAS: none */
	bool any_object;      /* JSON_ANY: but it must be an object */
	bool printable;       /* JSON_STRING: no control characters (U+0000-1F, U+007F-9F) */
	int64_t min, max;
	const char *const *names;         /* JSON_ENUM, NULL-terminated */
	const struct json_object *object; /* JSON_OBJECT, and JSON_ARRAY of objects */
	const struct json_field *element; /* JSON_ARRAY */
	int64_t default_int;              /* stored when absent: BOOL, INT, ENUM */
	const char *default_string;       /* the same for STRING, may be NULL */
};

#define JSON_NO_HAS UINT32_MAX

struct json_object {
	const char *name;
	size_t size; /* of the C struct */
	const struct json_field *fields;
	size_t field_count;
};

struct json_items {  /* what a JSON_ARRAY field becomes; owned by the decoded struct */
	void *items; /* element structs, or int64_t / char * / … one after the other */
	size_t count;
};

/*
 * Fill `out` (object->size bytes, zeroed first). An object that is absent still gets its
 * members' defaults, with `has` false. A null element of an array of objects (where nullable)
 * becomes a struct of defaults. Strings point into `v`; arrays are
 * allocated: free them with json_decode_free(), on success and on failure. `base` is the
 * pointer at which `v` stands ("/params"), put before the error's path. 0, -EINVAL, -ENOMEM.
 */
int json_decode(const struct json_value *v, const struct json_object *object, const char *base,
		void *out, struct json_error *err);
void json_decode_free(const struct json_object *object, void *out);

/* ---- writing ------------------------------------------------------------------------------ */

/* Strings are escaped; bad UTF-8 in them becomes U+FFFD. `key` NULL inside arrays and at the top.
 */
void json_w_open(struct tnd_buf *b, const char *key, char brace); /* '{' or '[' */
void json_w_close(struct tnd_buf *b, char brace);                 /* '}' or ']' */
void json_w_string(struct tnd_buf *b, const char *key, const char *value);
void json_w_uint(struct tnd_buf *b, const char *key, uint64_t value);
void json_w_int(struct tnd_buf *b, const char *key, int64_t value);
void json_w_double(struct tnd_buf *b, const char *key, double value, int decimals);
void json_w_bool(struct tnd_buf *b, const char *key, bool value);
void json_w_null(struct tnd_buf *b, const char *key);
/* Ready-made JSON text. */
void json_w_raw(struct tnd_buf *b, const char *key, const char *text, size_t len);
/* Compact text of a parsed value (request ids, config.get). */
void json_w_value(struct tnd_buf *b, const char *key, const struct json_value *v);

#endif
