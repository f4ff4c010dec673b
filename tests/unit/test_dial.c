/* SPDX-License-Identifier: BSD-3-Clause */
/* How tunnels are dialled: the file of secrets, the two lines, and who is believed over TLS. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "message.h"
#include "tls_stream.h"

/* ---- the file of secrets ------------------------------------------------------------------- */

#define SECRET  "00112233445566778899aabbccddeeff"
#define SECRET2 "ffeeddccbbaa99887766554433221100"

static char psk_path[] = "/tmp/tnd-psk-XXXXXX";

static struct psk_table *load(const char *text, char why[TLS_WHY])
{
	FILE *f = fopen(psk_path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return psk_load(psk_path, why);
}

static void test_psk_good(void **state)
{
	char why[TLS_WHY];
	struct psk_table *t =
		load("# who\n\nbob:" SECRET2 "\r\na:b:" SECRET "\nalice:" SECRET, why);
	const uint8_t *secret;

	assert_non_null(t);
	assert_int_equal(psk_count(t), 3);
	assert_int_equal(psk_find(t, "alice", 5, &secret), 16);
	assert_int_equal(secret[1], 0x11);
	assert_int_equal(psk_find(t, "bob", 3, &secret), 16);
	assert_int_equal(secret[0], 0xff);
	assert_int_equal(psk_find(t, "a:b", 3, &secret), 16);
	assert_int_equal(psk_find(t, "alic", 4, &secret), 0);
	assert_int_equal(psk_find(t, "alice2", 6, &secret), 0);
	assert_int_equal(psk_find(t, "", 0, &secret), 0);
	assert_int_equal(psk_find(t, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 33, &secret), 0);
	psk_free(t);
}

static void test_psk_bad(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"alice", "line 1: no colon"},
		{"# x\nalice:", "line 2: a secret is"},
		{"alice:0011", "a secret is"},
		{"alice:" SECRET "0", "a secret is"},
		{"alice:0011223344556677889 aabbccddeef", "a secret is"},
		{":" SECRET, "name"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaa:" SECRET, "name"},
		{"a\tb:" SECRET, "name"},
		{"alice:" SECRET "\nbob:" SECRET "\nalice:" SECRET2, "\"alice\" is there twice"},
	};
	char why[TLS_WHY];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(load(bad[i].text, why));
		if (strstr(why, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].text, why);
	}
	assert_null(psk_load("/nonexistent/file", why));
	assert_null(psk_load("/", why));
}

/* ---- the two lines ------------------------------------------------------------------------- */

static void test_messages(void **state)
{
	struct netinfo info = {.address_count = 1, .mtu = 1400};
	struct tnd_buf b = {0};
	struct message m;
	char why[MESSAGE_WHY];

	info.address[0].ip = wire_ip_from4(htonl(0x0a090002));
	info.address[0].bits = 32;
	message_write_offer(&b, "ali\"ce", "v=0\r\n");
	assert_int_equal(message_read(b.data, b.len, &m, why), 0);
	assert_string_equal(m.user, "ali\"ce");
	assert_string_equal(m.text.data, "v=0\r\n");
	assert_false(m.json);
	message_free(&m);

	tnd_buf_reset(&b);
	message_write_answer(&b, false, "v=0\r\n", 5, &info);
	assert_int_equal(message_read(b.data, b.len, &m, why), 0);
	assert_string_equal(m.user, "");
	assert_true(m.has_info);
	assert_int_equal(m.info.mtu, 1400);
	message_free(&m);

	tnd_buf_reset(&b);
	message_write_answer(&b, true, "{\"x\":1}", 7, NULL);
	assert_int_equal(message_read(b.data, b.len, &m, why), 0);
	assert_true(m.json);
	assert_string_equal(m.text.data, "{\"x\":1}");
	message_free(&m);

	tnd_buf_reset(&b);
	message_write_error(&b, "denied", "not\nyou");
	assert_int_equal(message_read(b.data, b.len, &m, why), 0);
	assert_string_equal(m.error, "denied");
	assert_string_equal(m.reason, "not?you"); /* goes to a log */
	message_free(&m);
	tnd_buf_free(&b);
}

