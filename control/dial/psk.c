/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of secrets: read whole, sorted, and looked up by halves. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "tls.h"

#define FILE_MAX (64 * 1024 * 1024)

struct psk {
	uint8_t name_len, secret_len;
	char name[WIRE_RTPTP_NAME_MAX];
	uint8_t secret[TLS_PSK_MAX];
};

struct psk_table {
	size_t count, room;
	struct psk *psk; /* by name */
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t psk_parse(const char *hex, size_t len, uint8_t out[TLS_PSK_MAX])
{
	if (len % 2 != 0 || len / 2 < TLS_PSK_MIN || len / 2 > TLS_PSK_MAX)
		return 0;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return 0;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return len / 2;
}

static int compare(const void *a, const void *b)
{
	const struct psk *x = a, *y = b;
	int rc = memcmp(x->name, y->name, x->name_len < y->name_len ? x->name_len : y->name_len);

	return rc != 0 ? rc : (int)x->name_len - (int)y->name_len;
}

void psk_free(struct psk_table *t)
{
	if (t == NULL)
		return;
	if (t->psk != NULL)
		OPENSSL_cleanse(t->psk, t->room * sizeof(*t->psk));
	free(t->psk);
	free(t);
}

size_t psk_count(const struct psk_table *t)
{
	return t->count;
}

size_t psk_find(const struct psk_table *t, const char *user, size_t len, const uint8_t **secret)
{
	struct psk key = {.name_len = (uint8_t)len};
	const struct psk *found;

	if (len == 0 || len > sizeof(key.name))
		return 0;
	memcpy(key.name, user, len);
	found = bsearch(&key, t->psk, t->count, sizeof(*t->psk), compare);
	if (found == NULL)
		return 0;
	*secret = found->secret;
	return found->secret_len;
}

/* NULL: a good line; else what is wrong with it. The colon is the last one: names may have some. */
static const char *take_line(struct psk_table *t, const char *line, size_t len)
{
	struct psk *p = &t->psk[t->count];
	const char *colon;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0 || line[0] == '#')
		return NULL;
	colon = memrchr(line, ':', len);
	if (colon == NULL)
		return "no colon between user and secret";
	if (!wire_rtptp_name_ok(line, (size_t)(colon - line)))
		return "a user's name has 1 to 24 bytes, and no control characters";
	p->name_len = (uint8_t)(colon - line);
	memcpy(p->name, line, p->name_len);
	p->secret_len = (uint8_t)psk_parse(colon + 1, len - p->name_len - 1, p->secret);
	if (p->secret_len == 0)
		return "a secret is of 16 to 64 bytes, in hexadecimal";
	t->count++;
	return NULL;
}

/* 0 or -errno with `why`. */
static int parse(struct psk_table *t, const char *text, size_t len, char why[TLS_WHY])
{
	size_t number = 1, at = 0;

	t->room = 1;
	for (size_t i = 0; i < len; i++)
		t->room += text[i] == '\n';
	t->psk = calloc(t->room, sizeof(*t->psk));
	if (t->psk == NULL) {
		snprintf(why, TLS_WHY, "out of memory");
		return -ENOMEM;
	}
	for (; at < len; number++) {
		const char *lf = memchr(text + at, '\n', len - at);
		size_t line_len = lf != NULL ? (size_t)(lf - text) - at : len - at;
		const char *wrong = take_line(t, text + at, line_len);

		if (wrong != NULL) {
			snprintf(why, TLS_WHY, "line %zu: %s", number, wrong);
			return -EINVAL;
		}
		at += line_len + 1;
	}
	qsort(t->psk, t->count, sizeof(*t->psk), compare);
	for (size_t i = 1; i < t->count; i++)
		if (compare(&t->psk[i - 1], &t->psk[i]) == 0) {
			snprintf(why, TLS_WHY, "user \"%.*s\" is there twice", t->psk[i].name_len,
				 t->psk[i].name);
			return -EINVAL;
		}
	return 0;
}

/* The whole file, at most FILE_MAX bytes. 0 or -errno. */
static int read_file(const char *path, char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	struct stat st;
	ssize_t n = 1;

	*text = NULL;
	*len = 0;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	else if (st.st_size > FILE_MAX)
		rc = -EFBIG;
	else if ((*text = malloc((size_t)st.st_size + 1)) == NULL)
		rc = -ENOMEM;
	while (rc == 0 && n > 0 && *len < (size_t)st.st_size) {
		n = read(fd, *text + *len, (size_t)st.st_size - *len);
		if (n > 0)
			*len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			rc = -errno;
	}
	close(fd);
	return rc;
}

struct psk_table *psk_load(const char *path, char why[TLS_WHY])
{
	struct psk_table *t = calloc(1, sizeof(*t));
	char *text = NULL;
	size_t len = 0;
	int rc = t == NULL ? -ENOMEM : read_file(path, &text, &len);

	if (rc != 0)
		snprintf(why, TLS_WHY, "%s", strerror(-rc));
	else
		rc = parse(t, text, len, why);
	if (text != NULL)
		OPENSSL_cleanse(text, len);
	free(text);
	if (rc == 0)
		return t;
	psk_free(t);
	errno = -rc;
	return NULL;
}
