/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks the schema's decoder table along each key, and hangs the value into a tree. */
#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scalar.h"

#define INDEX_MAX 4095 /* positions in a list that has no limit of its own */

enum node_kind {
	NODE_NEW, /* nothing yet: a gap in a list, or just made */
	NODE_OBJECT,
	NODE_LIST,
	NODE_VALUE,
};

/* A tree of what the words have set so far. */
struct node {
	enum node_kind kind;
	char *key;                 /* in an object; owned */
	size_t index;              /* in a list */
	bool gap_is_object;        /* NODE_LIST: what is left out becomes {} */
	char *json;                /* NODE_VALUE; owned */
	struct node *first, *next; /* children, positions rising in a list */
};

int ctl_args_fail(struct ctl_args_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

const struct api_method *ctl_args_method(const char *name)
{
	for (size_t i = 0; i < API_METHOD_COUNT; i++)
		if (strcmp(api_methods[i].name, name) == 0)
			return &api_methods[i];
	return NULL;
}

static void free_children(struct node *n)
{
	while (n->first != NULL) {
		struct node *child = n->first;

		n->first = child->next;
		free_children(child);
		free(child->key);
		free(child->json);
		free(child);
	}
}

/* The child of that key, or at that position where `key` is NULL; made if missing. */
static struct node *child_of(struct node *parent, const char *key, size_t key_len, size_t index)
{
	struct node **at = &parent->first, *n;

	for (; *at != NULL; at = &(*at)->next) {
		if (key != NULL && strlen((*at)->key) == key_len &&
		    memcmp((*at)->key, key, key_len) == 0)
			return *at;
		if (key == NULL && (*at)->index == index)
			return *at;
		if (key == NULL && (*at)->index > index)
			break;
	}
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return NULL;
	if (key != NULL) {
		n->key = strndup(key, key_len);
		if (n->key == NULL) {
			free(n);
			return NULL;
		}
	}
	n->index = index;
	n->next = *at;
	*at = n;
	return n;
}

static bool parse_index(const char *s, size_t len, size_t *index)
{
	size_t n = 0;

	if (len == 0 || len > 9 || (len > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		n = n * 10 + (size_t)(s[i] - '0');
	}
	*index = n;
	return true;
}

static const struct json_field any_field = {.name = "", .type = JSON_ANY};

static int unknown_key(const struct json_object *object, const char *key, size_t part,
		       size_t part_len, struct ctl_args_error *err)
{
	char names[256];
	size_t used = 0;

	names[0] = '\0';
	for (size_t i = 0; i < object->field_count && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, " %s",
					 object->fields[i].name);
	if (object->field_count == 0)
		return ctl_args_fail(err, "%.*s: no such parameter; there are none",
				     (int)(part + part_len), key);
	return ctl_args_fail(err, "%.*s: no such parameter; there are:%s", (int)(part + part_len),
			     key, names);
}

/* One step along a key: from the node and field of its parent to those of `part`. */
static int step(struct node **node, const struct json_field **field, const char *key, size_t part,
		size_t len, struct ctl_args_error *err)
{
	const struct json_field *from = *field;
	bool list = from->type == JSON_ARRAY;
	enum node_kind kind;
	size_t index = 0;

	if (len == 0)
		return ctl_args_fail(err, "%s: a name is missing between the dots", key);
	if (from->type == JSON_ANY)
		list = parse_index(key + part, len, &index) && (*node)->kind != NODE_OBJECT;
	else if (from->type != JSON_ARRAY && from->type != JSON_OBJECT)
		return ctl_args_fail(err, "%.*s: has no members", (int)(part ? part - 1 : 0), key);
	if (list && !parse_index(key + part, len, &index))
		return ctl_args_fail(err, "%.*s: a list; its items are %.*s.0, %.*s.1 and so on",
				     (int)part - 1, key, (int)part - 1, key, (int)part - 1, key);
	if (list &&
	    index > (from->type == JSON_ARRAY && from->max <= INDEX_MAX ? (size_t)from->max - 1
									: INDEX_MAX))
		return ctl_args_fail(err, "%.*s: no such position", (int)(part + len), key);

	if (from->type == JSON_OBJECT) {
		const struct json_field *f = NULL;

		for (size_t i = 0; i < from->object->field_count && f == NULL; i++)
			if (strlen(from->object->fields[i].name) == len &&
			    memcmp(from->object->fields[i].name, key + part, len) == 0)
				f = &from->object->fields[i];
		if (f == NULL)
			return unknown_key(from->object, key, part, len, err);
		*field = f;
	} else {
		*field = from->type == JSON_ARRAY ? from->element : &any_field;
	}

	kind = list ? NODE_LIST : NODE_OBJECT;
	if ((*node)->kind == NODE_NEW)
		(*node)->kind = kind;
	if ((*node)->kind != kind)
		return ctl_args_fail(err, "%.*s: given whole already", (int)(part ? part - 1 : 0),
				     key);
	if (list)
		(*node)->gap_is_object =
			from->type == JSON_ARRAY && from->element->type == JSON_OBJECT;
	*node = child_of(*node, list ? NULL : key + part, len, index);
	return *node == NULL ? -ENOMEM : 0;
}

static int set(struct node *root, const struct json_field *root_field, const char *word,
	       struct ctl_args_error *err)
{
	const struct json_field *field = root_field;
	const char *equals = strchr(word, '=');
	struct tnd_buf json = {0};
	struct node *node = root;
	size_t key_len, depth = 1;
	bool raw;
	char *key;
	int rc = 0;

	if (equals == NULL || equals == word)
		return ctl_args_fail(err, "%s: is not key=value", word);
	raw = equals[-1] == ':';
	key_len = (size_t)(equals - word) - raw;
	key = strndup(word, key_len);
	if (key == NULL)
		return -ENOMEM;
	for (size_t part = 0; rc == 0 && part <= key_len;) {
		size_t len = strcspn(key + part, ".");

		if (++depth > JSON_DEPTH_MAX)
			rc = ctl_args_fail(err, "%s: too deep", key);
		else
			rc = step(&node, &field, key, part, len, err);
		part += len + 1;
	}
	if (rc == 0 && node->kind != NODE_NEW)
		rc = ctl_args_fail(err, "%s: given twice", key);
	if (rc == 0)
		rc = raw ? ctl_args_json(equals + 1, &json, err)
			 : ctl_scalar_json(field, key, equals + 1, &json, err);
	if (rc == 0) {
		tnd_buf_addc(&json, '\0');
		if (json.oom)
			rc = -ENOMEM;
	}
	if (rc == 0) {
		node->kind = NODE_VALUE;
		node->json = json.data;
	} else {
		tnd_buf_free(&json);
	}
	free(key);
	return rc;
}

static int write_node(const struct node *n, const char *key, struct tnd_buf *out,
		      struct ctl_args_error *err)
{
	bool list = n->kind == NODE_LIST;
	size_t position = 0;
	int rc = 0;

	if (n->kind == NODE_VALUE) {
		json_w_raw(out, key, n->json, strlen(n->json));
		return 0;
	}
	json_w_open(out, key, list ? '[' : '{');
	for (const struct node *c = n->first; rc == 0 && c != NULL; c = c->next) {
		for (; list && rc == 0 && position < c->index; position++) {
			if (!n->gap_is_object)
				return ctl_args_fail(err,
						     "a list begins at position 0 and has no gaps");
			json_w_raw(out, NULL, "{}", 2);
		}
		position++;
		rc = write_node(c, c->key, out, err);
	}
	json_w_close(out, list ? ']' : '}');
	return rc;
}

int ctl_args_build(const struct json_object *object, char *const *words, size_t count,
		   struct tnd_buf *out, struct ctl_args_error *err)
{
	struct json_field root_field = {
		.name = "", .type = object ? JSON_OBJECT : JSON_ANY, .object = object};
	struct node root = {.kind = NODE_OBJECT};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = set(&root, &root_field, words[i], err);
	if (rc == 0)
		rc = write_node(&root, NULL, out, err);
	if (rc == 0 && out->oom)
		rc = -ENOMEM;
	free_children(&root);
	return rc;
}
