#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""aiortc as a party (peer.py). It sends a tone and a moving picture."""
import asyncio
import fractions
import json
import math
import struct
import sys
import time

import av
from aiortc import (MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpReceiver,
                    RTCSessionDescription)
from aiortc.mediastreams import MediaStreamError
import numpy


class Track(MediaStreamTrack):
    """Frames at a pace."""

    def __init__(self):
        super().__init__()
        self.number, self.start = 0, None

    async def pace(self, rate):
        if self.readyState != 'live':
            raise MediaStreamError
        if self.start is None:
            self.start = time.monotonic()
        self.number += 1
        await asyncio.sleep(max(0, self.start + self.number / rate - time.monotonic()))


class Tone(Track):
    kind = 'audio'

    async def recv(self):
        await self.pace(50)
        at = self.number * 960
        samples = [round(8000 * math.sin(2 * math.pi * 440 * (at + i) / 48000)) for i in range(960)]
        frame = av.AudioFrame(format='s16', layout='mono', samples=960)
        frame.planes[0].update(struct.pack('<960h', *samples))
        frame.sample_rate, frame.pts, frame.time_base = 48000, at, fractions.Fraction(1, 48000)
        return frame


class Picture(Track):
    kind = 'video'

    async def recv(self):
        await self.pace(10)
        picture = numpy.full((120, 160, 3), self.number % 256, dtype=numpy.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
        frame.pts, frame.time_base = self.number * 9000, fractions.Fraction(1, 90000)
        return frame


class Silenced(MediaStreamTrack):
    """What takes a track's place to send nothing."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    async def recv(self):
        await asyncio.Event().wait()


class Party:
    def __init__(self):
        self.pc = None
        self.frames = {'audio': 0, 'video': 0}
        self.tasks = set()

    async def open(self, p):
        if p.get('again'):
            return
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.on('track', self.on_track)
        self.tracks = [t for t in (Tone() if p.get('audio', True) else None,
                                   Picture() if p.get('video') else None) if t]
        for track in self.tracks:
            self.pc.addTrack(track)

    def on_track(self, track):
        async def read():
            while True:
                try:
                    await track.recv()
                except MediaStreamError:
                    return
                self.frames[track.kind] += 1
        task = asyncio.ensure_future(read())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def offer(self, p):
        await self.open(p)
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return {'sdp': self.pc.localDescription.sdp}

    async def accept(self, p):
        await self.open(p)
        await self.pc.setRemoteDescription(RTCSessionDescription(p['sdp'], 'offer'))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return {'sdp': self.pc.localDescription.sdp}

    async def answered(self, p):
        await self.pc.setRemoteDescription(RTCSessionDescription(p['sdp'], 'answer'))
        return {}

    async def mute(self, p):
        for sender in self.pc.getSenders():
            if sender.track and p['on']:
                sender.replaceTrack(Silenced(sender.kind))
        return {}

    async def stats(self, _):
        out = {'ice': self.pc.iceConnectionState, 'state': self.pc.connectionState}
        for transceiver in self.pc.getTransceivers():
            transport = transceiver.sender.transport
            out['dtls'] = transport.state
            pair = transport.transport.iceGatherer._connection._nominated.get(1)
            if pair:
                remote = pair.remote_candidate
                out['pair'] = {'remote': {'ip': remote.host, 'port': remote.port,
                                          'type': remote.type}}
            out['role'] = ('controlling' if transport.transport.iceGatherer._connection.ice_controlling
                           else 'controlled')
            media = out[transceiver.kind] = {'frames_decoded': self.frames[transceiver.kind]}
            for report in (await transceiver.sender.getStats()).values():
                if report.type == 'outbound-rtp':
                    media['sent'] = report.packetsSent
                if report.type == 'remote-inbound-rtp':
                    media.update(reported_lost=report.packetsLost, round_trip=report.roundTripTime,
                                 round_trips=1)
            for report in (await transceiver.receiver.getStats()).values():
                if report.type == 'inbound-rtp':
                    media.update(received=report.packetsReceived, lost=report.packetsLost)
                if report.type == 'remote-outbound-rtp':
                    media.update(reported_sent=report.packetsSent, reports=1)
        return out


async def main():
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    party = Party()
    while line := await reader.readline():
        request = json.loads(line)
        verb = request.pop('do')
        if verb == 'quit':
            break
        try:
            answer = await getattr(party, verb)(request)
        except Exception as e:  # pylint: disable=broad-except
            answer = {'error': f'{type(e).__name__}: {e}'}
        print(json.dumps(answer), flush=True)
    if party.pc:
        await party.pc.close()


asyncio.run(main())
