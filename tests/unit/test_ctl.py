#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""tandemctl against a scripted daemon: exit statuses, tables, pages, and answers that are none.

    test_ctl.py TANDEMCTL API_SCHEMA COMPLETION
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

import jsonschema

TANDEMCTL, SCHEMA, COMPLETION = sys.argv[1:4]
del sys.argv[1:4]
API = json.loads(pathlib.Path(SCHEMA).read_text(encoding="utf-8"))

EVIL = "evil\x1b[2J\u202e"


SDES = {"type": "sdes", "profile": "AES_CM_128_HMAC_SHA1_80", "engine": "ipsec-mb",
        "window": 128, "ready": False, "untouched": False}


DTLS = {"type": "dtls", "state": "connected", "setup": "passive",
        "profile": "AEAD_AES_128_GCM", "engine": "ipsec-mb", "window": 128, "ready": True,
        "untouched": False,
        "fingerprint": {"hash": "sha-256", "value": ":".join(["A1"] * 32)},
        "remote_fingerprint": {"hash": "sha-384", "value": "B2:C3"}}
ICE = {"mode": "full", "state": "disconnected", "reason": "silent", "role": "controlling",
       "ufrag": "wxyz", "candidates": ["candidate:1 1 udp 1 192.0.2.1 16384 typ host"],
       "remote_ufrag": "abcd", "remote_lite": True, "remotes": 3, "learned": 1,
       "pair": {"local": {"ip": "192.0.2.1", "port": 16384},
                "remote": {"ip": "192.0.2.7", "port": 54321}},
       "restarting": True, "consent_ms": 4200, "checks_in": 5, "checks_out": 6, "rejected": 0}


def leg(name, ip, drops):
    return {
        "address": name, "local": {"ip": ip, "port": 16384}, "rtcp": None,
        "remote": {"ip": ip, "port": 4000}, "learned": None, "latch": "strict",
        "latched": False, "state": "active", "kind": "rtp", "dscp": 46, "hold": False,
        "security": {"type": "none"},
        "rx": {"packets": 99000, "bytes": 17028000, "lost": 1000, "duplicate": 0, "reordered": 3,
               "jitter_ms": 1.25, "ssrc": 3735928559, "payload_type": 8, "last_ms": 12.0},
        "tx": {"packets": 5, "bytes": 860}, "drops": drops,
    }


def session(name):
    return {"id": name, "generation": 2, "state": "active", "kind": "rtp", "age_s": 75.5,
            "idle_timeout_s": 60, "worker": 1, "mos": 4.123,
            "legs": [leg("lan4", "10.0.0.1", {"source": 7}),
                     {**leg("wan6", "2001:db8::1", {"hold": 1234}), "security": SDES}]}


def browser(name):
    early = {"type": "dtls", "state": "failed", "reason": "fingerprint", "setup": "active",
             "fingerprint": {"hash": "sha-256", "value": "A1"}, "remote_fingerprint": None, "profile": None,
             "engine": "ipsec-mb", "window": 128, "ready": False, "untouched": False}
    new = {**ICE, "state": "new", "remote_ufrag": None, "pair": None, "restarting": False,
           "consent_ms": None, "mode": "lite", "role": "controlled"}
    del new["reason"]
    return {**session(name), "legs": [
        {**leg("wan4", "192.0.2.1", {}), "security": DTLS, "ice": ICE,
         "bundle": {"payload_types": [96, 111]}},
        {**leg("wan4", "192.0.2.1", {}), "security": early, "ice": new,
         "bundle": {"id": EVIL, "payload_types": [0]}}]}


