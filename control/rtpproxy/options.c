/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "rtpp.h"
#include "rtpproxy.h"

#define DEFAULT_BASE     "/etc/tandem/tandem.json"
#define DEFAULT_CONTROL  "unix:/var/run/rtpproxy.sock"
#define DEFAULT_PID_FILE "/var/run/rtpproxy.pid"
#define PORT_MIN         35000
#define PORT_MAX         65000

/* What has no meaning here, and why nothing is lost by that. */
static const struct ignored {
	char letter;
	const char *why;
} ignored[] = {
	{'F',
	 "tandem needs its privileges for the network devices, not for anything that -F guards"},
	{'b', "ports are taken in an order of the allocator's own"},
	{'c', "workers have cores of their own, whatever the scheduler does elsewhere"},
	{'x', "there is nothing of that kind to set"},
	{'N', "there is one node"},
};

/* rtpproxy's long options, as far as they can be taken. */
enum { LONG_SYMMETRIC = 256, LONG_ASYMMETRIC, LONG_NICE, LONG_OVERLOAD, LONG_DSO, LONG_CONFIG };

static const struct {
	int letter;
	bool is_error;
	const char *why;
} long_ignored[] = {
	{LONG_NICE, false, "--nice changes nothing: workers have cores of their own"},
	{LONG_OVERLOAD, false, "--overload_prot changes nothing: it is always there"},
	{LONG_DSO, true, "--dso: there are no modules to load"},
	{LONG_CONFIG, true, "--config: name a file of tandem's by --base"},
};

static void usage(FILE *to)
{
	fputs("usage: tandem-rtpproxy [-?] [-2] [-f] [-v] [-V] [-R] [-l addr1[/addr2]]\n"
	      "           [-6 addr1[/addr2]] [-s ctrl_socket] [-t tos] [-r rdir [-S sdir]]\n"
	      "           [-p pidfile] [-T max_ttl] [-W setup_ttl] [-m min_port] [-M max_port]\n"
	      "           [-A addr1[/addr2]] [-u uname[:gname]] [-w mode] [-L files] [-i]\n"
	      "           [-n timeout_socket] [-P] [-a] [-d log_level[:facility]] [-D]\n"
	      "           [--bridge_symmetric] [--force_asymmetric] [--base FILE] [--strict]\n"
	      "           [--print-config]\n"
	      "\n"
	      "The options of rtpproxy(8), and:\n"
	      "  --base FILE     tandem's configuration with the devices and addresses\n"
	      "                  (default " DEFAULT_BASE ")\n"
	      "  --strict        take media from the signalled address only; rtpproxy's way is to\n"
	      "                  take it from whoever sends first\n"
	      "  --print-config  print the configuration that tandemd would run with, and exit\n",
	      to);
}

/* As `rtpproxy -v` has it. */
static void print_features(void)
{
	printf("Basic version: %s\n", rtpp_features[0].date);
	for (unsigned int i = 1; i < RTPP_FEATURE_COUNT; i++)
		printf("Extension %s: %s\n", rtpp_features[i].date, rtpp_features[i].what);
}

static bool bad(const char *fmt, const char *what)
{
	fputs("tandem-rtpproxy: ", stderr);
	fprintf(stderr, fmt, what);
	fputs("\n", stderr);
	return false;
}

static bool number(const char *text, const char *option, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 0);
	if (isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *out <= max)
		return true;
	fprintf(stderr, "tandem-rtpproxy: %s %s: must be a number of at most %lu\n", option, text,
		max);
	return false;
}

/* "a", "a/b", "/b". */
static bool pair(const char *text, struct option_pair *out)
{
	const char *slash = strchr(text, '/');

	free(out->first);
	free(out->second);
	*out = (struct option_pair){0};
	if (slash == NULL) {
		out->first = strdup(text);
		return out->first != NULL;
	}
	if (slash[1] == '\0' || strchr(slash + 1, '/') != NULL)
		return bad("%s: must be addr1 or addr1/addr2", text);
	if (slash != text)
		out->first = strndup(text, (size_t)(slash - text));
	out->second = strdup(slash + 1);
	return true;
}