static void test_bad_messages(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"1",
		"{}",
		"{\"tandem\":2,\"sdp\":\"v\"}",
		"{\"tandem\":\"1\",\"sdp\":\"v\"}",
		"{\"tandem\":1}",
		"{\"tandem\":1,\"sdp\":\"\"}",
		"{\"tandem\":1,\"sdp\":1}",
		"{\"tandem\":1,\"json\":\"x\"}",
		"{\"tandem\":1,\"sdp\":\"v\",\"json\":{}}",
		"{\"tandem\":1,\"user\":1,\"sdp\":\"v\"}",
		"{\"tandem\":1,\"user\":\"\",\"sdp\":\"v\"}",
		"{\"tandem\":1,\"user\":\"aaaaaaaaaaaaaaaaaaaaaaaaa\",\"sdp\":\"v\"}",
		"{\"tandem\":1,\"user\":\"a\\nb\",\"sdp\":\"v\"}",
		"{\"tandem\":1,\"sdp\":\"v\",\"network_info\":{\"addr\":\"10.0.0\"}}",
		"{\"tandem\":1,\"sdp\":\"v\",\"network_info\":[]}",
		"{\"tandem\":1,\"error\":\"\"}",
		"{\"tandem\":1,\"error\":{}}",
	};
	char why[MESSAGE_WHY];
	struct message m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why[0] = '\0';
		if (message_read(bad[i], strlen(bad[i]), &m, why) != -EINVAL || why[0] == '\0')
			fail_msg("%s is taken", bad[i]);
		message_free(&m);
	}
}

/* ---- TLS ----------------------------------------------------------------------------------- */

struct authority {
	X509 *x509;
	EVP_PKEY *key;
};

static char *pem_of(X509 *x, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text;
	long len;

	assert_non_null(bio);
	if (x != NULL)
		assert_int_equal(PEM_write_bio_X509(bio, x), 1);
	if (key != NULL)
		assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &data);
	text = strndup(data, (size_t)len);
	BIO_free(bio);
	return text;
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

/* By `ca`, or by itself. */
static X509 *certify(const struct authority *ca, EVP_PKEY *key, const char *cn, const char *san,
		     bool is_ca)
{
	static int serial;
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0);
	X509_set_issuer_name(x, ca != NULL ? X509_get_subject_name(ca->x509) : name);
	X509_set_pubkey(x, key);
	extend(x, ca != NULL ? ca->x509 : x, NID_basic_constraints,
	       is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (san != NULL)
		extend(x, ca->x509, NID_subject_alt_name, san);
	assert_true(X509_sign(x, ca != NULL ? ca->key : key, EVP_sha256()) > 0);
	return x;
}

static struct authority new_authority(const char *cn)
{
	struct authority a = {.key = EVP_EC_gen("P-256")};

	assert_non_null(a.key);
	a.x509 = certify(NULL, a.key, cn, NULL, true);
	return a;
}

struct papers {
	char *certificate, *key, *ca;
};

static struct papers papers_of(const struct authority *by, const struct authority *trusted,
			       const char *cn, const char *san)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = certify(by, key, cn, san, false);
	struct papers p = {pem_of(x, NULL), pem_of(NULL, key), pem_of(trusted->x509, NULL)};

	X509_free(x);
	EVP_PKEY_free(key);
	return p;
}

static void free_papers(struct papers *p)
{
	free(p->certificate);
	free(p->key);
	free(p->ca);
}

/* One end of a connection, and what has become of it. */
struct end {
	struct tls_stream *stream;
	bool open, proven, ended;
	const char *claims; /* the server's: who it is to be */
	char line[64], why[TLS_WHY];
};

static void opened(void *arg, struct tls_stream *s)
{
	struct end *e = arg;

	e->open = true;
	if (e->claims == NULL) {
		e->proven = tls_server_proven(tls_stream_ssl(s));
		tls_stream_send(s, "hello", 5, false);
	}
}

static void heard(void *arg, struct tls_stream *s, const char *text, size_t len)
{
	struct end *e = arg;

	snprintf(e->line, sizeof(e->line), "%.*s", (int)len, text);
	if (e->claims == NULL) {
		tls_stream_close(s);
		e->stream = NULL;
		return;
	}
	e->proven = tls_peer_is(tls_stream_ssl(s), e->claims);
	tls_stream_send(s, "goodbye", 7, true);
}

