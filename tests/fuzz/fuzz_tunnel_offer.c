/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offers and answers of tunnels, which come from strangers by way of a signalling server. The first
 * byte chooses the form, and how our answer is protected where there is a choice; the rest is text.
 */
#include "desc.h"
#include "fuzz.h"

#define CHOICE_JSON  1 /* bits of the first byte */
#define CHOICE_SDES  2
#define CHOICE_NOICE 4

static struct tunnel_desc desc, again;

static void check_error(enum session_fault f, enum tunnel_form form,
			const struct session_error *err)
{
	const char *base = form == TUNNEL_SDP ? "/sdp" : "/json";

	PROMISE(f == SESSION_BAD_PARAMS || f == SESSION_UNSUPPORTED);
	PROMISE(err->fault == f);
	PROMISE(memchr(err->path, '\0', sizeof(err->path)) != NULL);
	PROMISE(memchr(err->reason, '\0', sizeof(err->reason)) != NULL);
	PROMISE(strncmp(err->path, base, strlen(base)) == 0 && err->reason[0] != '\0');
}

/* Text that was taken stands in the description itself, which outlives what it was read from. */
static size_t check_text(const char *text)
{
	PROMISE(text >= desc.arena && text < desc.arena + desc.used);
	PROMISE(memchr(text, '\0', (size_t)(desc.arena + desc.used - text)) != NULL);
	return strlen(text);
}

static void check_ice(void)
{
	PROMISE((desc.ufrag == NULL) == (desc.pwd == NULL));
	PROMISE(desc.ufrag != NULL || desc.candidate_count == 0);
	PROMISE(desc.candidate_count <= DESC_CANDIDATES);
	for (unsigned int i = 0; i < desc.candidate_count; i++)
		check_text(desc.candidate[i]);
	if (desc.ufrag == NULL)
		return;
	PROMISE(check_text(desc.ufrag) >= 4 && strlen(desc.ufrag) <= 256);
	PROMISE(check_text(desc.pwd) >= 22 && strlen(desc.pwd) <= 256);
}

static void check_security(void)
{
	PROMISE(desc.fingerprint_count <= LEG_FINGERPRINTS && desc.crypto_count <= DESC_CRYPTOS);
	PROMISE(desc.secure == (desc.fingerprint_count > 0 || desc.crypto_count > 0));
	for (unsigned int i = 0; i < desc.fingerprint_count; i++) {
		PROMISE(check_text(desc.fingerprint[i].hash) > 0);
		PROMISE(check_text(desc.fingerprint[i].value) > 0);
	}
	for (unsigned int i = 0; i < desc.crypto_count; i++) {
		const struct sdes *s = &desc.crypto[i];

		PROMISE(s->suite < SDES_SUITE_COUNT && s->key_count == 1);
		PROMISE(s->key[0].master_len ==
			sdes_suite_key_len(s->suite) + sdes_suite_salt_len(s->suite));
	}
}

static void check_taken(void)
{
	PROMISE(desc.payload_type <= 127 && desc.used <= sizeof(desc.arena));
	PROMISE(!desc.has_place || desc.port != 0);
	PROMISE(desc.ufrag != NULL || (desc.has_place && wire_ip_is_unicast(&desc.ip)));
	check_ice();
	check_security();
}