/* A host by name becomes its address: tandemd listens before any resolver may be there. */
static bool resolve(const char *host, bool six, char *out, size_t size)
{
	const struct addrinfo hints = {.ai_family = six ? AF_INET6 : AF_INET,
				       .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	int rc;

	if (strcmp(host, "*") == 0) {
		snprintf(out, size, "*");
		return true;
	}
	rc = getaddrinfo(host, NULL, &hints, &found);
	if (rc != 0) {
		fprintf(stderr, "tandem-rtpproxy: %s: %s\n", host, gai_strerror(rc));
		return false;
	}
	rc = getnameinfo(found->ai_addr, found->ai_addrlen, out, (socklen_t)size, NULL, 0,
			 NI_NUMERICHOST);
	freeaddrinfo(found);
	return rc == 0;
}

/* udp:, udp6:, tcp:, tcp6: HOST[:PORT], HOST PORT, or PORT alone. NULL: said what is wrong. */
static char *inet_control(const char *text, const char *scheme)
{
	char host[256], ip[64], *port = NULL, *out = NULL;
	bool six = strchr(scheme, '6') != NULL;
	const char *rest = text + strlen(scheme);

	snprintf(host, sizeof(host), "%s", rest);
	if (rest[0] != '\0' && rest[strspn(rest, "0123456789")] == '\0') {
		snprintf(host, sizeof(host), "*");
		port = (char *)rest;
	} else if ((port = strchr(host, ' ')) != NULL ||
		   (six ? (port = strstr(host, "]:")) != NULL
			: (port = strrchr(host, ':')) != NULL)) {
		*port++ = '\0';
		port += *port == ':';
	}
	if (host[0] == '[')
		memmove(host, host + 1, strlen(host));
	if (host[0] != '\0' && host[strlen(host) - 1] == ']')
		host[strlen(host) - 1] = '\0';
	if (!resolve(host[0] ? host : "*", six, ip, sizeof(ip)))
		return NULL;
	if (asprintf(&out, six && port ? "%s[%s]%s%s" : "%s%s%s%s", scheme, ip, port ? ":" : "",
		     port ? port : "") < 0)
		return NULL;
	return out;
}

static char *control_socket(const char *text)
{
	static const char *const inet[] = {"udp:", "udp6:", "tcp:", "tcp6:"};
	char *out;

	for (size_t i = 0; i < sizeof(inet) / sizeof(inet[0]); i++)
		if (strncmp(text, inet[i], strlen(inet[i])) == 0)
			return inet_control(text, inet[i]);
	if (strncmp(text, "unix:", 5) == 0 || strncmp(text, "cunix:", 6) == 0)
		return strdup(text);
	if (strncmp(text, "systemd:", 8) == 0 || strncmp(text, "stdio:", 6) == 0) {
		bad("-s %s: this kind of socket is not served; name a unix: or udp: one", text);
		return NULL;
	}
	/* A path alone, as the oldest versions had it. */
	return asprintf(&out, "unix:%s", text) < 0 ? NULL : out;
}

static bool add(char **list, unsigned int *count, char *item, const char *option)
{
	if (item == NULL)
		return false;
	if (*count == OPTIONS_LIST_MAX) {
		free(item);
		return bad("%s: more than 16 of them", option);
	}
	list[(*count)++] = item;
	return true;
}

static bool user(const char *text, struct options *o)
{
	const char *colon = strchr(text, ':');
	const struct passwd *pw;
	const struct group *gr;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", colon ? (int)(colon - text) : (int)strlen(text), text);
	pw = getpwnam(name);
	if (pw == NULL)
		return bad("-u: no user %s", name);
	o->uid = pw->pw_uid;
	o->gid = pw->pw_gid;
	snprintf(o->user, sizeof(o->user), "%s", name);
	gr = colon ? getgrnam(colon + 1) : getgrgid(o->gid);
	if (gr == NULL)
		return bad("-u: no group %s", colon ? colon + 1 : "of that user");
	o->gid = gr->gr_gid;
	snprintf(o->group, sizeof(o->group), "%s", gr->gr_name);
	o->user_given = true;
	return true;
}

static bool log_level(const char *text, struct options *o)
{
	static const struct {
		const char *name, *ours;
	} levels[] = {{"DBUG", "debug"},
		      {"INFO", "info"},
		      {"WARN", "warning"},
		      {"ERR", "error"},
		      {"CRIT", "error"}};
	static const struct {
		const char *name;
		int facility;
	} facilities[] = {
		{"LOG_AUTH", LOG_AUTH},     {"LOG_CRON", LOG_CRON},     {"LOG_DAEMON", LOG_DAEMON},
		{"LOG_KERN", LOG_KERN},     {"LOG_LPR", LOG_LPR},       {"LOG_MAIL", LOG_MAIL},
		{"LOG_NEWS", LOG_NEWS},     {"LOG_USER", LOG_USER},     {"LOG_UUCP", LOG_UUCP},
		{"LOG_LOCAL0", LOG_LOCAL0}, {"LOG_LOCAL1", LOG_LOCAL1}, {"LOG_LOCAL2", LOG_LOCAL2},
		{"LOG_LOCAL3", LOG_LOCAL3}, {"LOG_LOCAL4", LOG_LOCAL4}, {"LOG_LOCAL5", LOG_LOCAL5},
		{"LOG_LOCAL6", LOG_LOCAL6}, {"LOG_LOCAL7", LOG_LOCAL7},
	};
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	bool found = false;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strlen(levels[i].name) != len || strncasecmp(text, levels[i].name, len) != 0)
			continue;
		o->log_level = levels[i].ours;
		found = true;
	}
	if (!found)
		return bad("-d %s: the levels are DBUG, INFO, WARN, ERR, CRIT", text);
	if (colon == NULL)
		return true;
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
		if (strcasecmp(colon + 1, facilities[i].name) != 0 &&
		    strcasecmp(colon + 1, facilities[i].name + 4) != 0)
			continue;
		o->facility = facilities[i].facility;
		return true;
	}
	return bad("-d: no syslog facility %s; such as LOG_DAEMON", colon + 1);
}

