/* SPDX-License-Identifier: BSD-3-Clause */
/* system.*: who is there, what can it do, is it well. */
#include <rte_mempool.h>

#include "health.h"
#include "log.h"
#include "rpc.h"

#define MBUFS_LOW 32 /* not well with less than a 32nd of them free */

static const char *state_name(const struct api *a)
{
	return sessions_draining(a->sessions) ? "draining" : "running";
}

/* False: it has been answered. */
static bool check_version(struct rpc_call *c, const struct json_value *v)
{
	struct api_version version;
	struct json_error err;
	int64_t major;

	if (json_is_object(v)) {
		if (json_decode(v, &api_version_object, "/params/api", &version, &err) != 0) {
			rpc_fail(c, API_ERR_INVALID_PARAMS, err.path, "%s", err.reason);
			return false;
		}
		major = version.major;
	} else if (!json_to_int(v, &major) || major < 0) {
		rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/api",
			 "must be a major number, or an object of major and minor");
		return false;
	}
	if (major != API_MAJOR) {
		rpc_fail(c, API_ERR_UNSUPPORTED, "/params/api", "this is API %d.%d", API_MAJOR,
			 API_MINOR);
		return false;
	}
	return true;
}

void rpc_system_hello(struct rpc_call *c, const void *params)
{
	const struct api_system_hello *p = params;
	const struct api *a = rpc_api(c);
	struct tnd_buf *b = rpc_result(c);

	if (p->has_api && !check_version(c, p->api))
		return;
	json_w_open(b, "result", '{');
	json_w_string(b, "name", "tandem");
	json_w_string(b, "version", TND_VERSION);
	json_w_open(b, "api", '{');
	json_w_int(b, "major", API_MAJOR);
	json_w_int(b, "minor", API_MINOR);
	json_w_close(b, '}');
	json_w_string(b, "instance", a->instance);
	json_w_double(b, "uptime_s", (double)a->h->loop.now_ms / 1000, 3);
	json_w_string(b, "state", state_name(a));
	json_w_close(b, '}');
	rpc_done(c);
}

void rpc_system_methods(struct rpc_call *c, const void *params)
{
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, "result", '{');
	json_w_open(b, "methods", '[');
	for (unsigned int i = 0; i < API_METHOD_COUNT; i++) {
		const struct api_method *m = &api_methods[i];

		json_w_open(b, NULL, '{');
		json_w_string(b, "name", m->name);
		json_w_string(b, "access", m->write ? "write" : "read");
		json_w_string(b, "summary", m->summary);
		json_w_bool(b, "unsupported", m->unsupported);
		json_w_close(b, '}');
	}
	json_w_close(b, ']');
	json_w_close(b, '}');
	rpc_done(c);
}

void rpc_system_schema(struct rpc_call *c, const void *params)
{
	json_w_raw(rpc_result(c), "result", api_schema_json, api_schema_json_len);
	rpc_done(c);
}

void rpc_system_drain(struct rpc_call *c, const void *params)
{
	const struct api_system_drain *p = params;
	struct api *a = rpc_api(c);
	struct tnd_buf *b = rpc_result(c);
	struct sessions_stats st;

	if (p->on != sessions_draining(a->sessions))
		tnd_info("api", p->on ? "draining: no new sessions" : "taking new sessions again");
	sessions_set_draining(a->sessions, p->on);
	sessions_stats(a->sessions, &st);
	json_w_open(b, "result", '{');
	json_w_string(b, "state", state_name(a));
	json_w_uint(b, "sessions", st.active);
	json_w_close(b, '}');
	rpc_done(c);
}

/* ---- system.health ------------------------------------------------------------------------- */

static bool write_worker(const struct api *a, uint16_t i, struct tnd_buf *b)
{
	const struct loop *l = &a->h->loop;
	struct dp_worker_stats st;
	struct health_load load;
	double age_ms;
	bool ok;

	dp_worker_stats(a->h->dp, i, &st);
	health_load(a->health, i, &load);
	/* Its clock may be ahead of our turn's. One that never ran is as old as we are. */
	age_ms = st.heartbeat == 0 ? (double)l->now_ms
		 : st.heartbeat < l->now_tsc
			 ? (double)(l->now_tsc - st.heartbeat) / (double)l->tsc_per_ms
			 : 0;
	ok = age_ms < HEALTH_HEARTBEAT_LATE_MS;
	json_w_open(b, NULL, '{');
	json_w_uint(b, "index", i);
	json_w_uint(b, "lcore", st.lcore);
	json_w_double(b, "heartbeat_age_ms", age_ms, 3);
	json_w_double(b, "busy_percent", load.busy_percent, 1);
	json_w_double(b, "burst_fill", load.burst_fill, 1);
	json_w_uint(b, "sessions", sessions_of_worker(a->sessions, i));
	json_w_bool(b, "ok", ok);
	json_w_close(b, '}');
	return ok;
}

static bool write_mbufs(struct tnd_buf *b)
{
	const struct rte_mempool *pool = dp_pool();
	unsigned int used = pool != NULL ? rte_mempool_in_use_count(pool) : 0;
	unsigned int total = pool != NULL ? pool->size : 0;

	json_w_open(b, "mbufs", '{');
	json_w_uint(b, "total", total);
	json_w_uint(b, "in_use", used);
	json_w_close(b, '}');
	return total - used >= total / MBUFS_LOW;
}

static void write_ring(struct tnd_buf *b, const char *what, uint16_t worker, unsigned int used,
		       unsigned int size)
{
	char name[32];

	snprintf(name, sizeof(name), "%s.%u", what, worker);
	json_w_open(b, NULL, '{');
	json_w_string(b, "name", name);
	json_w_uint(b, "used", used);
	json_w_uint(b, "size", size);
	json_w_close(b, '}');
}

static void write_rings(const struct api *a, uint16_t workers, struct tnd_buf *b)
{
	json_w_open(b, "rings", '[');
	for (uint16_t i = 0; i < workers; i++) {
		struct dp_worker_stats st;

		dp_worker_stats(a->h->dp, i, &st);
		write_ring(b, "handoff", i, st.handoff_used, workers * DP_HANDOFF_SIZE);
		write_ring(b, "inject", i, st.inject_used, DP_RING_SIZE);
		write_ring(b, "event", i, st.event_used, DP_RING_SIZE);
		write_ring(b, "punt", i, st.punt_used, DP_RING_SIZE);
	}
	json_w_close(b, ']');
}

void rpc_system_health(struct rpc_call *c, const void *params)
{
	const struct api *a = rpc_api(c);
	struct tnd_buf *b = rpc_result(c);
	uint16_t workers = a->h->dp != NULL ? a->h->tables->worker_count : 0;
	struct sessions_stats st;
	bool ok = true;

	sessions_stats(a->sessions, &st);
	json_w_open(b, "result", '{');
	json_w_open(b, "workers", '[');
	for (uint16_t i = 0; i < workers; i++)
		ok &= write_worker(a, i, b);
	json_w_close(b, ']');
	ok &= write_mbufs(b);
	write_rings(a, workers, b);
	json_w_open(b, "sessions", '{');
	json_w_uint(b, "active", st.active);
	json_w_uint(b, "limit", st.limit);
	json_w_close(b, '}');
	json_w_open(b, "srtp", '{');
	json_w_string(b, "engine", srtp_engine_name(a->h->srtp_engine));
	json_w_uint(b, "window", a->h->config->srtp_window);
	json_w_uint(b, "legs", st.secured);
	json_w_close(b, '}');
	json_w_bool(b, "ok", ok);
	json_w_close(b, '}');
	rpc_done(c);
}
