/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file: what a good one becomes, and what is said of bad ones. */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "config.h"
#include "eal.h"
#include "host.h"

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

static const struct {
	const char *name, *text, *path, *reason; /* a part of it */
} bad[] = {
	{"not JSON", "{", "", ""},
	{"trailing bytes", FILE_WITH(IFACE, ADDRESS, "") "x", "", ""},
	{"unknown key", FILE_WITH(IFACE, ADDRESS, ",\"mbuf\":1"), "/mbuf", ""},
	{"duplicate key", FILE_WITH(IFACE, ADDRESS, ",\"mbufs\":1,\"mbufs\":2"), "/mbufs", ""},
	{"no interfaces", "{\"addresses\":[" ADDRESS "]}", "/interfaces", ""},
	{"empty interfaces", FILE_WITH("", ADDRESS, ""), "/interfaces", ""},
	{"no addresses", "{\"interfaces\":[" IFACE "]}", "/addresses", ""},
	{"no device", FILE_WITH("{\"name\":\"lan\"}", ADDRESS, ""), "/interfaces/0/device", ""},
	{"no ports", ADDRESS_WITH("10.0.0.1/24", ""), "/addresses/0/ports", ""},
	{"inner device without a name",
	 FILE_WITH(IFACE ",{\"name\":\"tun\",\"device\":\"net_tun0\",\"role\":\"inner\"}", ADDRESS,
		   ""),
	 "/interfaces/1/device", "net_tun0,iface=tun0"},
	{"inner device with a long name",
	 FILE_WITH(IFACE "," TUN("abcdefghijklmnop", ""), ADDRESS, ""), "/interfaces/1/device",
	 "15 bytes"},
	{"inner device with a pattern", FILE_WITH(IFACE "," TUN("tun%d", ""), ADDRESS, ""),
	 "/interfaces/1/device", "tun%d"},
	{"TUN device that is outer",
	 FILE_WITH(IFACE ",{\"name\":\"tun\",\"device\":\"net_tun0,iface=tun0\"}", ADDRESS, ""),
	 "/interfaces/1/role", "inner"},
	{"role",
	 FILE_WITH("{\"name\":\"lan\",\"device\":\"net_null0\",\"role\":\"both\"}", ADDRESS, ""),
	 "/interfaces/0/role", "inner"},
	{"TUN device with a VLAN", FILE_WITH(IFACE "," TUN("tun0", ",\"vlan\":7"), ADDRESS, ""),
	 "/interfaces/1/vlan", "no VLANs"},
	{"both roles on a device",
	 FILE_WITH(IFACE ",{\"name\":\"x\",\"device\":\"net_null0\",\"vlan\":7,"
			 "\"role\":\"inner\"}",
		   ADDRESS, ""),
	 "/interfaces/1/role", "\"lan\""},
	{"kernel's side of Ethernet",
	 FILE_WITH(IFACE ",{\"name\":\"x\",\"device\":\"net_null1\",\"role\":\"inner\","
			 "\"kernel\":{\"addresses\":[\"10.9.0.1/16\"]}}",
		   ADDRESS, ""),
	 "/interfaces/1/kernel", "TUN device"},
	{"kernel's address",
	 FILE_WITH(IFACE "," TUN("tun0", ",\"kernel\":{\"addresses\":[\"10.9.0.1\"]}"), ADDRESS,
		   ""),
	 "/interfaces/1/kernel/addresses/0", "10.9.0.1/16"},
	{"kernel's address of nobody",
	 FILE_WITH(IFACE "," TUN("tun0", ",\"kernel\":{\"addresses\":[\"224.0.0.1/16\"]}"), ADDRESS,
		   ""),
	 "/interfaces/1/kernel/addresses/0", "no address"},
	{"kernel's address twice",
	 FILE_WITH(IFACE
		   "," TUN("tun0", ",\"kernel\":{\"addresses\":[\"10.9.0.1/16\",\"10.9.0.1/24\"]}"),
		   ADDRESS, ""),
	 "/interfaces/1/kernel/addresses/1", "twice"},
	{"kernel's route with host bits",
	 FILE_WITH(IFACE "," TUN("tun0", ",\"kernel\":{\"routes\":[\"10.9.0.1/16\"]}"), ADDRESS,
		   ""),
	 "/interfaces/1/kernel/routes/0", "beyond the prefix length of 16"},
	{"address on a TUN device",
	 FILE_WITH(IFACE "," TUN("tun0", ""),
		   "{\"name\":\"a\",\"interface\":\"tun\",\"ip\":\"10.9.0.1/24\"}", ""),
	 "/addresses/0/interface", "kernel.addresses"},
	{"ports on an inner interface",
	 FILE_WITH("{\"name\":\"lan\",\"device\":\"net_null0\",\"role\":\"inner\"}", ADDRESS, ""),
	 "/addresses/0/ports", "no ports for sessions"},
	{"listener without an inner interface",
	 MORE("\"tunnel\":{\"listen\":{\"psk_file\":\"/x\"}}"), "/tunnel", "role inner"},
	{"listener without a proof", WITH_TUN("\"listen\":{}"), "/tunnel/listen", "needs psk_file"},
	{"listener's address", WITH_TUN("\"listen\":{\"psk_file\":\"/x\",\"ip\":\"vpn\"}"),
	 "/tunnel/listen/ip", "no IPv4"},
	{"listener with half a proof", WITH_TUN("\"listen\":{\"certificate\":\"/x\"}"),
	 "/tunnel/listen/ca", "together"},
	{"listener's file", WITH_TUN("\"listen\":{\"psk_file\":\"x\"}"), "/tunnel/listen/psk_file",
	 "absolute"},
	{"listener's interface", WITH_TUN("\"listen\":{\"psk_file\":\"/x\",\"interface\":\"lan\"}"),
	 "/tunnel/listen/interface", "role inner"},
	{"dial with two proofs",
	 WITH_TUN("\"dial\":[{\"id\":\"d\",\"host\":\"192.0.2.1\",\"user\":\"u\",\"psk_file\":\"/"
		  "x\","
		  "\"certificate\":\"/x\",\"ca\":\"/x\"}]"),
	 "/tunnel/dial/0", "either"},
	{"dial to a group", WITH_TUN("\"dial\":[" DIAL("d", "224.0.0.1") "]"),
	 "/tunnel/dial/0/host", "single host"},
	{"dial to a name", WITH_TUN("\"dial\":[" DIAL("d", "vpn.example") "]"),
	 "/tunnel/dial/0/host", "vpn.example"},
	{"dial twice", WITH_TUN("\"dial\":[" DIAL("d", "192.0.2.1") "," DIAL("d", "192.0.2.2") "]"),
	 "/tunnel/dial/1/id", "/tunnel/dial/0"},
	{"mtu type",
	 FILE_WITH("{\"name\":\"lan\",\"device\":\"net_null0\",\"mtu\":\"x\"}", ADDRESS, ""),
	 "/interfaces/0/mtu", ""},
	{"mtu small",
	 FILE_WITH("{\"name\":\"lan\",\"device\":\"net_null0\",\"mtu\":100}", ADDRESS, ""),
	 "/interfaces/0/mtu", ""},
	{"mtu under IPv6's",
	 FILE_WITH("{\"name\":\"lan\",\"device\":\"net_null0\",\"mtu\":1279}", ADDR6, ""),
	 "/interfaces/0/mtu", "1280"},
	{"device", FILE_WITH("{\"name\":\"lan\",\"device\":\"eth0\"}", ADDRESS, ""),
	 "/interfaces/0/device", "neither a PCI address"},
	{"interface twice",
	 FILE_WITH(IFACE ",{\"name\":\"lan\",\"device\":\"net_null1\"}", ADDRESS, ""),
	 "/interfaces/1/name", "/interfaces/0"},
	{"vlan clash", FILE_WITH(IFACE ",{\"name\":\"x\",\"device\":\"net_null0\"}", ADDRESS, ""),
	 "/interfaces/1/vlan", "different VLANs"},
	{"vlan clash, short PCI form",
	 FILE_WITH("{\"name\":\"lan\",\"device\":\"0000:0A:00.0\",\"vlan\":7},"
		   "{\"name\":\"x\",\"device\":\"0a:00.0\",\"vlan\":7}",
		   ADDRESS, ""),
	 "/interfaces/1/vlan", "different VLANs"},
	{"device arguments differ",
	 FILE_WITH("{\"name\":\"lan\",\"device\":\"net_tap0,iface=x\"},"
		   "{\"name\":\"x\",\"device\":\"net_tap0,iface=y\",\"vlan\":2}",
		   ADDRESS, ""),
	 "/interfaces/1/device", "other arguments"},
	{"address twice",
	 FILE_WITH(IFACE,
		   ADDRESS ",{\"name\":\"a\",\"interface\":\"lan\",\"ip\":\"10.0.0.2/24\"," PORTS
			   "}",
		   ""),
	 "/addresses/1/name", "/addresses/0"},
	{"unknown interface",
	 FILE_WITH(IFACE, "{\"name\":\"a\",\"interface\":\"wan\",\"ip\":\"10.0.0.1/24\"," PORTS "}",
		   ""),
	 "/addresses/0/interface", "\"wan\""},
	{"same IP, ports overlap at one", TWIN("32766", "40001"), "/addresses/1/ports",
	 "overlap 16384-32767 of address \"a\""},
	{"same IP, ports inside", TWIN("20000", "20001"), "/addresses/1/ports", "overlap"},
	{"same IP, ports apart", TWIN("32768", "40001"), "/addresses/1/ip", "same IP"},
	{"ip without prefix", ADDRESS_WITH("10.0.0.1", "," PORTS), "/addresses/0/ip",
	 "prefix length"},
	{"ip prefix 33", ADDRESS_WITH("10.0.0.1/33", "," PORTS), "/addresses/0/ip",
	 "prefix length"},
	{"ip mapped", ADDRESS_WITH("::ffff:1.2.3.4/120", "," PORTS), "/addresses/0/ip", ""},
	{"ip prefix 0", ADDRESS_WITH("10.0.0.1/0", "," PORTS), "/addresses/0/ip", "length of 0"},
	{"ip multicast", ADDRESS_WITH("224.0.0.1/24", "," PORTS), "/addresses/0/ip", "224.0.0.1"},
	{"ip loopback", ADDRESS_WITH("::1/128", "," PORTS), "/addresses/0/ip", "::1"},
	{"ip of the subnet", ADDRESS_WITH("10.0.0.0/24", "," PORTS), "/addresses/0/ip", "subnet"},
	{"ip of its broadcast", ADDRESS_WITH("10.0.0.3/30", "," PORTS), "/addresses/0/ip",
	 "subnet"},
	{"gateway text", GATEWAY("10.0.0.1/24", "10.0.0"), "/addresses/0/gateway", "10.0.0"},
	{"gateway family", GATEWAY("10.0.0.1/24", "2001:db8::1"), "/addresses/0/gateway",
	 "version"},
	{"gateway outside", GATEWAY("10.0.0.1/24", "10.0.1.1"), "/addresses/0/gateway",
	 "10.0.0.1/24"},
	{"gateway itself", GATEWAY("10.0.0.1/24", "10.0.0.1"), "/addresses/0/gateway", "itself"},
	{"gateway broadcast", GATEWAY("10.0.0.1/24", "10.0.0.255"), "/addresses/0/gateway", "host"},
	{"gateway6 outside", GATEWAY("2001:db8::1/64", "2001:db8:1::1"), "/addresses/0/gateway",
	 "link-local"},
	{"advertise family", ADDRESS_WITH("10.0.0.1/24", ",\"advertise\":\"2001:db8::1\"," PORTS),
	 "/addresses/0/advertise", "version"},
	{"ports low", PORTS_OF("1022", "2001"), "/addresses/0/ports/min", "1024"},
	{"ports odd", PORTS_OF("10001", "20000"), "/addresses/0/ports/min", "10002"},
	{"ports backward", PORTS_OF("20000", "10000"), "/addresses/0/ports/max", "greater"},
	{"ports one", PORTS_OF("20000", "20000"), "/addresses/0/ports/max", "greater"},
	{"ports zero", PORTS_OF("0", "20000"), "/addresses/0/ports/min", ""},
	{"ports over 65535", PORTS_OF("20000", "65536"), "/addresses/0/ports/max", ""},
	{"fewer pairs than workers",
	 FILE_WITH(IFACE,
		   "{\"name\":\"a\",\"interface\":\"lan\",\"ip\":\"10.0.0.1/24\","
		   "\"ports\":{\"min\":2000,\"max\":2004}}",
		   ",\"workers\":{\"lcores\":[1,2,3]}"),
	 "/addresses/0/ports", "2 pairs of ports for 3 workers"},
	{"lcore twice", MORE("\"workers\":{\"lcores\":[1,2,1]}"), "/workers/lcores/2", "already"},
	{"lcore beyond DPDK's", MORE("\"workers\":{\"lcores\":[128]}"), "/workers/lcores/0", "127"},
	{"lcore of control",
	 MORE("\"workers\":{\"lcores\":[1,2]},\"eal\":{\"args\":[\"--main-lcore=2\"]}"),
	 "/workers/lcores/1", "control lcore"},
	{"no lcores", MORE("\"workers\":{\"lcores\":[]}"), "/workers/lcores", ""},
	{"eal help", MORE("\"eal\":{\"args\":[\"-m\",\"--help\"]}"), "/eal/args/1", "--help"},
	{"neighbour interface",
	 MORE("\"neighbours\":[" NEIGHBOUR("x", "10.0.0.9", "02:00:00:00:00:01") "]"),
	 "/neighbours/0/interface", "\"x\""},
	{"neighbour off link",
	 MORE("\"neighbours\":[" NEIGHBOUR("lan", "10.0.9.9", "02:00:00:00:00:01") "]"),
	 "/neighbours/0/ip", "same link"},
	{"neighbour is us",
	 MORE("\"neighbours\":[" NEIGHBOUR("lan", "10.0.0.1", "02:00:00:00:00:01") "]"),
	 "/neighbours/0/ip", "own address"},
	{"neighbour multicast",
	 MORE("\"neighbours\":[" NEIGHBOUR("lan", "ff02::1", "02:00:00:00:00:01") "]"),
	 "/neighbours/0/ip", "ff02::1"},
	{"neighbour twice",
	 MORE("\"neighbours\":[" NEIGHBOUR("lan", "10.0.0.9", "02:00:00:00:00:01") "," NEIGHBOUR(
		 "lan", "10.0.0.9", "02:00:00:00:00:02") "]"),
	 "/neighbours/1/ip", "/neighbours/0"},
	{"MAC text", MORE("\"neighbours\":[" NEIGHBOUR("lan", "10.0.0.9", "02-00-00-00-00-01") "]"),
	 "/neighbours/0/mac", "MAC"},
	{"MAC group",
	 MORE("\"neighbours\":[" NEIGHBOUR("lan", "10.0.0.9", "03:00:00:00:00:01") "]"),
	 "/neighbours/0/mac", "group"},
	{"MAC zero", MORE("\"neighbours\":[" NEIGHBOUR("lan", "10.0.0.9", "00:00:00:00:00:00") "]"),
	 "/neighbours/0/mac", "zero"},
	{"route prefix", MORE("\"routes\":[" ROUTE("10.9.0.0", "10.0.0.9") "]"), "/routes/0/prefix",
	 "prefix"},
	{"route host bits", MORE("\"routes\":[" ROUTE("10.9.0.1/16", "10.0.0.9") "]"),
	 "/routes/0/prefix", "beyond"},
	{"route families", MORE("\"routes\":[" ROUTE("2001:db8:9::/48", "10.0.0.9") "]"),
	 "/routes/0/gateway", "version"},
	{"route off link", MORE("\"routes\":[" ROUTE("10.9.0.0/16", "10.0.9.9") "]"),
	 "/routes/0/gateway", "same link"},
	{"route twice",
	 MORE("\"routes\":[" ROUTE("10.9.0.0/16", "10.0.0.9") "," ROUTE("10.9.0.0/16",
									"10.0.0.8") "]"),
	 "/routes/1/prefix", "/routes/0"},
	{"link-local gateway without an IPv6 address",
	 FILE_WITH(IFACE, ADDRESS, ",\"routes\":[" ROUTE("2001:db8:9::/48", "fe80::1") "]"),
	 "/routes/0/gateway", "same link"},
	{"socket relative", MORE("\"api\":{\"socket\":\"api.sock\"}"), "/api/socket", "absolute"},
	{"sockets the same", MORE("\"api\":{\"socket\":\"/run/x\",\"ro_socket\":\"/run/x\"}"),
	 "/api/ro_socket", "/api/socket"},
	{"socket too long",
	 MORE("\"api\":{\"socket\":\"/0123456789012345678901234567890123456789012345678901234567890"
	      "1234567890123456789012345678901234567890123456\"}"),
	 "/api/socket", "107"},
	{"engine", MORE("\"srtp\":{\"engine\":\"mine\"}"), "/srtp/engine",
	 "auto, ipsec-mb, libsrtp2"},
	{"engine type", MORE("\"srtp\":{\"engine\":1}"), "/srtp/engine", ""},
	{"window small", MORE("\"srtp\":{\"window\":127}"), "/srtp/window", "128"},
	{"window large", MORE("\"srtp\":{\"window\":32769}"), "/srtp/window", "32768"},
	{"srtp key", MORE("\"srtp\":{\"key\":1}"), "/srtp/key", "engine, window"},
	{"STUN server's name", MORE("\"ice\":{\"stun_servers\":[{\"ip\":\"stun.example\"}]}"),
	 "/ice/stun_servers/0/ip", "stun.example"},
	{"STUN server multicast", MORE("\"ice\":{\"stun_servers\":[{\"ip\":\"224.0.0.1\"}]}"),
	 "/ice/stun_servers/0/ip", "single host"},
	{"STUN server any", MORE("\"ice\":{\"stun_servers\":[{\"ip\":\"::\"}]}"),
	 "/ice/stun_servers/0/ip", "single host"},
	{"STUN server of a version that nobody has",
	 FILE_WITH(IFACE, ADDRESS, ",\"ice\":{\"stun_servers\":[{\"ip\":\"2001:db8::3\"}]}"),
	 "/ice/stun_servers/0/ip", "IP version"},
	{"STUN server twice",
	 MORE("\"ice\":{\"stun_servers\":[{\"ip\":\"192.0.2.3\"},{\"ip\":\"192.0.2.3\",\"port\":"
	      "3478}]}"),
	 "/ice/stun_servers/1/ip", "/ice/stun_servers/0"},
	{"STUN port", MORE("\"ice\":{\"stun_servers\":[{\"ip\":\"192.0.2.3\",\"port\":0}]}"),
	 "/ice/stun_servers/0/port", ""},
	{"ice mode", MORE("\"ice\":{\"mode\":\"lite\"}"), "/ice/mode", "stun_servers"},
	{"certificate relative", MORE("\"dtls\":{\"certificate\":\"cert.pem\"}"),
	 "/dtls/certificate", "absolute"},
	{"key relative", MORE("\"dtls\":{\"certificate\":\"/c.pem\",\"key\":\"key.pem\"}"),
	 "/dtls/key", "absolute"},
	{"key alone", MORE("\"dtls\":{\"key\":\"/key.pem\"}"), "/dtls/key", "certificate"},
	{"certificate and one each",
	 MORE("\"dtls\":{\"certificate\":\"/c.pem\",\"per_session\":true}"), "/dtls/per_session",
	 "/dtls/certificate"},
	{"record_dir relative", MORE("\"media\":{\"record_dir\":\"r\"}"), "/media/record_dir",
	 "absolute"},
	{"play_dir relative", MORE("\"media\":{\"play_dir\":\"../r\"}"), "/media/play_dir",
	 "absolute"},
	{"spool_dir alone", MORE("\"media\":{\"spool_dir\":\"/s\"}"), "/media/spool_dir",
	 "record_dir"},
	{"spool_dir the same", MORE("\"media\":{\"record_dir\":\"/r/\",\"spool_dir\":\"/r\"}"),
	 "/media/spool_dir", "same"},
	{"no copies", MORE("\"media\":{\"capture_dir\":\"/r\",\"copy_mbufs\":0}"),
	 "/media/copy_mbufs", "captured"},
	{"no files", MORE("\"media\":{\"max_files\":0}"), "/media/max_files", ""},
	{"dtls mtu small", MORE("\"dtls\":{\"mtu\":255}"), "/dtls/mtu", "256"},
	{"dtls mtu large", MORE("\"dtls\":{\"mtu\":1453}"), "/dtls/mtu", "1452"},
	{"no handshakes", MORE("\"dtls\":{\"half_open\":0}"), "/dtls/half_open", ""},
	{"dtls profile", MORE("\"dtls\":{\"profiles\":[\"AES_256_CM_HMAC_SHA1_80\"]}"),
	 "/dtls/profiles/0", "AEAD_AES_256_GCM"},
	{"dtls profile twice",
	 MORE("\"dtls\":{\"profiles\":[\"AEAD_AES_128_GCM\",\"AEAD_AES_128_GCM\"]}"),
	 "/dtls/profiles/1", "twice"},
	{"sessions 0", MORE("\"limits\":{\"sessions\":0}"), "/limits/sessions", ""},
	{"log level", MORE("\"log\":{\"level\":\"loud\"}"), "/log/level", ""},
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct json_error err;
		struct config *c = NULL;
		int rc = config_parse(bad[i].text, strlen(bad[i].text), &c, &err);

		check_case(bad[i].name, rc == -EINVAL && c == NULL);
		if (strcmp(err.path, bad[i].path) != 0 || strstr(err.reason, bad[i].reason) == NULL)
			print_error("case \"%s\": %s: %s\n", bad[i].name, err.path, err.reason);
		check_case(bad[i].name, strcmp(err.path, bad[i].path) == 0);
		check_case(bad[i].name, err.reason[0] != '\0');
		check_case(bad[i].name, strstr(err.reason, bad[i].reason) != NULL);
	}
}

