/* SPDX-License-Identifier: BSD-3-Clause */
#include "counters.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *text;
} texts[] = {
#define TND_DROP(name, scope, text) {#name, text},
#include "drop.def"
#undef TND_DROP
};

#define DROP_PREFIX "drop."

const char *ctl_drop_text(const char *counter)
{
	if (strncmp(counter, DROP_PREFIX, strlen(DROP_PREFIX)) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].name, counter + strlen(DROP_PREFIX)) == 0)
			return texts[i].text;
	return NULL;
}

enum ctl_status ctl_counters_take(struct ctl *ctl, struct ctl_counters *c,
				  const struct tnd_buf *params)
{
	enum ctl_status status;

	ctl_counters_free(c);
	status = ctl_call(ctl, "stats.get", params, &c->reply);
	if (status != CTL_OK)
		return status;
	c->at_ms = ctl_now_ms();
	c->all = json_member(c->reply.result, "counters");
	if (!json_is_object(c->all)) {
		ctl_counters_free(c);
		return ctl_fail(ctl, CTL_NO_DAEMON, "stats.get: the answer has no counters");
	}
	return CTL_OK;
}

void ctl_counters_free(struct ctl_counters *c)
{
	ctl_reply_free(&c->reply);
	*c = (struct ctl_counters){0};
}

double ctl_counter(const struct ctl_counters *c, const char *name)
{
	double d;

	return c->all != NULL && json_to_double(json_member(c->all, name), &d) ? d : 0;
}

double ctl_counter_rate(const struct ctl_counters *before, const struct ctl_counters *now,
			const char *name)
{
	double was, is;

	if (before->all == NULL || now->all == NULL || now->at_ms <= before->at_ms ||
	    !json_to_double(json_member(before->all, name), &was) ||
	    !json_to_double(json_member(now->all, name), &is) || is < was)
		return -1;
	return (is - was) * 1000 / (double)(now->at_ms - before->at_ms);
}

static int compare_totals(const void *a, const void *b)
{
	const struct ctl_drop *x = a, *y = b;

	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static int compare_rates(const void *a, const void *b)
{
	const struct ctl_drop *x = a, *y = b;

	if (x->rate != y->rate)
		return x->rate < y->rate ? 1 : -1;
	return compare_totals(a, b);
}

size_t ctl_drops_sorted(const struct ctl_counters *before, const struct ctl_counters *now,
			bool by_rate, struct ctl_drop *drops, size_t max)
{
	size_t count = 0;

	for (const struct json_value *c = json_first(now->all); c != NULL && count < max;
	     c = json_next(c)) {
		if (strncmp(json_key(c), DROP_PREFIX, strlen(DROP_PREFIX)) != 0)
			continue;
		drops[count].counter = json_key(c);
		drops[count].total = ctl_number(c, "", 0);
		drops[count].rate =
			before != NULL ? ctl_counter_rate(before, now, json_key(c)) : -1;
		drops[count].rank = count;
		count++;
	}
	qsort(drops, count, sizeof(*drops), by_rate ? compare_rates : compare_totals);
	return count;
}
