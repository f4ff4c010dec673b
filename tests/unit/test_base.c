/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "buf.h"
#include "list.h"
#include "log.h"
#include "timer.h"

/* ---- list ---- */

struct item {
	int n;
	struct tnd_list link;
};

static void list_order(void **state)
{
	struct tnd_list head, *pos, *tmp;
	struct item item[5];
	int n = 0;

	tnd_list_init(&head);
	assert_true(tnd_list_empty(&head));
	for (int i = 0; i < 5; i++) {
		item[i].n = i;
		tnd_list_add_tail(&head, &item[i].link);
	}
	tnd_list_for_each (pos, &head)
		assert_int_equal(tnd_container_of(pos, struct item, link)->n, n++);
	assert_int_equal(n, 5);

	tnd_list_for_each_safe (pos, tmp, &head) {
		if (tnd_container_of(pos, struct item, link)->n % 2 == 0)
			tnd_list_del(pos);
	}
	assert_ptr_equal(head.next, &item[1].link);
	assert_ptr_equal(head.next->next, &item[3].link);
	assert_ptr_equal(head.prev, &item[3].link);

	assert_true(tnd_list_empty(&item[0].link));
	tnd_list_del(&item[0].link); /* in no list: nothing to do */
	tnd_list_del(&item[1].link);
	tnd_list_del(&item[3].link);
	assert_true(tnd_list_empty(&head));
}

/* ---- timer ---- */

#define TIMERS 64

/* What has fired, in order. */
static struct {
	uint64_t now;
	unsigned int count;
	int order[1024];
} fired;

struct tester {
	struct tnd_timers *w;
	struct tnd_timer t;
	int id;
	uint64_t again_in; /* start anew from the callback */
	struct tester *stop, *free;
};

static void run(struct tnd_timers *w, uint64_t now)
{
	fired.now = now;
	tnd_timers_run(w, now);
}

static void on_fire(struct tnd_timer *t, void *arg)
{
	struct tester *me = arg;

	assert_ptr_equal(t, &me->t);
	assert_false(tnd_timer_running(t));
	assert_true(t->at_ms <= fired.now);
	assert_true(fired.count < COUNT(fired.order));
	fired.order[fired.count++] = me->id;
	if (me->stop != NULL)
		tnd_timer_stop(me->w, &me->stop->t);
	if (me->free != NULL) {
		tnd_timer_stop(me->w, &me->free->t);
		free(me->free);
		me->free = NULL;
	}
	if (me->again_in > 0)
		tnd_timer_start(me->w, t, fired.now + me->again_in);
}

static struct tester *tester(struct tnd_timers *w, int id)
{
	struct tester *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->w = w;
	t->id = id;
	tnd_timer_init(&t->t, on_fire, t);
	return t;
}

static struct tnd_timers wheel;

static void start_over(uint64_t now)
{
	tnd_timers_init(&wheel, now);
	memset(&fired, 0, sizeof(fired));
}

/* Never early, at most a tick late, in the order of their ticks, near and many turns away. */
static void timer_on_time(void **state)
{
	static const uint64_t after[] = {0,     1,     7,      8,       9,
					 100,   32759, 32760,  32767,   32768,
					 32769, 65536, 100000, 1000000, 86400000};

	for (uint64_t origin = 0; origin < 20; origin += 3) {
		for (size_t i = 0; i < COUNT(after); i++) {
			uint64_t at = origin + after[i], now = origin;
			struct tester *t;

			start_over(origin);
			run(&wheel, origin);
			t = tester(&wheel, 0);
			tnd_timer_start(&wheel, &t->t, at);
			assert_true(tnd_timer_running(&t->t));
			/* Mostly in long steps; the last stretch in single ones. */
			while (fired.count == 0) {
				now += now + 3000 < at ? 2000 : 1;
				run(&wheel, now);
				assert_true(now < at + 2 * TND_TIMER_TICK_MS);
			}
			assert_true(now >= at && now <= at + TND_TIMER_TICK_MS);
			assert_false(tnd_timer_running(&t->t));
			assert_int_equal(wheel.count, 0);
			free(t);
		}
	}
}

