/* SPDX-License-Identifier: BSD-3-Clause */
/* The control lcore's loop, with time in the test's hands (no EAL: a TSC cycle is 1 ns). */
#include "check.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop.h"

#define MS UINT64_C(1000000)

struct pipe_end {
	struct loop_fd fd;
	int write_fd;
	struct loop *loop;
	struct pipe_end *victim; /* loop_del() this one when called */
	unsigned int calls;
};

static void on_readable(struct loop_fd *f, uint32_t events)
{
	struct pipe_end *p = f->arg;
	char c;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(f->fd, &c, 1), 1);
	p->calls++;
	if (p->victim != NULL)
		loop_del(p->loop, &p->victim->fd);
}

static void open_pipe(struct loop *l, struct pipe_end *p)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	memset(p, 0, sizeof(*p));
	p->fd.fd = fds[0];
	p->fd.fn = on_readable;
	p->fd.arg = p;
	p->write_fd = fds[1];
	p->loop = l;
	assert_int_equal(loop_add(l, &p->fd, EPOLLIN), 0);
}

static void close_pipe(struct pipe_end *p)
{
	close(p->fd.fd);
	close(p->write_fd);
}

static int set_up(void **state)
{
	static struct loop l;

	*state = &l;
	return loop_init(&l, 5 * MS);
}

static int tear_down(void **state)
{
	loop_free(*state);
	return 0;
}

static void test_time(void **state)
{
	struct loop *l = *state;

	loop_step(l, 5 * MS);
	assert_int_equal(l->now_ms, 0);
	loop_step(l, 12 * MS + MS / 2);
	assert_int_equal(l->now_ms, 7);
	/* A TSC that is read on another CPU and is behind. */
	loop_step(l, 11 * MS);
	assert_int_equal(l->now_ms, 7);
	assert_int_equal(l->now_tsc, 12 * MS + MS / 2);
}

static void test_fd(void **state)
{
	struct loop *l = *state;
	struct pipe_end p;

	open_pipe(l, &p);
	loop_step(l, 6 * MS);
	assert_int_equal(p.calls, 0);
	assert_int_equal(write(p.write_fd, "ab", 2), 2);
	loop_step(l, 7 * MS);
	loop_step(l, 8 * MS);
	assert_int_equal(p.calls, 2);

	assert_int_equal(loop_mod(l, &p.fd, 0), 0);
	assert_int_equal(write(p.write_fd, "c", 1), 1);
	loop_step(l, 9 * MS);
	assert_int_equal(p.calls, 2);
	assert_int_equal(loop_mod(l, &p.fd, EPOLLIN), 0);
	loop_step(l, 10 * MS);
	assert_int_equal(p.calls, 3);
	close_pipe(&p);
	assert_int_equal(loop_add(l, &p.fd, EPOLLIN), -EBADF);
}

/* Both are readable in the same turn: whichever is called first takes the other away. */
static void test_del_of_pending(void **state)
{
	struct loop *l = *state;
	struct pipe_end a, b;

	open_pipe(l, &a);
	open_pipe(l, &b);
	a.victim = &b;
	b.victim = &a;
	assert_int_equal(write(a.write_fd, "x", 1), 1);
	assert_int_equal(write(b.write_fd, "x", 1), 1);
	loop_step(l, 6 * MS);
	assert_int_equal(a.calls + b.calls, 1);
	close_pipe(&a);
	close_pipe(&b);
}

static void test_del_of_itself(void **state)
{
	struct loop *l = *state;
	struct pipe_end p;

	open_pipe(l, &p);
	p.victim = &p;
	assert_int_equal(write(p.write_fd, "xy", 2), 2);
	loop_step(l, 6 * MS);
	loop_step(l, 7 * MS);
	assert_int_equal(p.calls, 1);
	close_pipe(&p);
}

static void count_timer(struct tnd_timer *t, void *arg)
{
	(*(unsigned int *)arg)++;
}

static void test_timer(void **state)
{
	struct loop *l = *state;
	unsigned int fired = 0;
	struct tnd_timer t;

	tnd_timer_init(&t, count_timer, &fired);
	loop_timer_after(l, &t, 100);
	loop_step(l, 5 * MS + 99 * MS);
	assert_int_equal(fired, 0);
	loop_step(l, 5 * MS + 100 * MS + TND_TIMER_TICK_MS * MS);
	assert_int_equal(fired, 1);
}

struct count_poller {
	struct loop_poller p;
	unsigned int calls;
	bool soon, last;
};

static bool on_poll(struct loop_poller *p)
{
	struct count_poller *c = p->arg;

	c->calls++;
	if (c->last)
		loop_del_poller(p);
	return c->soon;
}

static void test_pollers(void **state)
{
	struct loop *l = *state;
	struct count_poller a = {.p = {.fn = on_poll, .arg = &a}};
	struct count_poller b = {.p = {.fn = on_poll, .arg = &b}};

	loop_add_poller(l, &a.p);
	loop_add_poller(l, &b.p);
	loop_step(l, 6 * MS);
	assert_false(l->busy);
	a.soon = true; /* the last one's word is not the only one */
	a.last = true;
	loop_step(l, 7 * MS);
	assert_true(l->busy);
	loop_step(l, 8 * MS);
	assert_false(l->busy);
	assert_int_equal(a.calls, 2);
	assert_int_equal(b.calls, 3);
	loop_del_poller(&b.p);
}

static bool stop_after_three(struct loop_poller *p)
{
	static unsigned int calls;

	if (++calls == 3)
		loop_stop(p->arg);
	return false;
}

static void test_run_until_stop(void **state)
{
	struct loop *l = *state;
	struct loop_poller p = {.fn = stop_after_three, .arg = l};

	loop_add_poller(l, &p);
	loop_run(l);
	assert_true(l->stopping);
	assert_true(l->now_tsc > 5 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_del_of_pending, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_del_of_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_timer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pollers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_run_until_stop, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
