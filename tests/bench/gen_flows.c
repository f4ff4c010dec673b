/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator's flows: read, shuffled, made into templates of packets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include <rte_byteorder.h>

#include "gen.h"

static uint32_t rng(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

/* Keys stay with their flows. */
static void shuffle(struct gen_flow *flow, struct gen_keys *keys, uint32_t count)
{
	uint64_t state = 88172645463325252u;

	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t j = rng(&state) % (i + 1);
		struct gen_flow t = flow[i];

		flow[i] = flow[j];
		flow[j] = t;
		if (keys) {
			struct gen_keys k = keys[i];

			keys[i] = keys[j];
			keys[j] = k;
		}
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
	f->crypt = NULL;
	f->flow = NULL;
	f->tmpl = NULL;
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

int gen_flows_load(struct gen_flows *f, const char *path, const char *keys_path)
{
	struct gen_keys *keys = NULL;
	uint32_t count;
	int err = 0;

	unload(f);
	f->flow = read_records(path, sizeof(*f->flow), &f->count);
	if (f->flow == NULL)
		return -errno;
	if (keys_path) {
		keys = read_records(keys_path, sizeof(*keys), &count);
		err = keys == NULL ? -errno : count != f->count ? -EINVAL : 0;
	}
	if (err == 0) {
		shuffle(f->flow, keys, f->count);
		if (keys)
			err = init_keys(f, keys);
	}
	free(keys);
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

/* The IP header at `ip`; returns the sum of the UDP pseudo header's addresses. */
static uint32_t write_ip(uint8_t *ip, const struct gen_flow *flow, uint16_t size)
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

/* What sealing adds to a packet of flow `i`. */
static uint16_t growth(const struct gen_flows *f, uint32_t i)
{
	if (f->crypt == NULL || f->crypt[i].seal == NULL)
		return 0;
	return (uint16_t)srtp_keys_growth(f->crypt[i].seal, false);
}

/* `size` as it goes out, sealed. */
static void build(const struct gen_flows *f, uint32_t i, uint16_t size)
{
	const struct gen_flow *flow = &f->flow[i];
	struct gen_template *t = &f->tmpl[i];
	uint16_t ip_len = flow->ip6 ? 40 : 20, udp_len = size - ip_len;
	uint8_t *udp = t->head + 14 + ip_len, *rtp = udp + 8;
	uint32_t ssrc = rte_cpu_to_be_32(i + 1);

	memset(t, 0, sizeof(*t));
	memcpy(t->head, f->dst_mac, 6);
	memcpy(t->head + 6, f->src_mac, 6);
	put16(t->head + 12, flow->ip6 ? 0x86dd : 0x0800);
	t->sum = write_ip(t->head + 14, flow, size);
	memcpy(udp, &flow->sport_be, 2);
	memcpy(udp + 2, &flow->dport_be, 2);
	put16(udp + 4, udp_len);
	rtp[0] = 0x80;
	memcpy(rtp + GEN_SSRC_OFF, &ssrc, 4);
	t->sum += sum_bytes(udp, 8 + GEN_RTP_BYTES) + rte_cpu_to_be_16(17) +
		  rte_cpu_to_be_16(udp_len);
	t->rtp = (uint16_t)(rtp - t->head);
	t->len = 14 + size;
	t->plain_len = t->len - growth(f, i);
}

int gen_flows_build(struct gen_flows *f, uint16_t size)
{
	size_t bytes = RTE_ALIGN_CEIL(f->count * sizeof(*f->tmpl), (size_t)2 << 20);

	for (uint32_t i = 0; i < f->count; i++)
		if (size < (f->flow[i].ip6 ? 40 : 20) + 8 + GEN_STAMP_END ||
		    size + growth(f, i) > GEN_SIZE_MAX)
			return -EINVAL;
	if (f->count == 0)
		return -EINVAL;
	if (f->tmpl == NULL) {
		f->tmpl = aligned_alloc((size_t)2 << 20, bytes);
		if (f->tmpl == NULL)
			return -ENOMEM;
		/* Fewer TLB misses on the generator's side; without it works as well. */
		(void)madvise(f->tmpl, bytes, MADV_HUGEPAGE);
	}
	for (uint32_t i = 0; i < f->count; i++)
		build(f, i, size + growth(f, i));
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
