/* SPDX-License-Identifier: BSD-3-Clause */
/* How busy the workers were in the latest full second, sampled by a timer. */
#ifndef HEALTH_H
#define HEALTH_H

#include <stdint.h>

#include "host.h"

#define HEALTH_HEARTBEAT_LATE_MS 1000
#define HEALTH_SAMPLE_MS         1000

struct health;

struct health_load {
	double busy_percent; /* of its cycles, in turns that found packets */
	double burst_fill;   /* packets a turn that found any */
};

int health_create(struct health **out, struct host *h);
void health_free(struct health *he);
void health_load(const struct health *he, uint16_t worker, struct health_load *out);

#endif
