/* SPDX-License-Identifier: BSD-3-Clause */
/* tandem's JSON API, as a client that waits for nothing: answers come when they come. */
#include "webrtc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "buf.h"
#include "candidate.h"
#include "json.h"

#define READ_BYTES 65536

static struct {
	int fd;
	struct tnd_buf out, in;
} api = {.fd = -1};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_webrtc: API: %s\n", what);
	exit(1);
}

int api_open(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	api.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (api.fd < 0 || connect(api.fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return -errno;
	return 0;
}

/* Of party a: who it is, and where. */
static void write_ice(struct tnd_buf *b, const struct call *c)
{
	struct candidate local[ICE_LOCALS_MAX];
	unsigned int n = ice_local_candidates(c->ice, local);
	char text[CANDIDATE_STRLEN];

	tnd_buf_addf(b,
		     "\"ice\":{\"mode\":\"%s\",\"remote\":{\"ufrag\":\"%s\",\"pwd\":\"%s\","
		     "\"candidates\":[",
		     load.setup.tandem_full ? "full" : "lite", ice_ufrag(c->ice), ice_pwd(c->ice));
	for (unsigned int i = 0; i < n; i++)
		if (candidate_format(&local[i], text, sizeof(text)) > 0)
			tnd_buf_addf(b, "%s\"%s\"", i > 0 ? "," : "", text);
	tnd_buf_addf(b, "]},\"end_of_candidates\":true%s}",
		     load.setup.tandem_full ? ",\"role\":\"controlling\"" : "");
}

void api_ask(uint32_t i)
{
	const struct call *c = &load.call[i];
	const char *hash_end = strchr(load.fingerprint, ' ');
	uint32_t b = net_party_ip(i, 1);

	tnd_buf_addf(&api.out,
		     "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"session.create\",\"params\":{"
		     "\"id\":\"w%u\",\"idle_timeout_s\":0,\"legs\":["
		     "{\"address\":\"a0\",\"rtcp\":\"mux\",",
		     i, i);
	write_ice(&api.out, c);
	if (c->dtls != NULL)
		tnd_buf_addf(
			&api.out,
			",\"security\":{\"type\":\"dtls\",\"setup\":\"passive\",\"fingerprint\":{"
			"\"hash\":\"%.*s\",\"value\":\"%s\"}}",
			(int)(hash_end - load.fingerprint), load.fingerprint, hash_end + 1);
	tnd_buf_addf(&api.out,
		     "},{\"address\":\"b0\",\"remote\":{\"ip\":\"%u.%u.%u.%u\",\"port\":%u}}]}}\n",
		     b >> 24, b >> 16 & 255, b >> 8 & 255, b & 255, WEBRTC_PORT);
}

void api_end(uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		tnd_buf_addf(&api.out,
			     "%c{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"session.delete\","
			     "\"params\":{\"id\":\"w%u\"}}",
			     i == first ? '[' : ',', WEBRTC_CALLS_MAX + i, i);
	tnd_buf_addf(&api.out, "]\n");
}

static void refused(const struct json_value *error)
{
	const struct json_value *message = json_member(error, "message");
	const char *text = message != NULL ? json_string(message) : NULL;

	if (load.error[0] == '\0')
		snprintf(load.error, sizeof(load.error), "%s", text != NULL ? text : "an error");
}

static void answer(const struct json_value *v)
{
	const struct json_value *error = json_member(v, "error");
	int64_t id;

	if (!json_to_int(json_member(v, "id"), &id) || id < 0 || id >= 2 * WEBRTC_CALLS_MAX)
		die("an answer to nothing");
	if (error != NULL)
		refused(error);
	if (id < WEBRTC_CALLS_MAX)
		call_answered((uint32_t)id, error != NULL ? NULL : json_member(v, "result"));
	else
		load.ended++;
}

static void take_line(const char *line, size_t len)
{
	struct json_value *v;
	struct json_error err;

	if (json_parse(line, len, &v, &err) != 0)
		die(err.reason);
	if (json_is_array(v))
		for (const struct json_value *a = json_first(v); a != NULL; a = json_next(a))
			answer(a);
	else
		answer(v);
	json_free(v);
}

static bool write_some(void)
{
	ssize_t n;

	if (api.out.oom)
		die("no memory");
	if (api.out.len == 0)
		return false;
	n = send(api.fd, api.out.data, api.out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		tnd_buf_consume(&api.out, (size_t)n);
	else if (errno != EAGAIN)
		die("closed");
	return n > 0;
}

static bool read_some(void)
{
	char *room = tnd_buf_reserve(&api.in, READ_BYTES), *end;
	size_t used = 0;
	ssize_t n;

	if (room == NULL)
		die("no memory");
	n = recv(api.fd, room, READ_BYTES, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		die("closed");
	api.in.len += (size_t)n;
	while ((end = memchr(api.in.data + used, '\n', api.in.len - used)) != NULL) {
		take_line(api.in.data + used, (size_t)(end - api.in.data) - used);
		used = (size_t)(end - api.in.data) + 1;
	}
	tnd_buf_consume(&api.in, used);
	return true;
}

bool api_poll(void)
{
	bool wrote = write_some();

	return read_some() || wrote;
}