static struct config *parse(const char *text)
{
	struct json_error err;
	struct config *c = NULL;

	if (config_parse(text, strlen(text), &c, &err) != 0) {
		print_error("%s: %s\n", err.path, err.reason);
		fail();
	}
	return c;
}

static void test_defaults(void **state)
{
	static const char text[] = FILE_WITH(IFACE, ADDRESS, "");
	struct config *c = parse(text);

	assert_int_equal(c->lcore_count, 1);
	assert_int_equal(c->lcores[0], 1);
	assert_int_equal(c->idle, DP_IDLE_POLL);
	assert_int_equal(c->interfaces[0].mtu, 1500);
	assert_int_equal(c->interfaces[0].vlan, 0);
	assert_int_equal(c->limit_sessions, 10000);
	assert_int_equal(c->limit_per_second, 0);
	assert_int_equal(c->srtp_engine, SRTP_ENGINE_AUTO);
	assert_int_equal(c->srtp_window, 128);
	assert_int_equal(c->stun_server_count, 0);
	assert_string_equal(c->dtls_certificate, "");
	assert_string_equal(c->dtls_key, "");
	assert_false(c->dtls_per_session);
	assert_int_equal(c->dtls_mtu, 1200);
	assert_int_equal(c->dtls_half_open, 1000);
	assert_string_equal(c->media.record_dir, "");
	assert_int_equal(c->media.copy_mbufs, 4096);
	assert_int_equal(c->media.max_files, 4096);
	assert_true(c->media.play_cache_bytes == 64 << 20);
	assert_int_equal(c->dtls_profile_count, 4);
	assert_int_equal(c->dtls_profile[0], SRTP_AEAD_AES_128_GCM);
	assert_int_equal(c->dtls_profile[3], SRTP_AES_CM_128_HMAC_SHA1_32);
	assert_int_equal(c->log_level, TND_LOG_INFO);
	assert_string_equal(c->socket, "/run/tandem/api.sock");
	assert_string_equal(c->ro_socket, "/run/tandem/ro.sock");
	assert_string_equal(c->group, "");
	assert_true(wire_ip_equal(&c->addresses[0].advertise, &c->addresses[0].ip));
	assert_false(c->addresses[0].has_gateway);
	assert_int_equal(c->text_len, sizeof(text) - 1);
	assert_string_equal(c->text, text);
	config_free(c);
}

