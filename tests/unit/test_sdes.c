/* SPDX-License-Identifier: BSD-3-Clause */
/* Crypto attributes of SDP (RFC 4568), and base64 (RFC 4648). */
#include "check.h"

#include <errno.h>

#include "base64.h"
#include "sdes.h"

#define KEY30  "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz" /* of RFC 4568 §9.1 */
#define KEY30B "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
#define KEY38  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCU"
#define KEY46  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ"
#define KEY28  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw"
#define KEY44  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis"
#define S80    "AES_CM_128_HMAC_SHA1_80"
#define OK80   "1 " S80 " inline:" KEY30

static int parse(const char *text, struct sdes *out, const char **why)
{
	size_t len = strlen(text);
	uint8_t *copy = exact_copy((const uint8_t *)text, len);
	int rc = sdes_parse((const char *)copy, len, out, why);

	free(copy);
	return rc;
}

static void attributes(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{OK80, 0},
		{"1\t \t" S80 " \tinline:" KEY30 " ", 0},
		{"000000001 " S80 " inline:" KEY30, 0},
		{"999999999 " S80 " inline:" KEY30, 0},
		{"1 aes_cm_128_hmac_sha1_80 INLINE:" KEY30, 0},
		{"1 AES_CM_128_HMAC_SHA1_32 inline:" KEY30, 0},
		{"1 AES_192_CM_HMAC_SHA1_80 inline:" KEY38, 0},
		{"1 AES_192_CM_HMAC_SHA1_32 inline:" KEY38 "=", 0},
		{"1 AES_256_CM_HMAC_SHA1_80 inline:" KEY46, 0},
		{"1 AES_256_CM_HMAC_SHA1_32 inline:" KEY46 "==", 0},
		{"1 AEAD_AES_128_GCM inline:" KEY28, 0},
		{"1 AEAD_AES_128_GCM inline:" KEY28 "==", 0},
		{"1 AEAD_AES_256_GCM inline:" KEY44, 0},
		{"1 AEAD_AES_256_GCM inline:" KEY44 "=", 0},
		/* Words. */
		{"", -EINVAL},
		{" ", -EINVAL},
		{" " OK80, -EINVAL},
		{"1", -EINVAL},
		{"1 " S80, -EINVAL},
		{"1 " S80 " ", -EINVAL},
		{"a=crypto:" OK80, -EINVAL},
		{"-1 " S80 " inline:" KEY30, -EINVAL},
		{"x " S80 " inline:" KEY30, -EINVAL},
		{"1x " S80 " inline:" KEY30, -EINVAL},
		{"1000000000 " S80 " inline:" KEY30, -EINVAL},
		{"1 AES-CM inline:" KEY30, -EINVAL},
		{"1 " S80 " inline", -EINVAL},
		{"1 " S80 " inline:", -EINVAL},
		{"1 " S80 " :" KEY30, -EINVAL},
		{"1 " S80 " in-line:" KEY30, -EINVAL},
		{"1 " S80 " " KEY30, -EINVAL},
		{OK80 "\n", -EINVAL},
		/* Suites and methods that are not known here. */
		{"1 F8_128_HMAC_SHA1_80 inline:" KEY30, -ENOTSUP},
		{"1 F8_128_HMAC_SHA1_80 inline:" KEY28, -ENOTSUP},
		{"1 F8_128_HMAC_SHA1_80 inline:*", -EINVAL},
		{"1 AES_CM_128_HMAC_SHA1_8 inline:" KEY30, -ENOTSUP},
		{"1 AES_CM_128_HMAC_SHA1_800 inline:" KEY30, -ENOTSUP},
		{"1 " S80 " uri:https://example.com/key", -ENOTSUP},
		/* Lengths. */
		{"1 " S80 " inline:" KEY28, -EINVAL},
		{"1 " S80 " inline:" KEY46, -EINVAL},
		{"1 AEAD_AES_128_GCM inline:" KEY30, -EINVAL},
		{"1 AEAD_AES_256_GCM inline:" KEY46, -EINVAL},
		{"1 " S80 " inline:" KEY46 KEY46, -EINVAL},
		/* Base64. */
		{"1 " S80 " inline:" KEY30 "=", -EINVAL},
		{"1 " S80 " inline:" KEY30 "====", -EINVAL},
		{"1 AEAD_AES_128_GCM inline:" KEY28 "=", -EINVAL},
		{"1 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGx", -EINVAL},
		{"1 " S80 " inline:*VNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", -EINVAL},
		{"1 " S80 " inline:-VNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", -EINVAL},
		{"1 " S80 " inline:W=NfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", -EINVAL},
		/* Lifetime. */
		{OK80 "|2^20", 0},
		{OK80 "|2^48", 0},
		{OK80 "|2^0", 0},
		{OK80 "|2^049", -EINVAL},
		{OK80 "|2^49", -EINVAL},
		{OK80 "|2^", -EINVAL},
		{OK80 "|2^x", -EINVAL},
		{OK80 "|2^-1", -EINVAL},
		{OK80 "|3^20", -EINVAL},
		{OK80 "|1048576", 0},
		{OK80 "|281474976710656", 0},
		{OK80 "|281474976710657", -EINVAL},
		{OK80 "|99999999999999999999", -EINVAL},
		{OK80 "|0", -EINVAL},
		{OK80 "|", -EINVAL},
		{OK80 "||1:4", -EINVAL},
		{OK80 "|2^20|2^20", -EINVAL},
		{OK80 "|2^20|", -EINVAL},
		/* MKI. */
		{OK80 "|2^20|1:4", 0},
		{OK80 "|1:4", 0},
		{OK80 "|0:1", 0},
		{OK80 "|255:1", 0},
		{OK80 "|256:1", -EINVAL},
		{OK80 "|65535:2", 0},
		{OK80 "|65536:2", -EINVAL},
		{OK80 "|1:128", 0},
		{OK80 "|1:129", -EINVAL},
		{OK80 "|1:0", -EINVAL},
		{OK80 "|1:", -EINVAL},
		{OK80 "|:4", -EINVAL},
		{OK80 "|x:4", -EINVAL},
		{OK80 "|1:4|2^20", -EINVAL},
		{OK80 "|1:4|1:4", -EINVAL},
		{OK80 "|1:4:4", -EINVAL},
		{OK80 "|2^20|1:4|1", -EINVAL},
		/* Several keys. */
		{OK80 "|1:4;inline:" KEY30B "|2:4", 0},
		{OK80 ";inline:" KEY30B, -EINVAL},
		{OK80 "|1:4;inline:" KEY30B "|1:4", -EINVAL},
		{OK80 "|1:4;inline:" KEY30B "|2:2", -EINVAL},
		{OK80 "|1:4;", -EINVAL},
		{OK80 "|1:4;inline:" KEY28 "|2:4", -EINVAL},
		{OK80 "|1:1;inline:" KEY30 "|2:1;inline:" KEY30 "|3:1;inline:" KEY30 "|4:1", 0},
		{OK80 "|1:1;inline:" KEY30 "|2:1;inline:" KEY30 "|3:1;inline:" KEY30
		      "|4:1;inline:" KEY30 "|5:1",
		 -ENOTSUP},
		{OK80 "|1:1;inline:" KEY30 "|2:1;inline:" KEY30 "|3:1;inline:" KEY30
		      "|4:1;inline:*",
		 -EINVAL},
		{OK80 "|1:4;uri:x", -ENOTSUP},
		/* Session parameters. */
		{OK80 " KDR=0", 0},
		{OK80 " KDR=1", -ENOTSUP},
		{OK80 " KDR=24", -ENOTSUP},
		{OK80 " KDR=25", -EINVAL},
		{OK80 " KDR=", -EINVAL},
		{OK80 " KDR", -ENOTSUP},
		{OK80 " UNENCRYPTED_SRTP", -ENOTSUP},
		{OK80 " UNENCRYPTED_SRTCP", -ENOTSUP},
		{OK80 " UNAUTHENTICATED_SRTP", -ENOTSUP},
		{OK80 " unencrypted_srtcp", -ENOTSUP},
		{OK80 " FEC_ORDER=FEC_SRTP", 0},
		{OK80 " FEC_ORDER=SRTP_FEC", -ENOTSUP},
		{OK80 " FEC_ORDER=X", -EINVAL},
		{OK80 " FEC_KEY=inline:" KEY30B, -ENOTSUP},
		{OK80 " FEC_KEY=", -EINVAL},
		{OK80 " WSH=64", 0},
		{OK80 " WSH=63", -EINVAL},
		{OK80 " WSH=x", -EINVAL},
		{OK80 " -x", 0},
		{OK80 " -new=1 WSH=128 -y", 0},
		{OK80 " -", -EINVAL},
		{OK80 " new=1", -ENOTSUP},
		{OK80 " new", -ENOTSUP},
		{OK80 " =", -ENOTSUP},
		{OK80 " \x01", -EINVAL},
		{OK80 " \x80", -EINVAL},
		{OK80 " UNENCRYPTED_SRTP WSH=1", -EINVAL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *why = NULL;
		struct sdes s;

		memset(&s, 0xff, sizeof(s));
		check_case(cases[i].text, parse(cases[i].text, &s, &why) == cases[i].rc);
		check_case(cases[i].text, (why == NULL) == (cases[i].rc == 0));
		check_case(cases[i].text, (s.key_count != 0) == (cases[i].rc == 0));
	}
}

