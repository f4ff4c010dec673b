/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Players of a leg, one after the other: control/media as it is, with doubles for what it asks of
 * sessions and workers, and for its thread, which here reads files at once.
 */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "json.h"
#include "media.h"
#include "media_private.h"

#define FRAME    160 /* bytes of PCMU, and timestamp units */
#define FRAME_MS 20

static struct {
	bool gone; /* the session is */
	uint16_t generation;
	struct session_observer *observer;
	struct dp_player *worker[4]; /* what the worker has, the latest last */
	unsigned int players, stopped, ended;
} bed;

static struct config config;
static struct flow_tables tables;
static struct host host;
static struct media *media;
static char dir[64];

/* ---- doubles ------------------------------------------------------------------------------- */

int __wrap_helper_start(struct helper *h, const struct helper_config *c);
void __wrap_helper_stop(struct helper *h);
void __wrap_helper_free(struct helper *h);
void __wrap_helper_tell(struct helper *h, struct mail *m);
void __wrap_sessions_observe(struct sessions *s, struct session_observer *o);
void __wrap_sessions_unobserve(struct session_observer *o);
bool __wrap_session_media_key(struct sessions *s, const char *id, unsigned int leg,
			      uint32_t *flow_leg, uint16_t *generation);
enum session_fault __wrap_session_play_start(struct sessions *s, const char *id, unsigned int leg,
					     struct dp_player *p, struct session_error *err);
void __wrap_session_play_stop(struct sessions *s, struct dp_player *p);

int __wrap_helper_start(struct helper *h, const struct helper_config *c)
{
	h->config = *c;
	frame_cache_init(&h->cache, 100000);
	h->running = true;
	return 0;
}

void __wrap_helper_stop(struct helper *h)
{
	h->running = false;
}

void __wrap_helper_free(struct helper *h)
{
	frame_cache_free(&h->cache);
}

void __wrap_helper_tell(struct helper *h, struct mail *m)
{
	assert_int_equal(m->kind, MAIL_LOAD);
	frame_cache_load(&h->cache, tnd_container_of(m, struct load, mail));
	mailbox_put(&h->out, m);
}

void __wrap_sessions_observe(struct sessions *s, struct session_observer *o)
{
	bed.observer = o;
}

void __wrap_sessions_unobserve(struct session_observer *o)
{
	assert_ptr_equal(bed.observer, o);
}

bool __wrap_session_media_key(struct sessions *s, const char *id, unsigned int leg,
			      uint32_t *flow_leg, uint16_t *generation)
{
	*flow_leg = leg;
	*generation = bed.generation;
	return !bed.gone;
}

enum session_fault __wrap_session_play_start(struct sessions *s, const char *id, unsigned int leg,
					     struct dp_player *p, struct session_error *err)
{
	assert_true(bed.players < COUNT(bed.worker));
	p->leg = leg;
	p->generation = bed.generation;
	bed.worker[bed.players++] = p;
	return SESSION_OK;
}

void __wrap_session_play_stop(struct sessions *s, struct dp_player *p)
{
	p->stop = true;
	bed.stopped++;
}

static void on_notify(void *arg, const char *type, const char *params_json)
{
	assert_string_equal(type, "play.ended");
	bed.ended++;
}

/* ---- bed ----------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	char path[80];
	FILE *f;

	memset(&bed, 0, sizeof(bed));
	strcpy(dir, "/tmp/tnd-play-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/a.0", dir);
	f = fopen(path, "w");
	if (f == NULL)
		return -1;
	for (unsigned int i = 0; i < 4 * FRAME; i++)
		putc('x', f);
	fclose(f);
	snprintf(config.media.play_dir, sizeof(config.media.play_dir), "%s", dir);
	tables.session_count = 1;
	host = (struct host){.config = &config, .tables = &tables, .notify = on_notify};
	tnd_list_init(&host.loop.pollers);
	host.loop.now_ms = 1000;
	return media_create(&media, NULL, &host);
}

static int tear_down(void **state)
{
	char path[80];

	media_free(media);
	snprintf(path, sizeof(path), "%s/a.0", dir);
	unlink(path);
	return rmdir(dir);
}

/* Asked for, and its file read. */
static void play(unsigned int leg)
{
	static const uint8_t pcmu[] = {0};
	struct media_play p = {.id = "s", .leg = leg, .file = "a", .repeats = -1, .codec_count = 1};
	struct session_error err = {0};

	memcpy(p.codec, pcmu, sizeof(pcmu));
	assert_int_equal(media_play_start(media, &p, &err), SESSION_OK);
	media->poller.fn(&media->poller);
}

