#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the first inputs of the wire targets into corpus/: one sound packet of every kind.

Inputs that a fuzzing run found worth keeping were added to these by `fuzz_X -merge=1`.
"""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
US, PEER = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
US4, PEER4 = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
US6 = bytes.fromhex("20010db8000000000000000000000001")
PEER6 = bytes.fromhex("20010db8000000000000000000000002")
GROUP = bytes.fromhex("ff0200000000000000000001ff000001")
FIX_ALL = b"\x03"  # FUZZ_FIX_IP4 | FUZZ_FIX_L4


def eth(ethertype, payload, vlan=None, dst=US):
    tag = struct.pack("!HH", 0x8100, vlan) if vlan is not None else b""
    return dst + PEER + tag + struct.pack("!H", ethertype) + payload


def ip4(proto, payload, src=PEER4, dst=US4, first=0x45, frag=0x4000):
    head = struct.pack("!BBHHHBBH", first, 0, 20 + len(payload), 1, frag, 64, proto, 0)
    return eth(0x0800, head + src + dst + payload)


def ip6(proto, payload, src=PEER6, dst=US6, hops=64, vlan=None):
    head = struct.pack("!IHBB", 6 << 28, len(payload), proto, hops)
    return eth(0x86DD, head + src + dst + payload, vlan)


def udp(payload):
    return struct.pack("!HHHH", 4000, 5004, 8 + len(payload), 0) + payload


def echo(kind, data=b"ping"):
    return struct.pack("!BBHHH", kind, 0, 0, 0x1234, 7) + data


def nd(kind, flags, target, *options):
    return struct.pack("!BBHI", kind, 0, 0, flags) + target + b"".join(options)


def arp(op, sender, target):
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, op) + PEER + sender + bytes(6) + target


RTP = struct.pack("!BBHII", 0x80, 0, 0x1234, 160, 0xDEADBEEF)
RTCP = struct.pack("!BBHI", 0x80, 201, 1, 0xDEADBEEF)

FRAMES = {
    "udp4": ip4(17, udp(RTP + b"audio")),
    "udp6": ip6(17, udp(RTP + b"audio")),
    "udp6-vlan": ip6(17, udp(RTP), vlan=100),
    "options": ip4(17, b"\x01\x01\x01\x00" + udp(b""), first=0x46),
    "fragment": ip4(17, udp(b""), frag=0x2000),
    "hop-by-hop": ip6(0, b"\x11\x00\x01\x04\x00\x00\x00\x00" + udp(b"")),
    "tcp": ip4(6, bytes(20)),
    "lldp": eth(0x88CC, bytes(46)),
    "two-tags": eth(0x8100, struct.pack("!HH", 5, 0x0800), vlan=7),
}

CONTROL = {
    "arp-request": eth(0x0806, arp(1, PEER4, US4)),
    "arp-reply-padded": eth(0x0806, arp(2, PEER4, US4) + bytes(18)),
    "arp-probe": eth(0x0806, arp(1, bytes(4), PEER4), vlan=100),
    "echo4": ip4(1, echo(8)),
    "echo4-reply": ip4(1, echo(0)),
    "echo6": ip6(58, echo(128)),
    "echo6-vlan": ip6(58, echo(128, bytes(range(33))), vlan=100),
    "unreachable": ip4(1, echo(3, bytes(28))),
    "too-big": ip6(58, echo(2, bytes(48))),
    "ns": ip6(58, nd(135, 0, US6, b"\x01\x01" + PEER), dst=GROUP, hops=255),
    "ns-nonce": ip6(58, nd(135, 0, US6, b"\x0e\x01nonce6", b"\x01\x01" + PEER), hops=255),
    "ns-dad": ip6(58, nd(135, 0, US6), src=bytes(16), dst=GROUP, hops=255),
    "na": ip6(58, nd(136, 0x60000000, PEER6, b"\x02\x01" + PEER), hops=255),
    "udp4-large": ip4(17, udp(bytes(600))),
    "udp6-large": ip6(17, udp(bytes(1300))),
}

MEDIA = {
    "rtp": RTP + b"audio",
    "rtp-csrc": struct.pack("!BBHII", 0x82, 96, 1, 2, 3) + bytes(8) + b"audio",
    "rtp-extension": struct.pack("!BBHIIHHI", 0x90, 96, 1, 2, 3, 0xBEDE, 1, 0) + b"audio",
    "rtp-padding": struct.pack("!BBHII", 0xA0, 96, 1, 2, 3) + b"audio\x00\x00\x03",
    "rtcp": RTCP,
    "rtcp-compound": RTCP + struct.pack("!BBHI", 0x81, 203, 1, 0xDEADBEEF),
    "rtcp-feedback": struct.pack("!BBHII", 0x81, 206, 2, 1, 2) + RTCP
                     + struct.pack("!BBHIII", 0x81, 205, 3, 1, 2, 7),
    "rtcp-fir": RTCP + struct.pack("!BBHIIII", 0x84, 206, 4, 1, 0, 2, 1),
    "rtcp-remb": struct.pack("!BBHII4sII", 0x8F, 206, 5, 1, 0, b"REMB", 1, 2),
    "rtcp-report": struct.pack("!BBHII", 0x81, 201, 7, 1, 2) + bytes(20),
    "stun": struct.pack("!HHI", 1, 4, 0x2112A442) + bytes(12) + struct.pack("!HH", 0x25, 0),
    "dtls": struct.pack("!BHHIHH", 22, 0xFEFD, 0, 0, 0, 3) + b"abc",
    "dtls13": b"\x2f\x01\x02abcd",
    "zrtp": b"\x10\x00\x00\x01ZRTP",
    "channel": b"\x40\x00\x00\x04data",
}



def in_rtp(payload, setup=b"\x01\x00\x05\x00"):
    """A tunnel's packet behind flags (a checksum that is put right), TOS and MTU."""
    return setup + struct.pack("!BBHII", 0x80, 97, 1, 160, 0xDEADBEEF) + payload


