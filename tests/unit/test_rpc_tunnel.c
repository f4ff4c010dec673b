/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnel.* and user.* by the API: names of params, replies, faults and where they are. */
#include "base64.h"
#include "tunnel.h"

#include "rpc_bed.h"

static struct tunnels *t;
static const char *reply;

/* ICE and DTLS speak to nobody here. */
int __wrap_udp_send(struct host *host, uint16_t addr, uint16_t sport, const union wire_ip *dst,
		    uint16_t dport, uint8_t tos, const void *data, size_t len);

int __wrap_udp_send(struct host *host, uint16_t addr, uint16_t sport, const union wire_ip *dst,
		    uint16_t dport, uint8_t tos, const void *data, size_t len)
{
	return 0;
}

static int set_up_tunnels(void **state)
{
	struct config *c;

	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	c = (struct config *)h->config;
	c->interface_count = 2;
	c->tunnel = (struct config_tunnel){.users = 100,
					   .payload_type = 97,
					   .pt_strict = true,
					   .mss_clamp = true,
					   .liveness_s = 10,
					   .setup_s = 30};
	c->tunnel.has_pool[0] = true;
	wire_ip_parse_prefix("10.9.0.0/29", &c->tunnel.pool[0].ip, &c->tunnel.pool[0].bits);
	if (sessions_create(&s, h) != 0 || tunnels_create(&t, h, s) != 0 ||
	    api_create(&a, h, s) != 0)
		return -1;
	api_set_tunnels(a, t);
	return 0;
}

