/* SPDX-License-Identifier: BSD-3-Clause */
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>

bool wire_ip_in_prefix(const union wire_ip *ip, const union wire_ip *prefix, unsigned int bits)
{
	unsigned int bytes;
	uint8_t mask;

	if (wire_ip_is4(ip) != wire_ip_is4(prefix))
		return false;
	if (wire_ip_is4(ip)) {
		if (bits > 32)
			return false;
		bits += 96;
	}
	if (bits > 128)
		return false;
	bytes = bits / 8;
	if (memcmp(ip->b, prefix->b, bytes) != 0)
		return false;
	if (bits % 8 == 0)
		return true;
	mask = (uint8_t)(0xff00 >> bits % 8);
	return ((ip->b[bytes] ^ prefix->b[bytes]) & mask) == 0;
}

int wire_ip_parse(const char *text, union wire_ip *ip)
{
	union wire_ip got;
	uint32_t be;

	if (inet_pton(AF_INET, text, &be) == 1) {
		*ip = wire_ip_from4(be);
		return 0;
	}
	/* A mapped address as text would turn into another family than the one written. */
	if (inet_pton(AF_INET6, text, got.b) != 1 || wire_ip_is4(&got))
		return -EINVAL;
	*ip = got;
	return 0;
}

/* Decimal digits without sign, space or leading zero, at most `max` (below 1000): 0 or -EINVAL. */
static int parse_bits(const char *text, unsigned int max, unsigned int *bits)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 3; i++)
		n = n * 10 + (unsigned int)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || n > max || (text[0] == '0' && i > 1))
		return -EINVAL;
	*bits = n;
	return 0;
}

int wire_ip_parse_prefix(const char *text, union wire_ip *ip, unsigned int *bits)
{
	const char *slash = strchr(text, '/');
	char addr[WIRE_IP_STRLEN];
	union wire_ip got;
	size_t len;

	if (slash == NULL)
		return -EINVAL;
	len = (size_t)(slash - text);
	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (wire_ip_parse(addr, &got) < 0 ||
	    parse_bits(slash + 1, wire_ip_is4(&got) ? 32 : 128, bits) < 0)
		return -EINVAL;
	*ip = got;
	return 0;
}

char *wire_ip_format(const union wire_ip *ip, char text[WIRE_IP_STRLEN])
{
	/* Neither can fail: the families are known and the longest text fits. */
	if (wire_ip_is4(ip))
		inet_ntop(AF_INET, &ip->w[3], text, WIRE_IP_STRLEN);
	else
		inet_ntop(AF_INET6, ip->b, text, WIRE_IP_STRLEN);
	return text;
}
