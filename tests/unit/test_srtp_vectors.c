/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vectors of RFC 3711 (appendix B), RFC 6188 and RFC 7714. Those of ciphers give session
 * keys: they enter below the derivation, in libsrtp2 at its ciphers. The far ends of the key
 * streams (block 0xfeff and on) are beyond what a UDP packet can hold.
 */
#include <srtp2/cipher.h>

#include "srtp_bed.h"
#ifdef SRTP_WITH_IPSEC_MB
#include "mb.h"
#endif

/* Exported, but declared in no header of libsrtp2's. */
extern const srtp_cipher_type_t srtp_aes_icm_128, srtp_aes_icm_192, srtp_aes_icm_256;
extern const srtp_cipher_type_t srtp_aes_gcm_128, srtp_aes_gcm_256;

static unsigned int unhex(const char *hex, uint8_t *out)
{
	unsigned int n = 0, v;

	for (; hex[0] && hex[1]; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		out[n++] = (uint8_t)v;
	}
	return n;
}

static const struct stream_vector {
	const char *name;
	enum srtp_profile profile;
	const srtp_cipher_type_t *cipher;
	const char *key, *stream;
} streams[] = {
	{"RFC 3711 B.2", SRTP_AES_CM_128_HMAC_SHA1_80, &srtp_aes_icm_128,
	 "2b7e151628aed2a6abf7158809cf4f3c",
	 "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
	 "41e95b3bb0a2e8dd477901e4fca894c0"},
	{"RFC 6188 7.1", SRTP_AES_256_CM_HMAC_SHA1_80, &srtp_aes_icm_256,
	 "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
	 "92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac"
	 "63c4868b7096d88421b563b8c94c9a31"},
	{"RFC 6188 7.3", SRTP_AES_192_CM_HMAC_SHA1_80, &srtp_aes_icm_192,
	 "eab234764e517b2d3d160d587d8c86219740f65f99b6bcf7",
	 "35096cba4610028dc1b57503804ce37c5de986291dcce161d5165ec4568f5c9a"
	 "474a40c77894bc17180202272a4c264d"},
};

static const char stream_salt[] = "f0f1f2f3f4f5f6f7f8f9fafbfcfd";

static void libsrtp2_streams(void **state)
{
	uint8_t key[46], want[48], got[48], iv[16] = {0};
	unsigned int len = sizeof(got), key_len;
	srtp_cipher_t *c;

	(void)state;
	for (unsigned int i = 0; i < COUNT(streams); i++) {
		const struct stream_vector *v = &streams[i];

		key_len = unhex(v->key, key);
		unhex(stream_salt, key + key_len);
		unhex(v->stream, want);
		memset(got, 0, sizeof(got));
		assert_int_equal(srtp_cipher_type_alloc(v->cipher, &c, (int)key_len + 14, 0), 0);
		assert_int_equal(srtp_cipher_init(c, key), 0);
		assert_int_equal(srtp_cipher_set_iv(c, iv, srtp_direction_encrypt), 0);
		assert_int_equal(srtp_cipher_encrypt(c, got, &len), 0);
		check_case(v->name, memcmp(got, want, sizeof(want)) == 0);
		srtp_cipher_dealloc(c);
	}
}

/* Of RFC 7714 §16 and §17. */
static const char gcm_key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char gcm_salt[] = "517569642070726f2071756f";
static const char gcm_rtp[] = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976"
			      "69736120696e207061727465732074726573";
static const char gcm_rtcp[] = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61"
			       "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";

static const struct gcm_vector {
	const char *name;
	enum srtp_profile profile;
	const srtp_cipher_type_t *cipher;
	bool rtcp;
	const char *iv, *sealed;
} gcms[] = {
	{"RFC 7714 16.1", SRTP_AEAD_AES_128_GCM, &srtp_aes_gcm_128, false,
	 "51753c6580c2726f20718414",
	 "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b"
	 "36de3adf8833899d7f27beb16a9152cf765ee4390cce"},
	{"RFC 7714 16.2", SRTP_AEAD_AES_256_GCM, &srtp_aes_gcm_256, false,
	 "51753c6580c2726f20718414",
	 "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f"
	 "1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13"},
	{"RFC 7714 17.1", SRTP_AEAD_AES_128_GCM, &srtp_aes_gcm_128, true,
	 "517524055203726f207170bb",
	 "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b46"
	 "86303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4"},
	{"RFC 7714 17.2", SRTP_AEAD_AES_256_GCM, &srtp_aes_gcm_256, true,
	 "517524055203726f207170bb",
	 "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658"
	 "c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4"},
};