static void fill_answer(struct session_answer *a, bool ice)
{
	struct session_ice *i = &a->leg[0].ice;
	struct session_dtls *d = &a->leg[0].dtls;

	memset(a, 0, sizeof(*a));
	a->leg[0].local.ip = wire_ip_from4(htonl(0xc0000201));
	a->leg[0].local.port = 4000;
	strcpy(d->hash, "sha-256");
	strcpy(d->fingerprint, "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
			       "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
	if (!ice)
		return;
	i->on = i->lite = true;
	strcpy(i->ufrag, "abcd");
	strcpy(i->pwd, "0123456789012345678901");
	i->candidate_count = 1;
	strcpy(i->candidate[0], "candidate:1 1 UDP 2130706431 192.0.2.1 4000 typ host");
}

/* As tunnel_offer() answers: what is offered, and of what is offered twice, what is wanted. */
static enum leg_security_type security_of(unsigned int choice)
{
	if (!desc.secure)
		return LEG_SECURITY_NONE;
	if (desc.crypto_count > 0 && (desc.fingerprint_count == 0 || choice & CHOICE_SDES))
		return LEG_SECURITY_SDES;
	return LEG_SECURITY_DTLS;
}

static void check_read_back(const struct tunnel_say *s)
{
	const struct session_ice *ice = &s->session->leg[0].ice;

	PROMISE(again.payload_type == desc.payload_type);
	PROMISE(again.has_place && again.port == s->session->leg[0].local.port);
	PROMISE(wire_ip_equal(&again.ip, &s->session->leg[0].local.ip));
	PROMISE(again.secure == (s->security != LEG_SECURITY_NONE));
	PROMISE((again.ufrag != NULL) == ice->on);
	PROMISE(again.candidate_count == ice->candidate_count);
	if (s->security == LEG_SECURITY_DTLS)
		PROMISE(again.fingerprint_count == 1 && again.setup == s->setup);
	if (s->security != LEG_SECURITY_SDES)
		return;
	PROMISE(again.crypto_count == 1 && again.crypto[0].tag == s->key->tag);
	PROMISE(again.crypto[0].suite == s->key->suite);
	PROMISE(memcmp(again.crypto[0].key[0].master, s->key->master, s->key->master_len) == 0);
}

/* Our answer can be read by its own reader, whatever the sections were that it refuses. */
static void check_answer(unsigned int choice, enum tunnel_form form)
{
	static struct session_answer session;
	struct sdp_key key = {.tag = desc.crypto[0].tag, .suite = (uint8_t)desc.crypto[0].suite};
	struct tunnel_say say = {.session = &session,
				 .payload_type = desc.payload_type,
				 .security = security_of(choice),
				 .setup = SDP_SETUP_PASSIVE,
				 .key = &key,
				 .key_count = 1,
				 .origin = 1,
				 .to = &desc};
	struct session_error err = {.fault = SESSION_OK};
	struct tnd_buf b = {.secret = true};

	key.master_len = (uint8_t)(sdes_suite_key_len((enum sdes_suite)key.suite) +
				   sdes_suite_salt_len((enum sdes_suite)key.suite));
	memset(key.master, 0x5a, key.master_len);
	fill_answer(&session, desc.ufrag != NULL && !(choice & CHOICE_NOICE));
	if (form == TUNNEL_SDP)
		tunnel_say_sdp(&b, &say);
	else
		tunnel_say_json(&b, &say);
	tnd_buf_addc(&b, '\0');
	PROMISE(!b.oom && strlen(b.data) == b.len - 1);
	if (b.len <= TUNNEL_TEXT_MAX) {
		if (tunnel_desc_read(b.data, form, &again, &err) != SESSION_OK) {
			fprintf(stderr, "%s: %s in our answer:\n%s\n", err.path, err.reason,
				b.data);
			abort();
		}
		check_read_back(&say);
		tunnel_desc_wipe(&again);
	}
	tnd_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int choice = size > 0 ? data[0] : 0;
	size_t len = size > 0 ? size - 1 : 0;
	enum tunnel_form form = choice & CHOICE_JSON ? TUNNEL_JSON : TUNNEL_SDP;
	struct session_error err = {.fault = SESSION_OK};
	enum session_fault f;
	char *text = malloc(len + 1);

	PROMISE(text != NULL);
	if (len > 0)
		memcpy(text, data + 1, len);
	text[len] = '\0';
	f = tunnel_desc_read(text, form, &desc, &err);
	if (f != SESSION_OK) {
		check_error(f, form, &err);
	} else {
		check_taken();
		check_answer(choice, form);
	}
	tunnel_desc_wipe(&desc);
	free(text);
	return 0;
}
