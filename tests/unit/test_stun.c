/* SPDX-License-Identifier: BSD-3-Clause */
/* STUN messages: RFC 5769's vectors, what is refused, and what is written. */
#include "check.h"

#include <errno.h>
#include <openssl/evp.h>

#include "ice_private.h"
#include "stun.h"

#define ID "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"

static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";
/* The user of §2.4 as SASLprep leaves name and password. */
static const char long_term[] = "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf"
				"\xe3\x82\xb9:example.org:TheMatrIX";

/* RFC 5769 §2.1 to §2.4, RFC 8489 appendix B.1. */
static const char request_hex[] =
	"000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
	"002400046e0001ff80290008932ff9b151263b36000600096576746a3a6836765920202000080014"
	"9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
static const char response4_hex[] =
	"0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f722000200008"
	"0001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
static const char response6_hex[] =
	"010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f722000200014"
	"0002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275"
	"bfe3ed4180280004c8fb0b4c";
static const char long_term_hex[] =
	"000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe3"
	"82b900000015001c662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b"
	"6578616d706c652e6f72670000080014f67024656dd64a3e02b8e0712e85c9a28ca89666";
static const char sha256_hex[] =
	"000100902112a44278ad3433c6ad72c029da412e001e00204a3cf38fef6992bda952c6780417da0f"
	"24819415569e60b205c46e41407f1704001500296f624d61744a6f733241414143662f2f3439396b"
	"39353464364f4c33346f4c394653547679363473410000000014000b6578616d706c652e6f726700"
	"001d000400020000001c0020b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278c"
	"c6518e65";

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

/* In memory that ends where the message ends. */
static int parse(const uint8_t *data, size_t len, struct stun_msg *m, uint8_t **copy)
{
	*copy = exact_copy(data, len);
	return stun_parse(*copy, len, m);
}

static int verdict(const uint8_t *data, size_t len)
{
	struct stun_msg m;
	uint8_t *copy;
	int rc = parse(data, len, &m, &copy);

	free(copy);
	return rc;
}

static bool authentic(const struct stun_msg *m, const void *pwd, size_t len, bool sha256)
{
	struct ice_key k;

	ice_key_init(&k, pwd, len);
	return ice_authentic(m, &k, sha256);
}

/* ---- vectors ------------------------------------------------------------------------------- */

static void vector_request(void **state)
{
	uint8_t data[256], *copy;
	size_t len = unhex(request_hex, data);
	struct stun_msg m;

	assert_int_equal(parse(data, len, &m, &copy), 0);
	assert_int_equal(m.class, STUN_REQUEST);
	assert_int_equal(m.method, STUN_BINDING);
	assert_memory_equal(m.id, ID, STUN_ID_LEN);
	assert_int_equal(m.has, STUN_HAS_USERNAME | STUN_HAS_SHA1 | STUN_HAS_FINGERPRINT |
					STUN_HAS_PRIORITY | STUN_HAS_CONTROLLED);
	assert_int_equal(m.username_len, 9);
	assert_memory_equal(m.username, "evtj:h6vY", 9);
	assert_int_equal(m.priority, 0x6e0001ff);
	assert_true(m.tie_breaker == UINT64_C(0x932ff9b151263b36));
	assert_int_equal(m.unknown_count, 0);
	assert_true(authentic(&m, password, strlen(password), false));
	assert_false(authentic(&m, password, strlen(password) - 1, false));
	assert_false(authentic(&m, password, strlen(password), true));
	free(copy);
}

static void check_response(const char *hex, const char *ip)
{
	uint8_t data[256], *copy;
	size_t len = unhex(hex, data);
	union wire_ip want;
	struct stun_msg m;

	assert_int_equal(wire_ip_parse(ip, &want), 0);
	assert_int_equal(parse(data, len, &m, &copy), 0);
	assert_int_equal(m.class, STUN_SUCCESS);
	assert_int_equal(m.method, STUN_BINDING);
	assert_int_equal(m.has, STUN_HAS_SHA1 | STUN_HAS_FINGERPRINT | STUN_HAS_MAPPED);
	assert_true(wire_ip_equal(&m.mapped, &want));
	assert_int_equal(m.mapped_port, 32853);
	assert_true(authentic(&m, password, strlen(password), false));
	free(copy);
}

