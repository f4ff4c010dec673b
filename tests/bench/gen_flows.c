/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator's flows: read, shuffled, made into templates of packets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include <rte_byteorder.h>

#include "gen.h"

#define RECORD_MAX 128

_Static_assert(sizeof(struct gen_flow) <= RECORD_MAX && sizeof(struct gen_keys) <= RECORD_MAX,
	       "records fit into what they are exchanged by");

static uint32_t rng(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

/* The same order for as many records of any kind: keys stay with their flows. */
static void shuffle(void *records, size_t record, uint32_t count)
{
	uint64_t state = 88172645463325252u;
	uint8_t *at = records, t[RECORD_MAX];

	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t j = rng(&state) % (i + 1);

		memcpy(t, at + i * record, record);
		memcpy(at + i * record, at + j * record, record);
		memcpy(at + j * record, t, record);
	}
}

/* All of the file, which has records of `record` bytes. NULL with errno. */
static void *read_records(const char *path, size_t record, uint32_t *count)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	void *data = NULL;
	int err = 0;

	if (file == NULL)
		return NULL;
	if (fstat(fileno(file), &st) != 0 || st.st_size == 0 || (size_t)st.st_size % record != 0)
		err = EINVAL;
	else if ((data = malloc((size_t)st.st_size)) == NULL)
		err = ENOMEM;
	else if (fread(data, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
		err = EIO;
	fclose(file);
	if (err) {
		free(data);
		errno = err;
		return NULL;
	}
	*count = (uint32_t)((size_t)st.st_size / record);
	return data;
}

static void unload(struct gen_flows *f)
{
	for (uint32_t i = 0; f->crypt && i < f->count; i++)
		gen_crypt_wipe(&f->crypt[i]);
	free(f->crypt);
	free(f->flow);
	free(f->tmpl);
	free(f->around);
	free(f->outer);
	free(f->flow_at);
	f->crypt = NULL;
	f->flow = NULL;
	f->tmpl = NULL;
	f->around = NULL;
	f->outer = NULL;
	f->flow_at = NULL;
	f->seals = false;
	f->count = 0;
	f->next = 0;
	f->lap = 1;
}

static int init_keys(struct gen_flows *f, const struct gen_keys *keys)
{
	int err;

	f->crypt = calloc(f->count, sizeof(*f->crypt));
	if (f->crypt == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->count; i++) {
		err = gen_crypt_init(&f->crypt[i], &keys[i]);
		if (err)
			return err;
		f->seals |= f->crypt[i].seal != NULL;
	}
	return 0;
}

/* As many records as there are flows, in the same order as these. NULL with errno. */
static void *read_beside(const struct gen_flows *f, const char *path, size_t record)
{
	uint32_t count;
	void *records = read_records(path, record, &count);

	if (records && count != f->count) {
		free(records);
		errno = EINVAL;
		return NULL;
	}
	if (records)
		shuffle(records, record, count);
	return records;
}

static int load_keys(struct gen_flows *f, const char *path)
{
	struct gen_keys *keys = read_beside(f, path, sizeof(*keys));
	int err;

	if (keys == NULL)
		return -errno;
	err = init_keys(f, keys);
	free(keys);
	return err;
}

static int load_tunnels(struct gen_flows *f, const char *path)
{
	f->around = read_beside(f, path, sizeof(*f->around));
	return f->around ? gen_tunnel_init(f) : -errno;
}

int gen_flows_load(struct gen_flows *f, const struct gen_files *files)
{
	int err = 0;

	unload(f);
	f->flow = read_records(files->flows, sizeof(*f->flow), &f->count);
	if (f->flow == NULL)
		return -errno;
	shuffle(f->flow, sizeof(*f->flow), f->count);
	if (files->keys)
		err = load_keys(f, files->keys);
	if (err == 0 && files->around)
		err = load_tunnels(f, files->around);
	if (err)
		unload(f);
	return err;
}

static uint32_t sum_bytes(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	uint16_t word;

	for (; len > 1; p += 2, len -= 2) {
		memcpy(&word, p, 2);
		sum += word;
	}
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

uint32_t gen_write_ip(uint8_t *ip, const struct gen_flow *flow, uint16_t size)
{
	uint16_t sum;

	if (flow->ip6) {
		ip[0] = 0x60;
		put16(ip + 4, size - 40);
		ip[6] = 17;
		ip[7] = 64;
		memcpy(ip + 8, flow->src, 16);
		memcpy(ip + 24, flow->dst, 16);
		return sum_bytes(ip + 8, 32);
	}
	ip[0] = 0x45;
	put16(ip + 2, size);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, flow->src, 4);
	memcpy(ip + 16, flow->dst, 4);
	sum = (uint16_t)~fold(sum_bytes(ip, 20));
	memcpy(ip + 10, &sum, 2);
	return sum_bytes(ip + 12, 8);
}

/* What sealing, and a tunnel, add to a packet of flow `i`, where it is in them. */
static uint16_t growth(const struct gen_flows *f, uint32_t i)
{
	const struct gen_crypt *c = f->crypt ? &f->crypt[i] : NULL;

	if (f->around)
		return (uint16_t)(GEN_AROUND +
				  srtp_keys_growth(c->seal ? c->seal : c->open, false));
	return c && c->seal ? (uint16_t)srtp_keys_growth(c->seal, false) : 0;
}

/* The template `at`, for packets of `size` bytes before anything is added. */
static void build(struct gen_flows *f, uint32_t i, uint32_t at, uint16_t size)
{
	const struct gen_flow *flow = &f->flow[i];
	struct gen_template *t = &f->tmpl[at];
	uint16_t more = growth(f, i), ip_size = f->around ? size : size + more;
	uint16_t ip_len = flow->ip6 ? 40 : 20, udp_len = ip_size - ip_len;
	uint8_t *udp = t->head + 14 + ip_len, *rtp = udp + 8;
	uint32_t ssrc = rte_cpu_to_be_32(i + 1);

	memset(t, 0, sizeof(*t));
	memcpy(t->head, f->dst_mac, 6);
	memcpy(t->head + 6, f->src_mac, 6);
	put16(t->head + 12, flow->ip6 ? 0x86dd : 0x0800);
	t->sum = gen_write_ip(t->head + 14, flow, ip_size);
	memcpy(udp, &flow->sport_be, 2);
	memcpy(udp + 2, &flow->dport_be, 2);
	put16(udp + 4, udp_len);
	rtp[0] = 0x80;
	memcpy(rtp + GEN_SSRC_OFF, &ssrc, 4);
	t->sum += sum_bytes(udp, 8 + GEN_RTP_BYTES) + rte_cpu_to_be_16(17) +
		  rte_cpu_to_be_16(udp_len);
	t->rtp = (uint16_t)(rtp - t->head);
	t->plain_len = 14 + size;
	t->len = t->plain_len + (f->seals || !f->around ? more : 0);
	if (f->around)
		gen_tunnel_build(f, i, at, t->plain_len + more);
}

static bool size_fits(const struct gen_flows *f, uint16_t size)
{
	for (uint32_t i = 0; i < f->count; i++)
		if (size < (f->flow[i].ip6 ? 40 : 20) + 8 + GEN_STAMP_END ||
		    size + growth(f, i) > GEN_SIZE_MAX)
			return false;
	return true;
}

/* Fewer TLB misses on the generator's side; without it works as well. */
static void *huge_alloc(size_t bytes)
{
	void *p = aligned_alloc((size_t)2 << 20, RTE_ALIGN_CEIL(bytes, (size_t)2 << 20));

	if (p)
		(void)madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

static int allocate(struct gen_flows *f, uint32_t classes)
{
	size_t n = (size_t)f->count * classes;

	if (f->tmpl && f->classes == classes)
		return 0;
	free(f->tmpl);
	free(f->outer);
	f->outer = NULL;
	f->classes = classes;
	f->tmpl = huge_alloc(n * sizeof(*f->tmpl));
	if (f->around)
		f->outer = aligned_alloc(64, n * sizeof(*f->outer));
	if (f->tmpl && (f->outer || !f->around))
		return 0;
	free(f->tmpl);
	f->tmpl = NULL;
	return -ENOMEM;
}

int gen_flows_build(struct gen_flows *f, uint16_t size)
{
	static const uint16_t imix[GEN_CLASSES] = {64, 570, 1400};
	uint32_t classes = size ? 1 : GEN_CLASSES;
	const uint16_t *sizes = size ? &size : imix;
	int err;

	if (f->count == 0)
		return -EINVAL;
	for (uint32_t k = 0; k < classes; k++)
		if (!size_fits(f, sizes[k]))
			return -EINVAL;
	err = allocate(f, classes);
	if (err)
		return err;
	for (uint32_t k = 0; k < classes; k++)
		for (uint32_t i = 0; i < f->count; i++)
			build(f, i, k * f->count + i, sizes[k]);
	return 0;
}

uint64_t gen_hist_quantile(const struct gen_hist *h, double q)
{
	uint64_t want = (uint64_t)(q * (double)h->count), seen = 0;

	for (unsigned int i = 0; i < GEN_HIST_COUNT; i++) {
		unsigned int shift = i >> (GEN_HIST_SUB + 1) ? (i >> GEN_HIST_SUB) - 1 : 0;

		seen += h->bucket[i];
		if (seen > want || (seen == h->count && seen))
			return ((uint64_t)(i - (shift << GEN_HIST_SUB) + 1) << shift) - 1;
	}
	return 0;
}
