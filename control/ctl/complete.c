/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What could stand where the cursor is, for the shell's completion. The words are those
 * before the cursor, the last one being begun. What comes from the daemon is asked for with
 * little patience, and left out if it holds anything unprintable.
 */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#include "args.h"
#include "counters.h"
#include "sessions.h"
#include "text.h"

#define PATIENCE_MS 500
#define IDS_MAX     200

static const char *const options[] = {
	"--socket",      "--json", "--timeout", "--params",   "--help",     "--watch",
	"--once",        "--ids",  "--from",    "--count",    "--interval", "--version",
	"--id",          "--user", "--port",    "--name",     "--address",  "--psk-file",
	"--certificate", "--key",  "--ca",      "--interface"};
/* Of these the next word is the value. */
static const char *const with_value[] = {
	"-s",         "--socket",      "--timeout", "--params", "--from",     "--count",
	"--interval", "--id",          "--user",    "--port",   "--name",     "--address",
	"--psk-file", "--certificate", "--key",     "--ca",     "--interface"};

struct completion {
	struct ctl *ctl;
	const char *current;
	char before[128];   /* put before each candidate: "id=" */
	char *const *words; /* without options: the verb and what follows, but not `current` */
	size_t count;
};

static void offer(const struct completion *c, const char *word, const char *end)
{
	size_t len = strlen(c->current), before = strlen(c->before);
	struct tnd_buf safe = {0};

	ctl_text_escape(&safe, word, strlen(word));
	if (!safe.oom && safe.len == strlen(word) && memcmp(safe.data, word, safe.len) == 0 &&
	    len >= before && strncmp(word, c->current + before, len - before) == 0)
		printf("%s%s%s\n", c->before, word, end);
	tnd_buf_free(&safe);
}

static void offer_verbs(const struct completion *c)
{
	for (const struct ctl_verb *v = ctl_verbs; v->name != NULL; v++)
		offer(c, v->name, "");
}

static void offer_methods(const struct completion *c)
{
	for (size_t i = 0; i < API_METHOD_COUNT; i++)
		offer(c, api_methods[i].name, "");
}

static enum ctl_status offer_page(struct ctl *ctl, const struct json_value *sessions, void *arg)
{
	for (const struct json_value *s = json_first(sessions); s != NULL; s = json_next(s))
		offer(arg, ctl_string(s, "id", ""), "");
	return CTL_OK;
}

static void offer_ids(struct completion *c)
{
	const char *begun = c->current + strlen(c->before);

	if (ctl_text_is_utf8(begun, strlen(begun)))
		ctl_sessions_each(c->ctl, begun, IDS_MAX, offer_page, c);
}

static void offer_counters(const struct completion *c)
{
	struct ctl_counters now = {0};

	if (ctl_counters_take(c->ctl, &now, NULL) == CTL_OK)
		for (const struct json_value *v = json_first(now.all); v; v = json_next(v))
			offer(c, json_key(v), "");
	ctl_counters_free(&now);
}

/* "strict | once | follow" one by one. */
static void offer_names(const struct completion *c, const char *type)
{
	char name[64];

	for (;;) {
		size_t len = strcspn(type, " ");

		snprintf(name, sizeof(name), "%.*s", (int)len, type);
		offer(c, name, "");
		if (strncmp(type + len, " | ", 3) != 0)
			return;
		type += len + 3;
	}
}

/* "legs[].remote.ip" with a position in place of each []. */
static void typed_name(const char *name, unsigned int position, char *out, size_t size)
{
	size_t used = 0;

	for (; *name != '\0' && used + 4 < size; name++) {
		if (name[0] == '[' && name[1] == ']') {
			used += (size_t)snprintf(out + used, size - used, ".%u", position);
			name++;
		} else {
			out[used++] = *name;
		}
	}
	out[used] = '\0';
}

static bool is_given(const struct completion *c, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 1; i < c->count; i++)
		if (strncmp(c->words[i], key, len) == 0 &&
		    (c->words[i][len] == '=' || c->words[i][len] == ':'))
			return true;
	return false;
}