static void libsrtp2_gcm(void **state)
{
	uint8_t key[44], plain[96], want[96], iv[16] = {0}, aad[12];
	unsigned int len, key_len, head, tag_len, size;
	srtp_cipher_t *c;

	(void)state;
	for (unsigned int i = 0; i < COUNT(gcms); i++) {
		const struct gcm_vector *v = &gcms[i];

		key_len = srtp_profile_key_len(v->profile);
		unhex(gcm_key, key);
		unhex(gcm_salt, key + key_len);
		unhex(v->iv, iv);
		head = v->rtcp ? 8 : 12;
		len = unhex(v->rtcp ? gcm_rtcp : gcm_rtp, plain) - head;
		size = unhex(v->sealed, want);
		memcpy(aad, plain, head);
		if (v->rtcp)
			memcpy(aad + head, want + size - 4, 4);
		tag_len = 16;
		assert_int_equal(srtp_cipher_type_alloc(v->cipher, &c, (int)key_len + 12, 16), 0);
		assert_int_equal(srtp_cipher_init(c, key), 0);
		assert_int_equal(srtp_cipher_set_iv(c, iv, srtp_direction_encrypt), 0);
		assert_int_equal(srtp_cipher_set_aad(c, aad, v->rtcp ? 12 : head), 0);
		assert_int_equal(srtp_cipher_encrypt(c, plain + head, &len), 0);
		/* Some builds append the tag themselves. */
		assert_int_equal(srtp_cipher_get_tag(c, plain + head + len, &tag_len), 0);
		check_case(v->name, memcmp(plain + head, want + head,
					   size - head - (v->rtcp ? 4u : 0u)) == 0);
		srtp_cipher_dealloc(c);
	}
}

#ifdef SRTP_WITH_IPSEC_MB
static const char gcm_tag_only[] =
	"81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeef"
	"deadbeefdeadbeef841dd9683dd78ec92ae58790125f62b3000005d4";

static struct srtp_keys *session_keys(enum srtp_profile p, const uint8_t *key, const uint8_t *auth,
				      const uint8_t *salt)
{
	struct srtp_keys *k = bed_keys(SRTP_ENGINE_IPSEC_MB, &(struct bed_keys){.profile = p});

	mb_keys_set(k, &(struct mb_session_keys){key, auth, salt, key, auth, salt});
	return k;
}

static void ipsec_mb_streams(void **state)
{
	uint8_t key[32], salt[14], want[48], auth[20] = {0};

	(void)state;
	unhex(stream_salt, salt);
	for (unsigned int i = 0; i < COUNT(streams); i++) {
		const struct stream_vector *v = &streams[i];
		struct srtp_keys *k;
		struct bed_packet p;

		unhex(v->key, key);
		unhex(v->stream, want);
		k = session_keys(v->profile, key, auth, salt);
		bed_rtp(&p, 0, 0, 48);
		memset(p.bytes + 12, 0, 48);
		bed_seal_at(&p, k, 0);
		check_case(v->name, memcmp(p.bytes + 12, want, 48) == 0);
		bed_keys_free(k);
	}
}

static void ipsec_mb_gcm(void **state)
{
	uint8_t key[32], salt[12], want[96], auth[20] = {0};
	unsigned int size, plain_len;

	(void)state;
	unhex(gcm_key, key);
	unhex(gcm_salt, salt);
	for (unsigned int i = 0; i < COUNT(gcms); i++) {
		const struct gcm_vector *v = &gcms[i];
		struct bed_party at = bed_party(SRTP_ENGINE_IPSEC_MB, 128);
		struct srtp_keys *k = session_keys(v->profile, key, auth, salt);
		struct bed_packet p = {.rtcp = v->rtcp};
		struct srtp_op op = {.rtcp = v->rtcp, .keys = k, .leg = at.leg};

		plain_len = unhex(v->rtcp ? gcm_rtcp : gcm_rtp, p.bytes);
		p.len = (uint16_t)plain_len;
		size = unhex(v->sealed, want);
		bed_seal_at(&p, k, v->rtcp ? 0x5d4 : 0xf17b);
		check_case(v->name, p.len == size && memcmp(p.bytes, want, size) == 0);
		op.data = p.bytes;
		op.len = p.len;
		srtp_open(at.w, &op, 1, 0);
		check_case(v->name, op.verdict == SRTP_OK && op.len == plain_len);
		unhex(v->rtcp ? gcm_rtcp : gcm_rtp, want);
		check_case(v->name, memcmp(p.bytes, want, plain_len) == 0);
		bed_keys_free(k);
		bed_party_free(&at);
	}
}

