/* SPDX-License-Identifier: BSD-3-Clause */
/* PEM files, as the configuration names them: read at start, when waiting for a disk hurts nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "dial_private.h"

#define TEXT_MAX (256 * 1024)

char *file_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	char *text = malloc(TEXT_MAX);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0 || text == NULL)
		err = fd < 0 ? errno : ENOMEM;
	while (err == 0 && n > 0) {
		n = read(fd, text + len, TEXT_MAX - len);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			err = errno;
		if (len == TEXT_MAX)
			err = EFBIG;
	}
	if (fd >= 0)
		close(fd);
	if (err == 0) {
		text[len] = '\0';
		return text;
	}
	free(text);
	errno = err;
	return NULL;
}
