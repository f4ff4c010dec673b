/* SPDX-License-Identifier: BSD-3-Clause */
/* CMocka with what it wants included before it, and what several tests need. */
#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A copy that ends where its memory ends, so that AddressSanitizer sees a read beyond it. */
static inline uint8_t *exact_copy(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	return copy;
}

/* For one line of a table: says which one before the test fails. */
#define check_case(name, condition)                                                                \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("case \"%s\": %s\n", name, #condition);                        \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

#endif
