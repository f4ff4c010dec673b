#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A GStreamer party, both ways: rtpbin with srtpenc and srtpdec, RTCP reports in both directions.

srtp_gst.py JSON: {"fds": [rtp, rtcp], "to": [ip, port, rtcp_port], "send": FILE, "receive": FILE,
"rate": samples a second, "samples": in a packet, "ahead": packets that are sent at once, "seq":
first, "out": KEYS, "in": KEYS}, with "send" null for a party that only listens, and KEYS null or
{"profile", "key"}. The sound is one channel of 16 bits: L16 (RFC 3551 §4.5.11).
Runs until SIGTERM, then prints what rtpbin knows of its peer.
"""
import base64
import json
import signal
import sys

import gi
gi.require_version('Gst', '1.0')
from gi.repository import Gio, GLib, Gst  # noqa: E402

CIPHERS = {'AES_CM_128': 'aes-128-icm', 'AES_256_CM': 'aes-256-icm',
           'AEAD_AES_128_GCM': 'aes-128-gcm', 'AEAD_AES_256_GCM': 'aes-256-gcm'}


def policy(profile):
    """Cipher, authentication of RTP and of RTCP, as GStreamer calls them."""
    name, _, tag = profile.partition('_HMAC_SHA1_')
    if not tag:
        return CIPHERS[name], 'null', 'null'
    return CIPHERS[name], f'hmac-sha1-{tag}', 'hmac-sha1-80'


def buffer_of(keys):
    return Gst.Buffer.new_wrapped(base64.b64decode(keys['key']))


class Party:
    def __init__(self, c):
        self.c = c
        self.pipeline = Gst.Pipeline()
        self.rtpbin = self.make('rtpbin', latency=50, drop_on_latency=False)
        self.sockets = [Gio.Socket.new_from_fd(fd) for fd in c['fds']]
        self.encoder = c['out'] and self.srtpenc(c['out'])
        self.decoder = c['in'] and self.srtpdec(c['in'])
        self.rtpbin.connect('request-pt-map', lambda *_: self.caps())
        self.rtpbin.connect('pad-added', self.on_pad)
        if c['send']:
            self.send()
        for i, kind in enumerate(('rtp', 'rtcp')):
            if c['send'] or kind == 'rtcp':
                self.socket_out(i, kind)
            self.socket_in(i, kind)
        self.session = self.rtpbin.emit('get-internal-session', 0)
        self.session.set_property('rtcp-min-interval', 200 * Gst.MSECOND)
        self.session.set_property('bandwidth', 2000000.0)

    def make(self, kind, **properties):
        e = Gst.ElementFactory.make(kind)
        if e is None:
            sys.exit(f'GStreamer has no {kind}')
        for k, v in properties.items():
            e.set_property(k.replace('_', '-'), v)
        self.pipeline.add(e)
        return e

    def caps(self):
        return Gst.Caps.from_string('application/x-rtp, media=audio, payload=96, channels=1, '
                                    f'clock-rate={self.c["rate"]}, encoding-name=L16')

    def srtpenc(self, keys):
        e = self.make('srtpenc')
        cipher, rtp_auth, rtcp_auth = policy(keys['profile'])
        e.set_property('key', buffer_of(keys))
        for kind, auth in ('rtp', rtp_auth), ('rtcp', rtcp_auth):
            Gst.util_set_object_arg(e, f'{kind}-cipher', cipher)
            Gst.util_set_object_arg(e, f'{kind}-auth', auth)
        return e

    def srtpdec(self, keys):
        e = self.make('srtpdec')
        cipher, rtp_auth, rtcp_auth = policy(keys['profile'])
        caps = Gst.Caps.from_string(
            f'application/x-srtp, srtp-cipher={cipher}, srtp-auth={rtp_auth}, '
            f'srtcp-cipher={cipher}, srtcp-auth={rtcp_auth}')
        caps.set_value('srtp-key', buffer_of(keys))
        e.connect('request-key', lambda *_: caps)
        return e

    def send(self):
        c = self.c
        chain = [
            self.make('filesrc', location=c['send'], blocksize=2 * c['samples'] * c['ahead']),
            self.make('rawaudioparse', sample_rate=c['rate'], num_channels=1),
            self.make('capsfilter', caps=Gst.Caps.from_string('audio/x-raw, format=S16BE')),
            self.make('clocksync'),
            self.make('rtpL16pay', seqnum_offset=c['seq'], pt=96, mtu=12 + 2 * c['samples'])]
        Gst.util_set_object_arg(chain[1], 'pcm-format', 's16be')
        for one, next_one in zip(chain, chain[1:]):
            one.link(next_one)
        # The session lives on after the last packet, so that reports on it come.
        chain[-1].get_static_pad('src').add_probe(
            Gst.PadProbeType.EVENT_DOWNSTREAM, lambda _, info: Gst.PadProbeReturn.DROP
            if info.get_event().type == Gst.EventType.EOS else Gst.PadProbeReturn.OK)
        chain[-1].link_pads('src', self.rtpbin, 'send_rtp_sink_0')

    def socket_out(self, i, kind):
        to = self.c['to']
        sink = self.make('udpsink', socket=self.sockets[i], close_socket=False, host=to[0],
                         port=to[1 + i], sync=False)
        sink.set_property('async', False)
        last = self.rtpbin, f'send_{kind}_src_0'
        if self.encoder:
            self.encoder.request_pad_simple(f'{kind}_sink_0')
            last[0].link_pads(last[1], self.encoder, f'{kind}_sink_0')
            last = self.encoder, f'{kind}_src_0'
        last[0].link_pads(last[1], sink, 'sink')

    def socket_in(self, i, kind):
        caps = self.caps() if kind == 'rtp' else Gst.Caps.from_string('application/x-rtcp')
        if self.decoder:
            caps = Gst.Caps.from_string(caps.to_string().replace('x-r', 'x-sr', 1))
        source = self.make('udpsrc', socket=self.sockets[i], close_socket=False, caps=caps)
        last = source, 'src'
        if self.decoder:
            source.link_pads('src', self.decoder, f'{kind}_sink')
            last = self.decoder, f'{kind}_src'
        last[0].link_pads(last[1], self.rtpbin, f'recv_{kind}_sink_0')

    def on_pad(self, _, pad):
        if not pad.get_name().startswith('recv_rtp_src'):
            return
        depay = self.make('rtpL16depay')
        sink = self.make('filesink', location=self.c['receive'], sync=False)
        sink.set_property('async', False)
        Gst.util_set_object_arg(sink, 'buffer-mode', 'unbuffered')
        depay.link(sink)
        for e in sink, depay:
            e.sync_state_with_parent()
        pad.link(depay.get_static_pad('sink'))

    def report(self):
        """Of the peer, by RTCP: reports from it, and round trips by its reports on us."""
        stats = self.session.get_property('stats')
        sources = stats.get_value('source-stats')
        out = {'reports': 0, 'round_trip': False}
        for s in sources:
            if s.get_value('internal'):
                continue
            out['reports'] += s.get_value('have-sr')
            out['round_trip'] |= s.get_value('have-rb')
        return out

    def run(self):
        loop = GLib.MainLoop()
        failed = []

        def on_message(_, m):
            if m.type == Gst.MessageType.ERROR:
                failed.append(m.parse_error())
                loop.quit()
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect('message', on_message)
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, signal.SIGTERM, loop.quit)
        self.pipeline.set_state(Gst.State.PLAYING)
        loop.run()
        if failed:
            sys.exit(f'{failed}')
        print(json.dumps(self.report()), flush=True)
        self.pipeline.set_state(Gst.State.NULL)


Gst.init(None)
Party(json.loads(sys.argv[1])).run()
