/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of verbs. */
#include "ctl.h"

const struct ctl_verb ctl_verbs[] = {
	{"show", "", "Health, interfaces, neighbours and sessions at a glance", ctl_verb_show, 0, 0,
	 0},
	{"sessions", "[--ids] [PREFIX]", "All sessions, or those whose id begins with PREFIX",
	 ctl_verb_sessions, 0, 1, CTL_OPT_IDS},
	{"call", "ID", "One session, both legs side by side", ctl_verb_call, 1, 1, 0},
	{"stats", "[--watch [--interval S] [--count N]] [NAME…]",
	 "Counters; with --watch again and again, with rates", ctl_verb_stats, 0, 256,
	 CTL_OPT_WATCH | CTL_OPT_INTERVAL | CTL_OPT_COUNT},
	{"drops", "", "Dropped packets by reason, with what each means", ctl_verb_drops, 0, 0, 0},
	{"top", "[--once] [--interval S] [--count N]",
	 "Sessions, packet rates, drops and worker load, live; q quits", ctl_verb_top, 0, 0,
	 CTL_OPT_ONCE | CTL_OPT_INTERVAL | CTL_OPT_COUNT},
	{"events", "[--from SEQ] [--count N] [TYPE…]",
	 "Follow events, from a number on if it is still kept", ctl_verb_events, 0, 32,
	 CTL_OPT_FROM | CTL_OPT_COUNT},
	{"drain", "on|off", "Refuse new sessions, or take them again", ctl_verb_drain, 1, 1, 0},
	{"tunnels", "[--ids] [PREFIX]", "All tunnels, or those whose id begins with PREFIX",
	 ctl_verb_tunnels, 0, 1, CTL_OPT_IDS},
	{"users", "[--ids] [PREFIX]",
	 "All users of tunnels, or those whose name begins with PREFIX", ctl_verb_users, 0, 1,
	 CTL_OPT_IDS},
	{"tunnel",
	 "dial HOST --user NAME (--psk-file FILE | --certificate FILE [--key FILE] --ca FILE) "
	 "[--id ID] [--port PORT] [--name NAME] [--address NAME] [--interface NAME] | hangup ID",
	 "Dial a tunnel to another tandem, now and whenever it is down; end it", ctl_verb_tunnel, 2,
	 2, CTL_OPT_DIAL},
	{"help", "[METHOD]", "What there is, or what a method takes", ctl_verb_help, 0, 1, 0},
	{NULL, NULL, NULL, NULL, 0, 0, 0},
};
