/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc_bed.h"

struct host *h;
struct sessions *s;
struct api *a;
static char reply[512 * 1024];
static int replies;

int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	h->dp = NULL; /* no workers, no events of theirs */
	if (sessions_create(&s, h) != 0)
		return -1;
	replies = 0;
	return api_create(&a, h, s);
}

int tear_down(void **state)
{
	api_stop(a);
	assert_null(h->notify);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

static void note_reply(void *arg, const char *text, size_t len)
{
	assert_true(len < sizeof(reply));
	if (len > 0)
		memcpy(reply, text, len);
	reply[len] = '\0';
	replies++;
}

const char *ask_as(bool may_write, const char *line)
{
	int before = replies;

	reply[0] = '\0';
	assert_int_equal(api_input(a, may_write, line, strlen(line), note_reply, NULL), 0);
	for (int i = 0; replies == before && i < 10; i++)
		test_turn(h, 1);
	assert_int_equal(replies, before + 1);
	return reply;
}

const char *ask(const char *line)
{
	return ask_as(true, line);
}

bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}
