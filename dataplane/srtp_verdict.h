/* SPDX-License-Identifier: BSD-3-Clause */
/* What lib/srtp says of a packet, as a reason to drop it. */
#ifndef SRTP_VERDICT_H
#define SRTP_VERDICT_H

#include "flow.h"
#include "srtp.h"

static const uint8_t srtp_drop[SRTP_VERDICTS] = {
	[SRTP_BAD_AUTH] = FLOW_DROP_srtp_auth,  [SRTP_REPLAY] = FLOW_DROP_srtp_replay,
	[SRTP_TOO_OLD] = FLOW_DROP_srtp_replay, [SRTP_BAD_MKI] = FLOW_DROP_srtp_mki,
	[SRTP_NO_ROOM] = FLOW_DROP_no_room,     [SRTP_MALFORMED] = FLOW_DROP_srtp_malformed,
	[SRTP_KEY_SPENT] = FLOW_DROP_srtp_key,  [SRTP_NO_PLACE] = FLOW_DROP_srtp_replay,
};

#endif
