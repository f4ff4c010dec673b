/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of files, made of what strangers say. Pure. */
#ifndef MEDIA_NAME_H
#define MEDIA_NAME_H

#include <stddef.h>

#define NAME_STEM_MAX 200 /* bytes */

/*
 * A file name of `text`, which may be anything: letters, digits and most of ASCII's marks stay;
 * bytes that mean something to a shell, a file system or a terminal, and a dot that would begin
 * it, become %XX; what would be longer than NAME_STEM_MAX ends in "~" and a hash of the whole.
 * Never empty, never with '/'. Two texts have the same name only if their hashes are the same.
 */
void name_make(const char *text, size_t len, char out[NAME_STEM_MAX + 1]);

#endif
