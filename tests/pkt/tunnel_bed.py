# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels whose far ends are party A's, and a LAN behind them:

      far end 10.0.0.2 ── lan 10.0.0.1 │ tandem │ 10.8.0.1 inn ── host 10.8.0.7
      (10.9.0.2)          fd00::1      │        │ fd00:8::1       fd00:8::7

What is inside is made by scapy, as is what must come out.
"""
import struct

from scapy.all import ICMP, TCP, ICMPv6EchoRequest
from srtp_ref import Keys, key_of
from tandem_pkt import A_MAC, IP, UDP, Ether, IPv6, PacketTest, Raw, config

HOST_MAC = '02:00:00:00:00:0c'
HOST, HOST6 = '10.8.0.7', 'fd00:8::7'
USER, USER6 = '10.9.0.2', 'fd00:9::2'
OUTER = {'lan4': ('10.0.0.1', '10.0.0.2'), 'lan6': ('fd00::1', 'fd00::2')}
KEEPALIVE = b'\0'


def tunnel_config(workers=1, **changes):
    c = config(workers=workers)
    c['interfaces'].append({'name': 'inn', 'device': 'net_ring_inn', 'role': 'inner'})
    c['addresses'] += [{'name': 'inn4', 'interface': 'inn', 'ip': '10.8.0.1/24'},
                       {'name': 'inn6', 'interface': 'inn', 'ip': 'fd00:8::1/64'}]
    c['neighbours'] += [{'interface': 'inn', 'ip': ip, 'mac': HOST_MAC} for ip in (HOST, HOST6)]
    c.update(changes)
    return c


def in4(payload=None, src=USER, dst=HOST, ttl=64, **ip):
    """From the far end's network to the host."""
    return IP(src=src, dst=dst, ttl=ttl, **ip) / (UDP(sport=7, dport=9) / Raw(b'inside')
                                                  if payload is None else payload)


def in6(payload=None, src=USER6, dst=HOST6, hlim=64, **ip):
    return IPv6(src=src, dst=dst, hlim=hlim, **ip) / (UDP(sport=7, dport=9) / Raw(b'inside')
                                                      if payload is None else payload)


def back(packet):
    """The same the other way: from the host to the far end's network."""
    turned = packet.copy()
    turned.src, turned.dst = packet.dst, packet.src
    return type(packet)(bytes(turned))


def hop(packet):
    """A hop further."""
    p = packet.copy()
    if IP in p and not isinstance(p, IPv6):
        p.ttl -= 1
        del p.chksum
    else:
        p.hlim -= 1
    return type(packet)(bytes(p))


def rtp_of(seq, payload, pt=97, ssrc=0xFEED, ts=0, first=0x80, more=b''):
    return struct.pack('!BBHII', first, pt, seq & 0xffff, ts, ssrc) + more + bytes(payload)


class TunnelTest(PacketTest):
    conf = tunnel_config()
    keys = None  # Keys that the far end seals by, and that it opens by

    def drain(self):
        for port in ('lan', 'wan', 'inn'):
            self.h.tx(port)

    def tunnel(self, tunnel='t1', address='lan4', port=4000,
               networks=('10.9.0.0/24', 'fd00:9::/64'), profile=None, **more):
        params = {'id': tunnel, 'mode': 'server', 'interface': 'inn', 'address': address,
                  'networks': list(networks), 'remote': {'ip': OUTER[address][1], 'port': port},
                  'security': {'type': 'none'}, 'allow_plain': True}
        self.keys = None
        if profile:
            self.keys = Keys(profile, key_of(profile, 'out')), Keys(profile, key_of(profile, 'in'))
            params['security'] = {'type': 'sdes', 'profile': profile,
                                  'remote_key': self.keys[0].key, 'local_key': self.keys[1].key}
        params.update(more)
        answer = self.h.rpc('tunnel.create', **params)
        self.address, self.port = address, port
        self.local = answer['local']['port']
        self.seq = 0
        return answer

    # ---- from the far end ----

    def wrapped(self, payload, seq=None, tos=0, src=None, port=None, roc=0, **rtp):
        """One RTP packet that carries it, as the far end sends it."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        own, party = OUTER[self.address]
        party = src or party
        packet = rtp_of(seq, payload, **rtp)
        if self.keys:
            packet = self.keys[0].seal(packet, roc)
        l3 = IPv6(src=party, dst=own, tc=tos) if ':' in own else IP(src=party, dst=own, tos=tos)
        return (Ether(src=A_MAC, dst=self.mac('lan')) / l3 /
                UDP(sport=port or self.port, dport=self.local) / Raw(packet))

    def far_end_sends(self, *payloads, **how):
        self.h.rx('lan', [self.wrapped(p, **how) for p in payloads])

    def on_lan(self, packet):
        """A packet as it leaves toward the host, a hop further."""
        return Ether(src=self.mac('inn'), dst=HOST_MAC) / hop(packet)

    def comes_out(self, *packets):
        self.assert_packets(self.h.tx('inn'), [self.on_lan(p) for p in packets])

    # ---- from the host ----

    def host_sends(self, *packets, dst=None):
        self.h.rx('inn', [Ether(src=HOST_MAC, dst=dst or self.mac('inn')) / p for p in packets])

    def sent(self, port='lan'):
        """What the far end gets: [(outer packet, RTP header, payload)]."""
        out = []
        for p in self.h.tx(port):
            data = bytes(p[UDP].payload)
            if self.keys:
                data = self.keys[1].open(data)
            out.append((p, struct.unpack_from('!BBHII', data), data[12:]))
        return out

    def goes_in(self, *packets):
        """The far end gets these, a hop further, and nothing else; returns as sent()."""
        got = self.sent()
        self.assertEqual([g[2].hex() for g in got], [bytes(hop(p)).hex() for p in packets])
        return got

    def far_end(self):
        return self.h.rpc('tunnel.get', id='t1')


def echo(n=1, size=8):
    return ICMP(id=7, seq=n) / Raw(b'e' * size)


def echo6(n=1, size=8):
    return ICMPv6EchoRequest(id=7, seq=n, data=b'e' * size)


def syn(mss=1460, flags='S', **tcp):
    return TCP(sport=40000, dport=443, flags=flags, options=[('MSS', mss), ('SAckOK', b''),
                                                             ('WScale', 7), ('NOP', None)], **tcp)
