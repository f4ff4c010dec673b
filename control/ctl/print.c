/* SPDX-License-Identifier: BSD-3-Clause */
#include "print.h"

#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "table.h"
#include "text.h"

#define TABLE_COLUMNS_MAX 12

struct unit {
	const char *suffix, *unit;
};

/* Ends of names that say a unit; it goes beside the value. */
static const struct unit units[] = {
	{"_ms", " ms"}, {"_s", " s"}, {"_percent", " %"}, {"mbps", " Mbit/s"}, {"bytes", " B"},
};

static const struct unit *unit_of(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = strlen(units[i].suffix);
		size_t least = units[i].suffix[0] == '_' ? n + 1 : n;

		if (len >= least && strcmp(key + len - n, units[i].suffix) == 0)
			return &units[i];
	}
	return NULL;
}

/* A name without its unit, where that is only a suffix. */
static size_t name_len(const char *key)
{
	const struct unit *u = unit_of(key);

	return strlen(key) - (u != NULL && u->suffix[0] == '_' ? strlen(u->suffix) : 0);
}

static bool is_endpoint(const struct json_value *v)
{
	return json_is_object(v) && json_count(v) == 2 && json_is_string(json_member(v, "ip")) &&
	       json_is_number(json_member(v, "port"));
}

/* One cell: a scalar, an endpoint, or a list of these. */
static bool is_leaf(const struct json_value *v)
{
	if (json_is_array(v)) {
		for (const struct json_value *e = json_first(v); e != NULL; e = json_next(e))
			if ((json_is_object(e) && !is_endpoint(e)) || json_is_array(e))
				return false;
		return true;
	}
	return !json_is_object(v) || json_count(v) == 0 || is_endpoint(v);
}

static void leaf_text(struct tnd_buf *b, const char *key, const struct json_value *v)
{
	const struct unit *u = unit_of(key);

	if (json_is_array(v)) {
		if (json_first(v) == NULL)
			tnd_buf_addc(b, '-');
		for (const struct json_value *e = json_first(v); e != NULL; e = json_next(e)) {
			ctl_value_text(b, e);
			if (json_next(e) != NULL)
				tnd_buf_adds(b, ", ");
		}
		return;
	}
	if (json_is_object(v) && json_first(v) == NULL)
		tnd_buf_addc(b, '-');
	else
		ctl_value_text(b, v);
	if (u != NULL && json_is_number(v))
		tnd_buf_adds(b, u->unit);
}

/* ---- tables of objects ---------------------------------------------------------------------- */

/* The columns of a list of objects: dotted names in the order in which they are met. */
struct names {
	char *name[TABLE_COLUMNS_MAX]; /* owned */
	size_t count;
};

static void names_free(struct names *names)
{
	while (names->count > 0)
		free(names->name[--names->count]);
}

/* False: too many, or a member that is no cell. */
static bool names_collect(struct names *names, const struct json_value *object, const char *prefix)
{
	for (const struct json_value *m = json_first(object); m != NULL; m = json_next(m)) {
		struct tnd_buf path = {0};
		bool known = false, ok = true;

		tnd_buf_addf(&path, "%s%s%s", prefix, *prefix ? "." : "", json_key(m));
		tnd_buf_addc(&path, '\0');
		if (path.oom)
			return false;
		if (!is_leaf(m)) {
			ok = json_is_object(m) && names_collect(names, m, path.data);
		} else {
			for (size_t i = 0; i < names->count && !known; i++)
				known = strcmp(names->name[i], path.data) == 0;
			ok = known || names->count < TABLE_COLUMNS_MAX;
			if (ok && !known) {
				names->name[names->count++] = path.data;
				path.data = NULL;
			}
		}
		free(path.data);
		if (!ok)
			return false;
	}
	return true;
}

/* A member by a dotted path whose names may hold anything but dots. */
static const struct json_value *find(const struct json_value *v, const char *path)
{
	for (const struct json_value *m = json_first(v); m != NULL; m = json_next(m)) {
		size_t len = strlen(json_key(m));

		if (strncmp(path, json_key(m), len) != 0)
			continue;
		if (path[len] == '\0')
			return m;
		if (path[len] == '.' && json_is_object(m)) {
			const struct json_value *inner = find(m, path + len + 1);

			if (inner != NULL)
				return inner;
		}
	}
	return NULL;
}

static bool column_is_number(const struct json_value *list, const char *name)
{
	bool any = false;

	for (const struct json_value *e = json_first(list); e != NULL; e = json_next(e)) {
		const struct json_value *v = find(e, name);

		if (v != NULL && !json_is_number(v) && !json_is_null(v))
			return false;
		any |= json_is_number(v);
	}
	return any;
}

static char *title_of(const char *name)
{
	struct tnd_buf b = {0};

	ctl_text_escape(&b, name, name_len(name));
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] >= 'a' && b.data[i] <= 'z')
			b.data[i] = (char)(b.data[i] - 'a' + 'A');
	tnd_buf_addc(&b, '\0');
	if (b.oom)
		tnd_buf_free(&b);
	return b.data;
}