static void test_inner(void **state)
{
	struct config *c = parse(FILE_WITH(
		IFACE
		"," TUN("tun0", ",\"mtu\":1420,\"kernel\":{\"addresses\":["
				"\"10.9.0.1/16\",\"fd00:9::1/64\"],"
				"\"routes\":[\"192.0.2.0/24\"]}") ",{\"name\":"
								  "\"in\",\"device\":\"net_null1\","
								  "\"role\":\"inner\"}",
		ADDRESS ",{\"name\":\"r\",\"interface\":\"in\","
			"\"ip\":\"192.0.2.1/24\"}",
		""));
	const struct config_interface *tun = &c->interfaces[1];
	char ip[WIRE_IP_STRLEN];

	assert_int_equal(c->interfaces[0].role, CONFIG_OUTER);
	assert_int_equal(tun->role, CONFIG_INNER_TUN);
	assert_int_equal(c->interfaces[2].role, CONFIG_INNER_LAN);
	assert_string_equal(tun->kernel_name, "tun0");
	assert_int_equal(tun->kernel_address_count, 2);
	assert_string_equal(wire_ip_format(&tun->kernel_address[1].ip, ip), "fd00:9::1");
	assert_int_equal(tun->kernel_address[1].bits, 64);
	assert_int_equal(tun->kernel_route_count, 1);
	assert_int_equal(tun->kernel_route[0].bits, 24);
	assert_int_equal(c->addresses[1].port_max, 0);
	/* Calls that may take any address don't take this one. */
	assert_int_equal(c->rtpproxy.bind[CONFIG_RTPPROXY_INTERNAL][0], 0);
	config_free(c);
}

