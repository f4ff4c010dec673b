/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's side of inner interfaces that are TUN devices: MTU, addresses and routes. What the
 * configuration names is put there at start; what a tunnel brings, while it is there.
 *
 * The device goes with the daemon, and addresses and routes with it. For the control lcore.
 */
#ifndef TUN_H
#define TUN_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "config.h"

struct host;

/* After the devices are open: as configured, and up. 0 or -errno after a logged reason. */
int tun_start(struct host *h);
void tun_stop(struct host *h);

/* Is the interface a TUN device? The functions below are for these only. */
bool tun_is(const struct host *h, uint16_t iface);

/* 0 or the kernel's -errno; -EEXIST where it is there already. */
int tun_address_add(struct host *h, uint16_t iface, const struct config_prefix *p);
int tun_address_del(struct host *h, uint16_t iface, const struct config_prefix *p);

/*
 * A route into the device. The default route, of length 0, becomes two of length 1, so that the one
 * that is there stays, and is in force again later; -EEXIST where both are there.
 */
int tun_route_add(struct host *h, uint16_t iface, const struct config_prefix *p);
int tun_route_del(struct host *h, uint16_t iface, const struct config_prefix *p);

/* At most what is configured; 0: that. */
int tun_mtu_set(struct host *h, uint16_t iface, uint16_t mtu);

/*
 * Keep what this host itself sends to `ip` where it goes now, whatever routes come: by a route to
 * that address alone. *added: there was none, and tun_unpin() is to take it away. -ENETUNREACH,
 * -EHOSTUNREACH: it goes nowhere; -ELOOP: it goes into a TUN device of ours.
 */
int tun_pin(struct host *h, const union wire_ip *ip, bool *added);
void tun_unpin(struct host *h, const union wire_ip *ip);

#endif
