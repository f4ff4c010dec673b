/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs tandemd. In the foreground this process becomes it. As a daemon this process stays and
 * does what a daemon of rtpproxy's kind does and tandemd leaves to systemd: pid file, syslog.
 *
 *	tandem-rtpproxy (started)       leaves with 0 once the control sockets listen
 *	  └─ tandem-rtpproxy (keeper)   reads tandemd's log, hands signals on
 *	       └─ tandemd
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "rtpproxy.h"

#define LINE_MAX_BYTES 1024

static int fail(const char *what)
{
	fprintf(stderr, "tandem-rtpproxy: %s: %s\n", what, strerror(errno));
	return EXIT_START;
}

/* ---- what tandemd is to have and to be ------------------------------------------------------ */

static int raise_limits(const struct options *o)
{
	const struct rlimit files = {o->files, o->files};
	const struct rlimit locked = {RLIM_INFINITY, RLIM_INFINITY};

	if (o->files != 0 && setrlimit(RLIMIT_NOFILE, &files) != 0)
		return fail("-L");
	/* Memory that devices write to is locked; without the right to it tandemd says so. */
	setrlimit(RLIMIT_MEMLOCK, &locked);
	return EXIT_OK;
}

/* The tandemd beside this program, else the one that was installed with it. */
static void exec_tandemd(const char *config_file)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("/tandemd"));
	char *const argv[] = {"tandemd", "--config", (char *)config_file, NULL};
	char *slash;

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		strcpy(slash, "/tandemd");
		execv(path, argv);
		/* In the build tree it is one folder up. */
		*slash = '\0';
		slash = strrchr(path, '/');
		if (slash != NULL) {
			strcpy(slash, "/tandemd");
			execv(path, argv);
		}
	}
	execv(TND_SBINDIR "/tandemd", argv);
	fail("tandemd");
}

static int prepare(const struct options *o, const struct config *base)
{
	int rc = raise_limits(o);

	return rc == EXIT_OK && o->user_given ? user_become(o, base) : rc;
}

/* ---- pid file ------------------------------------------------------------------------------- */

static int write_pid(const struct options *o)
{
	FILE *f = NULL;
	int fd;

	if (o->pid_file == NULL)
		return EXIT_OK;
	/* A new file, root's: the folder may be the user's, who must not lead us elsewhere. */
	if (unlink(o->pid_file) != 0 && errno != ENOENT)
		return fail(o->pid_file);
	fd = open(o->pid_file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f == NULL)
		return fail(o->pid_file);
	fprintf(f, "%d\n", (int)getpid());
	if (fclose(f) != 0)
		return fail(o->pid_file);
	return EXIT_OK;
}

/* ---- the keeper ----------------------------------------------------------------------------- */

struct keeper {
	pid_t tandemd;
	int log[2]; /* pipe of tandemd's standard error */
	int ready;  /* datagrams in the manner of sd_notify(3) */
	int signals;
	int report; /* one byte for the process that was started: it may leave */
	struct sockets sockets;
	char line[LINE_MAX_BYTES];
	size_t line_len;
};

/* tandemd's lines begin with their priority as systemd has it: <3>. Until it runs they are also
 * for whoever started it. */
static void log_line(const struct keeper *k, const char *line)
{
	int priority = LOG_INFO;

	if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
		priority = line[1] - '0';
		line += 3;
	}
	syslog(priority, "%s", line);
	if (k->report >= 0 && priority <= LOG_WARNING)
		fprintf(stderr, "%s\n", line);
}

static bool read_log(struct keeper *k)
{
	ssize_t n = read(k->log[0], k->line + k->line_len, sizeof(k->line) - 1 - k->line_len);
	char *end;

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	k->line_len += (size_t)n;
	k->line[k->line_len] = '\0';
	while ((end = strchr(k->line, '\n')) != NULL || k->line_len == sizeof(k->line) - 1) {
		size_t used = end ? (size_t)(end - k->line) + 1 : k->line_len;

		if (end != NULL)
			*end = '\0';
		log_line(k, k->line);
		k->line_len -= used;
		memmove(k->line, k->line + used, k->line_len + 1);
	}
	return true;
}

