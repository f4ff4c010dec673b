/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text for a terminal: what came from a daemon is made harmless, numbers readable.
 *
 * Widths are columns of a UTF-8 terminal; ctl_text_init() sets the locale that they need.
 */
#ifndef CTL_TEXT_H
#define CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

void ctl_text_init(void);

bool ctl_text_is_utf8(const char *s, size_t len);

/*
 * Append `s`, any bytes, so that a terminal shows it and obeys nothing in it: control
 * characters, invisible and direction-changing ones become \n, \x1b or \u202e, bytes that are
 * no UTF-8 \xff.
 */
void ctl_text_escape(struct tnd_buf *b, const char *s, size_t len);

/* Append JSON text with the control characters that JSON permits (U+007F-9F) as \u00xx. */
void ctl_text_json(struct tnd_buf *b, const char *json, size_t len);

/* Columns that printable text takes. */
size_t ctl_text_width(const char *s, size_t len);

/* Bytes of printable text that fit into so many columns. */
size_t ctl_text_fit(const char *s, size_t len, size_t columns);

/* 1234567.8 as "1,234,568". */
void ctl_text_grouped(struct tnd_buf *b, double n);

/* "12.3 s", "4 min 05 s", "3 h 07 min", "2 d 04 h". */
void ctl_text_duration(struct tnd_buf *b, double seconds);

/* At most `decimals` of them, no zeros at the end: "1.5", "20". */
void ctl_text_number(struct tnd_buf *b, double n, int decimals);

#endif