/* The worker sends, in time. */
static void send_frames(struct dp_player *p, unsigned int n)
{
	p->seq = (uint16_t)(p->seq + n);
	p->timestamp += n * p->ts_step;
	p->packets += n;
	host.loop.now_ms += n * FRAME_MS;
}

static void tell_played(const struct dp_player *p, enum flow_played why)
{
	struct flow_event ev = {
		.type = FLOW_EVENT_PLAYED,
		.leg = p->leg,
		.generation = p->generation,
		.played = {.id = p->id, .packets = p->packets, .why = why},
	};

	bed.observer->event(bed.observer, &ev, bed.gone ? NULL : "s");
}

static void end_session(void)
{
	bed.gone = true;
	bed.observer->ended(bed.observer, 0, "s", false);
}

static int32_t ahead(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void one_after_the_other(void **state)
{
	uint32_t ssrc, ts;
	uint16_t seq;

	play(1);
	ssrc = bed.worker[0]->ssrc;
	for (unsigned int i = 1; i < COUNT(bed.worker); i++) {
		struct dp_player *p = bed.worker[i - 1];

		send_frames(p, 50);
		seq = p->seq;
		ts = p->timestamp;
		tell_played(p, FLOW_PLAYED_END);
		assert_int_equal(bed.ended, i);
		assert_int_equal(bed.players, i);
		host.loop.now_ms += 700;
		play(1);
		assert_int_equal(bed.players, i + 1);
		p = bed.worker[i];
		assert_int_equal(p->ssrc, ssrc);
		assert_int_equal(p->seq, seq);
		/* As far on as 700 ms are, and no second more than that; the worker sets the marker
		 * anew. */
		assert_in_range(ahead(p->timestamp, ts), 5600, 5600 + 8000);
		assert_false(p->talking);
	}
}

/* What a worker could not send in time does not hold the timestamp back. */
static void late_worker(void **state)
{
	uint32_t ts;

	play(1);
	ts = bed.worker[0]->timestamp;
	host.loop.now_ms += 3000;
	send_frames(bed.worker[0], 1);
	tell_played(bed.worker[0], FLOW_PLAYED_END);
	play(1);
	assert_in_range(ahead(bed.worker[1]->timestamp, ts), 3020 * 8, 4020 * 8);
}

static void legs_apart(void **state)
{
	play(0);
	play(1);
	assert_int_equal(bed.players, 2);
	assert_int_equal(bed.stopped, 0);
	assert_int_not_equal(bed.worker[0]->ssrc, bed.worker[1]->ssrc);
}

/* Replaced twice before the worker has let go of the first: the second is never heard. */
static void replaced(void **state)
{
	struct dp_player *first;
	uint32_t id, ssrc, ts;
	uint16_t seq;

	play(1);
	first = bed.worker[0];
	id = first->id;
	ssrc = first->ssrc;
	send_frames(first, 5);
	play(1);
	play(1);
	assert_true(first->stop);
	assert_int_equal(bed.stopped, 1);
	assert_int_equal(bed.players, 1);
	/* One more goes out, in the time until the worker looks. */
	send_frames(first, 1);
	seq = first->seq;
	ts = first->timestamp;
	tell_played(first, FLOW_PLAYED_STOPPED);
	assert_int_equal(bed.ended, 2);
	assert_int_equal(bed.players, 2);
	assert_int_equal(bed.worker[1]->ssrc, ssrc);
	assert_int_equal(bed.worker[1]->seq, seq);
	assert_true(ahead(bed.worker[1]->timestamp, ts) >= 0);
	assert_int_equal(bed.worker[1]->id, id + 2);
}

/* One that waits ends unheard if it is stopped, and with the session. */
static void waits_in_vain(void **state)
{
	struct session_error err;
	bool was;

	play(1);
	play(1);
	assert_int_equal(media_play_stop(media, "s", 1, &was, &err), SESSION_OK);
	assert_true(was);
	tell_played(bed.worker[0], FLOW_PLAYED_STOPPED);
	assert_int_equal(bed.ended, 2);
	assert_int_equal(bed.players, 1);

	play(1);
	play(1);
	end_session();
	tell_played(bed.worker[1], FLOW_PLAYED_GONE);
	assert_int_equal(bed.ended, 4);
	assert_int_equal(bed.players, 2);
	assert_true(tnd_list_empty(&media->players));
	assert_null(media->session[0]);
}

/* The stream is a session's: kept while nothing plays, gone with it, another's is another. */
static void session_end(void **state)
{
	uint32_t ssrc;

	play(1);
	ssrc = bed.worker[0]->ssrc;
	tell_played(bed.worker[0], FLOW_PLAYED_END);
	assert_non_null(media->session[0]);
	assert_true(media->session[0]->voice[1].has);
	end_session();
	assert_null(media->session[0]);

	bed.gone = false;
	bed.generation++;
	play(1);
	assert_int_equal(bed.players, 2);
	assert_int_not_equal(bed.worker[1]->ssrc, ssrc);
}

/* ---- files that are looked for -----------------------------------------------------------------
 */

static struct {
	unsigned int calls;
	enum session_fault fault;
	char path[64];
} told;

static void on_started(void *arg, enum session_fault f, const struct session_error *err)
{
	assert_ptr_equal(arg, &told);
	assert_int_equal(err->fault, f);
	told.calls++;
	told.fault = f;
	snprintf(told.path, sizeof(told.path), "%s", err->path);
}

/* Asked for; the file is looked for until look() is called. */
static void ask_for(const char *file)
{
	struct media_play p = {.id = "s",
			       .leg = 1,
			       .file = file,
			       .repeats = -1,
			       .codec_count = 1,
			       .started = on_started,
			       .arg = &told};
	struct session_error err = {0};

	memset(&told, 0, sizeof(told));
	assert_int_equal(media_play_start(media, &p, &err), SESSION_OK);
	assert_int_equal(told.calls, 0);
}

static void look(void)
{
	media->poller.fn(&media->poller);
	assert_int_equal(told.calls, 1);
}

/* What plays goes on until there is something else to play. */
static void not_there(void **state)
{
	play(1);
	ask_for("b");
	look();
	assert_int_equal(told.fault, SESSION_BAD_PARAMS);
	assert_string_equal(told.path, "/file");
	assert_int_equal(bed.stopped, 0);
	assert_int_equal(bed.ended, 0);
	ask_for("a");
	assert_int_equal(bed.stopped, 0);
	look();
	assert_int_equal(told.fault, SESSION_OK);
	assert_int_equal(bed.stopped, 1);
	tell_played(bed.worker[0], FLOW_PLAYED_STOPPED);
	assert_int_equal(bed.players, 2);
	tell_played(bed.worker[1], FLOW_PLAYED_END);
}

static void stopped_before(void **state)
{
	struct session_error err;
	bool was;

	ask_for("a");
	assert_int_equal(media_play_stop(media, "s", 1, &was, &err), SESSION_OK);
	assert_true(was);
	look();
	assert_int_equal(told.fault, SESSION_OK);
	assert_int_equal(bed.players, 0);
	assert_int_equal(bed.ended, 1);
	assert_true(tnd_list_empty(&media->players));
}

static void session_ends_before(void **state)
{
	ask_for("a");
	end_session();
	look();
	assert_int_equal(told.fault, SESSION_NOT_FOUND);
	assert_int_equal(bed.players + bed.ended, 0);
	assert_true(tnd_list_empty(&media->players));
	assert_null(media->session[0]);
}

/* Nobody is told any more; more than so many are not looked for. */
static void too_many(void **state)
{
	static const struct media_play p = {
		.id = "s", .leg = 1, .file = "a", .repeats = 1, .codec_count = 1};
	struct session_error err;

	ask_for("a");
	media_forget_callers(media);
	for (unsigned int i = 1; i < MEDIA_LOADS_MAX; i++)
		assert_int_equal(media_play_start(media, &p, &err), SESSION_OK);
	assert_int_equal(media_play_start(media, &p, &err), SESSION_LIMIT);
	media->poller.fn(&media->poller);
	assert_int_equal(told.calls, 0);
	/* The latest is what was meant. */
	assert_int_equal(bed.players, 1);
	assert_int_equal(bed.ended, MEDIA_LOADS_MAX - 1);
	assert_int_equal(media->loading, 0);
	tell_played(bed.worker[0], FLOW_PLAYED_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(not_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stopped_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(session_ends_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_after_the_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(late_worker, set_up, tear_down),
		cmocka_unit_test_setup_teardown(legs_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waits_in_vain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(session_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
