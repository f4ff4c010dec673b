/* SPDX-License-Identifier: BSD-3-Clause */
/* One agent by itself, and two that have found each other, of the bed. */
#ifndef ICE_PAIR_H
#define ICE_PAIR_H

#include "ice_bed.h"

#define A "192.0.2.10"
#define B "192.0.2.20"

struct bed *one(enum ice_mode mode);
struct bed *call(enum ice_mode x, enum ice_mode y);

#endif
