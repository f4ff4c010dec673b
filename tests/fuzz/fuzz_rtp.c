/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "rtcp.h"

/* RFC 7983 §7: nothing is taken for a protocol whose range its first byte is not in. */
static void check_range(enum wire_media media, const uint8_t *p, size_t len)
{
	uint8_t first = len > 0 ? p[0] : 255;

	switch (media) {
	case WIRE_MEDIA_STUN: PROMISE(first <= 3); break;
	case WIRE_MEDIA_DTLS: PROMISE(first >= 20 && first <= 63); break;
	case WIRE_MEDIA_RTP:
	case WIRE_MEDIA_BAD_RTP:
		PROMISE(first >= 128 && first <= 191);
		PROMISE(!wire_is_rtcp_type(p[1]));
		break;
	case WIRE_MEDIA_RTCP:
	case WIRE_MEDIA_BAD_RTCP:
		PROMISE(first >= 128 && first <= 191);
		PROMISE(wire_is_rtcp_type(p[1]));
		break;
	case WIRE_MEDIA_UNKNOWN: PROMISE(len < 2 || first < 128 || first > 191); break;
	}
}

static void check_rtp(const uint8_t *p, size_t len, const struct wire_rtp *rtp)
{
	size_t csrc_end = WIRE_RTP_HLEN + 4u * (p[0] & 15), padding;

	PROMISE(rtp->payload_off >= csrc_end);
	PROMISE((p[0] & 0x10) || rtp->payload_off == csrc_end);
	PROMISE((size_t)rtp->payload_off + rtp->payload_len <= len);
	padding = len - rtp->payload_off - rtp->payload_len;
	PROMISE(p[0] & 0x20 ? padding == p[len - 1] && padding > 0 : padding == 0);
	PROMISE(rtp->payload_type < 128);
}

/* Bytes of a compound, added up one packet at a time. */
static void check_rtcp(const uint8_t *p, size_t len)
{
	bool first = wire_rtcp_ok(p, (uint32_t)len, true);
	bool all = wire_rtcp_ok(p, (uint32_t)len, false);
	size_t off = 0;

	PROMISE(first || !all);
	if (!all)
		return;
	while (off < len) {
		PROMISE(len - off >= 4 && p[off] >> 6 == 2);
		off += 4u * (1u + wire_get16(p + off + 2));
	}
	PROMISE(off == len);
}

/* What is left without feedback is every other packet, in its order. */
static void check_feedback(const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	size_t to = 0, n;
	int left;

	if (copy == NULL)
		abort();
	memcpy(copy, p, len);
	left = wire_rtcp_drop_feedback(copy, (uint32_t)len);
	PROMISE((left >= 0) == wire_rtcp_ok(p, (uint32_t)len, false));
	if (left < 0) {
		PROMISE(memcmp(copy, p, len) == 0);
		free(copy);
		return;
	}
	for (size_t off = 0; off < len; off += n) {
		uint32_t ssrc;

		n = wire_rtcp_first(p + off, (uint32_t)(len - off));
		PROMISE(n >= 4 && n % 4 == 0 && n <= len - off);
		wire_rtcp_about(p + off, (uint32_t)n, &ssrc);
		if (wire_rtcp_is_feedback(p + off))
			continue;
		PROMISE(memcmp(copy + to, p + off, n) == 0);
		to += n;
	}
	PROMISE(left == (to < WIRE_RTCP_HLEN ? 0 : (int)to));
	PROMISE(left == 0 || wire_rtcp_drop_feedback(copy, (uint32_t)left) == left);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_rtp rtp;
	enum wire_media media;

	if (size > UINT16_MAX - WIRE_UDP_HLEN) /* no UDP payload is larger */
		return 0;
	media = wire_media_classify(data, (uint32_t)size);
	check_range(media, data, size);
	PROMISE(wire_rtp_parse(data, (uint32_t)size, &rtp) == wire_rtp_ok(data, (uint32_t)size));
	if (media == WIRE_MEDIA_RTP)
		PROMISE(wire_rtp_ok(data, (uint32_t)size));
	if (wire_rtp_ok(data, (uint32_t)size))
		check_rtp(data, size, &rtp);
	check_rtcp(data, size);
	check_feedback(data, size);
	if (media == WIRE_MEDIA_STUN)
		PROMISE(size == WIRE_STUN_HLEN + (size_t)wire_get16(data + 2));
	return 0;
}