/* RFC 7714 §17.3: authenticated only. */
static void ipsec_mb_gcm_tag_only(void **state)
{
	struct bed_party at = bed_party(SRTP_ENGINE_IPSEC_MB, 128);
	uint8_t key[32], salt[12], auth[20] = {0};
	struct bed_packet p = {.rtcp = true};
	struct srtp_keys *k;

	(void)state;
	unhex(gcm_key, key);
	unhex(gcm_salt, salt);
	k = session_keys(SRTP_AEAD_AES_128_GCM, key, auth, salt);
	p.len = (uint16_t)unhex(gcm_tag_only, p.bytes);
	p.bytes[20] ^= 1;
	assert_int_equal(bed_open(&at, k, NULL, &p), SRTP_BAD_AUTH);
	p.bytes[20] ^= 1;
	assert_int_equal(bed_open(&at, k, NULL, &p), SRTP_OK);
	assert_int_equal(bed_open(&at, k, NULL, &p), SRTP_REPLAY);
	bed_keys_free(k);
	bed_party_free(&at);
}

static const struct derivation {
	const char *name;
	enum srtp_profile profile;
	const char *master, *key, *salt, *auth;
} derivations[] = {
	{"RFC 3711 B.3", SRTP_AES_CM_128_HMAC_SHA1_80,
	 "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6",
	 "c61e7a93744f39ee10734afe3ff7a087", "30cbbc08863d8c85d49db34a9ae1",
	 "cebe321f6ff7716b6fd4ab49af256a156d38baa4"},
	{"RFC 6188 7.2", SRTP_AES_256_CM_HMAC_SHA1_80,
	 "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6"
	 "3b04803de51ee7c96423ab5b78d2",
	 "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
	 "fa31791685ca444a9e07c6c64e93", "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"},
	{"RFC 6188 7.4", SRTP_AES_192_CM_HMAC_SHA1_80,
	 "73edc66c4fa15776fb57f9505c17136550ffda71f3e8e5f1c8522f3acd4ce86d5add78edbb11",
	 "31874736a8f1143870c26e4857d8a5b2c4a354407faadabb", "2372b82d639b6d8503a47adc0a6c",
	 "355b10973cd95b9eacf4061c7e1a7151e7cfbfcb"},
};

/* Packets under the master key are those under the session keys that the vector gives. */
static void derived(const struct derivation *d, enum srtp_engine e)
{
	uint8_t master[46], key[32], salt[14], auth[20];
	struct srtp_keys_config c = {.profile = d->profile, .engine = e, .master = master};
	struct srtp_keys *k = aligned_alloc(16, srtp_keys_size(e, d->profile)), *below;
	struct bed_packet p, q;

	unhex(d->master, master);
	unhex(d->key, key);
	unhex(d->salt, salt);
	unhex(d->auth, auth);
	assert_int_equal(srtp_keys_init(k, &c), 0);
	below = session_keys(d->profile, key, auth, salt);
	bed_rtp(&p, 0xdeadbeef, 77, 100);
	q = p;
	bed_seal_at(&p, k, 77);
	bed_seal_at(&q, below, 77);
	check_case(d->name, p.len == q.len && memcmp(p.bytes, q.bytes, p.len) == 0);
	bed_keys_free(k);
	bed_keys_free(below);
}

static void derivation(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < COUNT(derivations); i++) {
		derived(&derivations[i], SRTP_ENGINE_IPSEC_MB);
		if (bed_can(SRTP_ENGINE_LIBSRTP2, derivations[i].profile))
			derived(&derivations[i], SRTP_ENGINE_LIBSRTP2);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libsrtp2_streams),      cmocka_unit_test(libsrtp2_gcm),
#ifdef SRTP_WITH_IPSEC_MB
		cmocka_unit_test(ipsec_mb_streams),      cmocka_unit_test(ipsec_mb_gcm),
		cmocka_unit_test(ipsec_mb_gcm_tag_only), cmocka_unit_test(derivation),
#endif
	};
	struct srtp_keys *k;

	/* libsrtp2 wants to be started: by the first keys. */
	k = bed_keys(SRTP_ENGINE_LIBSRTP2, &(struct bed_keys){0});
	bed_keys_free(k);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
