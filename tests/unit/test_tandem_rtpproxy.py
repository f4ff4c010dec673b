#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""tandem-rtpproxy's options: the configuration that comes of them, and what is said of bad ones.

Argument: the program.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)

BASE = {
    "eal": {"args": ["--no-huge", "-m", "512"]},
    "workers": {"lcores": [1], "idle": "adaptive"},
    "interfaces": [{"name": "lan", "device": "net_null0", "mtu": 1500}],
    "addresses": [
        {"name": "lan4", "interface": "lan", "ip": "10.0.0.1/24",
         "ports": {"min": 16384, "max": 20000}},
        {"name": "wan4", "interface": "lan", "ip": "192.0.2.1/24", "advertise": "203.0.113.9",
         "ports": {"min": 16384, "max": 20000}},
        {"name": "wan6", "interface": "lan", "ip": "2001:db8::1/64",
         "ports": {"min": 16384, "max": 20000}},
    ],
    "rtpproxy": {"control": ["udp:127.0.0.1"]},
    "log": {"level": "debug"},
}


class Options(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory()
        cls.base = os.path.join(cls.dir.name, "base.json")
        with open(cls.base, "w", encoding="utf-8") as f:
            json.dump(BASE, f)

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    def run_with(self, *args):
        return subprocess.run([PROGRAM, "--base", self.base, "--print-config", *args],
                              capture_output=True, text=True, timeout=20, check=False)

    def config(self, *args):
        done = self.run_with(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def fault(self, code, text, *args):
        done = self.run_with(*args)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(text, done.stderr)

    def test_defaults(self):
        c = self.config()
        self.assertEqual(c["rtpproxy"]["control"], ["unix:/var/run/rtpproxy.sock"])
        self.assertEqual(c["rtpproxy"]["bind"], {"internal": "lan4", "internal6": "wan6"})
        self.assertFalse(c["rtpproxy"]["reply_address"])
        self.assertEqual(c["rtpproxy"]["latch"], "once")
        self.assertEqual(c["rtpproxy"]["ttl_s"], 60)
        self.assertNotIn("tos", c["rtpproxy"])
        self.assertEqual(c["addresses"], BASE["addresses"])
        self.assertEqual(c["log"], {"level": "info"})
        self.assertEqual(c["eal"], BASE["eal"])

    def test_bridge(self):
        c = self.config("-l", "10.0.0.1/192.0.2.1")
        self.assertEqual(c["rtpproxy"]["bind"], {"internal": "lan4", "external": "wan4"})
        self.assertTrue(c["rtpproxy"]["reply_address"])
        c = self.config("-l", "10.0.0.1", "-6", "/2001:db8::1")
        self.assertEqual(c["rtpproxy"]["bind"], {"internal": "lan4", "external6": "wan6"})

    def test_whom_parties_are_taken_for(self):
        bridge = ("-l", "10.0.0.1/192.0.2.1")
        for args, latch in (((), "once"), (("-l", "10.0.0.1"), "once"), (bridge, "host"),
                            (("-l", "10.0.0.1", "-6", "/2001:db8::1"), "host"),
                            ((*bridge, "--bridge_symmetric"), "once"),
                            ((*bridge, "--bridge_symmetric", "--force_asymmetric"), "once"),
                            (("--force_asymmetric",), "host"),
                            (("--bridge_symmetric", "--force_asymmetric"), "host"),
                            ((*bridge, "--strict"), "strict"), (("--strict",), "strict")):
            with self.subTest(args=args):
                self.assertEqual(self.config(*args)["rtpproxy"]["latch"], latch)
        self.fault(2, "can't be both", "--strict", "--force_asymmetric")

    def test_rtcp_is_recorded(self):
        self.assertTrue(self.config("-r", "/rec")["rtpproxy"]["record_rtcp"])
        self.assertFalse(self.config("-r", "/rec", "-R")["rtpproxy"]["record_rtcp"])

    def test_extensions(self):
        lines = self.run_with("-v").stdout.splitlines()
        self.assertEqual(lines[0], "Basic version: 20040107")
        self.assertEqual(len(lines), 21)
        for line in lines[1:]:
            self.assertRegex(line, r"^Extension 20[0-9]{6}: .+$")
        self.assertEqual([line.split()[1] for line in lines[1:]],
                         sorted({line.split()[1] for line in lines[1:]}))

    def test_any_address(self):
        self.assertEqual(self.config("-l", "*")["rtpproxy"]["bind"],
                         self.config()["rtpproxy"]["bind"])

    def test_control_sockets(self):
        c = self.config("-s", "udp:127.0.0.1:22222", "-s", "udp6:::1", "-s", "udp6:::1 7000",
                        "-s", "udp6:[::1]:7001", "-s", "/tmp/a.sock", "-s", "cunix:/tmp/b.sock",
                        "-s", "tcp:localhost:2233", "-s", "udp:7722", "-s", "udp:*:7723")
        self.assertEqual(c["rtpproxy"]["control"], [
            "udp:127.0.0.1:22222", "udp6:::1", "udp6:[::1]:7000", "udp6:[::1]:7001",
            "unix:/tmp/a.sock", "cunix:/tmp/b.sock", "tcp:127.0.0.1:2233", "udp:*:7722",
            "udp:*:7723"])

    def test_ports_and_advertised(self):
        c = self.config("-l", "10.0.0.1/192.0.2.1", "-m", "35000", "-A", "198.51.100.1/198.51.100.2")
        self.assertEqual([a["ports"] for a in c["addresses"]],
                         [{"min": 35000, "max": 65000}] * 2 + [{"min": 16384, "max": 20000}])
        self.assertEqual([a.get("advertise") for a in c["addresses"]],
                         ["198.51.100.1", "198.51.100.2", None])

    def test_one_family_is_advertised(self):
        c = self.config("-A", "198.51.100.1")
        self.assertEqual([a.get("advertise") for a in c["addresses"]],
                         ["198.51.100.1", "203.0.113.9", None])

    def test_recording(self):
        c = self.config("-r", "/var/spool/a", "-S", "/var/spool/b", "-a", "-P")
        self.assertEqual(c["media"], {"record_dir": "/var/spool/a", "spool_dir": "/var/spool/b"})
        self.assertTrue(c["rtpproxy"]["record_all"])
        self.assertEqual(c["rtpproxy"]["record_format"], "pcap")
        self.assertEqual(self.config("-r", "/var/spool/a")["rtpproxy"]["record_format"], "rtp")

    def test_the_rest(self):
        c = self.config("-2", "-i", "-T", "30", "-W", "90", "-t", "0x10", "-w", "0600",
                        "-n", "unix:/tmp/t.sock", "-n", "tcp:%%CC_SELF%%:9000", "-d", "ERR:LOCAL1",
                        "--strict", "-u", "root:root")
        r = c["rtpproxy"]
        self.assertEqual((r["duplicate"], r["ttl_mode"], r["ttl_s"], r["setup_ttl_s"], r["tos"],
                          r["mode"], r["latch"], r["group"]),
                         (True, "independent", 30, 90, 16, "0600", "strict", "root"))
        self.assertEqual(r["timeout_targets"], ["unix:/tmp/t.sock", "tcp:%%CC_SELF%%:9000"])
        self.assertEqual(c["log"], {"level": "error"})

    def test_ignored_options_say_so(self):
        done = self.run_with("-F", "-b", "-c", "fifo")
        self.assertEqual(done.returncode, 0)
        for letter in "Fbc":
            self.assertIn(f"-{letter} changes nothing:", done.stderr)

    def test_usage(self):
        for args in (["-T", "0"], ["-T", "x"], ["-t", "256"], ["-m", "80"], ["-M", "70000"],
                     ["-m", "3000", "-M", "2000"], ["-l", "10.0.0.1/"], ["-S", "/tmp"], ["-a"],
                     ["-d", "LOUD"], ["-d", "INFO:NOWHERE"], ["-u", "no-such-user"], ["-Z"],
                     ["extra"], ["-s", "stdio:"], ["--nothing"]):
            with self.subTest(args=args):
                self.fault(2, "", *args)

    def test_addresses_of_others(self):
        self.fault(1, "10.9.9.9", "-l", "10.9.9.9")
        self.fault(1, "10.0.0.1, 192.0.2.1, 2001:db8::1", "-l", "10.9.9.9")
        self.fault(1, "the kernel has 127.0.0.1 on lo", "-l", "127.0.0.1")
        self.fault(1, "/addresses/0/ports", "-m", "2000", "-M", "2000")

    def test_base(self):
        done = subprocess.run([PROGRAM, "--base", "/nowhere.json"], capture_output=True, text=True,
                              timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere.json", done.stderr)

    def test_help_and_version(self):
        for option, text in (("-?", "usage: tandem-rtpproxy"), ("-v", "20040107"),
                             ("-V", "tandem-rtpproxy "), ("--version", "tandem-rtpproxy ")):
            done = subprocess.run([PROGRAM, option], capture_output=True, text=True, timeout=20,
                                  check=False)
            self.assertEqual(done.returncode, 0)
            self.assertIn(text, done.stdout)


if __name__ == "__main__":
    unittest.main()
