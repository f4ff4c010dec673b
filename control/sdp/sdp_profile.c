/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp_profile.h"

static const char *const names[] = {
	[SDP_AVP] = "RTP/AVP",
	[SDP_AVPF] = "RTP/AVPF",
	[SDP_SAVP] = "RTP/SAVP",
	[SDP_SAVPF] = "RTP/SAVPF",
	[SDP_TLS_SAVP] = "UDP/TLS/RTP/SAVP",
	[SDP_TLS_SAVPF] = "UDP/TLS/RTP/SAVPF",
	[SDP_OTHER] = NULL,
};

const char *sdp_transport_name(enum sdp_transport t)
{
	return names[t];
}

enum sdp_transport sdp_transport_of(const struct sdp_media *m)
{
	for (enum sdp_transport t = SDP_AVP; t < SDP_UDP; t++)
		if (sdp_is_nocase(m->proto, names[t]))
			return t;
	if (sdp_is_nocase(m->proto, "udptl") || sdp_is_nocase(m->proto, "udp"))
		return SDP_UDP;
	return SDP_OTHER;
}

bool sdp_transport_is_rtp(enum sdp_transport t)
{
	return t < SDP_UDP;
}

bool sdp_transport_is_tls(enum sdp_transport t)
{
	return t == SDP_TLS_SAVP || t == SDP_TLS_SAVPF;
}

bool sdp_transport_is_secure(enum sdp_transport t)
{
	return t >= SDP_SAVP && t <= SDP_TLS_SAVPF;
}

bool sdp_transport_has_feedback(enum sdp_transport t)
{
	return t == SDP_AVPF || t == SDP_SAVPF || t == SDP_TLS_SAVPF;
}
