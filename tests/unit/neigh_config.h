/* SPDX-License-Identifier: BSD-3-Clause */
/* Two links, one with a VLAN; gateways and routes on the first, and a neighbour that is fixed. */
#ifndef NEIGH_CONFIG_H
#define NEIGH_CONFIG_H

static const char neigh_config[] =
	"{\"interfaces\":[{\"name\":\"lan\",\"device\":\"net_null0\"},"
	"{\"name\":\"wan\",\"device\":\"net_null0\",\"vlan\":7}],"
	"\"addresses\":["
	"{\"name\":\"lan4\",\"interface\":\"lan\",\"ip\":\"10.0.0.1/"
	"24\",\"gateway\":\"10.0.0.254\","
	"\"ports\":{\"min\":2000,\"max\":3001}},"
	"{\"name\":\"lan6\",\"interface\":\"lan\",\"ip\":\"2001:db8::1/"
	"64\",\"gateway\":\"fe80::fe\","
	"\"ports\":{\"min\":2000,\"max\":3001}},"
	"{\"name\":\"wan4\",\"interface\":\"wan\",\"ip\":\"192.0.2.1/24\","
	"\"ports\":{\"min\":2000,\"max\":3001}}],"
	"\"neighbours\":[{\"interface\":\"lan\",\"ip\":\"10.0.0.99\",\"mac\":\"02:00:00:00:00:99\"}"
	"],"
	"\"routes\":[{\"interface\":\"lan\",\"prefix\":\"10.9.0.0/16\",\"gateway\":\"10.0.0.253\"},"
	"{\"interface\":\"lan\",\"prefix\":\"10.9.9.0/24\",\"gateway\":\"10.0.0.252\"},"
	"{\"interface\":\"lan\",\"prefix\":\"10.0.0.128/25\",\"gateway\":\"10.0.0.251\"}]}";

enum { LAN, WAN };
enum { LAN4, LAN6, WAN4 };

#endif