static void fields(void **state)
{
	static const uint8_t mki[] = {0, 0, 0, 1, 0x02};
	const char *why;
	struct sdes s;

	assert_int_equal(parse("7 AEAD_AES_128_GCM inline:" KEY28 "|2^31|258:5;inline:" KEY28
			       "|1048577|3:5 WSH=256",
			       &s, &why),
			 0);
	assert_int_equal(s.tag, 7);
	assert_int_equal(s.suite, SDES_AEAD_AES_128_GCM);
	assert_int_equal(s.wsh, 256);
	assert_int_equal(s.key_count, 2);
	assert_int_equal(s.key[0].master_len, 28);
	for (unsigned int i = 0; i < 28; i++)
		assert_int_equal(s.key[0].master[i], i);
	assert_int_equal(s.key[0].lifetime, UINT64_C(1) << 31);
	assert_int_equal(s.key[0].mki_len, sizeof(mki));
	assert_memory_equal(s.key[0].mki + 3, mki + 3, 2);
	assert_int_equal(s.key[1].lifetime, 1048577);
	assert_int_equal(s.key[1].mki[4], 3);
}

/* What was read is written, and as it is written best. */
static void there_and_back(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{OK80, OK80},
		{"1\taes_cm_128_hmac_sha1_80  inline:" KEY30 " WSH=64 -x", OK80},
		{OK80 "|1048576", OK80 "|2^20"},
		{OK80 "|1048577|001:4", OK80 "|1048577|1:4"},
		{OK80 "|0:1", OK80 "|0:1"},
		{OK80 "|4294967295:4", OK80 "|4294967295:4"},
		{OK80 "|340282366920938463463374607431768211455:16",
		 OK80 "|340282366920938463463374607431768211455:16"},
		{OK80 "|1:4;inline:" KEY30B "|2^20|2:4", OK80 "|1:4;inline:" KEY30B "|2^20|2:4"},
		{"3 AEAD_AES_128_GCM inline:" KEY28, "3 AEAD_AES_128_GCM inline:" KEY28 "=="},
		{"3 AEAD_AES_256_GCM inline:" KEY44, "3 AEAD_AES_256_GCM inline:" KEY44 "="},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[SDES_STRLEN * 2];
		const char *why;
		struct sdes s;
		size_t len = strlen(cases[i].out);

		check_case(cases[i].in, parse(cases[i].in, &s, &why) == 0);
		check_case(cases[i].in, sdes_format(&s, text, sizeof(text)) == (int)len);
		assert_string_equal(text, cases[i].out);
		check_case(cases[i].in, sdes_format(&s, text, len) == -ENOSPC);
		check_case(cases[i].in, sdes_format(&s, text, len + 1) == (int)len);
	}
}