def inner4(proto, payload, options=b"", frag=0):
    first = 0x45 + len(options) // 4
    total = 20 + len(options) + len(payload)
    head = struct.pack("!BBHHHBBH", first, 2, total, 7, frag, 64, proto, 0)
    return head + bytes([10, 9, 0, 2, 10, 8, 0, 1]) + options + payload


def inner6(proto, payload):
    return struct.pack("!IHBB", 6 << 28 | 2 << 20, len(payload), proto, 64) + PEER6 + US6 + payload


def syn(options):
    words = 5 + len(options) // 4
    return struct.pack("!HHIIBBHHH", 40000, 443, 1, 0, words << 4, 2, 64240, 0, 0) + options


MSS = b"\x02\x04\x05\xb4"
LINUX = MSS + bytes.fromhex("0402080a010203040000000001030307")
OPTIONS = bytes.fromhex("0703040182050102034404050088040009000000")
MTU100 = b"\x01\x03\x00\x64"
TUNNEL = {
    "keep-alive": in_rtp(b"\0"),
    "udp4": in_rtp(inner4(17, udp(b"dns"))),
    "udp6": in_rtp(inner6(17, udp(b"dns"))),
    "padded": in_rtp(inner4(17, udp(b"dns")) + bytes(9)),
    "syn4": in_rtp(inner4(6, syn(LINUX))),
    "syn6": in_rtp(inner6(6, syn(LINUX))),
    "syn-odd": in_rtp(inner4(6, syn(b"\x01" + MSS + b"\x01\x01\x00"))),
    "syn6-options": in_rtp(inner6(0, b"\x06\0\x01\x04\0\0\0\0" + syn(MSS))),
    "fragment6": in_rtp(inner6(44, b"\x06\0\0\x01\0\0\0\x09" + syn(MSS))),
    "later6": in_rtp(inner6(44, b"\x3a\0\0\x11\0\0\0\x09" + bytes(16))),
    "cut": in_rtp(inner4(17, udp(bytes(300))), MTU100),
    "cut-options": in_rtp(inner4(17, udp(bytes(300)), OPTIONS), MTU100),
    "cut-again": in_rtp(inner4(17, bytes(304), frag=0x2010), MTU100),
    "df": in_rtp(inner4(17, udp(bytes(300)), frag=0x4000), MTU100),
    "time-exceeded": in_rtp(inner4(1, echo(11, bytes(28))), b"\x05\x02\x05\x00"),
    "echo6": in_rtp(inner6(58, echo(128)), b"\x09\x01\x05\x00"),
    "ce": in_rtp(inner4(17, udp(b"")), b"\x01\x03\x05\x00"),
    "extended-rtp": b"\x01\0\x05\0" + MEDIA["rtp-extension"][:-5] + inner4(17, udp(b"")),
}