static void vector_responses(void **state)
{
	check_response(response4_hex, "192.0.2.1");
	check_response(response6_hex, "2001:db8:1234:5678:11:2233:4455:6677");
}

static void vector_long_term(void **state)
{
	uint8_t data[256], key[EVP_MAX_MD_SIZE], *copy;
	size_t len = unhex(long_term_hex, data);
	struct stun_msg m;

	assert_int_equal(parse(data, len, &m, &copy), 0);
	assert_int_equal(m.has, STUN_HAS_USERNAME | STUN_HAS_SHA1);
	assert_int_equal(m.username_len, 18);
	assert_int_equal(m.unknown_count, 0);
	assert_int_equal(EVP_Digest(long_term, strlen(long_term), key, NULL, EVP_md5(), NULL), 1);
	assert_true(authentic(&m, key, 16, false));
	key[0] ^= 1;
	assert_false(authentic(&m, key, 16, false));
	free(copy);
}

static void vector_sha256(void **state)
{
	uint8_t data[256], key[EVP_MAX_MD_SIZE], *copy;
	size_t len = unhex(sha256_hex, data);
	struct stun_msg m;

	assert_int_equal(parse(data, len, &m, &copy), 0);
	assert_int_equal(m.has, STUN_HAS_SHA256);
	assert_int_equal(m.sha256_len, 32);
	/* USERHASH and PASSWORD-ALGORITHM: not of ICE. */
	assert_int_equal(m.unknown_count, 2);
	assert_int_equal(m.unknown[0], 0x1e);
	assert_int_equal(m.unknown[1], 0x1d);
	assert_int_equal(EVP_Digest(long_term, strlen(long_term), key, NULL, EVP_sha256(), NULL),
			 1);
	assert_true(authentic(&m, key, 32, true));
	free(copy);
}

/* Keys longer than a block are hashed first: RFC 2202 and RFC 4231, test case 6. */
static void long_keys(void **state)
{
	static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t data[64], mac[STUN_SHA256_LEN];
	char key[131];
	struct ice_key k;

	memset(key, 0xaa, sizeof(key));
	ice_key_init(&k, key, 80);
	ice_key_mac(&k, false, (const uint8_t *)text, (const uint8_t *)text + 4, strlen(text) - 4,
		    mac);
	unhex("aa4ae5e15272d00e95705637ce8a3b55ed402112", data);
	assert_memory_equal(mac, data, STUN_SHA1_LEN);
	ice_key_init(&k, key, 131);
	ice_key_mac(&k, true, (const uint8_t *)text, (const uint8_t *)text + 4, strlen(text) - 4,
		    mac);
	unhex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", data);
	assert_memory_equal(mac, data, STUN_SHA256_LEN);
}

