/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots of stats.get, and what happened a second between two of them. */
#ifndef CTL_COUNTERS_H
#define CTL_COUNTERS_H

#include "ctl.h"

struct ctl_counters {
	struct ctl_reply reply;
	const struct json_value *all; /* an object; NULL: nothing taken yet */
	uint64_t at_ms;
};

/* Replace what is in `c`. `params` as in ctl_call(): which ones; NULL: all. */
enum ctl_status ctl_counters_take(struct ctl *ctl, struct ctl_counters *c,
				  const struct tnd_buf *params);
void ctl_counters_free(struct ctl_counters *c);

double ctl_counter(const struct ctl_counters *c, const char *name);

/*
 * A second, between the snapshots; negative if that is not known: there was none before, or
 * the counter went back because the daemon has started anew.
 */
double ctl_counter_rate(const struct ctl_counters *before, const struct ctl_counters *now,
			const char *name);

/* The sentence that drop.def has for "drop.<name>", or NULL. */
const char *ctl_drop_text(const char *counter);

/* One row of a table of drops. */
struct ctl_drop {
	const char *counter; /* in the snapshot */
	double total;
	double rate; /* as ctl_counter_rate() */
	size_t rank; /* in the snapshot */
};

/*
 * Fill `drops` with up to `max` of the snapshot's drop counters, sorted: the highest rate
 * first if `by_rate`, then the highest total, then the daemon's order. How many.
 */
size_t ctl_drops_sorted(const struct ctl_counters *before, const struct ctl_counters *now,
			bool by_rate, struct ctl_drop *drops, size_t max);

#endif