class Answers:
    """What a healthy daemon answers; each answer fits the schema."""

    sessions = [f"call-{i:04}" for i in range(1203)]

    def __init__(self):
        self.polls = 0
        self.draining = False

    def system_hello(self, params):
        return {"name": "tandem", "version": "9.8.7", "api": {"major": 1, "minor": 0},
                "instance": "i", "uptime_s": 3700.5, "state": "running"}

    def system_health(self, params):
        return {"ok": True, "mbufs": {"total": 8192, "in_use": 4096},
                "workers": [{"index": 0, "lcore": 2, "heartbeat_age_ms": 0.25,
                             "busy_percent": 50.0, "burst_fill": 7.5, "ok": True}],
                "rings": [{"name": "punt.0", "used": 3, "size": 4096}],
                "sessions": {"active": len(self.sessions), "limit": 100000},
                "srtp": {"engine": "ipsec-mb", "window": 128, "legs": 12}}

    def interface_list(self, params):
        counters = {k: 0 for k in ("rx_packets", "rx_bytes", "rx_missed", "rx_errors",
                                   "rx_no_mbuf", "tx_packets", "tx_bytes", "tx_errors")}
        return {"interfaces": [{
            "name": "lan", "device": "net_null0", "mac": "02:00:00:00:00:01", "mtu": 1500,
            "vlan": 0, "role": "outer", "link": {"up": True, "mbps": 10000}, "counters": counters,
            "addresses": [{"name": "lan4", "ip": "10.0.0.1/24",
                           "ports": {"min": 16384, "max": 32767, "free": 16000}}]}]}

    def neighbour_list(self, params):
        return {"neighbours": [{"interface": "lan", "ip": "10.0.0.2", "mac": None,
                                "state": "incomplete"}]}

    def stats_get(self, params):
        self.polls += 1
        counters = {"worker.rx_packets": 1000 * self.polls, "worker.rx_bytes": 200000,
                    "session.active": 3, "session.created": 2 * self.polls,
                    "drop.source": 5 * self.polls, "drop.hold": 0,
                    "drop.ttl": 70, "drop.from_the_future": 1}
        names = params.get("names", [""])
        return {"counters": {k: v for k, v in counters.items()
                             if any(k == n or (n.endswith(".") or not n) and k.startswith(n)
                                    for n in names)}}

    def session_list(self, params):
        ids = [i for i in self.sessions if i.startswith(params.get("prefix", ""))]
        start = int(params.get("cursor", 0))
        end = start + min(params.get("limit", 100), 1000)
        answer = {"sessions": [{"id": i, "state": "active", "generation": 1, "age_s": 5.0}
                               for i in ids[start:end]]}
        if end < len(ids):
            answer["cursor"] = str(end)
        return answer

    users = [f"user-{i:03d}" for i in range(450)]

    def user_list(self, params):
        names = [n for n in self.users if n.startswith(params.get("prefix", ""))
                 and n > params.get("cursor", "")]
        page = names[:params.get("limit", 100)]
        answer = {"users": [{"name": n, "address": "10.9.0.2/32", "address6": None,
                             "networks": ["10.1.0.0/16"], "tunnel": "t" if n < "user-001" else None}
                            for n in page], "total": len(self.users)}
        if len(page) < len(names):
            answer["cursor"] = page[-1]
        return answer

    def tunnel_list(self, params):
        row = {"state": "up", "mode": "server", "interface": "tun0", "mtu": 1420, "age_s": 5.0}
        return {"tunnels": [{"id": i, "user": user, "heard_ms": heard, **row}
                            for i, user, heard in (("a", "alice", 250), (EVIL, None, None))
                            if i.startswith(params.get("prefix", ""))]}

    def session_get(self, params):
        if params["id"] == "none":
            return KeyError
        return browser(params["id"]) if params["id"] == "browser" else session(params["id"])

    def session_create(self, params):
        self.created = params
        ports = {"local": {"ip": "10.0.0.1", "port": 16384}, "rtcp": None}
        return {"id": params["id"], "created": True, "generation": 1, "worker": 0,
                "legs": [ports, ports]}

    def system_drain(self, params):
        return {"state": "draining" if params["on"] else "running", "sessions": 2}

    def system_methods(self, params):
        return {"methods": [{"name": "system.hello", "access": "read", "summary": "Who"}]}

    def system_schema(self, params):
        return API

    def events_subscribe(self, params):
        self.subscribed = params
        return {"seq": 3}


class Daemon:
    """One thread, one client at a time. `script` gets (daemon, connection) or is None: healthy."""

    def __init__(self, script=None, answers=None):
        self.dir = tempfile.TemporaryDirectory()
        self.path = self.dir.name + "/s"
        self.answers = answers or Answers()
        self.script = script or Daemon.healthy
        self.requests = []
        self.stopped = False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.stopped = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)
        self.dir.cleanup()

    def serve(self):
        while not self.stopped:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            connection.settimeout(10)
            try:
                self.script(self, connection)
            except OSError:
                pass  # tandemctl has left: the test looks at its exit status
            connection.close()

    def read(self, connection):
        """The next request, or None at the end."""
        line = b""
        while not line.endswith(b"\n"):
            more = connection.recv(1)
            if not more:
                return None
            line += more
        request = json.loads(line)
        self.requests.append(request)
        return request

    def reply(self, request):
        method = request["method"]
        if method not in API["methods"]:
            return {"jsonrpc": "2.0", "id": request["id"],
                    "error": {"code": 1203, "message": "not here", "data": {"name": "unsupported"}}}
        node = API["methods"][method]
        resolver = jsonschema.RefResolver("", API)
        params = request.get("params", {})
        jsonschema.Draft202012Validator(node["params"], resolver=resolver).validate(params)
        result = getattr(self.answers, method.replace(".", "_"))(params)
        if result is KeyError:
            return {"jsonrpc": "2.0", "id": request["id"],
                    "error": {"code": 1001, "message": "no such session",
                              "data": {"name": "not_found", "path": "/id"}}}
        if self.answers.__class__ is Answers:
            jsonschema.Draft202012Validator(node["result"], resolver=resolver).validate(result)
        return {"jsonrpc": "2.0", "id": request["id"], "result": result}

    def healthy(self, connection):
        while (request := self.read(connection)) is not None:
            connection.sendall(json.dumps(self.reply(request)).encode() + b"\n")


def raw(*lines, close=True):
    """A script that answers any request with these bytes."""
    def script(daemon, connection):
        daemon.read(connection)
        for line in lines:
            connection.sendall(line)
        if not close:
            daemon.read(connection)
    return script


def run(daemon, *args, stdin=None, env=None):
    path = daemon if isinstance(daemon, str) else daemon.path
    return subprocess.run([TANDEMCTL, "-s", path, *args], input=stdin, capture_output=True,
                          text=True, timeout=20, check=False,
                          env={"PATH": os.environ["PATH"], **(env or {})})


class Case(unittest.TestCase):
    def ok(self, result):
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def refused(self, result, status, *words):
        self.assertEqual(result.returncode, status, result)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("tandemctl: "))
        for word in words:
            self.assertIn(word, result.stderr)


