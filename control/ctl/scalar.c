/* SPDX-License-Identifier: BSD-3-Clause */
#include "scalar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

static int bool_json(const char *key, const char *value, struct tnd_buf *out,
		     struct ctl_args_error *err)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) == 0) {
			json_w_bool(out, NULL, i % 2 == 1);
			return 0;
		}
	}
	return ctl_args_fail(err, "%s: %s is neither true nor false", key, value);
}

/* Numbers are read by the strict parser, so that what passes here passes there. */
static int number_json(const char *key, const char *value, bool integer, struct tnd_buf *out,
		       struct ctl_args_error *err)
{
	struct json_error parse_error;
	struct json_value *v;
	int64_t n;
	int rc = json_parse(value, strlen(value), &v, &parse_error);

	if (rc == -ENOMEM)
		return rc;
	if (rc == 0 && (integer ? json_to_int(v, &n) : json_is_number(v)))
		json_w_value(out, NULL, v);
	else
		rc = ctl_args_fail(err, "%s: %s is not %s", key, value,
				   integer ? "an integer" : "a number");
	json_free(v);
	return rc;
}

static int enum_json(const struct json_field *field, const char *key, const char *value,
		     struct tnd_buf *out, struct ctl_args_error *err)
{
	char names[256];
	size_t used = 0;

	names[0] = '\0';
	for (const char *const *name = field->names; *name != NULL; name++) {
		if (strcmp(value, *name) == 0) {
			json_w_string(out, NULL, value);
			return 0;
		}
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, " %s", *name);
	}
	return ctl_args_fail(err, "%s: %s is none of:%s", key, value, names);
}

static int string_json(const char *key, const char *value, struct tnd_buf *out,
		       struct ctl_args_error *err)
{
	/* The writer would replace what is not UTF-8; another id is worse than none. */
	if (!ctl_text_is_utf8(value, strlen(value)))
		return ctl_args_fail(err, "%s: is not UTF-8", key);
	json_w_string(out, NULL, value);
	return 0;
}

static int list_json(const struct json_field *field, const char *key, const char *value,
		     struct tnd_buf *out, struct ctl_args_error *err)
{
	char *copy, *rest, *item;
	int rc = 0;

	if (field->element->type == JSON_OBJECT || field->element->type == JSON_ARRAY)
		return ctl_args_fail(err, "%s: a list; give %s.0.…=…, or %s:=JSON", key, key, key);
	copy = rest = strdup(value);
	if (copy == NULL)
		return -ENOMEM;
	json_w_open(out, NULL, '[');
	while (rc == 0 && *value != '\0' && (item = strsep(&rest, ",")) != NULL)
		rc = ctl_scalar_json(field->element, key, item, out, err);
	json_w_close(out, ']');
	free(copy);
	return rc;
}

/* No type: what looks like true, false, null or a number is that, all else is text. */
static int any_json(const struct json_field *field, const char *key, const char *value,
		    struct tnd_buf *out, struct ctl_args_error *err)
{
	struct json_error parse_error;
	struct json_value *v;
	bool yes, plain;
	int rc;

	if (field->any_object)
		return ctl_args_fail(err,
				     "%s: an object; give its members (%s.NAME=…), %s:=JSON or "
				     "%s:=@FILE",
				     key, key, key, key);
	rc = json_parse(value, strlen(value), &v, &parse_error);
	if (rc == -ENOMEM)
		return rc;
	plain = rc == 0 && (json_is_number(v) || json_is_null(v) || json_to_bool(v, &yes));
	if (plain)
		json_w_value(out, NULL, v);
	json_free(v);
	return plain ? 0 : string_json(key, value, out, err);
}

int ctl_scalar_json(const struct json_field *field, const char *key, const char *value,
		    struct tnd_buf *out, struct ctl_args_error *err)
{
	if (field->nullable && strcmp(value, "null") == 0) {
		json_w_null(out, NULL);
		return 0;
	}
	switch (field->type) {
	case JSON_BOOL: return bool_json(key, value, out, err);
	case JSON_INT: return number_json(key, value, true, out, err);
	case JSON_NUMBER: return number_json(key, value, false, out, err);
	case JSON_STRING: return string_json(key, value, out, err);
	case JSON_ENUM: return enum_json(field, key, value, out, err);
	case JSON_ARRAY: return list_json(field, key, value, out, err);
	case JSON_ANY: return any_json(field, key, value, out, err);
	case JSON_OBJECT: break;
	}
	return ctl_args_fail(err, "%s: an object; give its members (%s.%s=…) or %s:=JSON", key, key,
			     field->object->field_count ? field->object->fields[0].name : "NAME",
			     key);
}

/* A whole file; one byte more than JSON may have is enough to refuse it. */
static int read_all(int fd, const char *name, struct tnd_buf *b, struct ctl_args_error *err)
{
	for (;;) {
		char *to = tnd_buf_reserve(b, 65536);
		ssize_t n;

		if (to == NULL)
			return -ENOMEM;
		n = read(fd, to, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ctl_args_fail(err, "%s: %s", name, strerror(errno));
		b->len += (size_t)n;
		if (n == 0)
			return 0;
		if (b->len > JSON_TEXT_MAX)
			return ctl_args_fail(err, "%s: longer than 256 KiB", name);
	}
}

/* Where `text` has its JSON: in itself (NULL), in a file, or on standard input ("-"). */
static const char *file_of(const char *text)
{
	if (text[0] == '@')
		return text + 1;
	return strcmp(text, "-") == 0 ? text : NULL;
}

static int read_source(const char *text, struct tnd_buf *b, struct ctl_args_error *err)
{
	const char *file = file_of(text);
	int fd, rc;

	if (file == NULL) {
		tnd_buf_adds(b, text);
		return b->oom ? -ENOMEM : 0;
	}
	if (strcmp(file, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", b, err);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ctl_args_fail(err, "%s: %s", file, strerror(errno));
	rc = read_all(fd, file, b, err);
	close(fd);
	return rc;
}

int ctl_args_json(const char *text, struct tnd_buf *out, struct ctl_args_error *err)
{
	struct json_value *v = NULL;
	struct json_error parse_error;
	struct tnd_buf b = {0};
	int rc = read_source(text, &b, err);

	if (rc == 0) {
		rc = json_parse(b.len ? b.data : "", b.len, &v, &parse_error);
		if (rc == -EINVAL)
			ctl_args_fail(err, "%s: not JSON: %s%s%s", text, parse_error.reason,
				      parse_error.path[0] ? " at " : "", parse_error.path);
	}
	if (rc == 0)
		json_w_value(out, NULL, v);
	json_free(v);
	tnd_buf_free(&b);
	return rc;
}
