#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What RTP two parties of one call have sent and got, of captures on their links.

rtp_seen.py A.pcap A_IP B.pcap B_IP [MUSIC] prints one JSON object:

    a_sent, b_sent        packets that the party sent
    a_got, b_got          … that arrived at it, and that the other party sent
    same                  they are the same, in order, by payload, sequence number and timestamp
    music                 packets that arrived at B of a source that neither party has
    music_as_sent         their payload is the file MUSIC, again and again, from its beginning;
                          timestamps and sequence numbers go on; the first has the marker
    music_jitter_ms       their jitter (RFC 3550 §6.4.1)
    music_while_a_talks   packets of A that arrived at B between the first and last of these
    relay                 addresses that the parties see each other at
"""
import ipaddress
import json
import subprocess
import sys

FIELDS = ('frame.time_epoch', 'ip.src', 'ipv6.src', 'udp.srcport', 'rtp.ssrc', 'rtp.seq',
          'rtp.timestamp', 'rtp.p_type', 'rtp.marker', 'rtp.payload')


class Packet:
    def __init__(self, line):
        (time, ip4, ip6, port, ssrc, seq, timestamp, pt, marker, payload) = line.split('\t')
        self.time, self.src, self.port = float(time), ip4 or ip6, int(port)
        self.ssrc, self.seq, self.timestamp, self.pt = ssrc, int(seq), int(timestamp), int(pt)
        self.marker = marker in ('1', 'True')
        self.payload = bytes.fromhex(payload.replace(':', ''))

    @property
    def what(self):
        return self.ssrc, self.seq, self.timestamp, self.pt, self.payload


def packets(path):
    args = ['tshark', '-r', path, '-o', 'rtp.heuristic_rtp:TRUE', '-Y', 'rtp', '-T', 'fields']
    for f in FIELDS:
        args += ['-e', f]
    out = subprocess.run(args, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True).stdout
    return [Packet(line) for line in out.splitlines()]


def jitter_ms(stream):
    jitter, last = 0.0, None
    for p in stream:
        transit = p.time * 8000 - p.timestamp
        if last is not None:
            jitter += (abs(transit - last) - jitter) / 16
        last = transit
    return jitter / 8


def as_file(stream, path):
    with open(path, 'rb') as f:
        data = f.read()
    frames = [data[i:i + 160] for i in range(0, len(data) // 160 * 160, 160)]
    first = stream[0]
    return first.marker and all(
        p.payload == frames[i % len(frames)] and p.ssrc == first.ssrc and
        p.seq == (first.seq + i) % 65536 and (i == 0 or not p.marker) and
        p.timestamp == (first.timestamp + 160 * i) % 2**32 for i, p in enumerate(stream))


def same(sent, got):
    return [p.what for p in sent] == [p.what for p in got]


def main():
    a_file, a_ip, b_file, b_ip = sys.argv[1:5]
    at_a, at_b = packets(a_file), packets(b_file)

    def split(seen, ip):
        me = ipaddress.ip_address(ip)
        ours = [p for p in seen if ipaddress.ip_address(p.src) == me]
        return ours, [p for p in seen if p not in ours]

    a_sent, a_got = split(at_a, a_ip)
    b_sent, b_got = split(at_b, b_ip)
    known = {p.ssrc for p in a_sent + b_sent}
    music = [p for p in b_got if p.ssrc not in known]
    b_got = [p for p in b_got if p.ssrc in known]
    result = {'a_sent': len(a_sent), 'b_sent': len(b_sent), 'a_got': len(a_got),
              'b_got': len(b_got), 'same': same(a_sent, b_got) and same(b_sent, a_got),
              'music': len(music),
              'relay': sorted({p.src for p in a_got} | {p.src for p in b_got + music})}
    if music:
        span = music[0].time, music[-1].time
        result['music_as_sent'] = as_file(music, sys.argv[5])
        result['music_jitter_ms'] = round(jitter_ms(music), 3)
        result['music_while_a_talks'] = sum(span[0] <= p.time <= span[1] for p in b_got)
    print(json.dumps(result))


if __name__ == '__main__':
    main()
