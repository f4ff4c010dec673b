/* SPDX-License-Identifier: BSD-3-Clause */
/* Enough memory for DPDK? Asked before EAL, whose own words do not say what to do. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eal.h"
#include "host.h"
#include "log.h"

#define HUGEPAGES_DIR "/sys/kernel/mm/hugepages"

struct hugepages {
	uint64_t free_bytes;
	uint64_t page_bytes; /* of the smallest size there is: what the advice is about */
	uint64_t pages;      /* of that size, in use or not */
};

static uint64_t read_number(const char *dir, const char *name)
{
	uint64_t n = 0;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), HUGEPAGES_DIR "/%s/%s", dir, name);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%" SCNu64, &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

static void read_hugepages(struct hugepages *out)
{
	DIR *dir = opendir(HUGEPAGES_DIR);
	struct dirent *e;
	uint64_t kb;

	memset(out, 0, sizeof(*out));
	if (dir == NULL)
		return;
	while ((e = readdir(dir)) != NULL) {
		if (sscanf(e->d_name, "hugepages-%" SCNu64 "kB", &kb) != 1 || kb == 0)
			continue;
		out->free_bytes += read_number(e->d_name, "free_hugepages") * kb * 1024;
		if (out->page_bytes == 0 || kb * 1024 < out->page_bytes) {
			out->page_bytes = kb * 1024;
			out->pages = read_number(e->d_name, "nr_hugepages");
		}
	}
	closedir(dir);
}

static int check_hugepages(const struct config *c, size_t need)
{
	struct hugepages have;
	uint64_t pages;

	read_hugepages(&have);
	if (have.free_bytes >= need)
		return 0;
	if (have.page_bytes == 0) {
		tnd_err("memory", "this kernel has no hugepages; put \"--no-huge\" into eal.args");
		return -ENOMEM;
	}
	pages = have.pages + (need - have.free_bytes + have.page_bytes - 1) / have.page_bytes;
	tnd_err("memory",
		"hugepages: have %" PRIu64 " MiB free, need about %zu MiB (%u sessions, %u packet "
		"buffers). Mend it with: sysctl -w vm.nr_hugepages=%" PRIu64
		" -- or lower limits.sessions or mbufs, or put \"--no-huge\" into eal.args",
		have.free_bytes >> 20, need >> 20, c->limit_sessions, host_mbufs_need(c), pages);
	return -ENOMEM;
}

int memory_check(const struct config *c)
{
	size_t need = host_memory_need(c);
	const char *m = NULL;

	if (!config_eal_has(c, "--no-huge", NULL))
		return check_hugepages(c, need);
	if (config_eal_has(c, "-m", &m) && strtoull(m, NULL, 10) < need >> 20)
		tnd_warn("memory",
			 "-m %s in eal.args may be too little: this configuration needs about %zu "
			 "MiB (%u sessions, %u packet buffers)",
			 m, need >> 20, c->limit_sessions, host_mbufs_need(c));
	return 0;
}
