#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""GStreamer as a party without ICE, DTLS, SRTP and BUNDLE: rtpbin and UDP sockets (peer.py). It is
mute at first.

plain_peer.py IP [mux] [feedback]: at this address. RTCP is at the next port, or with "mux" at
the same. With "feedback" it offers and takes RTP/AVPF (RFC 4585): PLI makes a key frame at once.
"""
import random
import socket
import sys

import gi
gi.require_version('Gst', '1.0')
from gi.repository import Gio, Gst  # noqa: E402

import gst_media  # noqa: E402

PAYLOAD_TYPES = {'audio': 98, 'video': 99}


def read_sdp(text):
    """[(kind, port, profile, {codec: payload type}, ip, rtcp port)] of the media sections."""
    sections, ip = [], None
    for line in text.replace('\r', '').split('\n'):
        kind, _, value = line.partition('=')
        if kind == 'm':
            media, port, profile = value.split()[:3]
            sections.append({'kind': media, 'port': int(port), 'profile': profile, 'codecs': {},
                             'ip': ip, 'rtcp': int(port) + 1, 'mux': False})
        elif kind == 'c':
            ip = value.split()[2]
            if sections:
                sections[-1]['ip'] = ip
        elif kind == 'a' and sections:
            name, _, value = value.partition(':')
            if name == 'rtpmap':
                pt, codec = value.split()
                sections[-1]['codecs'].setdefault(codec.split('/')[0].upper(), int(pt))
            elif name == 'rtcp':
                sections[-1]['rtcp'] = int(value.split()[0])
            elif name == 'rtcp-mux':
                sections[-1]['mux'] = True
    return sections


class Party:
    def __init__(self, ip, *options):
        self.ip, self.pipe = ip, None
        self.mux, self.feedback = 'mux' in options, 'feedback' in options
        self.media = {}
        self.version = 0

    def open(self, p):
        if p.get('again'):
            return
        self.pipe = Gst.Pipeline()
        self.rtpbin = self.make('rtpbin', latency=50, rtp_profile='avpf' if self.feedback else 'avp')
        self.seen = gst_media.Seen(self.pipe)
        self.rtpbin.connect('request-pt-map', self.caps_of)
        self.rtpbin.connect('pad-added', lambda _, pad: pad.get_name().startswith('recv_rtp_src')
                            and self.seen.add(pad))
        gst_media.watch_errors(self.pipe)
        for i, kind in enumerate(PAYLOAD_TYPES):
            if p.get(kind, kind == 'audio'):
                self.media[kind] = {'session': i, 'pt': PAYLOAD_TYPES[kind],
                                    'ssrc': random.randrange(1, 1 << 31),
                                    'sockets': self.sockets()}

    def make(self, kind, **properties):
        e = Gst.ElementFactory.make(kind)
        if e is None:
            sys.exit(f'GStreamer has no {kind}')
        for k, v in properties.items():
            Gst.util_set_object_arg(e, k.replace('_', '-'), v) if isinstance(v, str) else \
                e.set_property(k.replace('_', '-'), v)
        self.pipe.add(e)
        return e

    def sockets(self):
        """RTP at an even port, RTCP at the next; or one for both."""
        family = socket.AF_INET6 if ':' in self.ip else socket.AF_INET
        while True:
            rtp = socket.socket(family, socket.SOCK_DGRAM)
            rtp.bind((self.ip, 0))
            port = rtp.getsockname()[1]
            if self.mux:
                return [rtp]
            rtcp = socket.socket(family, socket.SOCK_DGRAM)
            try:
                if port % 2 == 0:
                    rtcp.bind((self.ip, port + 1))
                    return [rtp, rtcp]
            except OSError:
                pass
            rtp.close()
            rtcp.close()

    def caps_of(self, _, session, pt):
        kind = list(PAYLOAD_TYPES)[session]
        return Gst.Caps.from_string(gst_media.caps(kind, pt, self.feedback))

    def run(self, kind, section):
        """Media of a kind to where the section says; for the second time, to elsewhere."""
        m = self.media[kind]
        n = m['session']
        to = [section['port'], section['port'] if section['mux'] and self.mux else section['rtcp']]
        if 'sinks' in m:
            for sink, port in zip(m['sinks'], to):
                sink.set_property('host', section['ip'])
                sink.set_property('port', port)
            return
        feedback = section['profile'].endswith('AVPF')
        chain = Gst.parse_bin_from_description(
            gst_media.source(kind, m['pt'], 600 if feedback else 20, m['ssrc']), True)
        self.pipe.add(chain)
        chain.get_by_name(f'{kind}-valve').set_property('drop', True)
        chain.link_pads('src', self.rtpbin, f'send_rtp_sink_{n}')
        m['gio'] = gio = [Gio.Socket.new_from_fd(s.fileno()) for s in m['sockets']]
        m['sinks'] = []
        for name, sock, port in zip(('rtp', 'rtcp'), (gio[0], gio[-1]), to):
            sink = self.make('udpsink', socket=sock, close_socket=False, host=section['ip'],
                             port=port, sync=False)
            sink.set_property('async', False)
            m['sinks'].append(sink)
            self.rtpbin.link_pads(f'send_{name}_src_{n}', sink, 'sink')
        source = self.make('udpsrc', socket=gio[0], close_socket=False,
                           caps=Gst.Caps.from_string(
                               gst_media.caps(kind, m['pt'], feedback)))
        # RTCP that comes to the port of RTP rtpbin tells apart by itself.
        source.link_pads('src', self.rtpbin, f'recv_rtp_sink_{n}')
        if not self.mux:
            source = self.make('udpsrc', socket=gio[1], close_socket=False,
                               caps=Gst.Caps.from_string('application/x-rtcp'))
            source.link_pads('src', self.rtpbin, f'recv_rtcp_sink_{n}')
        m['rtp_session'] = self.rtpbin.emit('get-internal-session', n)
        m['rtp_session'].set_property('internal-ssrc', m['ssrc'])
        m['rtp_session'].set_property('rtcp-min-interval', 500 * Gst.MSECOND)
        m['rtp_session'].set_property('bandwidth', 2000000.0)

    def sdp(self, lines):
        family = 'IP6' if ':' in self.ip else 'IP4'
        self.version += 1
        head = ['v=0', f'o=- 1 {self.version} IN {family} {self.ip}', 's=-', f'c=IN {family} {self.ip}', 't=0 0']
        return {'sdp': '\r\n'.join(head + lines) + '\r\n'}

    def section(self, kind, profile):
        m = self.media[kind]
        name, rate = gst_media.CODECS[kind]
        port = m['sockets'][0].getsockname()[1]
        return [f'm={kind} {port} {profile} {m["pt"]}',
                f'a=rtpmap:{m["pt"]} {name.lower() if kind == "audio" else name}/{rate}'
                + ('/2' if kind == 'audio' else ''), 'a=sendrecv',
                # Without it pion cannot tell the media of a BUNDLE apart.
                f'a=ssrc:{m["ssrc"]} cname:plain',
                *(['a=rtcp-mux'] if self.mux else []),
                *([f'a=rtcp-fb:{m["pt"]} nack pli'] if profile.endswith('F') and kind == 'video'
                  else [])]

    def offer(self, p):
        self.open(p)
        profile = 'RTP/AVPF' if self.feedback else 'RTP/AVP'
        return self.sdp([line for kind in self.media for line in self.section(kind, profile)])

    def answered(self, p):
        for section in read_sdp(p['sdp']):
            if section['port']:
                self.run(section['kind'], section)
        self.pipe.set_state(Gst.State.PLAYING)
        return {}

    def accept(self, p):
        self.open(p)
        lines = []
        for section in read_sdp(p['sdp']):
            kind = section['kind']
            if kind in self.media and gst_media.CODECS[kind][0] in section['codecs']:
                self.media[kind]['pt'] = section['codecs'][gst_media.CODECS[kind][0]]
                self.run(kind, section)
                lines += self.section(kind, section['profile'])
            else:
                lines.append(f'm={kind} 0 {section["profile"]} 0')
        self.pipe.set_state(Gst.State.PLAYING)
        return self.sdp(lines)

    def mute(self, p):
        gst_media.mute(self.pipe, p['on'])
        return {}

    def stats(self, _):
        out = {}
        for kind, m in self.media.items():
            if 'rtp_session' in m:
                all_of_it = m['rtp_session'].get_property('stats')
                out[kind] = gst_media.count_sources(all_of_it.get_value('source-stats'))
                out[kind]['frames_decoded'] = self.seen.frames[kind]
        return out


Gst.init(None)
gst_media.serve(Party(*sys.argv[1:]))