static void test_all_fields(void **state)
{
	struct config *c = parse(
		"{\"eal\":{\"args\":[\"--no-huge\",\"-m512\"]},"
		"\"workers\":{\"lcores\":[3,5],\"idle\":\"adaptive\"},\"mbufs\":4096,"
		"\"interfaces\":[{\"name\":\"lan\",\"device\":\"0000:01:00.0\",\"mtu\":9000,"
		"\"vlan\":7,\"rx_desc\":512,\"tx_desc\":256},"
		"{\"name\":\"wan\",\"device\":\"01:00.0\"}],"
		"\"addresses\":[{\"name\":\"a\",\"interface\":\"wan\",\"ip\":\"2001:db8::1/64\","
		"\"gateway\":\"fe80::1\",\"advertise\":\"2001:db8:f::1\","
		"\"ports\":{\"min\":1024,\"max\":65535}}],"
		"\"neighbours\":[{\"interface\":\"wan\",\"ip\":\"fe80::1\","
		"\"mac\":\"02:00:00:00:AB:cd\"}],"
		"\"routes\":[{\"interface\":\"wan\",\"prefix\":\"2001:db8:9::/48\","
		"\"gateway\":\"2001:db8::2\"}],"
		"\"limits\":{\"sessions\":100000,\"per_second\":50},"
		"\"srtp\":{\"engine\":\"libsrtp2\",\"window\":1000},"
		"\"ice\":{\"stun_servers\":[{\"ip\":\"2001:db8::3\"},"
		"{\"ip\":\"2001:db8::3\",\"port\":3479}]},"
		"\"dtls\":{\"certificate\":\"/etc/c.pem\",\"mtu\":1000,\"half_open\":50,"
		"\"profiles\":[\"AES_CM_128_HMAC_SHA1_80\",\"AEAD_AES_256_GCM\"]},"
		"\"api\":{\"socket\":\"/tmp/a\",\"ro_socket\":\"/tmp/b\",\"group\":\"root\"},"
		"\"log\":{\"level\":\"debug\"}}");
	char text[WIRE_IP_STRLEN];

	assert_int_equal(c->eal_arg_count, 2);
	assert_int_equal(c->lcore_count, 2);
	assert_int_equal(c->lcores[1], 5);
	assert_int_equal(c->idle, DP_IDLE_ADAPTIVE);
	assert_int_equal(c->mbufs, 4096);
	assert_int_equal(c->srtp_engine, SRTP_ENGINE_LIBSRTP2);
	assert_int_equal(c->srtp_window, 1024); /* a power of two */
	assert_int_equal(c->interfaces[0].rx_desc, 512);
	assert_int_equal(c->interfaces[0].tx_desc, 256);
	assert_int_equal(c->interfaces[0].vlan, 7);
	assert_int_equal(c->stun_server_count, 2);
	assert_string_equal(wire_ip_format(&c->stun_servers[0].ip, text), "2001:db8::3");
	assert_int_equal(c->stun_servers[0].port, 3478);
	assert_int_equal(c->stun_servers[1].port, 3479);
	assert_string_equal(c->dtls_certificate, "/etc/c.pem");
	assert_string_equal(c->dtls_key, "/etc/c.pem"); /* in the same file */
	assert_int_equal(c->dtls_mtu, 1000);
	assert_int_equal(c->dtls_half_open, 50);
	assert_int_equal(c->dtls_profile_count, 2);
	assert_int_equal(c->dtls_profile[0], SRTP_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(c->dtls_profile[1], SRTP_AEAD_AES_256_GCM);
	assert_int_equal(c->addresses[0].interface, 1);
	assert_int_equal(c->addresses[0].prefix_bits, 64);
	assert_string_equal(wire_ip_format(&c->addresses[0].gateway, text), "fe80::1");
	assert_string_equal(wire_ip_format(&c->addresses[0].advertise, text), "2001:db8:f::1");
	assert_int_equal(c->addresses[0].port_max, 65535);
	assert_int_equal(c->neighbours[0].mac.addr_bytes[4], 0xab);
	assert_int_equal(c->routes[0].prefix_bits, 48);
	assert_int_equal(c->limit_sessions, 100000);
	assert_int_equal(c->log_level, TND_LOG_DEBUG);
	assert_string_equal(c->group, "root");
	config_free(c);
}

static void test_eal_has(void **state)
{
	struct config *c = parse(MORE("\"eal\":{\"args\":[\"--no-huge\",\"-m\",\"64\",\"-l0-3\","
				      "\"--file-prefix=x\",\"--main-lcore\"]}"));
	const char *value = NULL;

	assert_true(config_eal_has(c, "--no-huge", NULL));
	assert_true(config_eal_has(c, "-m", &value));
	assert_string_equal(value, "64");
	assert_true(config_eal_has(c, "-l", &value));
	assert_string_equal(value, "0-3");
	assert_true(config_eal_has(c, "--file-prefix", &value));
	assert_string_equal(value, "x");
	assert_true(config_eal_has(c, "--main-lcore", &value));
	assert_string_equal(value, "");
	assert_false(config_eal_has(c, "--file", NULL));
	assert_false(config_eal_has(c, "-a", NULL));
	config_free(c);
}

static void test_same_device(void **state)
{
	assert_true(config_same_device("net_tap0,iface=a", "net_tap0"));
	assert_false(config_same_device("net_tap0", "net_tap01"));
	assert_false(config_same_device("net_tap0,x", "net_tap1,x"));
	assert_true(config_same_device("0000:01:00.0", "01:00.0"));
	assert_true(config_same_device("01:0A.0", "0000:01:0a.0"));
	assert_false(config_same_device("0001:01:00.0", "01:00.0"));
	assert_true(config_is_pci("0000:01:00.7"));
	assert_false(config_is_pci("0000:01:00.8"));
	assert_false(config_is_pci("0000:01:00"));
	assert_false(config_is_pci("net_null0xx"));
}

static void test_machine(void **state)
{
	struct config *c =
		parse(FILE_WITH("{\"name\":\"lan\",\"device\":\"net_af_packet0,iface=lo\"},"
				"{\"name\":\"b\",\"device\":\"net_af_xdp0,iface=nosuchif9\"},"
				"{\"name\":\"c\",\"device\":\"ffff:ff:1f.7\"},"
				"{\"name\":\"d\",\"device\":\"net_af_xdp1\"}",
				ADDRESS, ",\"api\":{\"group\":\"no such group\"}"));
	static const char *const paths[] = {"/interfaces/1/device", "/interfaces/2/device",
					    "/interfaces/3/device", "/api/group"};
	unsigned int cursor = 0, n = 0;
	struct json_error err;

	while (config_check_machine(c, &cursor, &err) != 0) {
		assert_true(n < COUNT(paths));
		assert_string_equal(err.path, paths[n]);
		n++;
	}
	assert_int_equal(n, COUNT(paths));
	config_free(c);
}

/* ---- certificates -------------------------------------------------------------------------- */

static char dir[] = "/tmp/test_config_XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[4][64];
	static unsigned int turn;
	char *p = path[turn++ % COUNT(path)];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static EVP_PKEY *make_key(const char *what)
{
	EVP_PKEY *key = strcmp(what, "rsa1024") == 0   ? EVP_RSA_gen(1024)
			: strcmp(what, "rsa2048") == 0 ? EVP_RSA_gen(2048)
						       : EVP_EC_gen(what);

	assert_non_null(key);
	return key;
}

static void write_key(const char *name, EVP_PKEY *key, const char *passphrase)
{
	FILE *f = fopen(in_dir(name), "a");

	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, passphrase ? EVP_aes_128_cbc() : NULL, NULL,
					      0, NULL, (void *)(uintptr_t)passphrase),
			 1);
	fclose(f);
}

