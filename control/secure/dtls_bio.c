/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * OpenSSL's way to the association's queue and to ops->send(). One read takes one datagram, one
 * write is one: a memory BIO would run them together.
 */
#include "dtls_private.h"

#include <openssl/bio.h>
#include <stdlib.h>
#include <string.h>

static int bio_read(BIO *bio, char *out, int room)
{
	struct dtls_assoc *a = BIO_get_data(bio);
	struct dtls_datagram *d = dtls_assoc_take(a);
	size_t n;

	BIO_clear_retry_flags(bio);
	if (d == NULL) {
		BIO_set_retry_read(bio);
		return -1;
	}
	n = d->len < (size_t)room ? d->len : (size_t)room;
	memcpy(out, d->data, n);
	free(d);
	return (int)n;
}

/* What the records of a datagram tell about the end of the handshake. */
static void note_sent(struct dtls_handshake *hs, const uint8_t *data, size_t len)
{
	struct dtls_record r;

	if (hs->flight_len <= sizeof(hs->flight)) {
		if (len <= sizeof(hs->flight) - hs->flight_len)
			memcpy(hs->flight + hs->flight_len, data, len);
		hs->flight_len += len;
	}
	while (dtls_record_next(&data, &len, &r)) {
		if (r.epoch == 0 || r.seq < hs->tx_seq || r.len < sizeof(hs->tx_nonce))
			continue;
		hs->tx_seq = r.seq;
		memcpy(hs->tx_nonce, r.data, sizeof(hs->tx_nonce));
	}
}

/*
 * A server's last flight is the far end's sign to begin with media: it waits in hs->flight for the
 * keys to be in use.
 */
static bool waits(struct dtls_assoc *a)
{
	OSSL_HANDSHAKE_STATE s = SSL_get_state(a->hs->ssl);

	return !a->client && (s == TLS_ST_SW_CHANGE || s == TLS_ST_SW_FINISHED) &&
	       a->hs->flight_len <= sizeof(a->hs->flight);
}

static int bio_write(BIO *bio, const char *data, int len)
{
	struct dtls_assoc *a = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	note_sent(a->hs, (const uint8_t *)data, (size_t)len);
	if (waits(a))
		a->unsent = true;
	else
		dtls_assoc_send(a, (const uint8_t *)data, (size_t)len);
	return len;
}

static long bio_ctrl(BIO *bio, int cmd, long n, void *p)
{
	return cmd == BIO_CTRL_FLUSH || cmd == BIO_CTRL_DUP;
}

BIO_METHOD *dtls_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "association");

	if (m == NULL || BIO_meth_set_read(m, bio_read) != 1 ||
	    BIO_meth_set_write(m, bio_write) != 1 || BIO_meth_set_ctrl(m, bio_ctrl) != 1) {
		BIO_meth_free(m);
		return NULL;
	}
	return m;
}