class Usage(Case):
    def test_usage_is_2_and_sends_nothing(self):
        with Daemon() as d:
            for args in (
                    [], ["nonsense"], ["session.nonsense", "a=b"], ["--nonsense"], ["-x"],
                    ["--timeout"], ["--timeout", "soon", "show"], ["--timeout=-1", "show"],
                    ["call"], ["call", "a", "b"], ["drain"], ["drain", "maybe"], ["show", "me"],
                    ["drops", "--watch"], ["stats", "--count", "1"], ["stats", "--ids"],
                    ["sessions", "--from", "3"], ["events", "--from", "x"], ["top", "-j"],
                    ["stats", "--watch", "--count", "0"], ["session.get", "id=a", "id=b"],
                    ["session.get", "name=a"], ["session.get", "a"], ["session.list", "limit=x"],
                    ["session.get", "--params", "{"], ["session.get", "--params", "[]"],
                    ["session.get", "--params", "{}", "id=x"], ["help", "nonsense"],
                    ["show", "--params", "{}"], ["--json=yes", "show"]):
                with self.subTest(args=args):
                    self.refused(run(d, *args), 2)
            self.assertEqual(d.requests, [])
        self.refused(run("/tmp/" + "x" * 200, "show"), 2, "too long")

    def test_words_without_a_daemon(self):
        self.assertRegex(self.ok(run("/none", "--version")), r"^tandemctl \d+\.\d+\.\d+\n$")
        self.assertIn("session.create", self.ok(run("/none", "help")))
        self.assertEqual(self.ok(run("/none", "--help")), self.ok(run("/none", "help")))
        self.assertRegex(self.ok(run("/none", "help", "session.create")),
                         r"(?m)^legs\.N\.remote\.port +integer 1\.\.65535 +required +UDP port\.$")
        self.assertIn("both legs", self.ok(run("/none", "help", "call")))

    def test_every_method_has_help(self):
        for name, method in API["methods"].items():
            self.assertIn(method["summary"], self.ok(run("/none", "help", name)))

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            r = subprocess.run([TANDEMCTL, "help"], stdout=full, stderr=subprocess.PIPE, text=True,
                               timeout=20, check=False)
        self.assertEqual(r.returncode, 1)
        self.assertIn("No space left", r.stderr)


class NoDaemon(Case):
    def test_no_socket_is_3(self):
        self.refused(run("/nonexistent/s", "show"), 3, "no daemon at /nonexistent/s")

    def test_nobody_listens(self):
        with tempfile.TemporaryDirectory() as d:
            with socket.socket(socket.AF_UNIX) as s:
                s.bind(d + "/s")
                self.refused(run(d + "/s", "show"), 3, "Connection refused")

    def test_the_environment_names_the_socket(self):
        with Daemon() as d:
            r = subprocess.run([TANDEMCTL, "drain", "on"], capture_output=True, text=True,
                               timeout=20, check=False, env={"TANDEM_SOCKET": d.path})
        self.assertIn("draining", self.ok(r))

    def test_answers_that_are_none(self):
        good = b'{"jsonrpc":"2.0","id":1,"result":{}}\n'
        for name, said, *lines in (
                ("closed", "closed the connection"),
                ("partial", "in the middle of a line", b'{"jsonrpc":'),
                ("not JSON", "malformed", b"HTTP/1.1 400 Bad Request\r\n"),
                ("empty line", "malformed", b"\n"),
                ("bad UTF-8", "malformed", b'{"jsonrpc":"2.0","id":1,"result":{"a":"\xff"}}\n'),
                ("duplicate keys", "malformed", b'{"jsonrpc":"2.0","id":1,"id":1,"result":{}}\n'),
                ("deep", "malformed", b"[" * 1000 + b"]" * 1000 + b"\n"),
                ("array", "malformed", b"[]\n"),
                ("no version", "not JSON-RPC", b'{"id":1,"result":{}}\n'),
                ("other id", "id", b'{"jsonrpc":"2.0","id":99,"result":{}}\n'),
                ("text id", "id", b'{"jsonrpc":"2.0","id":"1","result":{}}\n'),
                ("no id", "id", b'{"jsonrpc":"2.0","result":{}}\n'),
                ("neither", "either", b'{"jsonrpc":"2.0","id":1}\n'),
                ("both", "either", b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}\n'),
                ("result", "no object", b'{"jsonrpc":"2.0","id":1,"result":[]}\n'),
                ("error", "no code", b'{"jsonrpc":"2.0","id":1,"error":{}}\n'),
                ("error text", "no code", b'{"jsonrpc":"2.0","id":1,"error":"x"}\n'),
                ("long line", "256 KiB", b"x" * 300000),
                ("long line, ended", "256 KiB", b" " * 270000 + good)):
            with self.subTest(name), Daemon(raw(*lines)) as d:
                self.refused(run(d, "config.get"), 3, said)

    def test_answers_of_another_shape(self):
        other = raw(b'{"jsonrpc":"2.0","id":1,"result":{"a":1}}\n')
        for args in (["sessions"], ["call", "x"], ["stats"], ["drops"], ["stats", "--watch"]):
            with self.subTest(args), Daemon(other) as d:
                self.refused(run(d, *args), 3, "the answer has no")

    def test_members_of_other_types(self):
        class Odd(Answers):
            def system_hello(self, params):
                return {"name": 5, "version": [], "uptime_s": "long", "state": {}}

            def system_health(self, params):
                return {"ok": "yes", "workers": [1, None, {}], "rings": {"a": 1}, "sessions": []}

            def interface_list(self, params):
                return {"interfaces": [{"addresses": [{}, 3]}, "x"]}

            def neighbour_list(self, params):
                return {"neighbours": {"a": {"ip": 5}}}

            def session_list(self, params):
                return {"sessions": [5, None, {"id": 3}, {"id": "x", "age_s": -1e308}]}

            def session_get(self, params):
                return {"legs": [1, {"rx": 5, "drops": [1], "local": {"ip": "a", "port": "b"}},
                                 {"rx": {"ssrc": -1e300, "payload_type": 1e300}}]}

            def stats_get(self, params):
                return {"counters": {"drop.": 1, "drop.x": "y", "worker.rx_packets": None, "": 1}}
        for args in (["show"], ["sessions"], ["sessions", "--ids"], ["call", "x"], ["stats"],
                     ["drops"], ["top", "--once", "--interval", "0.1"],
                     ["stats", "--watch", "--count=1", "--interval=0.1"],
                     ["interface.list"], ["neighbour.list"], ["session.list"]):
            with self.subTest(args), Daemon(answers=Odd()) as d:
                self.ok(run(d, *args))

    def test_a_silent_daemon_times_out(self):
        start = time.monotonic()
        with Daemon(lambda d, c: d.read(c) and d.read(c)) as d:
            self.refused(run(d, "--timeout", "0.3", "show"), 3, "no answer in time")
        self.assertLess(time.monotonic() - start, 5)

    def test_dripping_bytes_do_not_put_it_off(self):
        def drip(daemon, connection):
            while True:
                connection.sendall(b"[")
                time.sleep(0.05)
        with Daemon(drip) as d:
            self.refused(run(d, "--timeout", "0.3", "show"), 3, "no answer in time")

    def test_a_flood_of_events_does_not_either(self):
        def flood(daemon, connection):
            while True:
                connection.sendall(b'{"jsonrpc":"2.0","method":"event","params":{}}\n' * 100)
        with Daemon(flood) as d:
            self.refused(run(d, "--timeout", "0.3", "show"), 3, "no answer in time")

    def test_a_full_backlog_times_out(self):
        with tempfile.TemporaryDirectory() as d, socket.socket(socket.AF_UNIX) as s:
            s.bind(d + "/s")
            s.listen(0)
            with socket.socket(socket.AF_UNIX) as first:
                first.connect(d + "/s")
                self.refused(run(d + "/s", "--timeout", "0.3", "show"), 3)

    def test_answers_in_pieces_and_late_ones(self):
        def pieces(daemon, connection):
            request = daemon.read(connection)
            answer = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {"a": "b"}})
            connection.sendall(b'{"jsonrpc":"2.0","id":0,"result":{"late":1}}\n'
                               b'{"jsonrpc":"2.0","method":"event","params":{"seq":1}}\n')
            for byte in answer:
                connection.sendall(byte.encode())
            connection.sendall(b"\n")
        with Daemon(pieces) as d:
            self.assertEqual(self.ok(run(d, "config.get")), "a  b\n")


