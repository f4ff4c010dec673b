/* SPDX-License-Identifier: BSD-3-Clause */
#include "format.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ip.h"

#define NS             UINT64_C(1000000000)
#define ETHERNET_BYTES 14
#define SNAPLEN        65535
#define LINK_ETHERNET  1

/* Files are in the byte order of the machine: readers tell by the magic number. */
static size_t put(uint8_t *out, size_t at, const void *data, size_t len)
{
	memcpy(out + at, data, len);
	return at + len;
}

static size_t put16(uint8_t *out, size_t at, uint16_t v)
{
	return put(out, at, &v, sizeof(v));
}

static size_t put32(uint8_t *out, size_t at, uint32_t v)
{
	return put(out, at, &v, sizeof(v));
}

/* ---- the frame ----------------------------------------------------------------------------- */

static size_t put_mac(uint8_t *out, size_t at, const union wire_ip *ip)
{
	out[at] = 0x02; /* locally administered */
	out[at + 1] = 0;
	return put(out, at + 2, &ip->w[3], 4);
}

static size_t put_frame(uint8_t *out, size_t at, const struct media_packet *p)
{
	bool is4 = wire_ip_is4(&p->src);
	uint16_t udp_len = (uint16_t)(WIRE_UDP_HLEN + p->len), check;
	size_t udp;

	at = put_mac(out, at, &p->dst);
	at = put_mac(out, at, &p->src);
	wire_put16(out + at, is4 ? 0x0800 : 0x86dd);
	at += 2;
	if (is4)
		wire_ip4_write(out + at, &p->src, &p->dst, IPPROTO_UDP, p->hops, p->tos, udp_len);
	else
		wire_ip6_write(out + at, &p->src, &p->dst, IPPROTO_UDP, p->hops, p->tos, udp_len);
	udp = at + (is4 ? WIRE_IP4_HLEN : WIRE_IP6_HLEN);
	wire_put16(out + udp, p->sport);
	wire_put16(out + udp + 2, p->dport);
	wire_put16(out + udp + 4, udp_len);
	wire_put16(out + udp + 6, 0);
	at = put(out, udp + WIRE_UDP_HLEN, p->data, p->len);
	check = wire_checksum_udp(wire_sum(out + udp, udp_len) + wire_sum_ip(&p->src) +
				  wire_sum_ip(&p->dst) + htons(udp_len) + htons(IPPROTO_UDP));
	memcpy(out + udp + 6, &check, sizeof(check));
	return at;
}

static size_t frame_len(const struct media_packet *p)
{
	return ETHERNET_BYTES + (wire_ip_is4(&p->src) ? WIRE_IP4_HLEN : WIRE_IP6_HLEN) +
	       WIRE_UDP_HLEN + p->len;
}

/* ---- pcap ---------------------------------------------------------------------------------- */

static size_t pcap_head(uint8_t *out)
{
	size_t n = put32(out, 0, 0xa1b2c3d4);

	n = put16(out, n, 2);
	n = put16(out, n, 4);
	n = put32(out, n, 0);
	n = put32(out, n, 0);
	n = put32(out, n, SNAPLEN);
	return put32(out, n, LINK_ETHERNET);
}

static size_t pcap_packet(const struct media_packet *p, uint8_t *out)
{
	uint32_t len = (uint32_t)frame_len(p);
	size_t n = put32(out, 0, (uint32_t)(p->ns / NS));

	n = put32(out, n, (uint32_t)(p->ns % NS / 1000));
	n = put32(out, n, len);
	n = put32(out, n, len);
	return put_frame(out, n, p);
}

/* ---- pcapng -------------------------------------------------------------------------------- */

static size_t put_option(uint8_t *out, size_t at, uint16_t code, const void *value, uint16_t len)
{
	at = put16(out, at, code);
	at = put16(out, at, len);
	if (len != 0)
		at = put(out, at, value, len);
	while (at % 4)
		out[at++] = 0;
	return at;
}

/* The length of a block stands in its second word and in its last. */
static size_t end_block(uint8_t *out, size_t begin, size_t at)
{
	uint32_t len = (uint32_t)(at + 4 - begin);

	put32(out, begin + 4, len);
	return put32(out, at, len);
}

static size_t put_interface(uint8_t *out, size_t at, unsigned int leg)
{
	static const uint8_t nanoseconds = 9;
	size_t begin = at;
	char name[8];

	snprintf(name, sizeof(name), "leg %u", leg % 10);
	at = put32(out, at, 1);
	at = put16(out, at + 4, LINK_ETHERNET);
	at = put16(out, at, 0);
	at = put32(out, at, SNAPLEN);
	at = put_option(out, at, 2, name, (uint16_t)strlen(name));
	at = put_option(out, at, 9, &nanoseconds, 1);
	at = put_option(out, at, 0, NULL, 0);
	return end_block(out, begin, at);
}

static size_t pcapng_head(uint8_t *out)
{
	static const char by[] = "tandem";
	size_t n;

	n = put32(out, 0, 0x0a0d0d0a);
	n = put32(out, n + 4, 0x1a2b3c4d);
	n = put16(out, n, 1);
	n = put16(out, n, 0);
	n = put32(out, n, UINT32_MAX); /* how long the section is: not known */
	n = put32(out, n, UINT32_MAX);
	n = put_option(out, n, 4, by, sizeof(by) - 1);
	n = put_option(out, n, 0, NULL, 0);
	n = end_block(out, 0, n);
	n = put_interface(out, n, 0);
	return put_interface(out, n, 1);
}

static size_t pcapng_packet(const struct media_packet *p, uint8_t *out)
{
	uint32_t len = (uint32_t)frame_len(p);
	size_t n = put32(out, 0, 6);

	n = put32(out, n + 4, p->leg);
	n = put32(out, n, (uint32_t)(p->ns >> 32));
	n = put32(out, n, (uint32_t)p->ns);
	n = put32(out, n, len);
	n = put32(out, n, len);
	n = put_frame(out, n, p);
	while (n % 4)
		out[n++] = 0;
	return end_block(out, 0, n);
}

/* ---- rtp ----------------------------------------------------------------------------------- */

static size_t rtp_packet(const struct media_packet *p, uint8_t *out)
{
	bool is4 = wire_ip_is4(&p->src);
	double seconds = (double)p->ns / (double)NS;
	size_t n = put16(out, 0, is4 ? AF_INET : AF_INET6);

	wire_put16(out + n, p->sport);
	n += 2;
	memset(out + n, 0, 16);
	memcpy(out + n, is4 ? &p->src.b[12] : p->src.b, is4 ? 4 : 16);
	n = put(out, n + 16, &seconds, sizeof(seconds));
	n = put16(out, n, p->len);
	return put(out, n, p->data, p->len);
}

size_t format_head(enum media_format f, uint8_t *out)
{
	switch (f) {
	case MEDIA_PCAP: return pcap_head(out);
	case MEDIA_PCAPNG: return pcapng_head(out);
	case MEDIA_RTP: break;
	}
	return 0;
}

size_t format_packet(enum media_format f, const struct media_packet *p, uint8_t *out)
{
	switch (f) {
	case MEDIA_PCAP: return pcap_packet(p, out);
	case MEDIA_PCAPNG: return pcapng_packet(p, out);
	case MEDIA_RTP: break;
	}
	return rtp_packet(p, out);
}
