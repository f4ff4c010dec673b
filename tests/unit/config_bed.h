/* SPDX-License-Identifier: BSD-3-Clause */
/* Pieces of configurations, and one that must be good. */
#ifndef CONFIG_BED_H
#define CONFIG_BED_H

#include "check.h"

#include "config.h"

#define IFACE   "{\"name\":\"lan\",\"device\":\"net_null0\"}"
#define PORTS   "\"ports\":{\"min\":16384,\"max\":32767}"
#define ADDRESS "{\"name\":\"a\",\"interface\":\"lan\",\"ip\":\"10.0.0.1/24\"," PORTS "}"
#define ADDR6   "{\"name\":\"b\",\"interface\":\"lan\",\"ip\":\"2001:db8::1/64\"," PORTS "}"

#define FILE_WITH(ifaces, addresses, more)                                                         \
	"{\"interfaces\":[" ifaces "],\"addresses\":[" addresses "]" more "}"
#define ADDRESS_WITH(ip, more)                                                                     \
	FILE_WITH(IFACE, "{\"name\":\"a\",\"interface\":\"lan\",\"ip\":\"" ip "\"" more "}", "")
#define PORTS_OF(min, max)                                                                         \
	ADDRESS_WITH("10.0.0.1/24", ",\"ports\":{\"min\":" min ",\"max\":" max "}")
#define GATEWAY(ip, gateway) ADDRESS_WITH(ip, ",\"gateway\":\"" gateway "\"," PORTS)
#define MORE(more)           FILE_WITH(IFACE, ADDRESS "," ADDR6, "," more)
#define NEIGHBOUR(iface, ip, mac)                                                                  \
	"{\"interface\":\"" iface "\",\"ip\":\"" ip "\",\"mac\":\"" mac "\"}"
#define ROUTE(prefix, gateway)                                                                     \
	"{\"interface\":\"lan\",\"prefix\":\"" prefix "\",\"gateway\":\"" gateway "\"}"
#define TUN(iface, more)                                                                           \
	"{\"name\":\"tun\",\"device\":\"net_tun0,iface=" iface "\",\"role\":\"inner\"" more "}"
#define WITH_TUN(more) FILE_WITH(IFACE "," TUN("tun0", ""), ADDRESS, ",\"tunnel\":{" more "}")
#define DIAL(id, host)                                                                             \
	"{\"id\":\"" id "\",\"host\":\"" host "\",\"user\":\"u\",\"psk_file\":\"/x\"}"
#define TWIN(min, max)                                                                             \
	FILE_WITH(IFACE,                                                                           \
		  ADDRESS ",{\"name\":\"c\",\"interface\":\"lan\",\"ip\":\"10.0.0.1/24\","         \
			  "\"ports\":{\"min\":" min ",\"max\":" max "}}",                          \
		  "")

struct config *parse(const char *text);

#endif
