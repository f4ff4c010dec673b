/* SPDX-License-Identifier: BSD-3-Clause */
/* config.*: the running configuration, and a check of another. */
#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "rpc.h"

/* Read again rather than kept parsed: asked for rarely. */
void rpc_config_get(struct rpc_call *c, const void *params)
{
	const struct config *config = rpc_api(c)->h->config;
	struct json_value *v = NULL;
	struct json_error err;

	if (json_parse(config->text, config->text_len, &v, &err) != 0) {
		tnd_err("api", "config.get: %s", err.reason);
		rpc_fail(c, API_ERR_INTERNAL_ERROR, NULL, "the configuration can't be shown");
		return;
	}
	json_w_value(rpc_result(c), "result", v);
	json_free(v);
	rpc_done(c);
}

void rpc_config_test(struct rpc_call *c, const void *params)
{
	const struct api_config_test *p = params;
	struct tnd_buf text = {0}, *b = rpc_result(c);
	struct config *config = NULL;
	struct json_error err;
	char path[sizeof(err.path) + 16];
	int rc;

	json_w_value(&text, NULL, p->config);
	rc = text.oom ? -ENOMEM : config_parse(text.data, text.len, &config, &err);
	tnd_buf_free(&text);
	if (rc == -ENOMEM) {
		rpc_fail(c, API_ERR_NO_MEMORY, NULL, "out of memory");
		return;
	}
	if (rc != 0) {
		snprintf(path, sizeof(path), "/params/config%s", err.path);
		rpc_fail(c, API_ERR_INVALID_PARAMS, path, "%s", err.reason);
		return;
	}
	config_free(config);
	json_w_open(b, "result", '{');
	json_w_bool(b, "ok", true);
	json_w_close(b, '}');
	rpc_done(c);
}
