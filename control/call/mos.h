/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An estimate of conversational quality from what a relay can see: the E-model (ITU-T G.107)
 * in the simplified form of Cole and Rosenbluth (2001), with every parameter that concerns
 * the telephones at its default:
 *
 *	R      = 94.2 - Id - Ie_eff
 *	Id     = 0.024 d + 0.11 (d - 177.3) H(d - 177.3)
 *	Ie_eff = Ie + (95 - Ie) Ppl / (Ppl + Bpl)
 *	MOS    = 1                                            R <= 0
 *	       = 1 + 0.035 R + 7e-6 R (R - 60) (100 - R)      0 < R < 100
 *	       = 4.5                                          R >= 100
 *
 * d: one-way delay in ms. The path's own delay can't be seen from here, so that it is what a
 *    receiver must add: MOS_FIXED_DELAY_MS (a packet of 20 ms, and as much again to decode and
 *    play), and a jitter buffer of twice the jitter.
 * Ppl: loss in percent, taken as random.
 * Ie, Bpl: impairment and loss robustness of the codec (G.113 appendix I), by its static payload
 *    type (RFC 3551); a dynamic one counts as G.711 with loss concealment.
 */
#ifndef MOS_H
#define MOS_H

#include <stdint.h>

#define MOS_FIXED_DELAY_MS 40

/* R, not limited below; loss 0..100 %. */
double mos_r(uint8_t payload_type, double loss_percent, double jitter_ms);

/* 1.0 to 4.5 */
double mos_from_r(double r);

#endif
