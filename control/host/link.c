/* SPDX-License-Identifier: BSD-3-Clause */
#include "buf.h"
#include "json.h"
#include "log.h"
#include "watch.h"

#define LINK_EVERY_MS 1000

static void tell(struct host *h, unsigned int iface, bool up)
{
	const char *name = h->config->interfaces[iface].name;
	struct tnd_buf b = {0};

	tnd_info("link", "interface %s is %s", name, up ? "up" : "down");
	json_w_open(&b, NULL, '{');
	json_w_string(&b, "interface", name);
	json_w_bool(&b, "up", up);
	json_w_close(&b, '}');
	host_notify(h, "interface.link", &b);
}

/* True: it has come up. */
static bool look_at_port(struct host *h, uint16_t port)
{
	struct dp_port_info info;

	dp_port_info(port, &info);
	if (info.link_up == h->link_up[port])
		return false;
	h->link_up[port] = info.link_up;
	for (unsigned int i = 0; i < h->config->interface_count; i++)
		if (h->port[i] == port)
			tell(h, i, info.link_up);
	return info.link_up;
}

static void link_timer(struct tnd_timer *t, void *arg)
{
	struct host *h = arg;
	uint64_t seen = 0;
	bool up = false;

	for (unsigned int i = 0; i < h->config->interface_count; i++) {
		if (seen & UINT64_C(1) << h->port[i])
			continue;
		seen |= UINT64_C(1) << h->port[i];
		if (look_at_port(h, h->port[i]))
			up = true;
	}
	/* The switch port behind a link that was down may have forgotten us. */
	if (up)
		neigh_announce(h);
	loop_timer_after(&h->loop, t, LINK_EVERY_MS);
}

void link_start(struct host *h)
{
	struct dp_port_info info;

	for (unsigned int i = 0; i < h->config->interface_count; i++) {
		dp_port_info(h->port[i], &info);
		h->link_up[h->port[i]] = info.link_up;
	}
	tnd_timer_init(&h->link_timer, link_timer, h);
	loop_timer_after(&h->loop, &h->link_timer, LINK_EVERY_MS);
}