/* False: it is not fit for a table. */
static bool print_table(struct tnd_buf *out, const char *key, const struct json_value *list,
			size_t columns)
{
	struct ctl_column column[TABLE_COLUMNS_MAX];
	struct tnd_buf cell = {0};
	struct names names = {0};
	struct ctl_table t;
	bool fit = true;

	for (const struct json_value *e = json_first(list); fit && e != NULL; e = json_next(e))
		fit = json_is_object(e) && names_collect(&names, e, "");
	if (!fit || names.count == 0) {
		names_free(&names);
		return false;
	}
	for (size_t i = 0; i < names.count; i++) {
		column[i].title = title_of(names.name[i]);
		column[i].right = column_is_number(list, names.name[i]);
		if (column[i].title == NULL)
			out->oom = true;
	}
	ctl_table_init(&t, column, names.count);
	for (const struct json_value *e = json_first(list); e != NULL; e = json_next(e)) {
		for (size_t i = 0; i < names.count; i++) {
			const struct json_value *v = find(e, names.name[i]);

			if (v != NULL)
				leaf_text(&cell, names.name[i], v);
			ctl_table_take(&t, &cell);
		}
	}
	if (out->len > 0)
		tnd_buf_addc(out, '\n');
	ctl_text_escape(out, key, strlen(key));
	tnd_buf_addc(out, '\n');
	if (!out->oom)
		ctl_table_print(&t, out, columns);
	ctl_table_free(&t);
	tnd_buf_free(&cell);
	for (size_t i = 0; i < names.count; i++)
		free((char *)column[i].title);
	names_free(&names);
	return true;
}

/* ---- members by path ------------------------------------------------------------------------ */

static bool wants_table(const struct json_value *v)
{
	return json_is_array(v) && !is_leaf(v);
}

/* Rows of name and value; lists of objects only where `lists`, by position. */
static void rows(struct ctl_table *t, const struct json_value *v, const char *path, bool lists)
{
	struct tnd_buf inner = {0}, cell = {0};
	size_t i = 0;

	if (is_leaf(v)) {
		ctl_table_cellf(t, "%.*s", (int)name_len(path), path);
		leaf_text(&cell, path, v);
		ctl_table_take(t, &cell);
		tnd_buf_free(&cell);
		return;
	}
	for (const struct json_value *m = json_first(v); m != NULL; m = json_next(m)) {
		if (!lists && wants_table(m))
			continue;
		tnd_buf_reset(&inner);
		if (*path != '\0')
			tnd_buf_addf(&inner, "%s.", path);
		if (json_key(m) != NULL)
			tnd_buf_adds(&inner, json_key(m));
		else
			tnd_buf_addf(&inner, "%zu", i++);
		tnd_buf_addc(&inner, '\0');
		if (!inner.oom)
			rows(t, m, inner.data, lists);
	}
	tnd_buf_free(&inner);
}

static void print_rows(struct tnd_buf *out, const struct json_value *v, const char *path,
		       bool lists, size_t columns)
{
	static const struct ctl_column column[] = {{NULL, false}, {NULL, false}};
	struct ctl_table t;

	ctl_table_init(&t, column, 2);
	rows(&t, v, path, lists);
	if (ctl_table_rows(&t) > 0 && out->len > 0)
		tnd_buf_addc(out, '\n');
	if (ctl_table_rows(&t) > 0)
		ctl_table_print(&t, out, columns);
	ctl_table_free(&t);
}

/* The lists of objects that rows() has left out, wherever they are. */
static void print_lists(struct tnd_buf *out, const struct json_value *v, const char *path,
			size_t columns)
{
	struct tnd_buf inner = {0};

	for (const struct json_value *m = json_first(v); m != NULL; m = json_next(m)) {
		if (!json_is_object(m) && !wants_table(m))
			continue;
		tnd_buf_reset(&inner);
		tnd_buf_addf(&inner, "%s%s%s", path, *path ? "." : "", json_key(m));
		tnd_buf_addc(&inner, '\0');
		if (inner.oom)
			break;
		if (json_is_object(m))
			print_lists(out, m, inner.data, columns);
		else if (!print_table(out, inner.data, m, columns))
			print_rows(out, m, inner.data, true, columns);
	}
	if (inner.oom)
		out->oom = true;
	tnd_buf_free(&inner);
}

void ctl_print_object(struct tnd_buf *out, const struct json_value *object, size_t columns)
{
	if (json_first(object) == NULL) {
		tnd_buf_adds(out, "ok\n");
		return;
	}
	print_rows(out, object, "", false, columns);
	print_lists(out, object, "", columns);
	if (out->len == 0)
		tnd_buf_adds(out, "none\n");
}

static void line_part(struct tnd_buf *out, const struct json_value *v, const char *path)
{
	struct tnd_buf text = {0};

	if (json_is_object(v) && !is_leaf(v)) {
		for (const struct json_value *m = json_first(v); m != NULL; m = json_next(m)) {
			tnd_buf_reset(&text);
			tnd_buf_addf(&text, "%s%s%s", path, *path ? "." : "", json_key(m));
			tnd_buf_addc(&text, '\0');
			if (!text.oom)
				line_part(out, m, text.data);
		}
	} else {
		tnd_buf_addf(&text, " %s=", path);
		if (is_leaf(v))
			leaf_text(&text, "", v);
		else
			tnd_buf_addf(&text, "(%zu)", json_count(v));
		if (!text.oom)
			ctl_text_escape(out, text.data, text.len);
	}
	if (text.oom)
		out->oom = true;
	tnd_buf_free(&text);
}

void ctl_print_member(struct tnd_buf *out, const struct json_value *member)
{
	line_part(out, member, json_key(member));
}