static bool limits(int letter, const char *text, struct options *o)
{
	unsigned long n;

	switch (letter) {
	case 't':
		if (!number(text, "-t", 255, &n))
			return false;
		o->tos = (int)n;
		return true;
	case 'T':
	case 'W':
		if (!number(text, letter == 'T' ? "-T" : "-W", 86400, &n))
			return false;
		if (n == 0)
			return bad("-%s 0: a session needs a time to live, in seconds",
				   letter == 'T' ? "T" : "W");
		*(letter == 'T' ? &o->ttl_s : &o->setup_ttl_s) = (uint32_t)n;
		return true;
	case 'm':
	case 'M':
		if (!number(text, letter == 'm' ? "-m" : "-M", 65535, &n))
			return false;
		if (n < 1024)
			return bad("-%s: ports are 1024 to 65535", letter == 'm' ? "m" : "M");
		*(letter == 'm' ? &o->port_min : &o->port_max) = (uint16_t)n;
		return true;
	default:
		if (!number(text, "-L", INT_MAX, &n))
			return false;
		o->files = (uint32_t)n;
		return true;
	}
}

static bool take_long(int letter, struct options *o)
{
	if (letter == LONG_SYMMETRIC || letter == LONG_ASYMMETRIC) {
		*(letter == LONG_SYMMETRIC ? &o->symmetric : &o->asymmetric) = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(long_ignored) / sizeof(long_ignored[0]); i++) {
		if (long_ignored[i].letter != letter)
			continue;
		fprintf(stderr, "tandem-rtpproxy: %s\n", long_ignored[i].why);
		return !long_ignored[i].is_error;
	}
	return false;
}

static void say_ignored(int letter)
{
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		if (ignored[i].letter == letter)
			fprintf(stderr, "tandem-rtpproxy: -%c changes nothing: %s\n", letter,
				ignored[i].why);
}

static bool take(int letter, const char *arg, struct options *o)
{
	switch (letter) {
	case '2': o->twice = true; return true;
	case 'f': o->foreground = true; return true;
	case 'i': o->independent_ttl = true; return true;
	case 'P': o->record_pcap = true; return true;
	case 'R': o->record_rtcp = false; return true;
	case 'a': o->record_all = true; return true;
	case 'l': return pair(arg, &o->listen4);
	case '6': return pair(arg, &o->listen6);
	case 'A': return pair(arg, &o->advertise);
	case 's': return add(o->control, &o->control_count, control_socket(arg), "-s");
	case 'n':
		return add(o->timeout_target, &o->timeout_target_count,
			   strchr(arg, ':') ? strdup(arg) : control_socket(arg), "-n");
	case 'r': o->record_dir = arg; return true;
	case 'S': o->spool_dir = arg; return true;
	case 'p': o->pid_file = arg; return true;
	case 'D': o->keep_dir = true; return true;
	case 'w': o->socket_mode = arg; return true;
	case 'u': return user(arg, o);
	case 'd': return log_level(arg, o);
	case 'B': o->base = arg; return true;
	case 'G': o->print_config = true; return true;
	case 'K': o->strict = true; return true;
	case 't':
	case 'T':
	case 'W':
	case 'm':
	case 'M':
	case 'L': return limits(letter, arg, o);
	default: say_ignored(letter); return true;
	}
}

