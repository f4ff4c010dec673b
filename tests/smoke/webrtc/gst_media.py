# SPDX-License-Identifier: BSD-3-Clause
"""What GStreamer parties send and how they count what they get."""
import json
import sys

import gi
gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402

CODECS = {'audio': ('OPUS', 48000), 'video': ('VP8', 90000)}
SOURCES = {
    'audio': 'audiotestsrc is-live=true volume=0.2 ! opusenc ! rtpopuspay {pay}',
    'video': 'videotestsrc is-live=true pattern=ball ! video/x-raw,width=160,height=120,'
             'framerate=10/1 ! vp8enc name=encoder deadline=1 keyframe-max-dist={key_frames} ! '
             'rtpvp8pay picture-id-mode=15-bit {pay}'}


def source(kind, pt, key_frames=30, ssrc=None):
    """A live source of RTP of payload type `pt`, for parse_launch. A key frame every so many."""
    pay = f'pt={pt}' + (f' ssrc={ssrc}' if ssrc else '')
    return (SOURCES[kind].format(pay=pay, key_frames=key_frames) +
            f' ! valve name={kind}-valve ! capsfilter caps={caps(kind, pt)}')


def caps(kind, pt, feedback=False):
    """With `feedback` a key frame that is missing is asked for by PLI."""
    name, rate = CODECS[kind]
    return (f'application/x-rtp,media={kind},encoding-name={name},payload={pt},clock-rate={rate}' +
            (',rtcp-fb-nack-pli=(boolean)true' if feedback else ''))


def mute(pipe, on):
    for kind in CODECS:
        valve = pipe.get_by_name(f'{kind}-valve')
        if valve:
            valve.set_property('drop', on)


class Seen:
    """Decodes what comes; `frames` of each kind."""

    def __init__(self, pipe):
        self.pipe, self.frames = pipe, dict.fromkeys(CODECS, 0)

    def add(self, pad):
        kind = pad.get_current_caps().get_structure(0).get_string('media')
        decoder = 'rtpopusdepay ! opusdec' if kind == 'audio' else \
            'rtpvp8depay request-keyframe=true wait-for-keyframe=true ! vp8dec'
        tail = Gst.parse_bin_from_description(
            f'queue ! {decoder} ! fakesink name=end sync=false async=false', True)

        def count(*_):
            self.frames[kind] += 1
            return Gst.PadProbeReturn.OK
        tail.get_by_name('end').get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, count)
        self.pipe.add(tail)
        tail.sync_state_with_parent()
        pad.link(tail.get_static_pad('sink'))


def count_sources(sources):
    """Of the structures that rtpbin has for each SSRC, ours and others', of one kind."""
    out = dict.fromkeys(('sent', 'received', 'lost', 'round_trips', 'reports', 'pli_received',
                         'pli_sent'), 0)
    for s in sources:
        if s.get_value('internal'):
            if s.get_value('is-sender'):
                out['sent'] += s.get_value('packets-sent')
                out['sent_ssrc'] = s.get_value('ssrc')
                out['pli_received'] += s.get_value('recv-pli-count')
            continue
        if s.get_value('is-sender'):
            out['received'] += s.get_value('packets-received')
            out['lost'] += s.get_value('packets-lost')
            out['ssrc'] = s.get_value('ssrc')
            out['pli_sent'] += s.get_value('sent-pli-count')
        if s.get_value('have-sr'):
            out['reports'] += 1
            out['reported_sent'] = s.get_value('sr-packet-count')
        if s.get_value('have-rb'):
            out['round_trips'] += 1
            out['round_trip'] = s.get_value('rb-round-trip') / 65536
            out['reported_lost'] = s.get_value('rb-packetslost')
    return out


def serve(party):
    """Answers lines of JSON by the party's methods, until there are no more or "quit" (peer.py)."""
    loop = GLib.MainLoop()

    def on_line(*_):
        line = sys.stdin.buffer.raw.readline()
        request = json.loads(line) if line else {'do': 'quit'}
        verb = request.pop('do')
        if verb == 'quit':
            loop.quit()
            return False
        try:
            answer = getattr(party, verb)(request)
        except Exception as e:  # pylint: disable=broad-except
            answer = {'error': f'{type(e).__name__}: {e}'}
        print(json.dumps(answer), flush=True)
        return True
    GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT,
                      GLib.IOCondition.IN | GLib.IOCondition.HUP, on_line)
    loop.run()
    if party.pipe:
        party.pipe.set_state(Gst.State.NULL)


def watch_errors(pipe):
    bus = pipe.get_bus()
    bus.add_signal_watch()
    bus.connect('message::error', lambda _, m: print(m.parse_error(), file=sys.stderr))
