/* SPDX-License-Identifier: BSD-3-Clause */
/* tandemd: arguments, then everything up in order, the loop, everything down again. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <rte_cycles.h>

#include <systemd/sd-daemon.h>

#include "api.h"
#include "compat.h"
#include "dial.h"
#include "eal.h"
#include "host.h"
#include "instance.h"
#include "log.h"
#include "media.h"
#include "session.h"
#include "tunnel.h"

#define DEFAULT_CONFIG "/etc/tandem/tandem.json"

/* Documented in tandemd(8). */
enum exit_code {
	EXIT_OK = 0,
	EXIT_CONFIG = 1, /* the configuration is refused */
	EXIT_USAGE = 2,
	EXIT_RUNNING = 3, /* another instance has the socket */
	EXIT_MEMORY = 4,  /* hugepages are short */
	EXIT_START = 5,   /* EAL, a device, the workers or the sockets */
};

struct options {
	const char *config;
	const char *check; /* NULL: run */
	bool level_set;
	enum tnd_log_level level;
};

struct daemon {
	struct config *config;
	struct instance lock, ro_lock;
	struct host host;
	struct sessions *sessions;
	struct media *media;
	struct tunnels *tunnels; /* NULL: no inner interface */
	struct dials *dials;     /* likewise */
	struct api *api;
	struct compat *compat; /* NULL: rtpproxy's protocol is not spoken */
	struct loop_fd signals;
	struct loop_poller drain; /* after SIGHUP */
};

static void usage(FILE *to)
{
	fputs("usage: tandemd [--config FILE] [--log-level LEVEL]\n"
	      "       tandemd --check FILE\n"
	      "       tandemd --version | --help\n"
	      "\n"
	      "  -c, --config FILE      configuration (default " DEFAULT_CONFIG ")\n"
	      "      --check FILE       check a configuration and exit: 0, or 1 and the place of\n"
	      "                         the fault\n"
	      "  -l, --log-level LEVEL  error, warning, info or debug; over the configuration's\n"
	      "  -V, --version          print the version and exit\n"
	      "  -h, --help             print this and exit\n",
	      to);
}

/* -1: run with what is in `o`; else the exit code. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", required_argument, NULL, 'k'},
		{"log-level", required_argument, NULL, 'l'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:l:Vh", longs, NULL)) != -1) {
		switch (opt) {
		case 'c': o->config = optarg; break;
		case 'k': o->check = optarg; break;
		case 'l':
			if (tnd_log_parse_level(optarg, &o->level) != 0) {
				fprintf(stderr, "tandemd: no such log level: %s\n", optarg);
				usage(stderr);
				return EXIT_USAGE;
			}
			o->level_set = true;
			break;
		case 'V': printf("tandemd %s\n", TND_VERSION); return EXIT_OK;
		case 'h': usage(stdout); return EXIT_OK;
		default: usage(stderr); return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "tandemd: unexpected argument: %s\n", argv[optind]);
	usage(stderr);
	return EXIT_USAGE;
}

/* The place of a fault: its JSON pointer, or the file where the fault is in the whole. */
static const char *place(const struct json_error *err, const char *file)
{
	return err->path[0] ? err->path : file;
}

/* The file decides; what this machine lacks is worth a warning, as it may be written elsewhere. */
static int check_file(const char *file)
{
	unsigned int cursor = 0;
	struct json_error err;
	struct config *c;

	if (config_load(file, &c, &err) != 0) {
		printf("%s: %s\n", place(&err, file), err.reason);
		return EXIT_CONFIG;
	}
	while (config_check_machine(c, &cursor, &err) != 0)
		fprintf(stderr, "warning: %s: %s\n", err.path, err.reason);
	config_free(c);
	return EXIT_OK;
}

static int load_config(struct daemon *d, const struct options *o)
{
	unsigned int cursor = 0;
	struct json_error err;
	int rc;

	if (config_load(o->config, &d->config, &err) != 0) {
		tnd_err("config", "%s: %s", place(&err, o->config), err.reason);
		return EXIT_CONFIG;
	}
	tnd_log_set_level(o->level_set ? o->level : d->config->log_level);
	for (rc = EXIT_OK; config_check_machine(d->config, &cursor, &err) != 0; rc = EXIT_CONFIG)
		tnd_err("config", "%s: %s", err.path, err.reason);
	return rc;
}

static int lock_socket(struct instance *i, const char *socket)
{
	pid_t holder;
	int err = instance_lock(i, socket, &holder);

	if (err == -EADDRINUSE && holder > 0)
		tnd_err("main", "another tandemd (pid %d) serves %s", holder, socket);
	else if (err == -EADDRINUSE)
		tnd_err("main", "another tandemd serves %s", socket);
	else if (err != 0)
		tnd_err("main", "%s: %s; the directory must exist and be writable", i->path,
			strerror(-err));
	else
		return EXIT_OK;
	return err == -EADDRINUSE ? EXIT_RUNNING : EXIT_START;
}

