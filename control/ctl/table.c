/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define GAP      2  /* columns between columns */
#define WRAP_MIN 20 /* a last column narrower than this is not broken */

void ctl_table_init(struct ctl_table *t, const struct ctl_column *columns, size_t column_count)
{
	*t = (struct ctl_table){.columns = columns, .column_count = column_count};
}

void ctl_table_free(struct ctl_table *t)
{
	tnd_buf_free(&t->text);
	tnd_buf_free(&t->cells);
}

static void add(struct ctl_table *t, const char *s, size_t len)
{
	size_t offset = t->text.len;

	ctl_text_escape(&t->text, s, len);
	tnd_buf_addc(&t->text, '\0');
	tnd_buf_add(&t->cells, &offset, sizeof(offset));
}

void ctl_table_cell(struct ctl_table *t, const char *text)
{
	add(t, text, strlen(text));
}

void ctl_table_cellf(struct ctl_table *t, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		t->text.oom = true;
	else
		add(t, text, (size_t)n);
	if (n >= 0)
		free(text);
}

void ctl_table_take(struct ctl_table *t, struct tnd_buf *cell)
{
	if (cell->oom)
		t->text.oom = true;
	else
		add(t, cell->data ? cell->data : "", cell->len);
	tnd_buf_reset(cell);
}

static size_t cell_count(const struct ctl_table *t)
{
	return t->cells.len / sizeof(size_t);
}

size_t ctl_table_rows(const struct ctl_table *t)
{
	return (cell_count(t) + t->column_count - 1) / t->column_count;
}

static const char *cell_at(const struct ctl_table *t, size_t row, size_t column)
{
	size_t i = row * t->column_count + column, offset;

	if (i >= cell_count(t))
		return "";
	memcpy(&offset, t->cells.data + i * sizeof(offset), sizeof(offset));
	return t->text.data + offset;
}

static void spaces(struct tnd_buf *out, size_t n)
{
	while (n-- > 0)
		tnd_buf_addc(out, ' ');
}

/* The last cell, broken between words; what follows a break starts below its first column. */
static void put_wrapped(struct tnd_buf *out, const char *s, size_t indent, size_t room)
{
	while (ctl_text_width(s, strlen(s)) > room) {
		size_t cut = ctl_text_fit(s, strlen(s), room), space = cut;

		while (space > 0 && s[space] != ' ')
			space--;
		if (space > 0)
			cut = space;
		else if (cut == 0)
			break;
		tnd_buf_add(out, s, cut);
		tnd_buf_addc(out, '\n');
		spaces(out, indent);
		s += cut;
		while (*s == ' ')
			s++;
	}
	tnd_buf_adds(out, s);
}

static void put_row(const struct ctl_table *t, struct tnd_buf *out, const size_t *widths,
		    const char *(*cell)(const struct ctl_table *, size_t, size_t), size_t row,
		    size_t columns)
{
	size_t at = 0, pending = 0;

	for (size_t c = 0; c < t->column_count; c++) {
		const char *s = cell(t, row, c);
		size_t width = ctl_text_width(s, strlen(s));
		bool last = c + 1 == t->column_count;

		if (t->columns[c].right)
			pending += widths[c] - width;
		if (*s != '\0') {
			spaces(out, pending);
			at += pending;
			pending = 0;
			if (last && columns >= at + WRAP_MIN)
				put_wrapped(out, s, at, columns - at);
			else
				tnd_buf_adds(out, s);
			at += width;
		}
		if (!t->columns[c].right)
			pending += widths[c] - width;
		pending += GAP;
	}
	tnd_buf_addc(out, '\n');
}

static const char *title_at(const struct ctl_table *t, size_t row, size_t column)
{
	return t->columns[column].title;
}

void ctl_table_print(struct ctl_table *t, struct tnd_buf *out, size_t columns)
{
	size_t *widths = calloc(t->column_count, sizeof(*widths));
	size_t rows = ctl_table_rows(t);
	bool heading = t->columns[0].title != NULL;

	if (widths == NULL || t->text.oom || t->cells.oom) {
		out->oom = true;
		free(widths);
		return;
	}
	for (size_t c = 0; c < t->column_count; c++) {
		if (heading)
			widths[c] =
				ctl_text_width(t->columns[c].title, strlen(t->columns[c].title));
		for (size_t row = 0; row < rows; row++) {
			const char *s = cell_at(t, row, c);
			size_t width = ctl_text_width(s, strlen(s));

			if (width > widths[c])
				widths[c] = width;
		}
	}
	if (heading)
		put_row(t, out, widths, title_at, 0, columns);
	for (size_t row = 0; row < rows; row++)
		put_row(t, out, widths, cell_at, row, columns);
	free(widths);
}