static void timer_order(void **state)
{
	struct tester *t[TIMERS];

	start_over(5);
	for (int i = 0; i < TIMERS; i++) {
		t[i] = tester(&wheel, i);
		/* 37 is a generator: starts are out of order, times are id * 10. */
		t[i]->id = i * 37 % TIMERS;
		tnd_timer_start(&wheel, &t[i]->t, 100 + (uint64_t)t[i]->id * 10);
	}
	assert_int_equal(wheel.count, TIMERS);
	run(&wheel, 99);
	assert_int_equal(fired.count, 0);
	run(&wheel, 5000);
	assert_int_equal(fired.count, TIMERS);
	for (int i = 0; i < TIMERS; i++) {
		assert_int_equal(fired.order[i], i);
		free(t[i]);
	}
}

/* The wheel was not turned for longer than a turn: all that is due fires, nothing else. */
static void timer_long_pause(void **state)
{
	uint64_t turn = (uint64_t)TND_TIMER_TICK_MS * TND_TIMER_SLOTS;
	struct tester *t[TIMERS];

	start_over(1000);
	for (int i = 0; i < TIMERS; i++) {
		t[i] = tester(&wheel, i);
		tnd_timer_start(&wheel, &t[i]->t, 1000 + (uint64_t)i * turn / 8);
	}
	run(&wheel, 1000 + 4 * turn + 8);
	assert_int_equal(fired.count, 33); /* 0 to 32 eighths */
	assert_int_equal(wheel.count, TIMERS - 33);
	for (int i = 0; i < TIMERS; i++)
		assert_int_equal(tnd_timer_running(&t[i]->t), i > 32);
	run(&wheel, 1000 + 10 * turn);
	assert_int_equal(fired.count, TIMERS);
	for (int i = 0; i < TIMERS; i++)
		free(t[i]);
}

static void timer_stop_and_move(void **state)
{
	struct tester *a, *b;

	start_over(0);
	a = tester(&wheel, 1);
	b = tester(&wheel, 2);
	tnd_timer_stop(&wheel, &a->t); /* not running */
	tnd_timer_start(&wheel, &a->t, 100);
	tnd_timer_start(&wheel, &b->t, 100);
	tnd_timer_start(&wheel, &a->t, 200);
	assert_int_equal(wheel.count, 2);
	run(&wheel, 150);
	assert_int_equal(fired.count, 1);
	assert_int_equal(fired.order[0], 2);
	tnd_timer_stop(&wheel, &a->t);
	tnd_timer_stop(&wheel, &a->t);
	assert_int_equal(wheel.count, 0);
	run(&wheel, 1000);
	assert_int_equal(fired.count, 1);

	/* In the past: with the next run that reaches another tick. */
	tnd_timer_start(&wheel, &a->t, 10);
	run(&wheel, 1000 + TND_TIMER_TICK_MS);
	assert_int_equal(fired.count, 2);
	free(a);
	free(b);
}

/* A timer that starts itself anew fires once a run, however short its time. */
static void timer_restarts_itself(void **state)
{
	struct tester *t;

	start_over(0);
	t = tester(&wheel, 0);
	t->again_in = 20;
	tnd_timer_start(&wheel, &t->t, 20);
	for (uint64_t now = 0; now <= 1000; now++)
		run(&wheel, now);
	/* Each 20 to 28 ms, as ticks fall. */
	assert_true(fired.count >= 1000 / 28 && fired.count <= 1000 / 20);
	assert_int_equal(wheel.count, 1);
	t->again_in = 0;
	run(&wheel, 2000);
	assert_int_equal(wheel.count, 0);
	free(t);
}

/* A callback starts its own timer exactly a turn on, in the slot that is being run. */
static void timer_same_slot(void **state)
{
	uint64_t turn = (uint64_t)TND_TIMER_TICK_MS * TND_TIMER_SLOTS;
	struct tester *t;

	start_over(0);
	t = tester(&wheel, 0);
	t->again_in = turn;
	tnd_timer_start(&wheel, &t->t, 80);
	run(&wheel, 80);
	assert_int_equal(fired.count, 1);
	run(&wheel, 80 + turn - 1);
	assert_int_equal(fired.count, 1);
	run(&wheel, 80 + turn);
	assert_int_equal(fired.count, 2);
	tnd_timer_stop(&wheel, &t->t);
	free(t);
}

