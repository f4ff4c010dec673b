/* SPDX-License-Identifier: BSD-3-Clause */
/* What each packet has of its own, in line: it is done for every one that is sent. */
#ifndef GEN_STAMP_H
#define GEN_STAMP_H

#include <string.h>

#include <rte_byteorder.h>

#include "gen.h"

static inline uint16_t fold64(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* Writes what changes from lap to lap into `p`, a copy of the template, and the checksum. */
static inline void gen_stamp(const struct gen_flows *f, const struct gen_template *t, uint8_t *p,
			     uint32_t seq, uint64_t tsc)
{
	uint8_t *rtp = p + t->rtp;
	uint16_t rtp_seq = rte_cpu_to_be_16((uint16_t)f->lap), sum;
	uint32_t rtp_ts = rte_cpu_to_be_32(f->crypt ? seq : 160 * f->lap);
	uint32_t seq_be = rte_cpu_to_be_32(seq);

	memcpy(rtp + 2, &rtp_seq, 2);
	memcpy(rtp + GEN_TS_OFF, &rtp_ts, 4);
	memcpy(rtp + GEN_SEQ_OFF, &seq_be, 4);
	memcpy(rtp + GEN_TSC_OFF, &tsc, 8);
	sum = (uint16_t)~fold64((uint64_t)t->sum + rtp_seq + rtp_ts + seq_be + (uint32_t)tsc +
				(tsc >> 32));
	if (sum == 0)
		sum = 0xffff;
	memcpy(rtp - 2, &sum, 2);
}

#endif