static void read_ready(struct keeper *k)
{
	char text[256];
	ssize_t n = recv(k->ready, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return;
	text[n] = '\0';
	if (strstr(text, "READY=1") == NULL || k->report < 0)
		return;
	if (write(k->report, "", 1) != 1)
		syslog(LOG_WARNING, "nobody waits for the start any more");
	close(k->report);
	k->report = -1;
	/* From here on there is nobody to read it. */
	dup2(STDOUT_FILENO, STDERR_FILENO);
}

static void pass_signal(struct keeper *k)
{
	struct signalfd_siginfo info;

	if (read(k->signals, &info, sizeof(info)) != sizeof(info) || info.ssi_signo == SIGCHLD)
		return;
	kill(k->tandemd, (int)info.ssi_signo);
}

/* A datagram socket without a file, for NOTIFY_SOCKET. */
static int make_ready_socket(struct keeper *k)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char name[sizeof(un.sun_path) + 2];
	int n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "tandem-rtpproxy/%d",
			 (int)getpid());

	k->ready = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (k->ready < 0 ||
	    bind(k->ready, (struct sockaddr *)&un,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) != 0)
		return -1;
	snprintf(name, sizeof(name), "@%s", un.sun_path + 1);
	return setenv("NOTIFY_SOCKET", name, 1);
}

static int start_tandemd(struct keeper *k, const struct options *o, const struct config *base,
			 const char *config_file, const sigset_t *set)
{
	if (pipe2(k->log, O_CLOEXEC) != 0 || make_ready_socket(k) != 0)
		return fail("starting tandemd");
	if (sockets_bind(o, &k->sockets) != EXIT_OK)
		return EXIT_START;
	k->tandemd = fork();
	if (k->tandemd < 0)
		return fail("fork");
	if (k->tandemd > 0) {
		sockets_close(&k->sockets);
		close(k->log[1]);
		return EXIT_OK;
	}
	dup2(k->log[1], STDERR_FILENO);
	sigprocmask(SIG_UNBLOCK, set, NULL);
	/* Lines then begin with their priority. */
	setenv("JOURNAL_STREAM", "0:0", 1);
	if (prepare(o, base) == EXIT_OK)
		exec_tandemd(config_file);
	_exit(EXIT_START);
}

static int exit_code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_START;
}

static int keep(struct keeper *k)
{
	struct pollfd p[3] = {{.fd = k->log[0], .events = POLLIN},
			      {.fd = k->ready, .events = POLLIN},
			      {.fd = k->signals, .events = POLLIN}};
	int status = 0;

	for (;;) {
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents)
			read_ready(k);
		if (p[2].revents)
			pass_signal(k);
		/* The end of its log is the end of tandemd. */
		if (p[0].revents && !read_log(k))
			break;
	}
	waitpid(k->tandemd, &status, 0);
	return exit_code_of(status);
}

static int run_keeper(const struct options *o, const struct config *base, const char *config_file,
		      int report)
{
	struct keeper k = {.report = report, .signals = -1};
	sigset_t set;
	int rc;

	setsid();
	if (!o->keep_dir && chdir("/") != 0)
		return fail("/");
	openlog("rtpproxy", LOG_PID, o->facility);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	k.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	rc = k.signals < 0 ? fail("signalfd") : write_pid(o);
	if (rc == EXIT_OK)
		rc = start_tandemd(&k, o, base, config_file, &set);
	if (rc == EXIT_OK)
		rc = keep(&k);
	if (k.report >= 0) { /* it ended before it was ready: the reason is its exit code */
		unsigned char code = (unsigned char)(rc == EXIT_OK ? EXIT_START : rc);

		if (write(k.report, &code, 1) != 1)
			syslog(LOG_ERR, "tandemd did not start");
	}
	if (o->pid_file != NULL)
		unlink(o->pid_file);
	sockets_remove(&k.sockets);
	return rc;
}

/* ---- both ways ------------------------------------------------------------------------------ */

static int run_daemon(const struct options *o, const struct config *base, const char *config_file)
{
	unsigned char code;
	int report[2], null;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) != 0)
		return fail("pipe");
	pid = fork();
	if (pid < 0)
		return fail("fork");
	if (pid == 0) {
		int rc;

		close(report[0]);
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null >= 0) {
			dup2(null, STDIN_FILENO);
			dup2(null, STDOUT_FILENO);
		}
		rc = run_keeper(o, base, config_file, report[1]);
		_exit(rc);
	}
	close(report[1]);
	if (read(report[0], &code, 1) != 1)
		code = EXIT_START;
	if (code != 0)
		fprintf(stderr, "tandem-rtpproxy: tandemd did not start; see above, or run "
				"with -f\n");
	return code;
}

int run_tandemd(const struct options *o, const struct config *base, const char *config_file)
{
	struct sockets sockets;
	int rc;

	if (!o->foreground)
		return run_daemon(o, base, config_file);
	rc = write_pid(o);
	if (rc == EXIT_OK)
		rc = sockets_bind(o, &sockets);
	if (rc != EXIT_OK)
		return rc;
	rc = prepare(o, base);
	if (rc == EXIT_OK) {
		exec_tandemd(config_file);
		rc = EXIT_START;
	}
	sockets_remove(&sockets);
	return rc;
}
