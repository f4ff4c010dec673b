/* SPDX-License-Identifier: BSD-3-Clause */
/* tandemctl: options, and the way to a verb or a method. */
#include "ctl.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* A method, by whatever name: args[0] is looked up by the verb. */
static const struct ctl_verb method_verb = {"METHOD",      "", "", ctl_verb_method, 0, SIZE_MAX,
					    CTL_OPT_PARAMS};

enum {
	OPT_TIMEOUT = 256,
	OPT_PARAMS,
	OPT_VERSION,
	OPT_WATCH,
	OPT_ONCE,
	OPT_IDS,
	OPT_FROM,
	OPT_INTERVAL,
	OPT_COUNT,
	OPT_ID,
	OPT_USER,
	OPT_PORT,
	OPT_NAME,
	OPT_ADDRESS,
	OPT_INTERFACE,
	OPT_PSK_FILE,
	OPT_CERTIFICATE,
	OPT_KEY,
	OPT_CA,
};

static const struct option long_options[] = {
	{"socket", required_argument, NULL, 's'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"params", required_argument, NULL, OPT_PARAMS},
	{"version", no_argument, NULL, OPT_VERSION},
	{"watch", no_argument, NULL, OPT_WATCH},
	{"once", no_argument, NULL, OPT_ONCE},
	{"ids", no_argument, NULL, OPT_IDS},
	{"from", required_argument, NULL, OPT_FROM},
	{"interval", required_argument, NULL, OPT_INTERVAL},
	{"count", required_argument, NULL, OPT_COUNT},
	{"id", required_argument, NULL, OPT_ID},
	{"user", required_argument, NULL, OPT_USER},
	{"port", required_argument, NULL, OPT_PORT},
	{"name", required_argument, NULL, OPT_NAME},
	{"address", required_argument, NULL, OPT_ADDRESS},
	{"interface", required_argument, NULL, OPT_INTERFACE},
	{"psk-file", required_argument, NULL, OPT_PSK_FILE},
	{"certificate", required_argument, NULL, OPT_CERTIFICATE},
	{"key", required_argument, NULL, OPT_KEY},
	{"ca", required_argument, NULL, OPT_CA},
	{NULL, 0, NULL, 0},
};

static const struct {
	int option;
	unsigned int bit;
	const char *name;
} verb_options[] = {
	{OPT_PARAMS, CTL_OPT_PARAMS, "--params"},
	{OPT_WATCH, CTL_OPT_WATCH, "--watch"},
	{OPT_ONCE, CTL_OPT_ONCE, "--once"},
	{OPT_IDS, CTL_OPT_IDS, "--ids"},
	{OPT_FROM, CTL_OPT_FROM, "--from"},
	{OPT_INTERVAL, CTL_OPT_INTERVAL, "--interval"},
	{OPT_COUNT, CTL_OPT_COUNT, "--count"},
	{OPT_ID, CTL_OPT_DIAL, "--id"},
	{OPT_USER, CTL_OPT_DIAL, "--user"},
	{OPT_PORT, CTL_OPT_DIAL, "--port"},
	{OPT_NAME, CTL_OPT_DIAL, "--name"},
	{OPT_ADDRESS, CTL_OPT_DIAL, "--address"},
	{OPT_INTERFACE, CTL_OPT_DIAL, "--interface"},
	{OPT_PSK_FILE, CTL_OPT_DIAL, "--psk-file"},
	{OPT_CERTIFICATE, CTL_OPT_DIAL, "--certificate"},
	{OPT_KEY, CTL_OPT_DIAL, "--key"},
	{OPT_CA, CTL_OPT_DIAL, "--ca"},
};

/* Seconds, from a tenth to a day. */
static bool parse_seconds(const char *s, unsigned int *ms)
{
	char *end;
	double d = strtod(s, &end);

	if (*s == '\0' || *end != '\0' || !isfinite(d) || d < 0.1 || d > 86400)
		return false;
	*ms = (unsigned int)(d * 1000 + 0.5);
	return true;
}

static bool parse_uint(const char *s, uint64_t least, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	return s[0] >= '0' && s[0] <= '9' && *end == '\0' && errno == 0 && *out >= least &&
	       *out < UINT64_C(1) << 53;
}

