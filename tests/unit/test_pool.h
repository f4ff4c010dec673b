/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL without hugepages, devices or files, on whatever CPU there is, and a packet pool. */
#ifndef TEST_POOL_H
#define TEST_POOL_H

#include <rte_mempool.h>

/* Once in a process; NULL: no EAL, or no memory. */
struct rte_mempool *test_pool_up(const char *program, unsigned int mbufs);
int test_pool_down(struct rte_mempool *pool);

#endif