/* Self-signed, good from yesterday until so many days from now. */
static void write_certificate(const char *name, EVP_PKEY *key, int days)
{
	FILE *f = fopen(in_dir(name), "w");
	X509 *x = X509_new();

	assert_true(f != NULL && x != NULL);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -2 * 86400));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), days * 86400L));
	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509(f, x), 1);
	X509_free(x);
	fclose(f);
}

static void make_files(void)
{
	EVP_PKEY *ec = make_key("P-256"), *other = make_key("P-384"), *rsa = make_key("rsa2048"),
		 *weak = make_key("rsa1024"), *odd = make_key("secp256k1");
	FILE *f;

	assert_non_null(mkdtemp(dir));
	write_certificate("ec.pem", ec, 30);
	write_certificate("old.pem", ec, -1);
	write_certificate("rsa.pem", rsa, 30);
	write_certificate("p384.pem", other, 30);
	write_certificate("weak.pem", weak, 30);
	write_certificate("odd.pem", odd, 30);
	write_certificate("both.pem", ec, 30);
	write_key("both.pem", ec, NULL);
	write_key("ec.key", ec, NULL);
	write_key("p384.key", other, NULL);
	write_key("rsa.key", rsa, NULL);
	write_key("weak.key", weak, NULL);
	write_key("odd.key", odd, NULL);
	write_key("locked.key", ec, "secret");
	f = fopen(in_dir("empty.pem"), "w");
	assert_non_null(f);
	fclose(f);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(other);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(odd);
}