class Methods(Case):
    def test_error_answer_is_1(self):
        with Daemon() as d:
            r = run(d, "session.get", "id=none")
            self.assertEqual((r.returncode, r.stdout, r.stderr), (
                1, "", "tandemctl: session.get: not_found: no such session (at /id)\n"))
            self.refused(run(d, "-j", "call", "none"), 1, "not_found")
            self.refused(run(d, "dtls.create", "id=x"), 1, "unsupported")

    def test_errors_without_data(self):
        for error, said in (
                ({"code": -32601, "message": "no"}, "method_not_found: no"),
                ({"code": 77, "message": "no"}, "error 77: no"),
                ({"code": 1, "message": EVIL + "\n" * 3}, "evil\\x1b[2J\\u202e\\n\\n\\n")):
            line = json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode() + b"\n"
            with self.subTest(error), Daemon(raw(line)) as d:
                self.refused(run(d, "config.get"), 1, said)

    def test_json_is_the_result(self):
        with Daemon() as d:
            self.assertEqual(json.loads(self.ok(run(d, "-j", "session.get", "id=x"))), session("x"))
            self.assertEqual(json.loads(self.ok(run(d, "system.schema"))), API)

    def test_params_arrive_typed(self):
        want = {"id": "call-1", "idle_timeout_s": 30, "legs": [
            {"address": "lan4", "remote": {"ip": "10.0.0.2", "port": 4000}, "hold": False},
            {"address": "wan6", "latch": "once", "security": {"type": "none"}}]}
        with Daemon() as d:
            self.ok(run(d, "session.create", "id=call-1", "idle_timeout_s=30",
                        "legs.0.address=lan4", "legs.0.remote.ip=10.0.0.2",
                        "legs.0.remote.port=4000", "legs.0.hold=no", "legs.1.address=wan6",
                        "legs.1.latch=once", 'legs.1.security:={"type":"none"}'))
            self.assertEqual(d.answers.created, want)
            for args, stdin in ((["-"], json.dumps(want, indent=2)),
                                (["--params", "-"], json.dumps(want)),
                                (["--params", json.dumps(want)], None)):
                d.answers.created = None
                self.ok(run(d, "session.create", *args, stdin=stdin))
                self.assertEqual(d.answers.created, want)

    def test_tables(self):
        with Daemon() as d:
            self.assertEqual(self.ok(run(d, "system.health")), """\
ok               yes
mbufs.total      8192
mbufs.in_use     4096
sessions.active  1203
sessions.limit   100000
srtp.engine      ipsec-mb
srtp.window      128
srtp.legs        12

workers
INDEX  LCORE  HEARTBEAT_AGE  BUSY  BURST_FILL  OK
    0      2        0.25 ms  50 %         7.5  yes

rings
NAME    USED  SIZE
punt.0     3  4096
""")
            self.assertEqual(self.ok(run(d, "neighbour.list")), """\
neighbours
INTERFACE  IP        MAC  STATE
lan        10.0.0.2  -    incomplete
""")
            out = self.ok(run(d, "interface.list"))
            self.assertIn("interfaces.0.addresses.0.ports.free  16000\n", out)
            self.assertRegex(out, r"(?m)^interfaces\.0\.link\.mbps +10000 Mbit/s$")

    def test_too_long_a_request(self):
        with Daemon() as d:
            self.refused(run(d, "session.get", "--params", "-",
                             stdin=json.dumps({"id": "x" * 262120})), 2, "256 KiB")

    def test_escape_sequences_stay_outside(self):
        with Daemon() as d:
            d.answers.sessions = [EVIL]
            for args in (["sessions"], ["sessions", "--ids"], ["show"], ["session.list"]):
                out = self.ok(run(d, *args))
                self.assertIn("evil\\x1b[2J\\u202e", out)
                self.assertNotIn("\x1b", out)
            out = self.ok(run(d, "-j", "session.list"))
            self.assertEqual(json.loads(out)["sessions"][0]["id"], EVIL)
            self.assertNotIn("\x1b", out)


