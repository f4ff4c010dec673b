/* SPDX-License-Identifier: BSD-3-Clause */
/* Any method of the API, and drain. */
#include "ctl.h"

#include <errno.h>
#include <string.h>

#include "args.h"
#include "print.h"

/* Reserved and unsupported methods have no table: they go out as they are written. */
static bool is_reserved(const char *name)
{
	for (const char *const *prefix = api_reserved_prefixes; *prefix != NULL; prefix++)
		if (strncmp(name, *prefix, strlen(*prefix)) == 0)
			return true;
	return false;
}

static enum ctl_status whole_params(struct ctl *ctl, const char *text, struct tnd_buf *params)
{
	struct ctl_args_error err;
	int rc = ctl_args_json(text, params, &err);

	if (rc == -EINVAL)
		return ctl_fail(ctl, CTL_USAGE, "%s", err.text);
	if (rc < 0 || params->oom)
		return ctl_fail(ctl, CTL_ERROR, "out of memory");
	if (params->data[0] != '{')
		return ctl_fail(ctl, CTL_USAGE, "params must be a JSON object");
	return CTL_OK;
}

static enum ctl_status build_params(struct ctl *ctl, char *const *args, size_t count,
				    struct tnd_buf *params)
{
	const struct api_method *method = ctl_args_method(args[0]);
	struct ctl_args_error err;
	int rc;

	if (method == NULL && !is_reserved(args[0]))
		return ctl_fail(ctl, CTL_USAGE, "%s: no such method or verb; see tandemctl help",
				args[0]);
	if (ctl->given & CTL_OPT_PARAMS) {
		if (count > 1)
			return ctl_fail(ctl, CTL_USAGE, "either --params or key=value");
		return whole_params(ctl, ctl->params, params);
	}
	if (count == 2 && strcmp(args[1], "-") == 0)
		return whole_params(ctl, "-", params);
	if (count == 1)
		return CTL_OK;
	rc = ctl_args_build(method ? method->params : NULL, args + 1, count - 1, params, &err);
	if (rc == -EINVAL)
		return ctl_fail(ctl, CTL_USAGE, "%s: %s", args[0], err.text);
	if (rc < 0)
		return ctl_fail(ctl, CTL_ERROR, "out of memory");
	return CTL_OK;
}

/* Takes the reply. */
static enum ctl_status show(struct ctl *ctl, struct ctl_reply *reply, bool json)
{
	struct tnd_buf out = {0};
	enum ctl_status status;

	if (ctl->json || json) {
		status = ctl_write_json(ctl, reply->result);
	} else {
		ctl_print_object(&out, reply->result, ctl_columns());
		status = ctl_write(ctl, &out);
	}
	tnd_buf_free(&out);
	ctl_reply_free(reply);
	return status;
}

enum ctl_status ctl_verb_method(struct ctl *ctl, char *const *args, size_t count)
{
	struct tnd_buf params = {0};
	struct ctl_reply reply;
	enum ctl_status status = build_params(ctl, args, count, &params);

	if (status == CTL_OK)
		status = ctl_call(ctl, args[0], &params, &reply);
	tnd_buf_free(&params);
	if (status != CTL_OK)
		return status;
	/* A schema as a table would be no help to anybody. */
	return show(ctl, &reply, strcmp(args[0], "system.schema") == 0);
}

enum ctl_status ctl_verb_drain(struct ctl *ctl, char *const *args, size_t count)
{
	struct tnd_buf params = {0};
	bool on = strcmp(args[0], "on") == 0;
	struct ctl_reply reply;
	enum ctl_status status;

	if (!on && strcmp(args[0], "off") != 0)
		return ctl_fail(ctl, CTL_USAGE, "drain: on or off, not %s", args[0]);
	json_w_open(&params, NULL, '{');
	json_w_bool(&params, "on", on);
	json_w_close(&params, '}');
	status = ctl_call(ctl, "system.drain", &params, &reply);
	tnd_buf_free(&params);
	if (status != CTL_OK)
		return status;
	return show(ctl, &reply, false);
}
