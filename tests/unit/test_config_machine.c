/* SPDX-License-Identifier: BSD-3-Clause */
/* What a configuration wants of the machine: devices, certificates, EAL's arguments, memory. */
#include "config_bed.h"

#include <errno.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "eal.h"
#include "host.h"

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
		cmocka_unit_test(test_eal_has),  cmocka_unit_test(test_same_device),
		cmocka_unit_test(test_machine),  cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_eal_args), cmocka_unit_test(test_memory_without_hugepages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
