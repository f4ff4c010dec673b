/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_private.h"

#include <stdlib.h>
#include <string.h>

static void on_timer(struct tnd_timer *t, void *arg)
{
	struct dtls_assoc *a = arg;

	a->due = true;
	dtls_endpoint_wake(a->ep);
}

struct dtls_assoc *dtls_assoc_new(struct dtls_endpoint *ep, const struct dtls_addr *peer,
				  bool client)
{
	struct dtls_context *ctx = ep->ctx;
	struct dtls_assoc *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->ep = ep;
	a->peer = *peer;
	a->client = client;
	a->stage = client ? DTLS_STAGE_READY : DTLS_STAGE_HELLO;
	a->born_ms = dtls_now_ms(ctx);
	tnd_list_init(&a->rx);
	tnd_timer_init(&a->timer, on_timer, a);
	tnd_list_add_tail(&ep->unproven, &a->link);
	tnd_list_add_tail(&ctx->unproven, &a->unproven);
	ctx->n.half_open++;
	ctx->n.associations++;
	ctx->passive += !client;
	dtls_assoc_until(a, DTLS_HELLO_MS);
	return a;
}

void dtls_assoc_proven(struct dtls_assoc *a)
{
	if (tnd_list_empty(&a->unproven))
		return;
	tnd_list_del(&a->link);
	tnd_list_del(&a->unproven);
	a->ep->ctx->n.half_open--;
	a->ep->ctx->passive -= !a->client;
}

void dtls_assoc_free(struct dtls_assoc *a)
{
	struct tnd_list *pos, *tmp;

	if (a == NULL)
		return;
	dtls_assoc_proven(a);
	a->ep->ctx->n.associations--;
	tnd_timer_stop(a->ep->ctx->timers, &a->timer);
	tnd_list_for_each_safe (pos, tmp, &a->rx)
		free(tnd_container_of(pos, struct dtls_datagram, link));
	dtls_hello_free(a->hello);
	dtls_handshake_free(a->hs);
	dtls_rest_free(a->rest);
	if (a->held != NULL)
		OPENSSL_cleanse(a->held, sizeof(*a->held));
	free(a->held);
	free(a);
}

/* The end of the stage that it has come to, from now. */
void dtls_assoc_until(struct dtls_assoc *a, uint64_t ms)
{
	a->deadline_ms = dtls_now_ms(a->ep->ctx) + ms;
	tnd_timer_start(a->ep->ctx->timers, &a->timer, a->deadline_ms);
}

bool dtls_assoc_queue(struct dtls_assoc *a, const uint8_t *data, size_t len)
{
	struct dtls_datagram *d;

	if (a->rx_count >= DTLS_QUEUE)
		return false;
	d = malloc(sizeof(*d) + len);
	if (d == NULL)
		return false;
	d->len = len;
	memcpy(d->data, data, len);
	tnd_list_add_tail(&a->rx, &d->link);
	a->rx_count++;
	return true;
}

struct dtls_datagram *dtls_assoc_take(struct dtls_assoc *a)
{
	struct dtls_datagram *d;

	if (tnd_list_empty(&a->rx))
		return NULL;
	d = tnd_container_of(a->rx.next, struct dtls_datagram, link);
	tnd_list_del(&d->link);
	a->rx_count--;
	return d;
}

/* Work that isn't the begin of a handshake that the far end wants. */
bool dtls_assoc_busy(const struct dtls_assoc *a)
{
	return a->due || (a->stage >= DTLS_STAGE_HANDSHAKE && a->rx_count > 0) ||
	       (a->stage == DTLS_STAGE_READY && a->client);
}

void dtls_assoc_send(struct dtls_assoc *a, const uint8_t *data, size_t len)
{
	a->ep->ops->send(a->ep->arg, &a->peer, data, len);
}