static bool take_option(struct ctl *ctl, int option, const char *value)
{
	uint64_t number;

	for (size_t i = 0; i < sizeof(verb_options) / sizeof(verb_options[0]); i++)
		if (verb_options[i].option == option)
			ctl->given |= verb_options[i].bit;
	switch (option) {
	case 's': ctl->socket = value; return true;
	case 'j': ctl->json = true; return true;
	case OPT_TIMEOUT: return parse_seconds(value, &ctl->timeout_ms);
	case OPT_PARAMS: ctl->params = value; return true;
	case OPT_FROM: return parse_uint(value, 0, &ctl->from_seq);
	case OPT_INTERVAL: return parse_seconds(value, &ctl->interval_ms);
	case OPT_COUNT: return parse_uint(value, 1, &ctl->count);
	case OPT_ID: ctl->dial.id = value; return true;
	case OPT_USER: ctl->dial.user = value; return true;
	case OPT_PORT:
		ctl->dial.port = value;
		return parse_uint(value, 1, &number) && number < 65536;
	case OPT_NAME: ctl->dial.name = value; return true;
	case OPT_ADDRESS: ctl->dial.address = value; return true;
	case OPT_INTERFACE: ctl->dial.interface = value; return true;
	case OPT_PSK_FILE: ctl->dial.psk_file = value; return true;
	case OPT_CERTIFICATE: ctl->dial.certificate = value; return true;
	case OPT_KEY: ctl->dial.key = value; return true;
	case OPT_CA: ctl->dial.ca = value; return true;
	default: return true;
	}
}

/* CTL_OK with the words from optind on; `*help` and `*version` where they were asked for. */
static enum ctl_status parse_options(struct ctl *ctl, int argc, char **argv, bool *help,
				     bool *version)
{
	int option, index = -1;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":s:jh", long_options, &index)) != -1) {
		if (option == ':')
			return ctl_fail(ctl, CTL_USAGE, "%s: needs a value", argv[optind - 1]);
		if (option == '?' && strncmp(argv[optind - 1], "--", 2) != 0)
			return ctl_fail(ctl, CTL_USAGE, "-%c: no such option", optopt);
		if (option == '?')
			return ctl_fail(ctl, CTL_USAGE, "%s: no such option, or it takes no value",
					argv[optind - 1]);
		*help |= option == 'h';
		*version |= option == OPT_VERSION;
		if (!take_option(ctl, option, optarg))
			return ctl_fail(ctl, CTL_USAGE, "--%s: %s is out of range",
					long_options[index].name, optarg);
	}
	return CTL_OK;
}

static enum ctl_status run(struct ctl *ctl, char **words, size_t count)
{
	const struct ctl_verb *v = ctl_verbs;
	unsigned int wrong;

	while (v->name != NULL && strcmp(v->name, words[0]) != 0)
		v++;
	if (v->name == NULL) {
		v = &method_verb;
	} else {
		words++;
		count--;
	}
	wrong = ctl->given & ~v->options;
	for (size_t i = 0; i < sizeof(verb_options) / sizeof(verb_options[0]); i++)
		if (wrong & verb_options[i].bit)
			return ctl_fail(ctl, CTL_USAGE, "%s is not for %s", verb_options[i].name,
					v == &method_verb ? words[0] : v->name);
	if (count < v->args_min || count > v->args_max)
		return ctl_fail(ctl, CTL_USAGE, "usage: tandemctl %s%s%s", v->name,
				*v->args ? " " : "", v->args);
	return v->run(ctl, words, count);
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.timeout_ms = 5000, .interval_ms = 1000};
	bool help = false, version = false;
	enum ctl_status status;

	ctl_text_init();
	ctl_client_init(&ctl.client);
	ctl.socket = getenv("TANDEM_SOCKET");
	if (ctl.socket == NULL || *ctl.socket == '\0')
		ctl.socket = CTL_DEFAULT_SOCKET;
	if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		return ctl_complete(&ctl, argv + 2, (size_t)argc - 2);

	status = parse_options(&ctl, argc, argv, &help, &version);
	if (status == CTL_OK && version) {
		if (puts("tandemctl " TND_VERSION) < 0 || fflush(stdout) != 0)
			status = ctl_fail(&ctl, CTL_ERROR, "cannot write: %m");
	} else if (status == CTL_OK && help) {
		status = ctl_verb_help(&ctl, argv + optind, optind < argc ? 1 : 0);
	} else if (status == CTL_OK && optind == argc) {
		status = ctl_fail(&ctl, CTL_USAGE,
				  "a verb or a method is missing; see tandemctl help");
	} else if (status == CTL_OK) {
		status = run(&ctl, argv + optind, (size_t)(argc - optind));
	}
	if (status != CTL_OK)
		fprintf(stderr, "tandemctl: %s\n", ctl.error);
	ctl_client_close(&ctl.client);
	return (int)status;
}
