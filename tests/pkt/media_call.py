# SPDX-License-Identifier: BSD-3-Clause
"""Calls whose media is copied, played to, cut anew or watched: see harness_media.h."""
import json
import os
import struct

from secure_call import SecureTest
from tandem_pkt import Ether, IP, UDP
from scapy.all import rdpcap

# enum flow_codec
PCM, G726_16, G726_24, G726_32, G726_40, GSM, G729, G723, ILBC_20, ILBC_30, EVENT_8, EVENT_16, \
    EVENT_48 = range(1, 14)
# enum flow_played
END, STOPPED, GONE = range(3)


def header(packet):
    """(marker, payload type, sequence number, timestamp, SSRC) of RTP."""
    _, second, seq, ts, ssrc = struct.unpack('!BBHII', packet[:12])
    return second >> 7, second & 0x7f, seq, ts, ssrc


class MediaTest(SecureTest):
    def media(self, leg, *codecs, session='call-1', **what):
        words = [f'{k}={int(v)}' for k, v in what.items()] + [f'codec={t}:{c}' for t, c in codecs]
        self.h.command(f'media {session} {leg} ' + ' '.join(words))

    def copies(self, worker=0):
        """[(what it says of itself, frame, TSC in µs)]"""
        path = os.path.join(self.h.dir.name, 'copies.pcap')
        notes = json.loads(self.h.command(f'copies {worker} {path}'))
        packets = rdpcap(path) if os.path.getsize(path) > 24 else []
        self.assertEqual(len(notes), len(packets))
        return [(n, Ether(bytes(p)), int(p.time * 10**6)) for n, p in zip(notes, packets)]

    def told(self):
        return json.loads(self.h.command('told'))

    def play(self, leg, frames, frame_len=160, pt=0, step=160, period_us=20000, repeats=1,
             seq=1000, ts=5000, ssrc=0xfeed, session='call-1'):
        path = os.path.join(self.h.dir.name, 'frames')
        with open(path, 'wb') as f:
            f.write(frames)
        return int(self.h.command(f'play {session} {leg} {pt} {frame_len} {step} {period_us} '
                                  f'{repeats} {seq} {ts} {ssrc} {path}'))

    def halt(self, player):
        self.h.command(f'halt {player}')

    def payloads(self, leg):
        """What the party of a leg was sent, headers and checksums compared with scapy's."""
        got = self.h.tx(self.device(leg))
        for g in got:
            self.sound(g)
        return [bytes(g[UDP].payload) for g in got]

    def sound(self, frame):
        again = frame.copy()
        del again[UDP].chksum, again[UDP].len
        if IP in again:
            del again[IP].len, again[IP].chksum
        else:
            again.payload.plen = None
        self.assertEqual(bytes(Ether(bytes(again))).hex(), bytes(frame).hex())

    def tx_of(self, leg, session='call-1'):
        tx = self.h.rpc('session.get', id=session)['legs'][leg]['tx']
        return tx['packets'], tx['bytes']