def mapped(a):
    return bytes(10) + b"\xff\xff" + bytes(a)


USERS = {
    "four": mapped([10, 9, 0, 2]) + mapped([255, 255, 255, 0]) + b"alice",
    "wide": mapped([10, 9, 0, 2]) + 12 * b"\xff" + bytes([255, 255, 0, 0]) + "jürgen".encode(),
    "six": PEER6 + 8 * b"\xff" + bytes(8) + b"bob@example.com",
    "none": bytes(32) + 24 * b"x",
    "holes": mapped([10, 9, 0, 2]) + mapped([255, 0, 255, 0]) + 25 * b"y",
    "short": mapped([10, 9, 0, 2]),
}

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
CRYPTO = {
    "plain": f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
    "lifetime": f"1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^20|1:4 WSH=128",
    "decimal": f"9 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1048577",
    "two-keys": f"2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4;inline:{KEY}|2:4",
    "gcm": "3 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==",
    "aes256": "4 AES_256_CM_HMAC_SHA1_80 inline:" + 61 * "A" + "A==",
    "mki": f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|340282366920938463463374607431768211455:16",
    "params": f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1 UNENCRYPTED_SRTP FEC_ORDER=SRTP_FEC",
    "fec": f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} FEC_ORDER=FEC_SRTP FEC_KEY=inline:{KEY} -x=1",
    "method": "1 AES_CM_128_HMAC_SHA1_80 uri:https://example.com/",
    "suite": f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
}


def attr(kind, value=b""):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def stun(kind, *attrs, tid=bytes(12)):
    body = b"".join(attrs)
    return struct.pack("!HHI", kind, len(body), 0x2112A442) + tid + body


# One byte of set-up, then messages behind a byte each: as fuzz_stun.c has them.
FULL, CONTROLLING, REMOTE, CANDIDATE, LITE_PEER, SERVER = 1, 2, 4, 8, 16, 32
USER, MAC, CRC, LAST_ID, FROM_SERVER, FROM, RESTART = 1, 2, 4, 8, 16, 32, 0xE0
INTEGRITY, INTEGRITY256 = attr(8, bytes(20)), attr(0x1C, bytes(32))
FINGERPRINT = attr(0x8028, bytes(4))
NAME, PRIO, USE = attr(6, b"12345678:fuzz"), attr(0x24, b"\x6e\0\1\xff"), attr(0x25)
CONTROLS, CONTROLLED = attr(0x802A, b"\x7f" + bytes(7)), attr(0x8029, b"\0" + bytes(7))
MAPPED4 = attr(0x20, b"\0\1" + bytes(6))
MAPPED6 = attr(0x20, b"\0\2" + bytes(18))
TAIL = (INTEGRITY, FINGERPRINT)
CHECK = stun(1, NAME, PRIO, CONTROLS, *TAIL)
NOMINATE = stun(1, NAME, PRIO, CONTROLS, USE, *TAIL)
ANSWER = stun(0x101, MAPPED4, *TAIL)
CONFLICT = stun(0x111, attr(9, b"\0\0\4\x57Role Conflict"), *TAIL)
FIX = USER | MAC | CRC


def agent(setup, *messages):
    return bytes([setup]) + b"".join(bytes([flags]) + m for flags, m in messages)


