/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices of rings for tests whose workers are threads of their own. The test is control, and the
 * links' other ends.
 *
 * No buffer of the bed's is used twice: between two uses would stand the mempool and net_ring,
 * which TSan can't see. So a test ends when there are none left.
 */
#ifndef THREADS_BED_H
#define THREADS_BED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_common.h>

#include "host.h"

#define BED_WORKERS 3
#define BED_DEVICES 2
#define BED_PACKETS 40000
#define BED_FRAME   2000

struct bed_frame {
	uint16_t len;
	uint8_t p[BED_FRAME];
};

extern struct host bed_host;

void bed_check(bool ok, const char *what);
/* EAL, devices "net_ring_<name>" with a queue a worker, and the host with its workers running. */
void bed_start(int argc, char **argv, const char *const name[BED_DEVICES], const char *config);
/* Workers stop, and every buffer is back. What stands on the host is to be freed next. */
void bed_stop(void);
void bed_free(void);

/* A frame comes in; false: no room, or no buffers any more. */
bool bed_put(unsigned int device, unsigned int queue, const void *p, uint16_t len);
/* Next one that a device has sent; false: none. */
bool bed_take(unsigned int device, struct bed_frame *out);
unsigned int bed_left(void); /* frames that may still come in */
void bed_turn(void);         /* of control's loop */

uint64_t bed_counter(enum dp_counter c);
uint64_t bed_drop(enum flow_drop why);
uint64_t bed_drops(void);

#endif
