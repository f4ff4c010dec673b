/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of aligned columns. Every cell passes ctl_text_escape() on its way in, so that any
 * string of the daemon's may be a cell.
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct ctl_column {
	const char *title; /* NULL in the first column: the table has no heading */
	bool right;        /* numbers */
};

struct ctl_table {
	const struct ctl_column *columns; /* the caller's */
	size_t column_count;
	struct tnd_buf text;  /* the cells, each zero-terminated; the one being made at the end */
	struct tnd_buf cells; /* size_t offsets into `text` */
};

void ctl_table_init(struct ctl_table *t, const struct ctl_column *columns, size_t column_count);
void ctl_table_free(struct ctl_table *t);

/* The next cell, left to right, row after row. */
void ctl_table_cell(struct ctl_table *t, const char *text);
void ctl_table_cellf(struct ctl_table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The next cell from a buffer, which is emptied. */
void ctl_table_take(struct ctl_table *t, struct tnd_buf *cell);

size_t ctl_table_rows(const struct ctl_table *t);

/*
 * Append the lines. With `columns` (of the terminal, 0: no limit) the last column is broken
 * between words so that it fits. An incomplete last row is filled with empty cells.
 */
void ctl_table_print(struct ctl_table *t, struct tnd_buf *out, size_t columns);

#endif
