/* SPDX-License-Identifier: BSD-3-Clause */
/* Plans of running sessions anew: of all sessions that the same change concerns, or of none. */
#include <errno.h>

#include "call.h"

int republish_make(struct sessions *s, struct session *se, struct republish *r, unsigned int *leg)
{
	unsigned int n = 1 + bundle_sessions(s, se, &r->session[1]);
	int rc = retire_reserve(s, n);

	r->session[0] = se;
	for (r->count = 0; r->count < n && rc == 0; r->count += rc == 0) {
		bundle_sync(s, r->session[r->count]);
		rc = publish_make(s, r->session[r->count], &r->plans[r->count], leg);
	}
	if (rc != 0)
		republish_drop(s, r);
	return rc;
}

void republish_drop(struct sessions *s, struct republish *r)
{
	for (unsigned int i = 0; i < r->count; i++)
		publish_free(s, &r->plans[i].cell[0][0], FLOW_PLANS_PER_SESSION);
	r->count = 0;
}

void republish_undo(struct sessions *s, struct session *se)
{
	struct session *bundled[BUNDLE_MAX];
	unsigned int n = bundle_sessions(s, se, bundled);

	while (n-- > 0)
		bundle_sync(s, bundled[n]);
}

void republish_swap(struct sessions *s, const struct republish *r, struct secure_step *step)
{
	for (unsigned int i = 0; i < r->count; i++) {
		struct retired old = {.session = SESSION_NONE};

		publish_swap(s, r->session[i], &r->plans[i], old.cell);
		/* The keys wait for the last grace period. */
		if (i == r->count - 1)
			old.secure = step;
		retire_push(s, &old);
	}
}
