#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""GStreamer's webrtcbin as a party (peer.py). It sends a tone and a moving picture."""
import re

import gi
gi.require_version('Gst', '1.0')
gi.require_version('GstWebRTC', '1.0')
gi.require_version('GstSdp', '1.0')
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

import gst_media  # noqa: E402

Type = GstWebRTC.WebRTCSDPType
PAYLOAD_TYPES = {'audio': 111, 'video': 96}


def payload_type(sdp, kind):
    name, rate = gst_media.CODECS[kind]
    return int(re.search(rf'^a=rtpmap:(\d+) {name}/{rate}', sdp, re.I | re.M)[1])


class Party:
    def __init__(self):
        self.pipe = self.bin = None
        self.replies = []

    def open(self, p):
        if p.get('again'):
            return
        self.kinds = [k for k in PAYLOAD_TYPES if p.get(k, k == 'audio')]
        # It does not answer with another payload type than it is given media of.
        types = {k: payload_type(p['sdp'], k) if 'sdp' in p else PAYLOAD_TYPES[k]
                 for k in self.kinds}
        self.pipe = Gst.parse_launch('webrtcbin name=w bundle-policy=max-bundle ' + ' '.join(
            f'{gst_media.source(k, types[k])} ! w.' for k in self.kinds))
        self.bin = self.pipe.get_by_name('w')
        self.seen = gst_media.Seen(self.pipe)
        self.bin.connect('pad-added', lambda _, pad: pad.get_direction() == Gst.PadDirection.SRC
                         and self.seen.add(pad))
        gst_media.watch_errors(self.pipe)
        self.pipe.set_state(Gst.State.PLAYING)

    def promised(self, name, *args):
        """The reply to an action of webrtcbin's."""
        promise = Gst.Promise.new()
        self.bin.emit(name, *args, promise)
        if promise.wait() != Gst.PromiseResult.REPLIED:
            raise RuntimeError(f'{name}: no reply')
        reply = promise.get_reply()
        self.replies.append((promise, reply))  # or what is in them would go
        if reply and reply.has_field('error'):
            raise RuntimeError(f'{name}: {reply.get_value("error")}')
        return reply

    @staticmethod
    def run_until(condition, what, seconds=10):
        loop = GLib.MainLoop()
        late = []

        def look():
            if condition() or late:
                loop.quit()
                return False
            return True
        GLib.timeout_add(20, look)
        timer = GLib.timeout_add_seconds(seconds, lambda: late.append(1))
        loop.run()
        if late:
            raise RuntimeError(f'{what}: not within {seconds} s')
        GLib.source_remove(timer)

    @staticmethod
    def description(kind, text):
        result, sdp = GstSdp.SDPMessage.new_from_text(text)
        if result != GstSdp.SDPResult.OK:
            raise RuntimeError('SDP that cannot be read')
        return GstWebRTC.WebRTCSessionDescription.new(kind, sdp)

    def describe(self, name, kind):
        """Our description with its candidates, once there are all."""
        text = self.promised(f'create-{name}', None).get_value(name).sdp.as_text()
        self.promised('set-local-description', self.description(kind, text))
        gathered = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        self.run_until(lambda: self.bin.get_property('ice-gathering-state') == gathered,
                       'candidates')
        return {'sdp': self.bin.get_property('local-description').sdp.as_text()}

    def offer(self, p):
        self.open(p)
        self.run_until(lambda: sum(bool(x.get_current_caps()) for x in self.bin.sinkpads) ==
                       len(self.kinds), 'media')
        return self.describe('offer', Type.OFFER)

    def accept(self, p):
        self.open(p)
        self.promised('set-remote-description', self.description(Type.OFFER, p['sdp']))
        return self.describe('answer', Type.ANSWER)

    def answered(self, p):
        self.promised('set-remote-description', self.description(Type.ANSWER, p['sdp']))
        return {}

    def mute(self, p):
        gst_media.mute(self.pipe, p['on'])
        return {}

    def stats(self, _):
        out = {'ice': self.bin.get_property('ice-connection-state').value_nick,
               'state': self.bin.get_property('connection-state').value_nick}
        transport = self.bin.emit('get-transceiver', 0).get_property('sender').get_property(
            'transport')
        out['dtls'] = transport and transport.get_property('state').value_nick
        reply = self.promised('get-stats', None)
        sources = {}
        for i in range(reply.n_fields()):
            s = reply.get_value(reply.nth_field_name(i))
            if isinstance(s, Gst.Structure) and s.has_field('gst-rtpsource-stats'):
                s = s.get_value('gst-rtpsource-stats')
                sources[s.get_value('ssrc')] = s
        for kind in self.kinds:
            rate = gst_media.CODECS[kind][1]
            out[kind] = gst_media.count_sources(
                s for s in sources.values() if s.get_value('clock-rate') == rate)
            out[kind]['frames_decoded'] = self.seen.frames[kind]
        return out


Gst.init(None)
gst_media.serve(Party())