STUN = {
    "lite-check": agent(REMOTE, (FIX, CHECK), (FIX, NOMINATE)),
    "lite-early": agent(0, (FIX, NOMINATE), (FIX | FROM, NOMINATE)),
    "lite-moves": agent(REMOTE, *[(FIX | n * FROM, NOMINATE) for n in (0, 1, 2, 3, 0)]),
    "sha256": agent(REMOTE, (FIX, stun(1, NAME, PRIO, CONTROLS, USE, INTEGRITY256, FINGERPRINT))),
    "sha256-short": agent(REMOTE, (FIX, stun(1, NAME, attr(0x1C, bytes(16)), FINGERPRINT))),
    "both": agent(REMOTE, (FIX, stun(1, NAME, INTEGRITY, INTEGRITY256, FINGERPRINT))),
    "unknown": agent(REMOTE, (FIX, stun(1, NAME, attr(0x7001, b"abc"), attr(2), *TAIL))),
    "behind": agent(REMOTE, (FIX, stun(1, NAME, INTEGRITY, USE, attr(2), FINGERPRINT))),
    "method": agent(REMOTE, (FIX, stun(3, NAME, *TAIL))),
    "role": agent(REMOTE, (FIX, stun(1, NAME, PRIO, CONTROLLED, *TAIL))),
    "no-mac": agent(REMOTE, (CRC, stun(1, NAME, PRIO, CONTROLS, FINGERPRINT))),
    "bad-mac": agent(REMOTE, (USER | CRC, CHECK)),
    "indication": agent(REMOTE, (CRC, stun(0x11, FINGERPRINT))),
    "full-controlled": agent(FULL | REMOTE | CANDIDATE, (FIX | FROM, NOMINATE),
                             (MAC | CRC | LAST_ID | FROM, ANSWER)),
    "full-controlling": agent(FULL | CONTROLLING | REMOTE | CANDIDATE,
                              *3 * [(MAC | CRC | LAST_ID | FROM, ANSWER)]),
    "full-lite-peer": agent(FULL | REMOTE | CANDIDATE | LITE_PEER,
                            *3 * [(MAC | CRC | LAST_ID | FROM, ANSWER)]),
    "full-conflict": agent(FULL | CONTROLLING | REMOTE | CANDIDATE,
                           (MAC | CRC | LAST_ID | FROM, CONFLICT)),
    "full-elsewhere": agent(FULL | REMOTE | CANDIDATE, (MAC | CRC | LAST_ID | 2 * FROM, ANSWER)),
    "restart": agent(FULL | CONTROLLING | REMOTE | CANDIDATE,
                     *3 * [(MAC | CRC | LAST_ID | FROM, ANSWER)], (RESTART, stun(1)),
                     (FIX | FROM, stun(1, NAME, PRIO, CONTROLLED, *TAIL)),
                     *3 * [(MAC | CRC | LAST_ID | FROM, ANSWER)]),
    "lite-restart": agent(REMOTE, (FIX, NOMINATE), (RESTART, stun(1)), (FIX | FROM, NOMINATE)),
    "lite-lite": agent(REMOTE | LITE_PEER | CANDIDATE, (FIX, CHECK)),
    "gather": agent(FULL | SERVER, (CRC, stun(0x11, FINGERPRINT)),
                    (LAST_ID | FROM_SERVER, stun(0x101, MAPPED4)),
                    (LAST_ID | FROM_SERVER, stun(0x101, MAPPED6))),
    "rfc5769": b"\0\0" + bytes.fromhex(
        "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
        "002400046e0001ff80290008932ff9b151263b36000600096576746a3a6836765920202000080014"
        "9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"),
}

CANDIDATES = {
    "host": "candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host",
    "srflx": "a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.1.1 rport 8998",
    "chromium": "candidate:842163049 1 udp 1677729535 203.0.113.7 51472 typ srflx raddr 0.0.0.0 "
                "rport 0 generation 0 ufrag 3MRo network-id 1 network-cost 999",
    "tcp": "candidate:1 1 TCP 2105458943 192.0.2.1 9 typ host tcptype active",
    "mdns": "candidate:1 1 udp 1 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host",
    "relay6": "candidate:a+/9 256 UDP 1 2001:db8::1 9 typ relay raddr 2001:db8::2 rport 1",
}


DIAL = {
    "offer": '{"tandem":1,"user":"alice","sdp":"v=0\\r\\n"}',
    "json": '{"tandem":1,"user":"alice","json":{"coder":[{"coder":"XPARENT","pt":97}]}}',
    "answer": '{"tandem":1,"sdp":"v=0","network_info":{"addr":"10.9.0.2","mask":"255.255.255.255",'
              '"addresses":["10.9.0.2/32","fd00:9::2/128"],"dns":["10.9.0.1"],'
              '"routes":["10.0.0.0/8"],"mtu":1420}}',
    "error": '{"tandem":1,"error":"denied","reason":"not you"}',
}

FINGERPRINT32 = "sha-256 " + ":".join(f"{i:02X}" for i in range(32))
HOST = "candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host"
SDP_HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
CLEARMODE = " 97\r\na=rtpmap:97 CLEARMODE/8000\r\n"
XPARENT = '{"coder":[{"coder":"G711A","pt":8},{"coder":"XPARENT","pt":97}],' \
          '"audio_addr":"192.0.2.9","audio_port":4000'
