/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far apart are two cores? A cache line goes to and fro between two threads; printed is the
 * median round trip in TSC cycles, and the TSC's frequency in MHz. On a virtual machine the answer
 * changes as the host moves its virtual CPUs about.
 *
 *	bench_pingpong CPU_A CPU_B
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>

#define ROUNDS 50000
#define BATCH  100

struct line {
	uint64_t v;
} __attribute__((aligned(128)));

static struct line ball;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0) {
		fprintf(stderr, "bench_pingpong: no CPU %d\n", cpu);
		exit(1);
	}
}

/* Odd values come from the server, even ones go back. */
static void *returner(void *arg)
{
	pin(*(int *)arg);
	for (uint64_t i = 1; i < 2 * ROUNDS; i += 2) {
		while (__atomic_load_n(&ball.v, __ATOMIC_ACQUIRE) != i)
			;
		__atomic_store_n(&ball.v, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static uint64_t batch[ROUNDS / BATCH];
	uint64_t ns, tsc;
	int cpu[2] = {0, 1};
	pthread_t other;

	if (argc == 3) {
		cpu[0] = atoi(argv[1]);
		cpu[1] = atoi(argv[2]);
	}
	if (pthread_create(&other, NULL, returner, &cpu[1]) != 0)
		return 1;
	pin(cpu[0]);
	ns = now_ns();
	tsc = rte_rdtsc();
	for (uint64_t i = 0; i < ROUNDS; i++) {
		if (i % BATCH == 0)
			batch[i / BATCH] = rte_rdtsc();
		__atomic_store_n(&ball.v, 2 * i + 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(&ball.v, __ATOMIC_ACQUIRE) != 2 * i + 2)
			;
		if (i % BATCH == BATCH - 1)
			batch[i / BATCH] = (rte_rdtsc() - batch[i / BATCH]) / BATCH;
	}
	tsc = rte_rdtsc() - tsc;
	ns = now_ns() - ns;
	pthread_join(other, NULL);
	qsort(batch, ROUNDS / BATCH, sizeof(batch[0]), by_value);
	printf("%lu %.0f\n", (unsigned long)batch[ROUNDS / BATCH / 2],
	       1e3 * (double)tsc / (double)ns);
	return 0;
}