static void ended(void *arg, struct tls_stream *s, const char *why)
{
	struct end *e = arg;

	e->ended = true;
	e->stream = NULL;
	snprintf(e->why, sizeof(e->why), "%s", why);
}

static const struct tls_stream_ops ops = {.open = opened, .line = heard, .end = ended};

static const struct psk_table *psks_of(void *arg)
{
	return arg;
}

/* Both ends on one loop, until neither goes on. */
static void converse(const struct tls_config *server, const struct tls_config *client,
		     const char *claims, struct end *s, struct end *c)
{
	struct tls_context *st, *ct;
	struct loop loop;
	uint64_t now;
	char why[TLS_WHY];
	int fd[2];

	memset(s, 0, sizeof(*s));
	memset(c, 0, sizeof(*c));
	s->claims = claims;
	assert_int_equal(loop_init(&loop, 1), 0);
	now = loop.start_tsc;
	st = tls_server(server, why);
	if (st == NULL)
		fail_msg("server: %s", why);
	ct = tls_client(client, why);
	if (ct == NULL)
		fail_msg("client: %s", why);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	s->stream = tls_stream_new(&loop, st, fd[0], true, &ops, s);
	c->stream = tls_stream_new(&loop, ct, fd[1], false, &ops, c);
	for (unsigned int i = 0; i < 1000 && (s->stream != NULL || c->stream != NULL); i++)
		loop_step(&loop, now += 20 * loop.tsc_per_ms);
	assert_null(s->stream);
	assert_null(c->stream);
	tls_free(st);
	tls_free(ct);
	loop_free(&loop);
}

static struct tls_config client_of(const char *user, const char *hex, uint8_t psk[TLS_PSK_MAX])
{
	struct tls_config c = {.user = user, .psk = psk, .ip = wire_ip_from4(htonl(0x7f000001))};

	c.psk_len = psk_parse(hex, strlen(hex), psk);
	return c;
}

static void test_tls_psk(void **state)
{
	char why[TLS_WHY];
	struct psk_table *t = load("alice:" SECRET "\nbob:" SECRET2 "\n", why);
	struct tls_config server = {.psks = psks_of, .psks_arg = t}, client;
	uint8_t psk[TLS_PSK_MAX];
	struct end s, c;

	client = client_of("alice", SECRET, psk);
	converse(&server, &client, "alice", &s, &c);
	if (!s.open || !c.open)
		fail_msg("server: %s; client: %s", s.why, c.why);
	assert_true(s.proven && c.proven);
	assert_string_equal(s.line, "hello");
	assert_string_equal(c.line, "goodbye");

	/* bob, who says that he is alice. */
	client = client_of("bob", SECRET2, psk);
	converse(&server, &client, "alice", &s, &c);
	assert_true(s.open && !s.proven);

	/* Another's secret, and a user that there is none of. */
	client = client_of("alice", SECRET2, psk);
	converse(&server, &client, "alice", &s, &c);
	assert_true(!s.open && s.ended && !c.open && c.ended);
	client = client_of("carol", SECRET, psk);
	converse(&server, &client, "carol", &s, &c);
	assert_true(!s.open && s.ended && !c.open && c.ended);
	psk_free(t);
}

static void converse_papers(const struct papers *sp, const struct papers *cp, const char *name,
			    const char *claims, struct end *s, struct end *c)
{
	struct tls_config server = {.certificate = sp->certificate, .key = sp->key, .ca = sp->ca};
	struct tls_config client = {.certificate = cp->certificate,
				    .key = cp->key,
				    .ca = cp->ca,
				    .user = "alice",
				    .name = name,
				    .ip = wire_ip_from4(htonl(0x7f000001))};

	converse(&server, &client, claims, s, c);
}

