/* SPDX-License-Identifier: BSD-3-Clause */
/* Users as 32-byte records, in and out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user_private.h"

static const char *fault_text(enum wire_rtptp_fault f)
{
	switch (f) {
	case WIRE_USER_LENGTH: return "a record has 32 bytes";
	case WIRE_USER_ADDRESS: return "its address is not that of a single host";
	case WIRE_USER_MASK:
		return "its mask is none, or one of the other IP version, or of no address";
	case WIRE_USER_OK: break;
	}
	return "";
}

/* Its address instead of that of the same IP version; none: it has no fixed one. */
static void set_address(struct user *user, const struct wire_rtptp_user *r)
{
	bool is4 = wire_ip_is4(&r->addr);
	unsigned int at = 0;

	if (wire_ip_is_any(&r->addr))
		return;
	while (at < user->address_count && wire_ip_is4(&user->address[at].ip) != is4)
		at++;
	if (at == user->address_count)
		user->address_count++;
	else if (wire_ip_equal(&user->address[at].ip, &r->addr) &&
		 user->address[at].bits == r->bits)
		return;
	user->address[at] = (struct net_prefix){r->addr, r->bits};
	user->pooled[at] = false;
	if (is4)
		user->wide_mask = r->wide_mask;
}

static bool same_address(const struct user *a, const struct user *b)
{
	if (a->address_count != b->address_count || a->wide_mask != b->wide_mask)
		return false;
	for (unsigned int i = 0; i < a->address_count; i++)
		if (!net_prefix_equal(&a->address[i], &b->address[i]) ||
		    a->pooled[i] != b->pooled[i])
			return false;
	return true;
}

static enum user_fault import_one(struct users *u, const struct user_record *r, bool replace,
				  struct user_import *done, struct user_error *err)
{
	struct wire_rtptp_user record;
	enum wire_rtptp_fault wrong = wire_rtptp_user_read(r->data, sizeof(r->data), &record);
	struct user before, now = {.address_count = 0};
	enum user_fault f;
	bool known;
	int rc;

	if (wrong != WIRE_USER_OK)
		return user_fault_set(err, USER_BAD, "/data", "%s", fault_text(wrong));
	if (!wire_rtptp_name_ok(r->name, strlen(r->name)))
		return user_fault_set(err, USER_BAD, "/name",
				      "must be 1 to 24 bytes of UTF-8 without control characters");
	rc = user_store_find(u->store, r->name, &before);
	if (rc != 0 && rc != -ENOENT)
		return user_fault_set(err, USER_STORE, "", "the store can't be read: see the log");
	known = rc == 0;
	if (known)
		now = before;
	snprintf(now.name, sizeof(now.name), "%s", r->name);
	set_address(&now, &record);
	if (known && same_address(&before, &now)) {
		done->unchanged++;
		return USER_OK;
	}
	if (known && !replace)
		return user_fault_set(err, USER_CONFLICT, "/name",
				      "user \"%s\" is there, and has another address", r->name);
	f = user_check(u, &now, err);
	if (f == USER_OK && now.address_count == 0) {
		f = users_take(u, &now, err);
		if (f == USER_OK && now.address_count == 0)
			f = user_fault_set(err, USER_BAD, "/data",
					   "no address, and there is no pool (tunnel.pool)");
	}
	if (f == USER_OK)
		f = users_put(u, &now, known ? &before : NULL, err);
	if (f == USER_OK && known)
		done->replaced++;
	else if (f == USER_OK)
		done->added++;
	return f;
}

enum user_fault user_import_begin(struct users *u, struct user_error *err)
{
	enum user_fault f = users_begin(u, err);

	u->importing = f == USER_OK;
	return f;
}

enum user_fault user_import_some(struct users *u, const struct user_record *record,
				 unsigned int from, unsigned int to, bool replace,
				 struct user_import *done, struct user_error *err)
{
	enum user_fault f = USER_OK;
	char path[sizeof(err->path)];

	for (unsigned int i = from; i < to && f == USER_OK; i++) {
		f = import_one(u, &record[i], replace, done, err);
		if (f == USER_OK)
			continue;
		snprintf(path, sizeof(path), "/users/%u%.40s", i, err->path);
		memcpy(err->path, path, sizeof(err->path));
	}
	return f;
}

enum user_fault user_import_end(struct users *u, enum user_fault f, struct user_error *err)
{
	u->importing = false;
	return users_end(u, f, err);
}

bool users_importing(const struct users *u)
{
	return u->importing;
}

enum user_fault user_import(struct users *u, const struct user_record *record, unsigned int count,
			    bool replace, struct user_import *done, struct user_error *err)
{
	enum user_fault f = user_import_begin(u, err);

	*done = (struct user_import){0};
	if (f != USER_OK)
		return f;
	f = user_import_some(u, record, 0, count, replace, done, err);
	return user_import_end(u, f, err);
}

void user_export(const struct user *user, uint8_t out[WIRE_RTPTP_USER_LEN])
{
	struct wire_rtptp_user record = {.bits = 0};

	for (unsigned int i = 0; i < user->address_count; i++) {
		if (i > 0 && !wire_ip_is4(&user->address[i].ip))
			continue;
		record.addr = user->address[i].ip;
		record.bits = user->address[i].bits;
		record.wide_mask = user->wide_mask && wire_ip_is4(&record.addr);
	}
	wire_rtptp_user_write(out, &record);
}
