/* SPDX-License-Identifier: BSD-3-Clause */
#include "mos.h"

#define R_MAX         94.2  /* no delay, no loss, G.711 */
#define DELAY_SLOPE   0.024 /* R a millisecond */
#define DELAY_KNEE_MS 177.3 /* from here conversations suffer */
#define KNEE_SLOPE    0.11
#define IE_MAX        95.0

struct codec {
	double ie, bpl;
};

static struct codec codec_of(uint8_t payload_type)
{
	switch (payload_type) {
	case 3: return (struct codec){20, 10};   /* GSM full rate; Bpl as GSM-EFR's */
	case 4: return (struct codec){15, 16.1}; /* G.723.1, 6.3 kbit/s */
	case 18: return (struct codec){11, 19};  /* G.729A */
	default: return (struct codec){0, 25.1}; /* G.711 with concealment */
	}
}

double mos_r(uint8_t payload_type, double loss_percent, double jitter_ms)
{
	struct codec c = codec_of(payload_type);
	double d = MOS_FIXED_DELAY_MS + 2 * jitter_ms;
	double id = DELAY_SLOPE * d;

	if (d > DELAY_KNEE_MS)
		id += KNEE_SLOPE * (d - DELAY_KNEE_MS);
	return R_MAX - id - c.ie - (IE_MAX - c.ie) * loss_percent / (loss_percent + c.bpl);
}

double mos_from_r(double r)
{
	if (r <= 0)
		return 1;
	if (r >= 100)
		return 4.5;
	/* The polynomial dips under 1 where R is tiny. */
	double mos = 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r);

	return mos < 1 ? 1 : mos;
}