class Verbs(Case):
    def test_show(self):
        with Daemon() as d:
            out = self.ok(run(d, "show"))
            for line in (r"tandem 9\.8\.7, running, up 1 h 01 min, healthy",
                         r"sessions 1,203 of 100,000, packet buffers 4,096 of 8,192",
                         r"ring punt\.0 3 of 4096",
                         r"     0      2  50\.0 %    7\.5     0\.2 ms  ok",
                         r"lan4 +lan +10\.0\.0\.1/24 +- +- +16384-32767 +16000",
                         r"10\.0\.0\.2 +lan +- +incomplete", r"call-0000 +active +5\.0 s",
                         r"and 1193 more: tandemctl sessions"):
                self.assertRegex(out, "(?m)^" + line + "$")
            shown = json.loads(self.ok(run(d, "show", "-j")))
            self.assertEqual(shown["system.health"], d.answers.system_health({}))
            self.assertEqual(len(shown["sessions"]), 10)

    def test_sessions_pages_through_all(self):
        with Daemon() as d:
            ids = self.ok(run(d, "sessions", "--ids")).split()
            self.assertEqual(ids, Answers.sessions)
            cursors = [r["params"].get("cursor") for r in d.requests]
            self.assertEqual(cursors, [None, "500", "1000"])
            lines = self.ok(run(d, "sessions", "call-12")).splitlines()
            self.assertEqual(lines[0].split(), ["STATE", "AGE", "GENERATION", "ID"])
            self.assertEqual([line.split()[-1] for line in lines[1:]],
                             ["call-1200", "call-1201", "call-1202"])
            self.assertEqual(len(json.loads(self.ok(run(d, "sessions", "-j")))["sessions"]), 1203)
            self.assertEqual(self.ok(run(d, "sessions", "zz")), "no sessions\n")
            self.assertEqual(json.loads(self.ok(run(d, "-j", "sessions", "zz"))), {"sessions": []})

    def test_users_pages_through_all(self):
        with Daemon() as d:
            self.assertEqual(self.ok(run(d, "users", "--ids")).split(), Answers.users)
            cursors = [r["params"].get("cursor") for r in d.requests]
            self.assertEqual(cursors, [None, "user-199", "user-399"])
            lines = self.ok(run(d, "users", "user-00")).splitlines()
            self.assertEqual(lines[0].split(),
                             ["ADDRESS", "ADDRESS6", "NETWORKS", "TUNNEL", "NAME"])
            self.assertEqual(lines[1].split(), ["10.9.0.2/32", "-", "1", "yes", "user-000"])
            self.assertEqual(lines[2].split(), ["10.9.0.2/32", "-", "1", "no", "user-001"])
            self.assertEqual(len(lines), 11)
            self.assertEqual(len(json.loads(self.ok(run(d, "users", "-j")))["users"]), 450)
            self.assertEqual(self.ok(run(d, "users", "zz")), "no users\n")
            self.assertEqual(json.loads(self.ok(run(d, "-j", "users", "zz"))), {"users": []})

    def test_tunnels(self):
        with Daemon() as d:
            lines = self.ok(run(d, "tunnels")).splitlines()
            self.assertEqual(lines[0].split(),
                             ["STATE", "MODE", "AGE", "HEARD", "MTU", "USER", "ID"])
            self.assertRegex(lines[1], r"^up +server +5\.0 s +0\.2 s +1420  alice +a$")
            self.assertRegex(lines[2], r"^up +server +5\.0 s +never +1420  - +evil\\x1b\[2J")
            self.assertEqual(self.ok(run(d, "tunnels", "zz")), "no tunnels\n")

    def test_a_list_whose_cursor_stands_still(self):
        class Stuck(Answers):
            def user_list(self, params):
                return {"users": [], "total": 0, "cursor": "again"}

        with Daemon(answers=Stuck()) as d:
            self.refused(run(d, "users"), 3, "cursor")

    def test_a_cursor_that_stands_still(self):
        class Stuck(Answers):
            def session_list(self, params):
                return {"sessions": [], "cursor": "again"}
        with Daemon(answers=Stuck()) as d:
            self.refused(run(d, "sessions"), 3, "same cursor")

    def test_call(self):
        with Daemon() as d:
            out = self.ok(run(d, "call", "call-1"))
        for line in (r"session call-1: active, kind rtp, age 1 min 15 s, generation 2, worker 1, "
                     r"idle timeout 60 s, MOS 4\.12", r" +leg 0 +leg 1",
                     r"local +10\.0\.0\.1:16384 +\[2001:db8::1\]:16384", r"rtcp +- +-",
                     r"security +none +sdes AES_CM_128_HMAC_SHA1_80, ipsec-mb, no remote key",
                     r"rx packets +99,000 +99,000", r"loss +1\.00 % +1\.00 %",
                     r"jitter +1\.2 ms +1\.2 ms", r"ssrc +0xdeadbeef +0xdeadbeef",
                     r"payload type +8 \(PCMA\) +8 \(PCMA\)", r"last packet +12\.0 ms +12\.0 ms",
                     r"drop\.source +7 +0", r"drop\.hold +0 +1,234"):
            self.assertRegex(out, "(?m)^" + line + "$")

    def test_call_of_a_browser(self):
        with Daemon() as d:
            out = self.ok(run(d, "call", "browser"))
            self.assertNotIn("ice", self.ok(run(d, "call", "call-1")))
        for line in (r"security +dtls passive connected AEAD_AES_128_GCM, ipsec-mb +"
                     r"dtls active failed \(fingerprint\), ipsec-mb",
                     r"certificate +sha-256 A1:A1:A1:A1\.\.\. +sha-256 A1",
                     r"far certificate +sha-384 B2:C3 +-",
                     r"ice +full disconnected \(silent\), controlling, restarting +"
                     r"lite new, controlled",
                     r"ice pair +192\.0\.2\.1:16384 to 192\.0\.2\.7:54321 +-",
                     r"ice far end +abcd, 3 candidates, 1 learned, lite +-",
                     r"ice consent +4200\.0 ms +-",
                     r"bundle +96, 111 +of evil\\x1b\[2J\\u202e: 0"):
            self.assertRegex(out, "(?m)^" + line + "$")

    def test_stats(self):
        with Daemon() as d:
            self.assertRegex(self.ok(run(d, "stats")), r"(?m)^worker\.rx_packets +1000$")
            self.assertNotIn("worker", self.ok(run(d, "stats", "drop.", "session.active")))
            self.assertEqual(d.requests[-1]["params"], {"names": ["drop.", "session.active"]})

    def test_stats_watch(self):
        args = ["stats", "--watch", "--interval", "0.2", "--count"]
        with Daemon() as d:
            out = self.ok(run(d, *args, "1"))
            self.assertEqual(out.count("PER SECOND"), 1)
            rate = next(float(l.split()[-1]) for l in out.splitlines() if "rx_packets" in l)
            self.assertTrue(500 < rate <= 5100, rate)
            self.assertNotIn("\x1b", out)
            self.assertEqual(self.ok(run(d, *args, "2")).count("PER SECOND"), 2)
            frames = self.ok(run(d, "-j", *args, "2")).splitlines()
            self.assertEqual(len(frames), 2)
            self.assertGreater(json.loads(frames[1])["per_second"]["drop.source"], 0)

    def test_a_restarted_daemon_has_no_rates(self):
        class Restarted(Answers):
            def stats_get(self, params):
                self.polls += 1
                return {"counters": {"drop.source": 1000 // self.polls}}
        with Daemon(answers=Restarted()) as d:
            out = self.ok(run(d, "stats", "--watch", "--interval=0.1", "--count=1"))
        self.assertRegex(out, r"(?m)^drop\.source +500 +-$")

    def test_drops(self):
        with Daemon() as d:
            lines = self.ok(run(d, "drops")).splitlines()
        self.assertEqual(lines[0].split(), ["COUNT", "REASON", "MEANING"])
        self.assertEqual([l.split()[:2] for l in lines[1:]],
                         [["70", "ttl"], ["5", "source"], ["1", "from_the_future"], ["0", "hold"]])
        self.assertIn("Hop limit used up", lines[1])

    def test_drain(self):
        with Daemon() as d:
            self.assertEqual(self.ok(run(d, "drain", "on")), "state     draining\nsessions  2\n")
            self.assertEqual(self.ok(run(d, "drain", "off")), "state     running\nsessions  2\n")
            self.assertEqual([r["params"]["on"] for r in d.requests], [True, False])


class Events(Case):
    @staticmethod
    def script(daemon, connection):
        def push(seq, kind, **params):
            connection.sendall(json.dumps({"jsonrpc": "2.0", "method": "event", "params": {
                "seq": seq, "type": kind, **params}}).encode() + b"\n")
        request = daemon.read(connection)
        push(4, "session.created", id=EVIL, generation=1)
        connection.sendall(json.dumps(daemon.reply(request)).encode() + b"\n")
        push(5, "session.latched", id="a", leg=1, remote={"ip": "2001:db8::9", "port": 5})
        push(6, "session.ended", id="a", reason="timeout", report=session("a"))
        push(7, "ice.state", id="a", leg=0, state="completed", remote={"ip": "10.0.0.2", "port": 5})
        push(8, "dtls.state", id="a", leg=0, state="failed", reason="no_profile")

    def test_follows(self):
        with Daemon(self.script) as d:
            r = run(d, "events", "--from", "4", "--count", "5", "session.")
            self.assertEqual(d.answers.subscribed, {"from_seq": 4, "types": ["session."]})
        lines = [l.split(" ", 1)[1] for l in self.ok(r).splitlines()]
        self.assertEqual(lines, [
            "4 session.created id=evil\\x1b[2J\\u202e generation=1",
            "5 session.latched id=a leg=1 remote=[2001:db8::9]:5",
            "6 session.ended id=a reason=timeout age_s=75.5 mos=4.12 "
            "leg.0=rx:99000,tx:5,lost:1000 leg.1=rx:99000,tx:5,lost:1000",
            "7 ice.state id=a leg=0 state=completed remote=10.0.0.2:5",
            "8 dtls.state id=a leg=0 state=failed reason=no_profile"])

    def test_as_json_until_the_daemon_leaves(self):
        with Daemon(self.script) as d:
            r = run(d, "-j", "events")
        self.refused(r, 3, "closed the connection")
        self.assertEqual([json.loads(l)["seq"] for l in r.stdout.splitlines()], [4, 5, 6, 7, 8])

    def test_nonsense_between(self):
        def nonsense(daemon, connection):
            connection.sendall(json.dumps(daemon.reply(daemon.read(connection))).encode() + b"\n"
                               b'{"jsonrpc":"2.0","method":"other"}\n[1]\n'
                               b'{"jsonrpc":"2.0","method":"event","params":[]}\nnonsense\n')
        with Daemon(nonsense) as d:
            r = run(d, "events")
        self.refused(r, 3, "malformed event")
        self.assertEqual(r.stdout, "")


class Terminal:
    """tandemctl under a pseudo-terminal."""

    def __init__(self, daemon, *args, rows=24, columns=80):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            [TANDEMCTL, "-s", daemon.path, *args], stdin=slave, stdout=slave,
            stderr=subprocess.PIPE, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.output = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, *wanted, timeout=10):
        end = time.monotonic() + timeout
        while not all(w in self.output for w in wanted):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise AssertionError(f"{wanted} not in {self.output!r}")
            self.output += os.read(self.master, 65536)
        return self.output

    def finish(self):
        """Its exit status, with all that it wrote in `output`; and is the terminal as before?"""
        status = self.process.wait(10)
        while select.select([self.master], [], [], 0.1)[0]:
            self.output += os.read(self.master, 65536)
        restored = termios.tcgetattr(self.slave) == self.before
        self.error = self.process.stderr.read()
        self.process.stderr.close()
        os.close(self.master)
        os.close(self.slave)
        return status, restored and self.output.endswith(b"\x1b[?25h\x1b[?1049l")


class Top(Case):
    def test_once(self):
        with Daemon() as d:
            out = self.ok(run(d, "top", "--once", "--interval", "0.2"))
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\x01", out)
        for line in (r"tandem 9\.8\.7  running  up 1 h 01 min  healthy  \d\d:\d\d:\d\d",
                     r"sessions 1,203 of 100,000, \+[1-9]\.\d/s   packet buffers 4,096 of 8,192",
                     r"in +\d,\d{3} +0\.0", r"dropped +[1-9]\d",
                     r"     0      2  \[#{15}\.{15}\]  50\.0 %    7\.5     0\.2 ms",
                     r"source +[1-9]\d +10  The sender is not .*", r"ttl +0 +70  Hop limit .*"):
            self.assertRegex(out, "(?m)^" + line + "$")
        self.assertNotIn("hold", out)

    def test_not_a_terminal_is_once(self):
        with Daemon() as d:
            self.assertEqual(self.ok(run(d, "top", "--interval=0.1")).count("WORKER"), 1)
            self.assertEqual(
                self.ok(run(d, "top", "--interval=0.1", "--count=3")).count("WORKER"), 3)

    def test_q_quits(self):
        with Daemon() as d:
            t = Terminal(d, "top", "--interval", "0.2")
            t.read_until(b"\x1b[?1049h", b"WORKER", b"###", b"Hop limit")
            os.write(t.master, b"xyzq")
            self.assertEqual(t.finish(), (0, True))
            self.assertEqual(t.error, b"")

    def test_q_quits_while_the_daemon_is_silent(self):
        with Daemon(lambda d, c: d.read(c) and d.read(c)) as d:
            t = Terminal(d, "--timeout", "60", "top")
            t.read_until(b"\x1b[?1049h")
            os.write(t.master, b"q")
            self.assertEqual(t.finish(), (0, True))

    def test_signals_give_the_terminal_back(self):
        for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV):
            with self.subTest(signo), Daemon() as d:
                t = Terminal(d, "top", "--interval", "0.2")
                t.read_until(b"WORKER")
                t.process.send_signal(signo)
                self.assertEqual(t.finish(), (-signo, True))

    def test_control_c_at_the_keyboard(self):
        with Daemon() as d:
            t = Terminal(d, "top")
            t.read_until(b"WORKER")
            os.write(t.master, b"\x03")
            self.assertEqual(t.finish(), (-signal.SIGINT, True))

    def test_stop_and_continue(self):
        with Daemon() as d:
            t = Terminal(d, "top", "--interval", "0.2")
            t.read_until(b"WORKER")
            t.process.send_signal(signal.SIGTSTP)
            t.read_until(b"\x1b[?1049l")
            deadline = time.monotonic() + 10
            while pathlib.Path(f"/proc/{t.process.pid}/stat").read_text().split()[2] != "T":
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            self.assertEqual(termios.tcgetattr(t.slave), t.before)
            t.output = b""
            t.process.send_signal(signal.SIGCONT)
            t.read_until(b"\x1b[?1049h", b"WORKER")
            os.write(t.master, b"q")
            self.assertEqual(t.finish(), (0, True))

    def test_a_daemon_that_leaves(self):
        def leave(daemon, connection):
            for _ in range(3):
                connection.sendall(json.dumps(daemon.reply(daemon.read(connection))).encode()
                                   + b"\n")
        with Daemon(leave) as d:
            t = Terminal(d, "top", "--interval", "0.2")
            self.assertEqual(t.finish(), (3, True))
            self.assertIn(b"closed the connection", t.error)

    def test_no_daemon(self):
        with Daemon() as d:
            pass
        t = Terminal(d, "top")
        self.assertEqual(t.finish(), (3, True))

    def test_follows_the_size(self):
        with Daemon() as d:
            t = Terminal(d, "top", "--interval", "60", rows=40, columns=100)
            t.read_until(b"Hop limit")
            t.output = b""
            t.resize(5, 20)
            t.process.send_signal(signal.SIGWINCH)
            t.read_until(b"PACKETS")
            time.sleep(0.1)
            os.write(t.master, b"q")
            self.assertEqual(t.finish(), (0, True))
            frame = t.output.split(b"\x1b[H")[-1].split(b"\x1b[m\x1b[?25h")[0]
            lines = re.sub(rb"\x1b\[[0-9]*[mKJ]|\r", b"", frame).split(b"\n")
            self.assertEqual(len(lines), 5)
            self.assertLessEqual(max(map(len, lines)), 20)

    def test_count_ends_it(self):
        with Daemon() as d:
            t = Terminal(d, "top", "--interval", "0.1", "--count", "2")
            self.assertEqual(t.finish(), (0, True))
            self.assertEqual(t.output.count(b"\x1b[H"), 2)


