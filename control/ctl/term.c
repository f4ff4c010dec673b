/* SPDX-License-Identifier: BSD-3-Clause */
#include "term.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Alternate screen and hidden cursor, and back. */
static const char enter[] = "\033[?1049h\033[?25l\033[2J";
static const char leave[] = "\033[m\033[?25h\033[?1049l";

static struct termios before; /* of stdin, valid while has_before */
static volatile sig_atomic_t has_before, drawn;
static volatile sig_atomic_t got_end, got_resize, got_stop;

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static void put(const char *s, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, s, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		s += n;
		len -= (size_t)n;
	}
}

/* Only calls that a signal handler may make. */
static void give_back(void)
{
	int saved = errno;

	if (drawn)
		put(leave, sizeof(leave) - 1);
	if (has_before)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	drawn = 0;
	errno = saved;
}

static void take(void)
{
	struct termios raw = before;

	if (has_before) {
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	drawn = 1;
	put(enter, sizeof(enter) - 1);
}

static void on_signal(int signo)
{
	if (signo == SIGWINCH)
		got_resize = 1;
	else if (signo == SIGTSTP)
		got_stop = 1;
	else
		got_end = signo;
}

/* Installed with SA_RESETHAND: the signal comes again and ends the program. */
static void on_fault(int signo)
{
	give_back();
	raise(signo);
}

static void catch_signals(struct ctl_term *t)
{
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]); i++) {
		sigaddset(&blocked, end_signals[i]);
		sigaction(end_signals[i], &sa, NULL);
	}
	sigaddset(&blocked, SIGWINCH);
	sigaction(SIGWINCH, &sa, NULL);
	sigaddset(&blocked, SIGTSTP);
	sigaction(SIGTSTP, &sa, NULL);
	sigprocmask(SIG_BLOCK, &blocked, &t->wait_mask);
	for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]); i++)
		sigdelset(&t->wait_mask, end_signals[i]);
	sigdelset(&t->wait_mask, SIGWINCH);
	sigdelset(&t->wait_mask, SIGTSTP);

	sa = (struct sigaction){.sa_handler = on_fault, .sa_flags = SA_RESETHAND};
	for (size_t i = 0; i < sizeof(fault_signals) / sizeof(fault_signals[0]); i++)
		sigaction(fault_signals[i], &sa, NULL);
}

int ctl_term_open(struct ctl_term *t)
{
	*t = (struct ctl_term){.key_fd = -1};
	if (isatty(STDIN_FILENO)) {
		if (tcgetattr(STDIN_FILENO, &before) < 0)
			return -errno;
		has_before = 1;
		t->key_fd = STDIN_FILENO;
	}
	atexit(give_back);
	catch_signals(t);
	take();
	return 0;
}

void ctl_term_close(void)
{
	give_back();
}

static void stop(struct ctl_term *t)
{
	give_back();
	/* Uncatchable, so that it stops at once, here; SIGCONT lets it go on. */
	kill(getpid(), SIGSTOP);
	take();
	t->redraw = true;
}

void ctl_term_handle(struct ctl_term *t)
{
	struct pollfd pfd = {.fd = t->key_fd, .events = POLLIN};
	char keys[32];

	if (got_stop) {
		got_stop = 0;
		stop(t);
	}
	if (got_resize) {
		got_resize = 0;
		t->redraw = true;
	}
	if (got_end) {
		t->signal = got_end;
		t->quit = true;
	}
	if (t->key_fd >= 0 && poll(&pfd, 1, 0) > 0) {
		ssize_t n = read(t->key_fd, keys, sizeof(keys));

		/* The end of it: nobody could ever quit. */
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			t->quit = true;
		if (n > 0 && (memchr(keys, 'q', (size_t)n) || memchr(keys, 'Q', (size_t)n)))
			t->quit = true;
	}
}

void ctl_term_size(unsigned int *rows, unsigned int *columns)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_row == 0 || ws.ws_col == 0)
		ws = (struct winsize){.ws_row = 24, .ws_col = 80};
	*rows = ws.ws_row;
	*columns = ws.ws_col;
}

void ctl_term_reraise(const struct ctl_term *t)
{
	if (t->signal != 0) {
		signal(t->signal, SIG_DFL);
		sigprocmask(SIG_SETMASK, &t->wait_mask, NULL);
		raise(t->signal);
	}
}