/* A certificate and its key must be there, and belong together. */
static void test_certificate(void **state)
{
	static const struct {
		const char *cert, *key, *path, *reason; /* path NULL: all is well */
	} cases[] = {
		{"ec.pem", "ec.key", NULL, NULL},
		{"rsa.pem", "rsa.key", NULL, NULL},
		{"p384.pem", "p384.key", NULL, NULL},
		{"both.pem", NULL, NULL, NULL},
		{"none.pem", "ec.key", "/dtls/certificate", "No such file"},
		{"ec.pem", "none.key", "/dtls/key", "No such file"},
		{"ec.pem", NULL, "/dtls/key", "no private key"},
		{"empty.pem", "ec.key", "/dtls/certificate", "no certificate"},
		{"ec.key", "ec.key", "/dtls/certificate", "no certificate"},
		{"ec.pem", "empty.pem", "/dtls/key", "no private key"},
		{"ec.pem", "locked.key", "/dtls/key", "passphrase"},
		{"ec.pem", "p384.key", "/dtls/key", "not the key"},
		{"ec.pem", "rsa.key", "/dtls/key", "not the key"},
		{"weak.pem", "weak.key", "/dtls/key", "2048"},
		{"odd.pem", "odd.key", "/dtls/key", "P-256"},
		{"old.pem", "ec.key", "/dtls/certificate", "expired"},
	};
	char text[1024], command[64];

	make_files();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_error err = {0};
		unsigned int cursor = 0;
		struct config *c;
		int rc;

		snprintf(text, sizeof(text),
			 FILE_WITH(IFACE, ADDRESS, ",\"dtls\":{\"certificate\":\"%s\"%s%s%s}"),
			 in_dir(cases[i].cert), cases[i].key ? ",\"key\":\"" : "",
			 cases[i].key ? in_dir(cases[i].key) : "", cases[i].key ? "\"" : "");
		c = parse(text);
		rc = config_check_machine(c, &cursor, &err);
		if (rc != 0)
			print_message("%s: %s\n", err.path, err.reason);
		check_case(cases[i].cert, rc == (cases[i].path ? -ENODEV : 0));
		if (cases[i].path != NULL) {
			check_case(cases[i].cert, strcmp(err.path, cases[i].path) == 0);
			check_case(cases[i].cert, strstr(err.reason, cases[i].reason) != NULL);
			assert_int_equal(config_check_machine(c, &cursor, &err), 0);
		}
		config_free(c);
	}
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