class Completion(Case):
    def complete(self, daemon, line):
        """What bash would put in place of the last word; all of it begins with COMPREPLY."""
        script = """
            source "$1"; COMP_LINE=$2; COMP_POINT=${#2}; COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
            compopt() { :; }
            _tandemctl; printf '%s\\n' "${COMPREPLY[@]}"
        """
        r = subprocess.run(["bash", "--norc", "-c", script, "bash", COMPLETION, line],
                           capture_output=True, text=True, timeout=20, check=True,
                           env={"PATH": os.environ["PATH"], "TANDEM_SOCKET": daemon})
        return [l for l in r.stdout.split("\n") if l]

    def test_words(self):
        ctl = TANDEMCTL
        with Daemon() as d:
            for line, want in (
                    ("sh", ["show "]),
                    ("session.g", ["session.get "]),
                    ("--ver", ["--version "]),
                    ("drain ", ["on ", "off "]),
                    ("help dra", ["drain "]),
                    ("call call-000", [f"call-{i:04} " for i in range(10)]),
                    ("call call-0001 ", []),
                    ("session.get ", ["id="]),
                    ("session.get id=call-1202", ["call-1202 "]),
                    ("session.create k", ["kind="]),
                    ("session.create kind=", ["rtp ", "udp "]),
                    ("session.create kind=u", ["udp "]),
                    ("session.create kind=udp ki", []),
                    ("session.create legs.1.rem",
                     ["legs.1.remote.ip=", "legs.1.remote.port=", "legs.1.remote.rtcp_port="]),
                    ("session.create legs.0.latch=", ["strict ", "once ", "follow ", "host "]),
                    ("session.update legs.1.hold=", ["true ", "false "]),
                    ("session.create id=", []),
                    ("stats drop.s", ["drop.source "]),
                    ("events ic", ["ice.state "]),
                    ("-j --timeout 5 drain o", ["on ", "off "]),
                    ("--timeout ", []),
                    (f"-s {d.path} call call-1202", ["call-1202 "])):
                with self.subTest(line):
                    self.assertEqual(self.complete(d.path, f"{ctl} {line}"), want)
            verbs = self.complete(d.path, f"{ctl} ")
            self.assertIn("top ", verbs)
            self.assertTrue({m + " " for m in API["methods"]} <= set(verbs))

    def test_no_daemon_no_ids(self):
        self.assertEqual(self.complete("/nonexistent", f"{TANDEMCTL} call "), [])

    def test_ids_with_shell_characters(self):
        with Daemon() as d:
            d.answers.sessions = ["a b$(x)", EVIL, "c:1"]
            self.assertEqual(self.complete(d.path, f"{TANDEMCTL} call "),
                             ["a\\ b\\$\\(x\\) ", "c:1 "])
            self.assertEqual(self.complete(d.path, f"{TANDEMCTL} call c:"), ["1 "])


if __name__ == "__main__":
    unittest.main()
