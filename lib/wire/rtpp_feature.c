/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtpp.h"

const struct rtpp_feature rtpp_features[RTPP_FEATURE_COUNT] = {
	{RTPP_FEATURE_BASE, "Sessions: V U L D", false, false},
	{"20050322", "Several streams of a call; music on hold: P S", true, false},
	{"20060704", "Asking for features: VF", false, false},
	{"20071116", "Packets in other sizes: Z", false, false},
	{"20071218", "Copies of a stream: C", true, false},
	{"20080403", "Statistics of a session: Q", false, false},
	{"20081102", "Lists of codecs in U and L", false, false},
	{"20081224", "Timeouts are told: with -n only", false, true},
	{"20090810", "Bridging by the address family: U6 without E and I", false, false},
	{"20140323", "Load: Il", false, false},
	{"20140617", "Connect times", false, false},
	{"20141004", "Counters by name: G", false, false},
	{"20150330", "A new port: UN LN", false, false},
	{"20150420", "Loss by sequence numbers: rtpa_ in Q", false, false},
	{"20150617", "%%CC_SELF%% as whom to tell of timeouts", false, true},
	{"20191015", "Sub-commands behind &&", false, false},
	{"20200226", "Recording stopped: N", true, false},
	{"20230205", "rtpa_nlost in Q", false, false},
	{"20230314", "Q with && D", false, false},
	{"20230424", "longest_ipi, rtpa_jlast, rtpa_jmax, rtpa_javg in Q", false, false},
	{"20250523", "The copy's own port: Cp", true, false},
};