/* The longest there is fits into SDES_STRLEN. */
static void longest(void **state)
{
	struct sdes s = {
		.tag = SDES_TAG_MAX, .suite = SDES_AES_256_CM_HMAC_SHA1_80, .key_count = 1};
	char text[SDES_STRLEN];
	const char *why;
	struct sdes back;

	s.key[0].lifetime = SDES_LIFETIME_MAX - 1;
	s.key[0].master_len = SDES_MASTER_MAX;
	s.key[0].mki_len = SDES_MKI_MAX;
	memset(s.key[0].mki, 0xff, SDES_MKI_MAX);
	assert_int_equal(sdes_format(&s, text, sizeof(text)), SDES_STRLEN - 1);
	assert_int_equal(parse(text, &back, &why), 0);
	assert_memory_equal(&s, &back, sizeof(s));
}

static void suite_table(void **state)
{
	static const struct {
		const char *name;
		unsigned int key, salt;
	} cases[SDES_SUITE_COUNT] = {
		{"AES_CM_128_HMAC_SHA1_80", 16, 14}, {"AES_CM_128_HMAC_SHA1_32", 16, 14},
		{"AES_192_CM_HMAC_SHA1_80", 24, 14}, {"AES_192_CM_HMAC_SHA1_32", 24, 14},
		{"AES_256_CM_HMAC_SHA1_80", 32, 14}, {"AES_256_CM_HMAC_SHA1_32", 32, 14},
		{"AEAD_AES_128_GCM", 16, 12},        {"AEAD_AES_256_GCM", 32, 12},
	};

	for (enum sdes_suite i = 0; i < SDES_SUITE_COUNT; i++) {
		enum sdes_suite found = SDES_SUITE_COUNT;

		assert_string_equal(sdes_suite_name(i), cases[i].name);
		assert_int_equal(sdes_suite_key_len(i), cases[i].key);
		assert_int_equal(sdes_suite_salt_len(i), cases[i].salt);
		assert_int_equal(sdes_suite_find(cases[i].name, strlen(cases[i].name), &found), 0);
		assert_int_equal(found, i);
	}
}

