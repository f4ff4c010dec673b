/* SPDX-License-Identifier: BSD-3-Clause */
/* -u: another user, with what network devices need, and a word on what it may not do. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "rtpproxy.h"

static int fail(const char *what)
{
	fprintf(stderr, "tandem-rtpproxy: -u: %s: %s\n", what, strerror(errno));
	return EXIT_START;
}

/* Kept although the user is no longer root; the last one only for ports below 1024. */
static int change(const struct options *o)
{
	static const cap_value_t keep[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_IPC_LOCK,
					   CAP_NET_BIND_SERVICE};
	const int count = (int)(sizeof(keep) / sizeof(keep[0])) - !sockets_privileged(o);
	cap_t caps;
	int rc = -1;

	if (prctl(PR_SET_KEEPCAPS, 1L) != 0 || initgroups(o->user, o->gid) != 0 ||
	    setgid(o->gid) != 0 || setuid(o->uid) != 0)
		return fail("changing the user");
	caps = cap_init();
	if (caps != NULL && cap_set_flag(caps, CAP_PERMITTED, count, keep, CAP_SET) == 0 &&
	    cap_set_flag(caps, CAP_INHERITABLE, count, keep, CAP_SET) == 0 &&
	    cap_set_flag(caps, CAP_EFFECTIVE, count, keep, CAP_SET) == 0)
		rc = cap_set_proc(caps);
	cap_free(caps);
	for (int i = 0; i < count && rc == 0; i++)
		rc = cap_set_ambient(keep[i], CAP_SET);
	return rc == 0 ? EXIT_OK : fail("keeping the capabilities");
}

/* ---- what the user may not do --------------------------------------------------------------- */

static void warn_folder(const struct options *o, const char *what, const char *path, int mode)
{
	if (path == NULL || path[0] == '\0' || access(path, mode) == 0)
		return;
	fprintf(stderr, "tandem-rtpproxy: -u %s: %s: %s: there will be %s\n", o->user, path,
		strerror(errno), what);
}

/* tandemd makes its own socket there. */
static int check_socket_folder(const struct options *o, const struct config *base)
{
	char folder[sizeof(base->socket)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", base->socket);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return EXIT_OK;
	slash[slash == folder] = '\0';
	if (access(folder, W_OK | X_OK) == 0)
		return EXIT_OK;
	fprintf(stderr,
		"tandem-rtpproxy: -u %s: %s: %s: tandem's own socket is to be made there; give the "
		"folder to that user (chown %s %s), or name another one (api.socket in %s)\n",
		o->user, folder, strerror(errno), o->user, folder, o->base);
	return EXIT_START;
}

/* What is in files: with --in-memory there are none. */
static void warn_hugepages(const struct options *o, const struct config *base)
{
	if (config_eal_has(base, "--no-huge", NULL) || config_eal_has(base, "--in-memory", NULL) ||
	    config_eal_has(base, "--huge-dir", NULL) || access("/dev/hugepages", W_OK | X_OK) == 0)
		return;
	fprintf(stderr,
		"tandem-rtpproxy: -u %s: /dev/hugepages: %s: give it to that user, or add "
		"--in-memory or --no-huge to eal.args in %s\n",
		o->user, strerror(errno), o->base);
}

/* A device that is the user's by the file of its IOMMU group. */
static void warn_devices(const struct options *o, const struct config *base)
{
	for (unsigned int i = 0; i < base->interface_count; i++) {
		const char *device = base->interfaces[i].device;
		char link[128], group[256], file[64];
		const char *number;
		ssize_t n;

		if (!config_is_pci(device))
			continue;
		snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s%.12s/iommu_group",
			 device[4] == ':' ? "" : "0000:", device);
		n = readlink(link, group, sizeof(group) - 1);
		if (n <= 0)
			continue;
		group[n] = '\0';
		number = strrchr(group, '/');
		snprintf(file, sizeof(file), "/dev/vfio/%.32s", number ? number + 1 : group);
		if (access(file, R_OK | W_OK) != 0)
			fprintf(stderr, "tandem-rtpproxy: -u %s: %s: %s: the device %s needs it\n",
				o->user, file, strerror(errno), device);
	}
}

int user_become(const struct options *o, const struct config *base)
{
	int rc = change(o);

	if (rc != EXIT_OK)
		return rc;
	warn_folder(o, "no recordings",
		    o->record_dir != NULL ? o->record_dir : base->media.record_dir, W_OK | X_OK);
	warn_folder(o, "no recordings", o->spool_dir != NULL ? o->spool_dir : base->media.spool_dir,
		    W_OK | X_OK);
	warn_folder(o, "nothing to play", base->media.play_dir, X_OK);
	warn_hugepages(o, base);
	warn_devices(o, base);
	return check_socket_folder(o, base);
}