static bool drained(struct loop_poller *p)
{
	struct daemon *d = tnd_container_of(p, struct daemon, drain);
	struct sessions_stats st;

	sessions_stats(d->sessions, &st);
	if (st.active != 0 || !sessions_draining(d->sessions))
		return false;
	tnd_info("main", "drained: stopping");
	loop_stop(&d->host.loop);
	return false;
}

/* As rtpproxy has it: no new sessions, and the end of the daemon with that of the last one. */
static void hang_up(struct daemon *d)
{
	if (d->compat == NULL || d->drain.fn != NULL)
		return;
	tnd_info("main", "SIGHUP: draining, and stopping when no session is left");
	sessions_set_draining(d->sessions, true);
	d->drain.fn = drained;
	loop_add_poller(&d->host.loop, &d->drain);
}

static void on_signal(struct loop_fd *f, uint32_t epoll_events)
{
	struct daemon *d = f->arg;
	struct signalfd_siginfo info;

	if (read(f->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		hang_up(d);
		return;
	}
	tnd_info("main", "%s: stopping", strsignal((int)info.ssi_signo));
	loop_stop(&d->host.loop);
}

/* Blocked before EAL makes its threads, so that no signal ends in one of them. */
static int take_signals(struct daemon *d)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -errno;
	d->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	d->signals.fn = on_signal;
	d->signals.arg = d;
	return d->signals.fd < 0 ? -errno : 0;
}

static int start(struct daemon *d)
{
	int err = host_init(&d->host, d->config, rte_rdtsc());

	if (err != 0)
		return EXIT_START;
	if (sessions_create(&d->sessions, &d->host) != 0) {
		tnd_err("main", "no memory for %u sessions; lower limits.sessions",
			d->config->limit_sessions);
		return EXIT_MEMORY;
	}
	if (media_create(&d->media, d->sessions, &d->host) != 0)
		return EXIT_START;
	if (tunnels_create(&d->tunnels, &d->host, d->sessions) != 0)
		return EXIT_START;
	err = api_start(&d->api, &d->host, d->sessions);
	if (err != 0)
		return err == -EADDRINUSE ? EXIT_RUNNING : EXIT_START;
	api_set_media(d->api, d->media);
	api_set_tunnels(d->api, d->tunnels);
	if (dials_create(&d->dials, &d->host, d->tunnels) != 0)
		return EXIT_START;
	api_set_dials(d->api, d->dials);
	err = compat_start(&d->compat, &d->host, d->sessions, d->media);
	if (err != 0)
		return err == -EADDRINUSE ? EXIT_RUNNING : EXIT_START;
	if (host_start(&d->host) != 0 || loop_add(&d->host.loop, &d->signals, EPOLLIN) != 0)
		return EXIT_START;
	return EXIT_OK;
}

/* Clients first, far ends, then the workers, then what they stood on. */
static void stop(struct daemon *d)
{
	media_forget_callers(d->media);
	compat_stop(d->compat);
	if (d->api != NULL)
		api_stop(d->api);
	dials_free(d->dials);
	if (d->sessions != NULL)
		sessions_goodbye(d->sessions);
	if (d->host.dp != NULL)
		dp_stop(d->host.dp);
	tunnels_free(d->tunnels);
	media_free(d->media);
	if (d->sessions != NULL)
		sessions_free(d->sessions);
	if (d->host.config != NULL)
		host_free(&d->host);
}

static int run(struct daemon *d)
{
	int rc;

	if (memory_check(d->config) != 0)
		return EXIT_MEMORY;
	if (take_signals(d) != 0 || eal_start(d->config) != 0)
		return EXIT_START;
	rc = start(d);
	if (rc == EXIT_OK) {
		tnd_info("main", "tandemd %s runs: %u workers, %u interfaces, %u sessions at most",
			 TND_VERSION, d->config->lcore_count, d->config->interface_count,
			 d->config->limit_sessions);
		sd_notifyf(0, "READY=1\nSTATUS=%u workers on %u interfaces", d->config->lcore_count,
			   d->config->interface_count);
		loop_run(&d->host.loop);
		sd_notify(0, "STOPPING=1\nSTATUS=stopping");
	}
	stop(d);
	eal_stop();
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = {.config = DEFAULT_CONFIG};
	static struct daemon d = {.lock.fd = -1, .ro_lock.fd = -1, .signals.fd = -1};
	int rc = parse_options(argc, argv, &o);

	if (rc >= 0)
		return rc;
	if (o.check != NULL)
		return check_file(o.check);
	if (o.level_set)
		tnd_log_set_level(o.level);
	rc = load_config(&d, &o);
	if (rc == EXIT_OK)
		rc = lock_socket(&d.lock, d.config->socket);
	if (rc == EXIT_OK)
		rc = lock_socket(&d.ro_lock, d.config->ro_socket);
	if (rc == EXIT_OK)
		rc = run(&d);
	instance_unlock(&d.ro_lock);
	instance_unlock(&d.lock);
	if (d.signals.fd >= 0)
		close(d.signals.fd);
	config_free(d.config);
	return rc;
}
