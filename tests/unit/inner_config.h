/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inner side of tunnels: a LAN with two gateways and a host that is fixed, and a TUN device
 * whose kernel has IPv4 only.
 */
#ifndef INNER_CONFIG_H
#define INNER_CONFIG_H

static const char inner_config[] =
	"{\"interfaces\":[{\"name\":\"wan\",\"device\":\"net_null0\"},"
	"{\"name\":\"lan\",\"device\":\"net_null1\",\"role\":\"inner\"},"
	"{\"name\":\"tun\",\"device\":\"net_tun0,iface=tun0\",\"role\":\"inner\","
	"\"kernel\":{\"addresses\":[\"10.20.0.1/16\"]}}],"
	"\"addresses\":["
	"{\"name\":\"wan4\",\"interface\":\"wan\",\"ip\":\"192.0.2.1/24\","
	"\"ports\":{\"min\":2000,\"max\":3001}},"
	"{\"name\":\"lan4\",\"interface\":\"lan\",\"ip\":\"10.1.0.1/16\","
	"\"gateway\":\"10.1.0.254\"},"
	"{\"name\":\"lan6\",\"interface\":\"lan\",\"ip\":\"fd00:1::1/64\"}],"
	"\"neighbours\":[{\"interface\":\"lan\",\"ip\":\"10.1.0.99\",\"mac\":\"02:00:00:00:00:99\"}"
	"],"
	"\"routes\":[{\"interface\":\"lan\",\"prefix\":\"10.50.0.0/"
	"16\",\"gateway\":\"10.1.0.253\"},"
	"{\"interface\":\"lan\",\"prefix\":\"10.1.7.0/24\",\"gateway\":\"10.1.0.252\"}]}";

enum { WAN, LAN, TUN };

#endif