/* In one slot: the first stops the next and frees the one after, then frees nothing twice. */
static void timer_stops_and_frees_others(void **state)
{
	struct tester *t[6];

	start_over(0);
	for (int i = 0; i < 6; i++)
		t[i] = tester(&wheel, i);
	for (int i = 0; i < 6; i++)
		tnd_timer_start(&wheel, &t[i]->t, 50);
	t[0]->stop = t[1];
	t[0]->free = t[2];
	t[3]->free = t[0]; /* one that has fired already */
	t[4]->stop = t[4]; /* itself */
	run(&wheel, 60);
	assert_int_equal(fired.count, 4);
	assert_int_equal(fired.order[0], 0);
	assert_int_equal(fired.order[1], 3);
	assert_int_equal(fired.order[2], 4);
	assert_int_equal(fired.order[3], 5);
	assert_int_equal(wheel.count, 0);
	free(t[1]);
	for (int i = 3; i < 6; i++)
		free(t[i]);
}

static void free_self(struct tnd_timer *t, void *arg)
{
	free(t);
	fired.count++;
}

static void timer_frees_itself(void **state)
{
	start_over(0);
	for (int i = 0; i < TIMERS; i++) {
		struct tnd_timer *t = malloc(sizeof(*t));

		assert_non_null(t);
		tnd_timer_init(t, free_self, NULL);
		tnd_timer_start(&wheel, t, (uint64_t)(i % 4) * 8);
	}
	run(&wheel, 100);
	assert_int_equal(fired.count, TIMERS);
	assert_int_equal(wheel.count, 0);
}

/* ---- buf ---- */

static void buf_grows(void **state)
{
	struct tnd_buf b = {0};
	char expect[32];

	for (int i = 0; i < 10000; i++)
		tnd_buf_addf(&b, "%05d", i);
	assert_false(b.oom);
	assert_int_equal(b.len, 50000);
	for (int i = 0; i < 10000; i++) {
		snprintf(expect, sizeof(expect), "%05d", i);
		assert_memory_equal(b.data + 5 * i, expect, 5);
	}
	tnd_buf_reset(&b);
	assert_int_equal(b.len, 0);
	tnd_buf_adds(&b, "one");
	tnd_buf_addc(&b, ' ');
	tnd_buf_add(&b, "two\0three", 9);
	tnd_buf_addf(&b, "%s", "");
	assert_int_equal(b.len, 13);
	assert_memory_equal(b.data, "one two\0three", 13);
	tnd_buf_free(&b);
	assert_null(b.data);
	tnd_buf_free(&b);
}

static void buf_of_nothing(void **state)
{
	struct tnd_buf b = {0};

	tnd_buf_adds(&b, "");
	tnd_buf_add(&b, NULL, 0);
	tnd_buf_consume(&b, 0);
	tnd_buf_consume(&b, 10);
	assert_int_equal(b.len, 0);
	assert_false(b.oom);
	tnd_buf_free(&b);
}

static void buf_consume(void **state)
{
	struct tnd_buf b = {0};

	tnd_buf_adds(&b, "abcdef");
	tnd_buf_consume(&b, 0);
	tnd_buf_consume(&b, 2);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "cdef", 4);
	tnd_buf_consume(&b, 5);
	assert_int_equal(b.len, 0);
	tnd_buf_free(&b);
}

static void buf_reserve_exact(void **state)
{
	struct tnd_buf b = {0};

	for (size_t n = 1; n < 5000; n += 7) {
		char *to = tnd_buf_reserve(&b, n);

		assert_non_null(to);
		memset(to, 'x', n); /* all of it is ours, says AddressSanitizer */
		b.len += n;
	}
	tnd_buf_free(&b);
}

/* More than there can be: refused, and it stays refused until reset. */
static void buf_out_of_memory(void **state)
{
	struct tnd_buf b = {0};

	tnd_buf_adds(&b, "abc");
	assert_null(tnd_buf_reserve(&b, SIZE_MAX - 1000));
	assert_true(b.oom);
	assert_null(tnd_buf_reserve(&b, 1));
	tnd_buf_adds(&b, "def");
	assert_int_equal(b.len, 3);
	tnd_buf_reset(&b);
	tnd_buf_adds(&b, "def");
	assert_false(b.oom);
	assert_memory_equal(b.data, "def", 3);
	tnd_buf_free(&b);
}