static int tear_down_tunnels(void **state)
{
	api_stop(a);
	tunnels_free(t);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

/* `params` with ' for ". */
static const char *request(const char *method, const char *params)
{
	struct tnd_buf b = {.len = 0};

	tnd_buf_addf(&b, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":", method);
	for (const char *p = params; *p != '\0'; p++)
		tnd_buf_addc(&b, *p == '\'' ? '"' : *p);
	tnd_buf_adds(&b, "}");
	tnd_buf_addc(&b, '\0');
	reply = ask(b.data);
	tnd_buf_free(&b);
	return reply;
}

/* Each of `parts` (' for ", ended by NULL) is in the reply. */
static void must_have(const char *parts[])
{
	for (; *parts != NULL; parts++) {
		char *part = strdup(*parts);

		for (char *p = part; *p != '\0'; p++)
			*p = *p == '\'' ? '"' : *p;
		if (strstr(reply, part) == NULL)
			fail_msg("no %s in\n%s", part, reply);
		free(part);
	}
}

#define MUST(method, params, ...)                                                                  \
	do {                                                                                       \
		request(method, params);                                                           \
		must_have((const char *[]){__VA_ARGS__, NULL});                                    \
	} while (0)

static void must_fail(const char *method, const char *params, int code, const char *path)
{
	char part[128];

	request(method, params);
	snprintf(part, sizeof(part), "\"error\":{\"code\":%d,", code);
	if (strstr(reply, part) == NULL)
		fail_msg("%s %s: not %d:\n%s", method, params, code, reply);
	snprintf(part, sizeof(part), "\"path\":\"%s\"", path != NULL ? path : "");
	if (path != NULL && strstr(reply, part) == NULL)
		fail_msg("%s %s: not at %s:\n%s", method, params, path, reply);
}

/* ---- users --------------------------------------------------------------------------------- */

static void users(void **state)
{
	MUST("user.add",
	     "{'name':'alice','address':'10.1.0.5/24','networks':['10.2.0.0/16'],"
	     "'dns':['10.1.0.1'],'routes':['10.0.0.0/8'],'mtu':1280}",
	     "'name':'alice'", "'created':true", "'address':'10.1.0.5/24','address6':null",
	     "'networks':['10.2.0.0/16']", "'tunnel':null", "'pooled':[]",
	     "'network_info':{'addr':'10.1.0.5','mask':'255.255.255.0','addresses':['10.1.0.5/24'],"
	     "'dns':['10.1.0.1'],'routes':['10.0.0.0/8'],'mtu':1280}");
	MUST("user.add",
	     "{'name':'alice','address':'10.1.0.5/24','networks':['10.2.0.0/16'],"
	     "'dns':['10.1.0.1'],'routes':['10.0.0.0/8'],'mtu':1280}",
	     "'created':false");
	MUST("user.add", "{'name':'bob'}", "'address':'10.9.0.1/32'", "'pooled':['10.9.0.1/32']");
	MUST("user.get", "{'name':'bob'}", "'name':'bob'", "'address':'10.9.0.1/32'");
	MUST("user.list", "{}", "{'users':[{'name':'alice'", "},{'name':'bob'", "'total':2}");
	MUST("user.list", "{'limit':1}", "'cursor':'alice'");
	MUST("user.list", "{'cursor':'alice','prefix':'b'}", "{'users':[{'name':'bob'");
	MUST("tunnel.stats", "{}",
	     "'users':{'total':2,'limit':100,'store':'ok','pools':[{'network':"
	     "'10.9.0.0/29','addresses':8,'free':5}]}");
	MUST("user.delete", "{'name':'bob'}", "'result':{'name':'bob'}");
	must_fail("user.get", "{'name':'bob'}", 1001, "/params/name");
	must_fail("user.delete", "{'name':'bob'}", 1001, "/params/name");
}

static void bad_users(void **state)
{
	static const struct {
		const char *params;
		int code;
		const char *path;
	} cases[] = {
		{"{}", -32602, "/params/name"},
		{"{'name':''}", -32602, "/params/name"},
		{"{'name':'1234567890123456789012345'}", -32602, "/params/name"},
		{"{'name':'x','address':'fd00::1'}", -32602, "/params/address"},
		{"{'name':'x','address6':'10.0.0.1'}", -32602, "/params/address6"},
		{"{'name':'x','address':'10.0.0.1/33'}", -32602, "/params/address"},
		{"{'name':'x','address':'224.0.0.1'}", -32602, "/params/address"},
		{"{'name':'x','address':'10.0.0.1'}", 1002, "/params/address"}, /* lan4's own */
		{"{'name':'x','address':'10.1.0.77'}", 1002, "/params/address"},
		{"{'name':'x','networks':['10.2.3.0/24']}", 1002, "/params/networks/0"},
		{"{'name':'x','networks':['10.3.0.0/16','10.2.3.1/24']}", -32602,
		 "/params/networks/1"},
		{"{'name':'x','networks':['10.3.0.0/16','10.3.3.0/24']}", -32602,
		 "/params/networks"},
		{"{'name':'x','dns':['nobody']}", -32602, "/params/dns/0"},
		{"{'name':'x','mtu':500}", -32602, "/params/mtu"},
		{"{'name':'x','pool':false}", -32602, "/params/address"},
		{"{'name':'alice'}", 1002, "/params/name"},
		{"{'name':'x','other':1}", -32602, "/params/other"},
	};

	MUST("user.add", "{'name':'alice','address':'10.1.0.5/24','networks':['10.2.0.0/16']}",
	     "'created':true");
	for (size_t i = 0; i < COUNT(cases); i++)
		must_fail("user.add", cases[i].params, cases[i].code, cases[i].path);
	for (int i = 0; i < 6; i++) {
		char params[64];

		snprintf(params, sizeof(params), "{'name':'user%d'}", i);
		MUST("user.add", params, "'created':true");
	}
	must_fail("user.add", "{'name':'one too many'}", 1102, "/params/address");
	MUST("user.list", "{}", "'total':7}");
}

static const char *record(const char *name, const uint8_t data[WIRE_RTPTP_USER_LEN])
{
	static char text[256];
	char base64[WIRE_BASE64_LEN(WIRE_RTPTP_USER_LEN) + 1];

	wire_base64_encode(data, WIRE_RTPTP_USER_LEN, base64);
	snprintf(text, sizeof(text), "{'name':'%s','data':'%s'}", name, base64);
	return text;
}

static void import_export(void **state)
{
	static const uint8_t carol[WIRE_RTPTP_USER_LEN] = {
		[10] = 0xff, 0xff, 10, 7, 0, 1, [26] = 0xff, 0xff, 255, 255, 255, 0};
	static const uint8_t wide[WIRE_RTPTP_USER_LEN] = {
		[10] = 0xff, 0xff, 10,   8,    0,    1,    0xff, 0xff, 0xff, 0xff, 0xff,
		0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 255,  255,  0,    0};
	char params[1024], part[1024];

	snprintf(params, sizeof(params), "{'users':[%s,", record("carol", carol));
	snprintf(params + strlen(params), sizeof(params) - strlen(params), "%s]}",
		 record("wide", wide));
	MUST("user.import", params, "{'added':2,'replaced':0,'unchanged':0}");
	MUST("user.import", params, "{'added':0,'replaced':0,'unchanged':2}");
	MUST("user.get", "{'name':'carol'}", "'address':'10.7.0.1/24'");
	snprintf(part, sizeof(part), "{'users':[%s,", record("carol", carol));
	snprintf(part + strlen(part), sizeof(part) - strlen(part), "%s]}", record("wide", wide));
	MUST("user.export", "{}", part);
	/* All or none: the second is somebody else's. */
	snprintf(params, sizeof(params), "{'users':[{'name':'new','data':'%043d='},", 0);
	memset(strstr(params, "000"), 'A', 43);
	snprintf(params + strlen(params), sizeof(params) - strlen(params), "%s]}",
		 record("thief", carol));
	must_fail("user.import", params, 1002, "/params/users/1/address");
	must_fail("user.get", "{'name':'new'}", 1001, NULL);
	must_fail("user.import", "{'users':[{'name':'x','data':'AAAA'}]}", -32602,
		  "/params/users/0/data");
	must_fail("user.import", "{'users':[]}", -32602, "/params/users");
}

#define MANY 200 /* several turns' worth */

static char said[64], last[4096]; /* who was answered, in order; the latest answer's beginning */

static void note_said(void *arg, const char *text, size_t len)
{
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s ", (const char *)arg);
	snprintf(last, sizeof(last), "%.*s", (int)len, text);
}

static void say(const char *who, const char *line)
{
	assert_int_equal(api_input(a, true, line, strlen(line), note_said, (void *)(uintptr_t)who),
			 0);
}

/* Users PREFIX0 to PREFIX199, at addresses from `first` on; the last one at that of `thief`, or -1.
 */
static void import_many(const char *who, const char *prefix, uint8_t net, int thief)
{
	uint8_t data[WIRE_RTPTP_USER_LEN] = {[10] = 0xff, 0xff, 10, net};
	char text[WIRE_BASE64_LEN(WIRE_RTPTP_USER_LEN) + 1];
	struct tnd_buf b = {.len = 0};

	memset(data + 16, 0xff, 16);
	memset(data + 16, 0, 10);
	tnd_buf_adds(&b, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"user.import\",\"params\":"
			 "{\"users\":[");
	for (int i = 0; i < MANY; i++) {
		data[15] = (uint8_t)(i + 1);
		if (i == MANY - 1 && thief >= 0)
			data[13] = (uint8_t)thief;
		wire_base64_encode(data, sizeof(data), text);
		tnd_buf_addf(&b, "%s{\"name\":\"%s%d\",\"data\":\"%s\"}", i > 0 ? "," : "", prefix,
			     i, text);
	}
	tnd_buf_adds(&b, "]}}");
	tnd_buf_addc(&b, '\0');
	say(who, b.data);
	tnd_buf_free(&b);
}

/* Many take turns of the loop: others go on, but nobody sees a user who may not stay. */
static void import_in_pieces(void **state)
{
	((struct config *)h->config)->tunnel.users = 1000;
	said[0] = '\0';
	import_many("import", "u", 20, -1);
	assert_string_equal(said, "");
	say("get", REQUEST("user.get", "\"name\":\"u0\""));
	say("hello", REQUEST("system.hello", ""));
	say("tunnels", REQUEST("tunnel.list", ""));
	assert_string_equal(said, "hello ");
	for (unsigned int i = 0; i < 6; i++)
		test_turn(h, 1);
	assert_string_equal(said, "hello import get tunnels ");
	MUST("user.list", "{'limit':1}", "'total':200");
	/* The last one's address is somebody's: none of them is there, then or later. */
	said[0] = '\0';
	import_many("import", "v", 21, 20);
	say("get", REQUEST("user.get", "\"name\":\"v0\""));
	assert_string_equal(said, "");
	for (unsigned int i = 0; i < 6; i++)
		test_turn(h, 1);
	assert_string_equal(said, "import get ");
	assert_non_null(strstr(last, "\"not_found\""));
	MUST("user.list", "{'limit':1}", "'total':200");
	/* One in the request of another: in order. */
	import_many("first", "w", 22, -1);
	import_many("second", "x", 23, -1);
	said[0] = '\0';
	for (unsigned int i = 0; i < 12; i++)
		test_turn(h, 1);
	assert_string_equal(said, "first second ");
	MUST("user.list", "{'limit':1}", "'total':600");
	/* The daemon ends in the middle. */
	import_many("never", "y", 24, -1);
}

/* ---- tunnels ------------------------------------------------------------------------------- */

static void tunnels(void **state)
{
	MUST("tunnel.create",
	     "{'id':'t','address':'lan4','networks':['10.20.0.0/16','fd00::/48'],"
	     "'remote':{'ip':'10.0.0.2','port':4000},'allow_plain':true,'mtu':1300,'dscp':46}",
	     "'created':true", "'local':{'ip':'10.0.0.1','port':");
	MUST("tunnel.get", "{'id':'t'}", "'id':'t','state':'waiting','mode':'server','user':null",
	     "'interface':'tun0'", "'remote':{'ip':'10.0.0.2','port':4000}", "'mtu':1300",
	     "'networks':['10.20.0.0/16','fd00::/48']", "'heard_ms':null", "'drops':{}");
	MUST("tunnel.list", "{}", "'tunnels':[{'id':'t','state':'waiting'");
	MUST("tunnel.list", "{'prefix':'x'}", "'tunnels':[]");
	MUST("tunnel.update", "{'id':'t','networks':['10.21.0.0/16'],'mtu':1280,'liveness_s':20}",
	     "'generation':2");
	MUST("tunnel.get", "{'id':'t'}", "'mtu':1280", "'networks':['10.21.0.0/16']",
	     "'liveness_s':20");
	MUST("tunnel.stats", "{'id':'t'}", "'id':'t','mtu':1280",
	     "'keepalives':{'rx':0,'tx':0},'drops':{}");
	MUST("session.get", "{'id':'t'}", "'id':'t'");
	MUST("tunnel.delete", "{'id':'t'}", "'result':{'id':'t','state':'waiting'");
	MUST("tunnel.stats", "{}", "'active':0,'up':0,'created':1,'ended':1");
	for (int i = 0; i < 3; i++)
		test_turn(h, 1);
	must_fail("tunnel.get", "{'id':'t'}", 1001, "/params/id");
	must_fail("tunnel.stats", "{'id':'t'}", 1001, "/params/id");
	must_fail("tunnel.update", "{'id':'t'}", 1001, "/params/id");
	must_fail("tunnel.delete", "{'id':'t'}", 1001, "/params/id");
}

static void bad_tunnels(void **state)
{
	static const struct {
		const char *params;
		int code;
		const char *path;
	} cases[] = {
		{"{}", -32602, "/params/id"},
		{"{'id':'t'}", -32602, "/params/networks"},
		{"{'id':'t','networks':['10.0.0.0/8']}", -32602, "/params/allow_plain"},
		{"{'id':'t','user':'nobody','allow_plain':true}", 1001, "/params/user"},
		{"{'id':'t','user':'1234567890123456789012345'}", -32602, "/params/user"},
		{"{'id':'t','networks':['10.0.0.1/8']}", -32602, "/params/networks/0"},
		{"{'id':'t','networks':['x']}", -32602, "/params/networks/0"},
		{"{'id':'t','interface':'lan','networks':['10.0.0.0/8']}", -32602,
		 "/params/interface"},
		{"{'id':'t','interface':'none','networks':['10.0.0.0/8']}", -32602,
		 "/params/interface"},
		{"{'id':'t','address':'none','networks':['10.0.0.0/8']}", -32602,
		 "/params/address"},
		{"{'id':'t','mtu':575,'networks':['10.0.0.0/8']}", -32602, "/params/mtu"},
		{"{'id':'t','networks':['10.0.0.0/8'],'remote':{'ip':'x','port':1}}", -32602,
		 "/params/remote/ip"},
		{"{'id':'t','networks':['10.0.0.0/8'],'remote':{'ip':'10.0.0.2','port':1,"
		 "'rtcp_port':2}}",
		 -32602, "/params/remote/rtcp_port"},
		{"{'id':'t','networks':['10.0.0.0/8'],'ice':{}}", -32602, "/params/ice/mode"},
		{"{'id':'t','networks':['10.0.0.0/8'],'security':{'type':'sdes','local_key':'x'}}",
		 -32602, "/params/security/local_key"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		must_fail("tunnel.create", cases[i].params, cases[i].code, cases[i].path);
	MUST("tunnel.list", "{}", "'tunnels':[]");
}

/* The value of a member of the reply that is text, as JSON has it; or an object. */
static void copy_member(const char *key, char *out, size_t size)
{
	const char *at = strstr(reply, key), *end;
	int depth = 0;

	if (at == NULL)
		fail_msg("no %s in\n%s", key, reply);
	at += strlen(key);
	for (end = at; *end != '\0'; end++) {
		if (*at == '"' && end > at && *end == '"')
			break;
		depth += (*end == '{') - (*end == '}');
		if (*at == '{' && depth == 0)
			break;
	}
	assert_true((size_t)(end + 2 - at) < size);
	snprintf(out, size, "%.*s", (int)(end + 1 - at), at);
}

static void offers(void **state)
{
	static char offer[8192], answer[8192], info[1024], params[20000];

	MUST("user.add", "{'name':'alice'}", "'created':true");
	for (int json = 0; json < 2; json++) {
		const char *form = json ? "json" : "sdp";
		char key[16];

		snprintf(key, sizeof(key), "\"%s\":", form);
		snprintf(params, sizeof(params),
			 "{'id':'c%d','address':'lan4','form':'%s','user':'alice'}", json, form);
		MUST("tunnel.offer", params, json ? "'json':{'coder'" : "'sdp':'v=0");
		copy_member(key, offer, sizeof(offer));
		MUST("tunnel.list", "{}", "'state':'offered','mode':'client','user':'alice'");
		snprintf(params, sizeof(params),
			 "{'id':'s%d','address':'wan4','user':'alice',%s%s}", json, key, offer);
		MUST("tunnel.offer", params, "'network_info':{'addr':'10.9.0.1'");
		copy_member(key, answer, sizeof(answer));
		copy_member("\"network_info\":", info, sizeof(info));
		snprintf(params, sizeof(params), "{'id':'c%d',%s%s,'network_info':%s}", json, key,
			 answer, info);
		MUST("tunnel.answer", params, "'result':{'id':'c");
		snprintf(params, sizeof(params), "{'id':'c%d'}", json);
		MUST("tunnel.get", params, "'network_info':{'addr':'10.9.0.1'");
		MUST("tunnel.delete", params, "'mode':'client'");
	}
	MUST("user.get", "{'name':'alice'}", "'tunnel':'s1'");
	must_fail("tunnel.answer", "{'id':'s1','sdp':'v=0'}", 1003, "/params/id");
	must_fail("tunnel.answer", "{'id':'s1'}", -32602, "/params/sdp");
	must_fail("tunnel.answer", "{'id':'no','json':{}}", 1001, "/params/id");
	must_fail("tunnel.offer", "{'id':'x','sdp':'v=0','json':{}}", -32602, "/params/json");
	must_fail("tunnel.offer", "{'id':'x','json':{},'user':'alice'}", -32602,
		  "/params/json/coder");
	must_fail("tunnel.offer", "{'id':'x','security':'none'}", -32602, "/params/allow_plain");
	must_fail("tunnel.offer", "{'id':'s1'}", 1002, "/params/id");
	must_fail("tunnel.offer", "{'id':'x','profiles':['AEAD_AES_128_GCM','AEAD_AES_128_GCM']}",
		  -32602, "/params/profiles");
}

/* Without an inner interface there is nothing of it. */
static void not_here(void **state)
{
	static const char *const methods[] = {"tunnel.list", "user.list", "user.export",
					      "tunnel.stats"};

	api_set_tunnels(a, NULL);
	for (size_t i = 0; i < COUNT(methods); i++)
		must_fail(methods[i], "{}", 1203, NULL);
	must_fail("user.add", "{'name':'x'}", 1203, NULL);
	must_fail("tunnel.offer", "{'id':'x'}", 1203, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(users, set_up_tunnels, tear_down_tunnels),
		cmocka_unit_test_setup_teardown(bad_users, set_up_tunnels, tear_down_tunnels),
		cmocka_unit_test_setup_teardown(import_export, set_up_tunnels, tear_down_tunnels),
		cmocka_unit_test_setup_teardown(import_in_pieces, set_up_tunnels,
						tear_down_tunnels),
		cmocka_unit_test_setup_teardown(tunnels, set_up_tunnels, tear_down_tunnels),
		cmocka_unit_test_setup_teardown(bad_tunnels, set_up_tunnels, tear_down_tunnels),
		cmocka_unit_test_setup_teardown(offers, set_up_tunnels, tear_down_tunnels),
		cmocka_unit_test_setup_teardown(not_here, set_up_tunnels, tear_down_tunnels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