static void test_load(void **state)
{
	char path[] = "/tmp/test_config_XXXXXX";
	int fd = mkstemp(path);
	struct json_error err;
	struct config *c;

	assert_true(fd >= 0);
	assert_int_equal(config_load("/nonexistent/file", &c, &err), -ENOENT);
	assert_non_null(strstr(err.reason, "/nonexistent/file"));
	assert_int_equal(config_load("/", &c, &err), -EISDIR);
	assert_int_equal(config_load(path, &c, &err), -EINVAL); /* empty */
	/* Longer than JSON may be here. */
	assert_int_equal(ftruncate(fd, 10 * JSON_TEXT_MAX), 0);
	assert_int_equal(config_load(path, &c, &err), -EINVAL);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_true(write(fd, FILE_WITH(IFACE, ADDRESS, ""),
			  sizeof(FILE_WITH(IFACE, ADDRESS, "")) - 1) > 0);
	assert_int_equal(config_load(path, &c, &err), 0);
	config_free(c);
	close(fd);
	unlink(path);
}

/* What EAL is started with, for CPUs 0 and 1. */
static void check_eal_args(const char *text, const char *want)
{
	struct config *c = parse(text);
	struct eal_args args;
	char line[2048] = "", prefix[64];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	CPU_SET(1, &cpus);
	assert_int_equal(eal_args_build(c, &cpus, &args), 0);
	snprintf(prefix, sizeof(prefix), "--file-prefix=tandem-%d", getpid());
	for (int i = 1; i < args.argc; i++) {
		if (strcmp(args.argv[i], prefix) == 0)
			continue;
		strcat(line, args.argv[i]);
		strcat(line, " ");
	}
	assert_string_equal(line, want);
	eal_args_free(&args);
	config_free(c);
}

