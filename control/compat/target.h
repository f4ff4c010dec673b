/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets that are told of timeouts and telephone keys: "tag\n" each. Connected to when there is
 * something to tell, and kept. What can't be delivered is tried three times, then given up; a
 * target that does not read has up to TARGET_BYTES_MAX waiting, and calls never notice.
 */
#ifndef COMPAT_TARGET_H
#define COMPAT_TARGET_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "buf.h"
#include "loop.h"
#include "rtpp.h"

#define TARGETS_MAX      128
#define TARGET_BYTES_MAX (1024 * 1024)

enum target_state { TARGET_IDLE, TARGET_CONNECTING, TARGET_CONNECTED, TARGET_RESTING };

struct target {
	struct tnd_list link;
	struct targets *all;
	char *name;    /* as configured; "" for one that a wildcard has made */
	bool wildcard; /* %%CC_SELF%%: never connected to itself */
	uint16_t port; /* of a wildcard */
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;
	socklen_t addr_len;
	enum target_state state;
	struct loop_fd fd;
	struct tnd_timer timer; /* to connect again, or to give a connection up */
	struct tnd_buf out;     /* whole lines; the first may have been sent in part */
	size_t sent;            /* … so many bytes of it */
	unsigned int tries;     /* of the first line */
};

struct targets {
	struct loop *loop;
	struct tnd_list list;
	unsigned int count;
	uint64_t told, given_up; /* lines */
};

void targets_init(struct targets *t, struct loop *loop);
void targets_free(struct targets *t);
/* One that sessions may name: 0, or -errno after a logged reason. */
int targets_add(struct targets *t, const char *name);

/*
 * The one that a session names; `peer` is who asks (NULL: by a unix socket), for the wildcard.
 * NULL: it is not allowed.
 */
struct target *targets_find(struct targets *t, const struct rtpp_str *name,
			    const struct sockaddr *peer);

/* Tell it a line, without its line end. Minor ones leave half of the room to the others. */
void target_tell(struct target *t, const char *line, size_t len, bool minor);

#endif