ICE_JSON = ',"usr":"abcd","pwd":"0123456789012345678901"'
# The first byte chooses, as fuzz_tunnel_offer.c has it: 1 JSON, 2 SDES, 4 answered without ICE.
TUNNEL_OFFER = {
    "sdp-plain": "\0" + SDP_HEAD + "m=audio 4000 RTP/AVP" + CLEARMODE,
    "sdp-dtls": "\0" + SDP_HEAD + "m=audio 4000 UDP/TLS/RTP/SAVP" + CLEARMODE
                + f"a=setup:actpass\r\na=fingerprint:{FINGERPRINT32}\r\n",
    "sdp-sdes": "\x02" + SDP_HEAD + "m=audio 4000 RTP/SAVP" + CLEARMODE
                + "".join(f"a=crypto:{CRYPTO[k]}\r\n" for k in ("plain", "gcm", "suite")),
    "sdp-both": "\x02" + SDP_HEAD + "m=audio 4000 RTP/SAVP" + CLEARMODE
                + f"a=crypto:{CRYPTO['plain']}\r\na=fingerprint:{FINGERPRINT32}\r\n",
    "sdp-ice": "\0" + SDP_HEAD + "a=ice-lite\r\na=ice-options:trickle\r\n"
               "m=audio 9 UDP/TLS/RTP/SAVP" + CLEARMODE
               + "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
               f"a={HOST}\r\na=end-of-candidates\r\na=setup:active\r\n"
               f"a=fingerprint:{FINGERPRINT32}\r\na=rtcp-mux\r\na=mid:0\r\n",
    "sdp-bundle": "\x04" + SDP_HEAD + "a=group:BUNDLE a b\r\nm=video 5000 RTP/AVP 96\r\n"
                  "a=mid:a\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
                  "m=audio 5000 RTP/AVP" + CLEARMODE + "a=mid:b\r\nm=application 0 TCP/MSRP *\r\n",
    "json-plain": "\x01" + XPARENT + "}",
    "json-dtls": "\x01" + XPARENT + f',"audio_ice":{{"fingerprint":"{FINGERPRINT32}"}},'
                 '"audio_setup_role":"actpass","audio_rtcp_mux":true}',
    "json-sdes": "\x03" + XPARENT + f',"audio_crypto":["{CRYPTO["plain"]}","{CRYPTO["suite"]}"]}}',
    "json-ice": "\x01" + XPARENT + f',"audio_ice":{{"lite":true,"fingerprint":"{FINGERPRINT32}"'
                + ICE_JSON + f',"candidate":["{HOST}"]}},"audio_setup_role":"passive"}}',
    "json-noice": "\x05" + XPARENT + ',"audio_ice":{"lite":false' + ICE_JSON + "}}",
}

NETINFO = {
    "both": '{"addr":"10.9.0.2","mask":"255.255.255.0","addresses":["10.9.0.2/24","fd00:9::2/64"],'
            '"dns":["10.9.0.1","fd00:9::1"],"routes":["10.0.0.0/8","::/0"],"mtu":1420}',
    "old": '{"addr":"fd00::2","mask":"ffff:ffff::"}',
    "more": '{"routes":["10.1.2.3/8","192.0.2.1"],"mtu":0,"future":{"x":[1]}}',
}


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


for name, frame in FRAMES.items():
    write("frame", name, FIX_ALL + frame)
for name, frame in CONTROL.items():
    write("arp_nd_icmp", name, FIX_ALL + frame)
    write("frame", name, FIX_ALL + frame)
for name, packet in MEDIA.items():
    write("rtp", name, packet)
for name, text in CRYPTO.items():
    write("sdes", name, text.encode())
for name, data in STUN.items():
    write("stun", name, data)
for name, text in CANDIDATES.items():
    write("candidate", name, text.encode())
for name, packet in TUNNEL.items():
    write("rtptp", name, packet)
for name, data in USERS.items():
    write("user", name, data)
for name, text in DIAL.items():
    write("dial", name, text.encode())
for name, text in TUNNEL_OFFER.items():
    write("tunnel_offer", name, text.encode())
for name, text in NETINFO.items():
    write("netinfo", name, text.encode())