static void test_eal_args(void **state)
{
	check_eal_args(FILE_WITH(IFACE, ADDRESS, ""),
		       "--lcores=0@0,1@1 --main-lcore=0 --no-pci --in-memory --no-telemetry ");
	/* More lcores than CPUs share those that are used least. */
	check_eal_args(FILE_WITH(IFACE, ADDRESS, ",\"workers\":{\"lcores\":[1,2,3]}"),
		       "--lcores=0@0,1@1,2@0,3@1 --main-lcore=0 --no-pci --in-memory "
		       "--no-telemetry ");
	check_eal_args(FILE_WITH(IFACE, ADDRESS, ",\"workers\":{\"lcores\":[0,1]}"),
		       "--lcores=2@0,0@0,1@1 --main-lcore=2 --no-pci --in-memory --no-telemetry ");
	check_eal_args(
		FILE_WITH("{\"name\":\"lan\",\"device\":\"0000:01:00.0\"},"
			  "{\"name\":\"x\",\"device\":\"01:00.0\",\"vlan\":2},"
			  "{\"name\":\"y\",\"device\":\"0000:01:00.1\"}",
			  ADDRESS, ""),
		"--lcores=0@0,1@1 --main-lcore=0 -a 0000:01:00.0 -a 0000:01:00.1 --in-memory "
		"--no-telemetry ");
	check_eal_args(
		FILE_WITH(IFACE, ADDRESS, ",\"eal\":{\"args\":[\"--no-huge\",\"-m\",\"256\"]}"),
		"--lcores=0@0,1@1 --main-lcore=0 --no-pci --no-shconf --no-telemetry --no-huge "
		"-m 256 ");
	check_eal_args(FILE_WITH(IFACE, ADDRESS,
				 ",\"eal\":{\"args\":[\"-l\",\"0-1\",\"-b\",\"01:00.0\","
				 "\"--huge-dir=/mnt\"]}"),
		       "--no-telemetry -l 0-1 -b 01:00.0 --huge-dir=/mnt ");
}

/* A buffer of 2.5 KiB takes a page of 4 KiB for itself. */
static void test_memory_without_hugepages(void **state)
{
	struct json_error err;
	struct config *c;
	const char *text =
		FILE_WITH(IFACE, ADDRESS, ",\"mbufs\":100000,\"eal\":{\"args\":[\"--no-huge\"]}");

	assert_int_equal(config_parse(text, strlen(text), &c, &err), 0);
	assert_true(host_memory_need(c) > 100000 * (size_t)sysconf(_SC_PAGESIZE));
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_fields),
		cmocka_unit_test(test_eal_has),
		cmocka_unit_test(test_same_device),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_inner),
		cmocka_unit_test(test_eal_args),
		cmocka_unit_test(test_memory_without_hugepages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
