#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The schemas are valid, say what the contract says, and their examples fit them.

    test_schema.py CONFIGS_DIR
"""
import json
import pathlib
import re
import sys
import unittest

import jsonschema

CONFIGS = pathlib.Path(sys.argv.pop(1))


def load(name):
    return json.loads((CONFIGS / name).read_text(encoding="utf-8"))


API = load("schema/api.schema.json")
CONFIG = load("schema/config.schema.json")

CREATE = {
    "id": "call-1", "idle_timeout_s": 60,
    "legs": [
        {"address": "lan4", "remote": {"ip": "10.0.0.2", "port": 4000}, "latch": "strict",
         "rtcp": "next", "dscp": 46, "security": {"type": "none"}},
        {"address": "wan6", "remote": {"ip": "2001:db8::9", "port": 5004}, "latch": "once",
         "rtcp": "mux", "security": {
             "type": "sdes", "profile": "AES_CM_128_HMAC_SHA1_80",
             "local_key": "AAAA", "remote_key": "BBBB"}},
    ],
}
CREATED = {
    "id": "call-1", "created": True, "generation": 1, "worker": 1,
    "legs": [
        {"local": {"ip": "10.0.0.1", "port": 16384}, "rtcp": {"ip": "10.0.0.1", "port": 16385}},
        {"local": {"ip": "2001:db8::1", "port": 16390}, "rtcp": {"ip": "2001:db8::1", "port": 16390}},
    ],
}


FINGERPRINT = {"hash": "sha-256", "value": "AB:CD"}
BROWSER = {
    "id": "call-2",
    "legs": [
        {"address": "wan4", "rtcp": "mux",
         "security": {"type": "dtls", "setup": "passive", "fingerprint": FINGERPRINT},
         "ice": {"mode": "lite", "remote": {
             "ufrag": "abcd", "pwd": "0123456789012345678901",
             "candidates": ["candidate:1 1 udp 2113937151 192.0.2.7 54321 typ host"]}},
         "bundle": {"payload_types": [96, 111]}},
        {"address": "lan4", "feedback": False},
    ],
}
BROWSER_CREATED = {
    "id": "call-2", "created": True, "generation": 1, "worker": 0,
    "legs": [
        {"local": {"ip": "192.0.2.1", "port": 16384}, "rtcp": {"ip": "192.0.2.1", "port": 16384},
         "security": {"type": "dtls", "setup": "passive", "fingerprint": FINGERPRINT},
         "ice": {"lite": True, "ufrag": "wxyz", "pwd": "9876543210987654321098",
                 "candidates": ["candidate:1 1 udp 2130706431 192.0.2.1 16384 typ host"]}},
        {"local": {"ip": "10.0.0.1", "port": 16384}, "rtcp": {"ip": "10.0.0.1", "port": 16385}},
    ],
}


def validator(node):
    resolver = jsonschema.RefResolver("", API)
    return jsonschema.Draft202012Validator(node, resolver=resolver)


def nodes(node):
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from nodes(child)


class Schemas(unittest.TestCase):
    def test_are_json_schemas(self):
        jsonschema.Draft202012Validator.check_schema(CONFIG)
        for part in ("methods", "events"):
            for entry in API[part].values():
                for key in ("params", "result"):
                    jsonschema.Draft202012Validator.check_schema(entry.get(key, {}))
        jsonschema.Draft202012Validator.check_schema({"$defs": API["$defs"]})

    def test_references_lead_somewhere_and_all_are_used(self):
        for schema in (API, CONFIG):
            used = {n["$ref"] for n in nodes(schema) if "$ref" in n}
            self.assertEqual(used, {f"#/$defs/{name}" for name in schema["$defs"]})

    def test_config_is_described_and_strict(self):
        for node in nodes(CONFIG):
            if isinstance(node.get("properties"), dict) and "type" in node:
                self.assertIs(node["additionalProperties"], False)
                required = node.get("required", [])
                for name, member in node["properties"].items():
                    target = CONFIG["$defs"].get(member.get("$ref", "")[8:], {})
                    text = member.get("description") or target.get("description")
                    self.assertTrue(text, name)
                    member = {**target, **member}
                    if name not in required and member.get("type") != "object":
                        self.assertTrue("default" in member or "Absent:" in text, name)

    def test_methods_are_complete(self):
        for name, method in API["methods"].items():
            self.assertRegex(name, r"^[a-z]+\.[a-z]+$")
            self.assertIn(method["access"], ("read", "write"))
            self.assertTrue(method["summary"] and method["description"], name)
            self.assertLessEqual(set(method["errors"]), set(API["errors"]), name)
            if not method.get("x-unsupported"):
                self.assertIs(method["params"]["additionalProperties"], False, name)

    def test_error_codes_are_unique(self):
        codes = [e["code"] for e in API["errors"].values()]
        self.assertEqual(len(codes), len(set(codes)))

    def test_example_configuration(self):
        jsonschema.Draft202012Validator(CONFIG).validate(load("example.json"))

    def test_create_of_the_contract(self):
        method = API["methods"]["session.create"]
        validator(method["params"]).validate(CREATE)
        validator(method["result"]).validate(CREATED)

    def test_a_browser(self):
        method = API["methods"]["session.create"]
        validator(method["params"]).validate(BROWSER)
        validator(method["result"]).validate(BROWSER_CREATED)
        check = validator(API["methods"]["session.update"]["params"])
        for leg in ({"ice": {"remote": {"candidates": ["candidate:x"]}}}, {"ice": None},
                    {"ice": {"restart": True}}, {"ice": {"end_of_candidates": True}},
                    {"security": {"type": "dtls", "fingerprints": [FINGERPRINT, FINGERPRINT]}},
                    {"security": {"type": "dtls", "renew": True}},
                    {"bundle": {"payload_types": [0]}}, {"feedback": True}):
            check.validate({"id": "call-2", "legs": [leg]})
        for leg in ({"ice": {"mode": "none"}}, {"ice": {"remote": {"ufrag": "abc"}}},
                    {"ice": {"role": "boss"}}, {"bundle": {"id": "x"}},
                    {"bundle": {"payload_types": [128]}}, {"feedback": None},
                    {"security": {"type": "dtls", "fingerprint": {"hash": "sha-256"}}},
                    {"security": {"type": "dtls", "fingerprints": []}}):
            self.assertFalse(check.is_valid({"id": "call-2", "legs": [leg]}), leg)

    def test_states_of_ice_and_dtls(self):
        for name, state in (("ice.state", "completed"), ("dtls.state", "connected")):
            check = validator(API["events"][name]["params"])
            check.validate({"id": "x", "leg": 0, "state": state})
            check.validate({"id": "x", "leg": 1, "state": "failed", "reason": "timeout"})
            self.assertFalse(check.is_valid({"id": "x", "leg": 0, "state": "fine"}), name)

    def test_create_is_strict(self):
        check = validator(API["methods"]["session.create"]["params"])
        for change in ({"idle": 1}, {"id": ""}, {"id": "a\u0007"}, {"legs": CREATE["legs"][:1]},
                       {"idle_timeout_s": "60"}, {"kind": "tcp"}):
            self.assertFalse(check.is_valid({**CREATE, **change}), change)

    def test_secrets_have_no_place_in_results(self):
        report = json.dumps([API["$defs"]["leg"], API["$defs"]["ice_report"], API["events"]])
        self.assertIsNone(re.search("local_key|remote_key|local_crypto|pwd", report))


if __name__ == "__main__":
    unittest.main()
