/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file: what a good one becomes. */
#include "config_bed.h"

#include <errno.h>
#include <unistd.h>

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

/* ---- certificates -------------------------------------------------------------------------- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_fields),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_inner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
