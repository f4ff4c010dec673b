/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of sessions, and the index by id. */
#include <stdlib.h>
#include <string.h>

#include "call.h"

const char *session_id(const struct session *se)
{
	return se->id_far ? se->id.far : se->id.text;
}

static uint32_t *bucket_of(struct sessions *s, const char *id)
{
	return &s->bucket[siphash(&s->key, id, strlen(id)) & s->bucket_mask];
}

struct session *table_find(struct sessions *s, const char *id)
{
	for (uint32_t i = *bucket_of(s, id); i != SESSION_NONE; i = s->table[i].next)
		if (strcmp(session_id(&s->table[i]), id) == 0)
			return &s->table[i];
	return NULL;
}

static bool set_id(struct session *se, const char *id)
{
	size_t len = strlen(id);

	se->id_far = len >= ID_INLINE;
	if (!se->id_far) {
		memcpy(se->id.text, id, len + 1);
		return true;
	}
	se->id.far = strdup(id);
	return se->id.far != NULL;
}

enum session_fault table_add(struct sessions *s, const char *id, struct session **out)
{
	uint32_t i = s->free_head, next, *bucket;
	struct session *se;
	uint16_t incarnation;

	if (i == SESSION_NONE)
		return SESSION_TABLE_FULL;
	se = &s->table[i];
	next = se->next;
	incarnation = se->incarnation + 1;
	memset(se, 0, sizeof(*se));
	se->next = next;
	se->incarnation = incarnation;
	if (!set_id(se, id)) {
		se->id_far = 0;
		return SESSION_NO_MEMORY;
	}
	s->free_head = next;
	bucket = bucket_of(s, id);
	se->next = *bucket;
	*bucket = i;
	se->life = LIFE_RUNNING;
	s->active++;
	*out = se;
	return SESSION_OK;
}

void table_unlink(struct sessions *s, struct session *se)
{
	uint32_t i = session_index(s, se), *at = bucket_of(s, session_id(se));

	while (*at != i)
		at = &s->table[*at].next;
	*at = se->next;
	se->next = SESSION_NONE;
	s->active--;
}

void table_release(struct sessions *s, struct session *se)
{
	if (se->id_far)
		free(se->id.far);
	se->id_far = 0;
	se->life = LIFE_FREE;
	se->next = s->free_head;
	s->free_head = session_index(s, se);
}