/* No bit of a vector may change, of the padding neither. */
static void every_bit_counts(void **state)
{
	uint8_t data[256];
	size_t len = unhex(request_hex, data);

	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct stun_msg m;
		uint8_t *copy;

		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(parse(data, len, &m, &copy) == 0 && m.has & STUN_HAS_FINGERPRINT &&
			     authentic(&m, password, strlen(password), false));
		free(copy);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void every_length(void **state)
{
	static const char *const hex[] = {request_hex, response4_hex, response6_hex, long_term_hex,
					  sha256_hex};

	for (size_t v = 0; v < COUNT(hex); v++) {
		uint8_t data[256] = {0};
		size_t len = unhex(hex[v], data);

		/* Cut off, and with something behind. */
		for (size_t n = 0; n < sizeof(data); n++)
			assert_int_equal(verdict(data, n), n == len ? 0 : -EINVAL);
		/* Cut off, with the header to match: never read beyond. */
		for (size_t n = 20; n < len; n++) {
			wire_put16(data + 2, (uint16_t)(n - 20));
			verdict(data, n);
		}
	}
}

/* ---- what is refused ----------------------------------------------------------------------- */

struct attribute {
	uint16_t type;
	uint16_t len; /* in the header */
	const char *value;
	uint16_t bytes; /* that are there; padding is the table's */
};

static size_t build(uint8_t *out, uint16_t type, const struct attribute *a, unsigned int n)
{
	size_t len = 20;

	wire_put16(out, type);
	wire_put32(out + 4, WIRE_STUN_COOKIE);
	memcpy(out + 8, ID, STUN_ID_LEN);
	for (unsigned int i = 0; i < n && (a[i].type != 0 || a[i].bytes != 0); i++) {
		wire_put16(out + len, a[i].type);
		wire_put16(out + len + 2, a[i].len);
		memcpy(out + len + 4, a[i].value, a[i].bytes);
		len += 4u + a[i].bytes;
	}
	wire_put16(out + 2, (uint16_t)(len - 20));
	return len;
}

#define V20 "aaaaaaaaaaaaaaaaaaaa"
#define V32 V20 "aaaaaaaaaaaa"

static void attributes(void **state)
{
	static const struct {
		const char *name;
		int rc;
		uint16_t has, unknown;
		struct attribute a[4];
	} cases[] = {
		{"none", 0, 0, 0, {{0}}},
		{"user", 0, STUN_HAS_USERNAME, 0, {{STUN_USERNAME, 4, "abcd", 4}}},
		{"user, empty", 0, STUN_HAS_USERNAME, 0, {{STUN_USERNAME, 0, "", 0}}},
		{"user, padded", 0, STUN_HAS_USERNAME, 0, {{STUN_USERNAME, 3, "abc\0", 4}}},
		{"user, not padded", -EINVAL, 0, 0, {{STUN_USERNAME, 5, "abcd", 4}}},
		{"longer than the message", -EINVAL, 0, 0, {{STUN_USERNAME, 8, "abcd", 4}}},
		{"longest", -EINVAL, 0, 0, {{STUN_USERNAME, 0xffff, "abcd", 4}}},
		{"of length -4", -EINVAL, 0, 0, {{STUN_USERNAME, 0xfffc, "abcd", 4}}},
		{"optional unknown", 0, 0, 0, {{0xc057, 4, "abcd", 4}}},
		{"required unknown", 0, 0, 1, {{0x7fff, 4, "abcd", 4}}},
		{"two unknown", 0, 0, 2, {{0x0002, 0, "", 0}, {0x001e, 4, "abcd", 4}}},
		{"type 0", 0, 0, 1, {{0, 4, "abcd", 4}}},
		{"long-term's", 0, 0, 0, {{STUN_REALM, 4, "abcd", 4}, {STUN_NONCE, 4, "abcd", 4}}},
		{"priority", 0, STUN_HAS_PRIORITY, 0, {{STUN_PRIORITY, 4, "abcd", 4}}},
		{"priority of 0", -EINVAL, 0, 0, {{STUN_PRIORITY, 0, "", 0}}},
		{"priority of 8", -EINVAL, 0, 0, {{STUN_PRIORITY, 8, "abcdefgh", 8}}},
		{"use", 0, STUN_HAS_USE_CANDIDATE, 0, {{STUN_USE_CANDIDATE, 0, "", 0}}},
		{"use of 4", -EINVAL, 0, 0, {{STUN_USE_CANDIDATE, 4, "abcd", 4}}},
		{"controlled", 0, STUN_HAS_CONTROLLED, 0, {{STUN_ICE_CONTROLLED, 8, V20, 8}}},
		{"controlling", 0, STUN_HAS_CONTROLLING, 0, {{STUN_ICE_CONTROLLING, 8, V20, 8}}},
		{"controlling of 4", -EINVAL, 0, 0, {{STUN_ICE_CONTROLLING, 4, V20, 4}}},
		{"both",
		 -EINVAL,
		 0,
		 0,
		 {{STUN_ICE_CONTROLLED, 8, V20, 8}, {STUN_ICE_CONTROLLING, 8, V20, 8}}},
		{"error", 0, STUN_HAS_ERROR, 0, {{STUN_ERROR_CODE, 4, "\0\0\4\x57", 4}}},
		{"error of 3", -EINVAL, 0, 0, {{STUN_ERROR_CODE, 3, "\0\0\4\x57", 4}}},
		{"error 299", -EINVAL, 0, 0, {{STUN_ERROR_CODE, 4, "\0\0\2\x63", 4}}},
		{"error 7xx", -EINVAL, 0, 0, {{STUN_ERROR_CODE, 4, "\0\0\7\0", 4}}},
		{"error 4, 100", -EINVAL, 0, 0, {{STUN_ERROR_CODE, 4, "\0\0\4\x64", 4}}},
		{"mapped 4",
		 0,
		 STUN_HAS_MAPPED,
		 0,
		 {{STUN_XOR_MAPPED_ADDRESS, 8, "\0\1abcdef", 8}}},
		{"mapped 6",
		 0,
		 STUN_HAS_MAPPED,
		 0,
		 {{STUN_XOR_MAPPED_ADDRESS, 20, "\0\2aaaaaaaaaaaaaaaaaa", 20}}},
		{"mapped 4 of 20",
		 -EINVAL,
		 0,
		 0,
		 {{STUN_XOR_MAPPED_ADDRESS, 20, "\0\1aaaaaaaaaaaaaaaaaa", 20}}},
		{"mapped 6 of 8", -EINVAL, 0, 0, {{STUN_XOR_MAPPED_ADDRESS, 8, "\0\2abcdef", 8}}},
		{"mapped family 0",
		 -EINVAL,
		 0,
		 0,
		 {{STUN_XOR_MAPPED_ADDRESS, 20, "\0\0aaaaaaaaaaaaaaaaaa", 20}}},
		{"mapped family 3",
		 -EINVAL,
		 0,
		 0,
		 {{STUN_XOR_MAPPED_ADDRESS, 20, "\0\3aaaaaaaaaaaaaaaaaa", 20}}},
		{"mapped of 0", -EINVAL, 0, 0, {{STUN_XOR_MAPPED_ADDRESS, 0, "", 0}}},
		{"integrity", 0, STUN_HAS_SHA1, 0, {{STUN_MESSAGE_INTEGRITY, 20, V20, 20}}},
		{"integrity of 16", -EINVAL, 0, 0, {{STUN_MESSAGE_INTEGRITY, 16, V20, 16}}},
		{"integrity of 32", -EINVAL, 0, 0, {{STUN_MESSAGE_INTEGRITY, 32, V32, 32}}},
		{"sha256", 0, STUN_HAS_SHA256, 0, {{STUN_MESSAGE_INTEGRITY_SHA256, 32, V32, 32}}},
		{"sha256 of 16",
		 0,
		 STUN_HAS_SHA256,
		 0,
		 {{STUN_MESSAGE_INTEGRITY_SHA256, 16, V32, 16}}},
		{"sha256 of 12", -EINVAL, 0, 0, {{STUN_MESSAGE_INTEGRITY_SHA256, 12, V32, 12}}},
		{"sha256 of 18", -EINVAL, 0, 0, {{STUN_MESSAGE_INTEGRITY_SHA256, 18, V32, 20}}},
		{"sha256 of 36",
		 -EINVAL,
		 0,
		 0,
		 {{STUN_MESSAGE_INTEGRITY_SHA256, 36, V32 "aaaa", 36}}},
		{"both integrities",
		 0,
		 STUN_HAS_SHA1 | STUN_HAS_SHA256,
		 0,
		 {{STUN_MESSAGE_INTEGRITY, 20, V20, 20},
		  {STUN_MESSAGE_INTEGRITY_SHA256, 32, V32, 32}}},
		{"sha1 behind sha256",
		 0,
		 STUN_HAS_SHA256,
		 0,
		 {{STUN_MESSAGE_INTEGRITY_SHA256, 32, V32, 32},
		  {STUN_MESSAGE_INTEGRITY, 20, V20, 20}}},
		{"behind integrity",
		 0,
		 STUN_HAS_SHA1,
		 0,
		 {{STUN_MESSAGE_INTEGRITY, 20, V20, 20},
		  {STUN_USE_CANDIDATE, 0, "", 0},
		  {0x0002, 0, "", 0},
		  {STUN_PRIORITY, 1, "a\0\0\0", 4}}},
		{"twice",
		 0,
		 STUN_HAS_PRIORITY,
		 0,
		 {{STUN_PRIORITY, 4, "abcd", 4}, {STUN_PRIORITY, 4, "efgh", 4}}},
		{"twice, the second wrong",
		 0,
		 STUN_HAS_PRIORITY,
		 0,
		 {{STUN_PRIORITY, 4, "abcd", 4}, {STUN_PRIORITY, 0, "", 0}}},
		{"fingerprint, wrong", -EINVAL, 0, 0, {{STUN_FINGERPRINT, 4, "abcd", 4}}},
		{"fingerprint of 8", -EINVAL, 0, 0, {{STUN_FINGERPRINT, 8, "abcdefgh", 8}}},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t data[256], *copy;
		size_t len = build(data, 1, cases[i].a, 4);
		struct stun_msg m;

		check_case(cases[i].name, parse(data, len, &m, &copy) == cases[i].rc);
		if (cases[i].rc == 0) {
			check_case(cases[i].name, m.has == cases[i].has);
			check_case(cases[i].name, m.unknown_count == cases[i].unknown);
			if (m.has & STUN_HAS_PRIORITY)
				check_case(cases[i].name, m.priority == 0x61626364);
		}
		free(copy);
	}
}

static void headers(void **state)
{
	static const struct {
		const char *name;
		unsigned int at;
		uint8_t value;
		int rc;
	} cases[] = {
		{"as it is", 0, 0, 0},
		{"an RTP version", 0, 0x80, -EINVAL},
		{"a channel", 0, 0x40, -EINVAL},
		{"no cookie", 4, 0x20, -EINVAL},
		{"length of 1", 3, 1, -EINVAL},
		{"length of 4", 3, 4, -EINVAL},
		{"length of 256", 2, 1, -EINVAL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t data[20];
		size_t len = build(data, 1, NULL, 0);

		data[cases[i].at] = cases[i].value;
		check_case(cases[i].name, verdict(data, len) == cases[i].rc);
	}
}

/* Class and method are interleaved. Beyond these methods it is no STUN (RFC 7983). */
static void types(void **state)
{
	for (unsigned int method = 0; method < 0x100; method++)
		for (unsigned int class = 0; class < 4; class ++) {
			struct stun_writer w;
			struct stun_msg m;
			uint8_t data[20];

			stun_begin(&w, data, sizeof(data), (enum stun_class) class,
				   (uint16_t)method, (const uint8_t *)ID);
			assert_int_equal(stun_end(&w), 20);
			assert_int_equal(stun_parse(data, 20, &m), 0);
			assert_int_equal(m.class, class);
			assert_int_equal(m.method, method);
		}
}

/* As many attributes as go into 64 KiB: one pass, and no more remembered than there is room. */
static void attribute_loop(void **state)
{
	size_t n = (UINT16_MAX - 3) / 4, len = 20 + 4 * n;
	uint8_t *data = calloc(1, len);
	struct stun_msg m;

	assert_non_null(data);
	build(data, 1, NULL, 0);
	wire_put16(data + 2, (uint16_t)(len - 20));
	for (size_t i = 0; i < n; i++)
		wire_put16(data + 20 + 4 * i, (uint16_t)(0x7000 + i % 100));
	assert_int_equal(stun_parse(data, len, &m), 0);
	assert_int_equal(m.unknown_count, n);
	assert_int_equal(m.unknown[STUN_UNKNOWN_MAX - 1], 0x7000 + STUN_UNKNOWN_MAX - 1);
	free(data);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void fingerprint_is_last(void **state)
{
	struct stun_writer w;
	uint8_t data[64];

	stun_begin(&w, data, sizeof(data), STUN_REQUEST, STUN_BINDING, (const uint8_t *)ID);
	stun_put_fingerprint(&w);
	assert_int_equal(verdict(data, stun_end(&w)), 0);
	stun_put(&w, 0xc057, "abcd", 4);
	assert_int_equal(verdict(data, stun_end(&w)), -EINVAL);
	assert_int_equal(stun_crc32("123456789", 9), 0xcbf43926);
}

static void write_all(struct stun_writer *w, const union wire_ip *ip)
{
	static const struct stun_msg unknown = {.unknown_count = 2, .unknown = {0x7001, 0x7002}};

	stun_put(w, STUN_USERNAME, "evtj:h6vY", 9);
	stun_put32(w, STUN_PRIORITY, 0x6e0001ff);
	stun_put64(w, STUN_ICE_CONTROLLING, UINT64_C(0x932ff9b151263b36));
	stun_put(w, STUN_USE_CANDIDATE, NULL, 0);
	stun_put_address(w, ip, 32853);
	stun_put_error(w, 487, "Role Conflict");
	stun_put_unknown(w, &unknown);
	stun_put_fingerprint(w);
}

static void round_trip(void **state)
{
	static const char *const ips[] = {"192.0.2.1", "2001:db8:1234:5678:11:2233:4455:6677"};

	for (size_t i = 0; i < COUNT(ips); i++) {
		struct stun_writer w;
		struct stun_msg m;
		union wire_ip ip;
		uint8_t data[256];
		size_t len;

		wire_ip_parse(ips[i], &ip);
		stun_begin(&w, data, sizeof(data), STUN_ERROR, STUN_BINDING, (const uint8_t *)ID);
		write_all(&w, &ip);
		len = stun_end(&w);
		assert_int_equal(stun_parse(data, len, &m), 0);
		assert_int_equal(m.has, STUN_HAS_USERNAME | STUN_HAS_PRIORITY |
						STUN_HAS_CONTROLLING | STUN_HAS_USE_CANDIDATE |
						STUN_HAS_MAPPED | STUN_HAS_ERROR |
						STUN_HAS_FINGERPRINT);
		assert_memory_equal(m.username, "evtj:h6vY", 9);
		assert_true(m.tie_breaker == UINT64_C(0x932ff9b151263b36));
		assert_int_equal(m.error, 487);
		assert_true(wire_ip_equal(&m.mapped, &ip));
		assert_int_equal(m.mapped_port, 32853);
		/* No room: nothing beyond the end, and no message. */
		for (size_t room = 0; room < len; room++) {
			uint8_t *small = exact_copy(data, room);

			stun_begin(&w, small, room, STUN_ERROR, STUN_BINDING, (const uint8_t *)ID);
			write_all(&w, &ip);
			assert_int_equal(stun_end(&w), 0);
			free(small);
		}
	}
}

/* The vectors' responses, written anew. Their padding is of spaces, so it is set here. */
static void vector_rewritten(void **state)
{
	uint8_t want[256], data[256], *mac;
	size_t len = unhex(response4_hex, want);
	struct stun_writer w;
	union wire_ip ip;
	struct ice_key k;

	wire_ip_parse("192.0.2.1", &ip);
	ice_key_init(&k, password, strlen(password));
	stun_begin(&w, data, sizeof(data), STUN_SUCCESS, STUN_BINDING, (const uint8_t *)ID);
	stun_put(&w, STUN_SOFTWARE, "test vector", 11);
	data[35] = ' ';
	stun_put_address(&w, &ip, 32853);
	mac = stun_put_integrity(&w, STUN_MESSAGE_INTEGRITY, STUN_SHA1_LEN);
	assert_non_null(mac);
	ice_key_mac(&k, false, data, data + 4, (size_t)(mac - 4 - (data + 4)), mac);
	stun_put_fingerprint(&w);
	assert_int_equal(stun_end(&w), len);
	assert_memory_equal(data, want, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vector_request),   cmocka_unit_test(vector_responses),
		cmocka_unit_test(vector_long_term), cmocka_unit_test(vector_sha256),
		cmocka_unit_test(long_keys),        cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(every_length),     cmocka_unit_test(attributes),
		cmocka_unit_test(headers),          cmocka_unit_test(types),
		cmocka_unit_test(attribute_loop),   cmocka_unit_test(fingerprint_is_last),
		cmocka_unit_test(round_trip),       cmocka_unit_test(vector_rewritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