static void offer_keys(const struct completion *c, const struct api_method *m)
{
	char key[128];

	for (size_t i = 0; i < m->param_count; i++) {
		const struct api_param *p = &m->param_list[i];
		bool listed = strstr(p->name, "[]") != NULL;

		/* Objects are given by their members. */
		if (strncmp(p->type, "object", 6) == 0 ||
		    strncmp(p->type, "array of object", 15) == 0)
			continue;
		for (unsigned int position = 0; position < (listed ? 2 : 1); position++) {
			typed_name(p->name, position, key, sizeof(key));
			if (!is_given(c, key))
				offer(c, key, "=");
		}
	}
}

static void offer_value(struct completion *c, const struct api_method *m, size_t key_len)
{
	char key[128];

	if (key_len + 2 > sizeof(c->before))
		return;
	snprintf(c->before, sizeof(c->before), "%.*s=", (int)key_len, c->current);
	if (strcmp(c->before, "id=") == 0 && strcmp(m->name, "session.create") != 0) {
		offer_ids(c);
		return;
	}
	for (size_t i = 0; i < m->param_count; i++) {
		const struct api_param *p = &m->param_list[i];

		for (unsigned int position = 0; position < 2; position++) {
			typed_name(p->name, position, key, sizeof(key));
			if (strlen(key) != key_len || strncmp(key, c->before, key_len) != 0)
				continue;
			if (strcmp(p->type, "boolean") == 0)
				offer_names(c, "true | false");
			else if (strstr(p->type, " | ") != NULL)
				offer_names(c, p->type);
			return;
		}
	}
}

static void offer_arguments(struct completion *c)
{
	const struct api_method *m = ctl_args_method(c->words[0]);
	size_t key_len = strcspn(c->current, "=");

	if (m != NULL) {
		if (c->current[key_len] == '=')
			offer_value(c, m, key_len);
		else
			offer_keys(c, m);
	} else if (strcmp(c->words[0], "stats") == 0) {
		offer_counters(c);
	} else if (strcmp(c->words[0], "events") == 0) {
		for (size_t i = 0; i < API_EVENT_COUNT; i++)
			offer(c, api_events[i].type, "");
	} else if (c->count > 1) {
		return;
	} else if (strcmp(c->words[0], "call") == 0 || strcmp(c->words[0], "sessions") == 0) {
		offer_ids(c);
	} else if (strcmp(c->words[0], "drain") == 0) {
		offer_names(c, "on | off");
	} else if (strcmp(c->words[0], "help") == 0) {
		offer_verbs(c);
		offer_methods(c);
	}
}

static bool takes_value(const char *word)
{
	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++)
		if (strcmp(word, with_value[i]) == 0)
			return true;
	return false;
}

enum ctl_status ctl_complete(struct ctl *ctl, char *const *words, size_t count)
{
	struct completion c = {.ctl = ctl};
	char *plain[64];

	if (count == 0)
		return CTL_OK;
	ctl->timeout_ms = PATIENCE_MS;
	c.current = words[count - 1];
	c.words = plain;
	for (size_t i = 0; i + 1 < count; i++) {
		if (takes_value(words[i])) {
			/* A value is being typed: nothing to say. */
			if (i + 2 == count)
				return CTL_OK;
			if (strcmp(words[i], "-s") == 0 || strcmp(words[i], "--socket") == 0)
				ctl->socket = words[i + 1];
			i++;
		} else if (strncmp(words[i], "--socket=", 9) == 0) {
			ctl->socket = words[i] + 9;
		} else if (words[i][0] != '-' && c.count < sizeof(plain) / sizeof(plain[0])) {
			plain[c.count++] = words[i];
		}
	}
	if (c.current[0] == '-') {
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
			offer(&c, options[i], "");
	} else if (c.count == 0) {
		offer_verbs(&c);
		offer_methods(&c);
	} else {
		offer_arguments(&c);
	}
	ctl_client_close(&ctl->client);
	return CTL_OK;
}