static bool consistent(const struct options *o)
{
	if (o->port_min != 0 && o->port_max != 0 && o->port_min > o->port_max)
		return bad("%s", "-m is over -M");
	if (o->spool_dir != NULL && o->record_dir == NULL)
		return bad("%s", "-S needs -r: spooled recordings are moved there");
	if (o->record_all && o->record_dir == NULL)
		return bad("%s", "-a needs -r: the directory of recordings");
	if (o->advertise.first != NULL && o->advertise.second == NULL && o->listen4.second != NULL)
		return bad("%s", "-A needs two addresses, as there are two of -l");
	if (o->strict && o->asymmetric)
		return bad("%s", "--strict or --force_asymmetric: it can't be both");
	return true;
}

int options_parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"base", required_argument, NULL, 'B'},
		{"print-config", no_argument, NULL, 'G'},
		{"strict", no_argument, NULL, 'K'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{"bridge_symmetric", no_argument, NULL, LONG_SYMMETRIC},
		{"force_asymmetric", no_argument, NULL, LONG_ASYMMETRIC},
		{"nice", required_argument, NULL, LONG_NICE},
		{"overload_prot", optional_argument, NULL, LONG_OVERLOAD},
		{"dso", required_argument, NULL, LONG_DSO},
		{"config", required_argument, NULL, LONG_CONFIG},
		{NULL, 0, NULL, 0},
	};
	int letter;

	*o = (struct options){.base = DEFAULT_BASE,
			      .ttl_s = 60,
			      .tos = -1,
			      .record_rtcp = true,
			      .log_level = "info",
			      .facility = LOG_DAEMON};
	while ((letter = getopt_long(
			argc, argv, "?2fvVRFiPabDChl:6:A:s:n:r:S:p:w:u:d:t:T:W:m:M:L:c:x:N:", longs,
			NULL)) != -1) {
		switch (letter) {
		case 'h': usage(stdout); return EXIT_OK;
		case 'V': printf("tandem-rtpproxy %s\n", TND_VERSION); return EXIT_OK;
		case 'v': print_features(); return EXIT_OK;
		case 'C': puts("TSC"); return EXIT_OK;
		case '?': {
			/* The option -? looks like an unknown one, but for its text. */
			bool asked = strcmp(argv[optind - 1], "-?") == 0;

			usage(asked ? stdout : stderr);
			return asked ? EXIT_OK : EXIT_USAGE;
		}
		default:
			if (letter > UCHAR_MAX ? !take_long(letter, o) : !take(letter, optarg, o))
				return EXIT_USAGE;
		}
	}
	if (optind != argc) {
		bad("unexpected argument: %s", argv[optind]);
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!consistent(o))
		return EXIT_USAGE;
	if (o->control_count == 0)
		o->control[o->control_count++] = strdup(DEFAULT_CONTROL);
	if (o->pid_file == NULL && !o->foreground)
		o->pid_file = DEFAULT_PID_FILE;
	if (o->port_min != 0 || o->port_max != 0) {
		o->port_min = o->port_min ? o->port_min : PORT_MIN;
		o->port_max = o->port_max ? o->port_max : PORT_MAX;
	}
	return -1;
}

void options_free(struct options *o)
{
	struct option_pair *const pairs[] = {&o->listen4, &o->listen6, &o->advertise};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		free(pairs[i]->first);
		free(pairs[i]->second);
	}
	for (unsigned int i = 0; i < o->control_count; i++)
		free(o->control[i]);
	for (unsigned int i = 0; i < o->timeout_target_count; i++)
		free(o->timeout_target[i]);
}