static void base64(void **state)
{
	static const struct {
		const char *text;
		int rc;
		const char *bytes;
	} cases[] = {
		{"", 0, ""},
		/* RFC 4648 §10 */
		{"Zg==", 1, "f"},
		{"Zm8=", 2, "fo"},
		{"Zm9v", 3, "foo"},
		{"Zm9vYg==", 4, "foob"},
		{"Zm9vYmE=", 5, "fooba"},
		{"Zm9vYmFy", 6, "foobar"},
		{"Zg", 1, "f"},
		{"Zm8", 2, "fo"},
		{"Zm9vYmE", 5, "fooba"},
		{"+/+/", 3, "\xfb\xff\xbf"},
		{"Z", -EINVAL, NULL},
		{"Zm9vY", -EINVAL, NULL},
		{"Zh", -EINVAL, NULL},
		{"Zm9", -EINVAL, NULL},
		{"Zg=", -EINVAL, NULL},
		{"Zg===", -EINVAL, NULL},
		{"Z===", -EINVAL, NULL},
		{"=", -EINVAL, NULL},
		{"====", -EINVAL, NULL},
		{"Zg==Zg==", -EINVAL, NULL},
		{"Zm9v\n", -EINVAL, NULL},
		{"Zm 9v", -EINVAL, NULL},
		{"Zm_v", -EINVAL, NULL},
		{"Zm-v", -EINVAL, NULL},
		{"Zm9vYmFyYg", -E2BIG, NULL},
		{"Zm9vYmFy*g==", -EINVAL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].text);
		uint8_t *text = exact_copy((const uint8_t *)cases[i].text, len);
		uint8_t out[6];
		char back[WIRE_BASE64_LEN(6) + 1];
		int rc = wire_base64_decode((const char *)text, len, out, sizeof(out));

		free(text);
		check_case(cases[i].text, rc == cases[i].rc);
		if (rc < 0)
			continue;
		check_case(cases[i].text, memcmp(out, cases[i].bytes, (size_t)rc) == 0);
		wire_base64_encode(out, (size_t)rc, back);
		check_case(cases[i].text, strlen(back) == WIRE_BASE64_LEN((size_t)rc));
		check_case(cases[i].text, strncmp(back, cases[i].text, len) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes),     cmocka_unit_test(fields),
		cmocka_unit_test(there_and_back), cmocka_unit_test(longest),
		cmocka_unit_test(suite_table),    cmocka_unit_test(base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
