/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS 1.3 (RFC 8446) for the signalling of tunnels: who may speak, and how the other side proves to
 * be who it says. Both sides always do, by certificates or by a secret that both have (an external
 * PSK, with ECDHE beside it). No older version, no session tickets, no early data.
 */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "addr.h"
#include "rtptp.h"

/* Bytes of a secret; less could be guessed. */
#define TLS_PSK_MIN 16
#define TLS_PSK_MAX 64

/* ---- secrets of a listener's users (psk.c) ---- */

struct psk_table;

/*
 * A file of lines `user:secret`, the secret in hexadecimal; empty lines and those that begin with
 * # are passed over. NULL, with errno and in `why` the line and what is wrong with it: a name
 * twice, a secret too short …
 */
#define TLS_WHY 192
struct psk_table *psk_load(const char *path, char why[TLS_WHY]);
/* Wipes them. */
void psk_free(struct psk_table *t);
/* The secret of a user: its length, or 0. Valid until psk_free(). */
size_t psk_find(const struct psk_table *t, const char *user, size_t len, const uint8_t **secret);
size_t psk_count(const struct psk_table *t);
/* "0f1e…" to bytes: how many, TLS_PSK_MIN to TLS_PSK_MAX; 0: that is no secret. */
size_t psk_parse(const char *hex, size_t len, uint8_t out[TLS_PSK_MAX]);

/* ---- contexts ---- */

struct tls_config {
	/* PEM text. A server shows its certificate where it has one, and takes clients with one
	 * that `ca` vouches for; a client without a secret needs all three. */
	const char *certificate, *key, *ca; /* NULL: none */
	/* Of a server: is asked for each connection, and NULL where it has no secrets. */
	const struct psk_table *(*psks)(void *arg);
	void *psks_arg;
	/* Of a client with a secret. */
	const uint8_t *psk; /* NULL: none */
	size_t psk_len;
	const char *user;
	/* Of a client with certificates: whose name the server's must have; NULL: the address. */
	const char *name;
	union wire_ip ip;
};

struct tls_context;

/* Copies all of `c`. NULL, and in `why` what is wrong, for a log. */
struct tls_context *tls_server(const struct tls_config *c, char why[TLS_WHY]);
struct tls_context *tls_client(const struct tls_config *c, char why[TLS_WHY]);
void tls_free(struct tls_context *t);

/* A connection over a socket; free it with SSL_free(), before the context. NULL: no memory. */
SSL *tls_new(struct tls_context *t, int fd);

/*
 * After the handshake: is the other side who it says? By its secret, whose name is the user's; or
 * by its certificate, where a client's has the user as common name or as a DNS or mail name. For a
 * client: has the server proven to be the one that was dialled?
 */
bool tls_peer_is(SSL *ssl, const char *user);
bool tls_server_proven(SSL *ssl);

/* What OpenSSL says has gone wrong, in short; empties its queue. */
const char *tls_error(SSL *ssl, char text[TLS_WHY]);

#endif