static void test_tls_certificates(void **state)
{
	struct authority ours = new_authority("ours"), theirs = new_authority("theirs");
	struct papers server = papers_of(&ours, &ours, "x", "DNS:vpn.example,IP:127.0.0.1");
	struct papers other = papers_of(&ours, &ours, "x", "DNS:other.example,IP:127.0.0.2");
	struct papers alice = papers_of(&ours, &ours, "alice", NULL);
	struct papers mail = papers_of(&ours, &ours, "x", "email:alice");
	struct papers forged = papers_of(&theirs, &ours, "alice", NULL);
	struct papers gullible = papers_of(&ours, &theirs, "alice", NULL);
	struct end s, c;

	converse_papers(&server, &alice, "vpn.example", "alice", &s, &c);
	assert_true(s.open && s.proven && c.proven);
	assert_string_equal(c.line, "goodbye");
	converse_papers(&server, &alice, NULL, "alice", &s, &c); /* by its address */
	assert_true(s.proven && c.proven);
	converse_papers(&server, &mail, NULL, "alice", &s, &c);
	assert_true(s.proven && c.proven);
	converse_papers(&server, &alice, NULL, "bob", &s, &c);
	assert_true(s.open && !s.proven);
	converse_papers(&server, &alice, NULL, "alic", &s, &c);
	assert_true(s.open && !s.proven);

	/* A server of another name or address, one that nobody vouches for, and such a client. */
	converse_papers(&other, &alice, "vpn.example", "alice", &s, &c);
	assert_false(c.open);
	converse_papers(&other, &alice, NULL, "alice", &s, &c);
	assert_false(c.open);
	converse_papers(&server, &gullible, "vpn.example", "alice", &s, &c);
	assert_false(c.open);
	converse_papers(&server, &forged, "vpn.example", "alice", &s, &c);
	assert_false(s.proven);
	assert_string_equal(s.line, "");
	assert_string_equal(c.line, "");

	free_papers(&server);
	free_papers(&other);
	free_papers(&alice);
	free_papers(&mail);
	free_papers(&forged);
	free_papers(&gullible);
	X509_free(ours.x509);
	X509_free(theirs.x509);
	EVP_PKEY_free(ours.key);
	EVP_PKEY_free(theirs.key);
}

/* A server with certificates alone, a client with a secret alone: neither believes the other. */
static void test_tls_mixed(void **state)
{
	struct authority ours = new_authority("ours");
	struct papers p = papers_of(&ours, &ours, "x", "IP:127.0.0.1");
	struct tls_config server = {.certificate = p.certificate, .key = p.key, .ca = p.ca}, client;
	uint8_t psk[TLS_PSK_MAX];
	struct end s, c;

	client = client_of("alice", SECRET, psk);
	converse(&server, &client, "alice", &s, &c);
	assert_true(!c.open && !s.proven);
	free_papers(&p);
	X509_free(ours.x509);
	EVP_PKEY_free(ours.key);
}

/* A line without an end, and nothing at all: over by their limits. */
static void test_stream_limits(void **state)
{
	static char text[STREAM_LINE_MAX + 8192];
	char why[TLS_WHY];
	struct psk_table *t = load("alice:" SECRET "\n", why);
	struct tls_config server = {.psks = psks_of, .psks_arg = t};
	struct tls_context *st = tls_server(&server, why);
	struct end s = {.claims = "alice"};
	struct loop loop;
	uint64_t now;
	int fd[2];

	assert_non_null(st);
	assert_int_equal(loop_init(&loop, 1), 0);
	now = loop.start_tsc;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	s.stream = tls_stream_new(&loop, st, fd[0], true, &ops, &s);
	for (unsigned int i = 0; i < STREAM_MS / 1000 - 1; i++)
		loop_step(&loop, now += 1000 * loop.tsc_per_ms);
	assert_false(s.ended);
	loop_step(&loop, now += 2000 * loop.tsc_per_ms);
	assert_true(s.ended);
	close(fd[1]);

	/* No TLS at all. */
	memset(&s, 0, sizeof(s));
	memset(text, 'x', sizeof(text));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	s.stream = tls_stream_new(&loop, st, fd[0], true, &ops, &s);
	assert_true(write(fd[1], text, 1000) == 1000);
	loop_step(&loop, now += loop.tsc_per_ms);
	assert_true(s.ended && !s.open);
	close(fd[1]);
	tls_free(st);
	loop_free(&loop);
	psk_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_psk_good),  cmocka_unit_test(test_psk_bad),
		cmocka_unit_test(test_messages),  cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_tls_psk),   cmocka_unit_test(test_tls_certificates),
		cmocka_unit_test(test_tls_mixed), cmocka_unit_test(test_stream_limits),
	};
	int fd = mkstemp(psk_path), rc;

	if (fd < 0)
		return 1;
	close(fd);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(psk_path);
	return rc;
}