/* ---- log ---- */

/* What tnd_log() writes to stderr, zero-terminated. */
static size_t caught(char *out, size_t size, enum tnd_log_level level, const char *text)
{
	int keep = dup(STDERR_FILENO), pipe_fd[2];
	ssize_t n;

	assert_true(keep >= 0);
	assert_int_equal(pipe(pipe_fd), 0);
	assert_true(dup2(pipe_fd[1], STDERR_FILENO) >= 0);
	close(pipe_fd[1]);
	tnd_log(level, "test", "%s", text);
	assert_true(dup2(keep, STDERR_FILENO) >= 0);
	close(keep);
	n = read(pipe_fd[0], out, size - 1);
	assert_true(n >= 0);
	close(pipe_fd[0]);
	out[n] = '\0';
	return (size_t)n;
}

static void log_one_line(void **state)
{
	char line[4096], longest[3000];
	size_t n = caught(line, sizeof(line), TND_LOG_ERR, "a\nb\r\033[2Jc\177\td");

	assert_non_null(strstr(line, " error test: a?b??[2Jc??d\n"));
	assert_ptr_equal(strchr(line, '\n'), line + n - 1);

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	n = caught(line, sizeof(line), TND_LOG_ERR, longest);
	assert_true(n > 512 && n <= 1024);
	assert_ptr_equal(strchr(line, '\n'), line + n - 1);
}

static void log_levels(void **state)
{
	enum tnd_log_level level;
	char line[4096];

	assert_int_equal(tnd_log_parse_level("debug", &level), 0);
	assert_int_equal(level, TND_LOG_DEBUG);
	assert_int_equal(tnd_log_parse_level("warning", &level), 0);
	assert_int_equal(level, TND_LOG_WARN);
	assert_int_equal(tnd_log_parse_level("warn", &level), -EINVAL);
	assert_int_equal(tnd_log_parse_level("", &level), -EINVAL);

	tnd_log_set_level(TND_LOG_WARN);
	assert_int_equal(caught(line, sizeof(line), TND_LOG_INFO, "x"), 0);
	assert_true(caught(line, sizeof(line), TND_LOG_WARN, "x") > 0);
	tnd_log_set_level(TND_LOG_INFO);
	assert_true(caught(line, sizeof(line), TND_LOG_INFO, "x") > 0);
	assert_int_equal(caught(line, sizeof(line), TND_LOG_DEBUG, "x"), 0);
}

/* What a secret buffer gives up is zero before it goes. */
static void secret_buffer(void **state)
{
	struct tnd_buf b = {.secret = true};

	tnd_buf_adds(&b, "first second third");
	tnd_buf_consume(&b, 6);
	assert_memory_equal(b.data, "second third\0\0\0\0\0\0", 18);
	tnd_buf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	for (int i = 0; i < 18; i++)
		assert_int_equal(b.data[i], 0);
	for (int i = 0; i < 10000; i++)
		tnd_buf_addf(&b, "%05d", i);
	assert_memory_equal(b.data + 5 * 9999, "09999", 5);
	tnd_buf_reset(&b);
	assert_int_equal(b.data[0], 0);
	assert_int_equal(b.data[49999], 0);
	tnd_buf_free(&b);
	assert_true(b.secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_order),
		cmocka_unit_test(timer_on_time),
		cmocka_unit_test(timer_order),
		cmocka_unit_test(timer_long_pause),
		cmocka_unit_test(timer_stop_and_move),
		cmocka_unit_test(timer_restarts_itself),
		cmocka_unit_test(timer_same_slot),
		cmocka_unit_test(timer_stops_and_frees_others),
		cmocka_unit_test(timer_frees_itself),
		cmocka_unit_test(buf_grows),
		cmocka_unit_test(buf_of_nothing),
		cmocka_unit_test(buf_consume),
		cmocka_unit_test(buf_reserve_exact),
		cmocka_unit_test(buf_out_of_memory),
		cmocka_unit_test(secret_buffer),
		cmocka_unit_test(log_one_line),
		cmocka_unit_test(log_levels),
	};

	unsetenv("JOURNAL_STREAM"); /* lines with a stamp, wherever this runs */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
