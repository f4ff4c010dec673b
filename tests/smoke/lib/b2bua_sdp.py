#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The B2BUA that leaves SDP to tandem: session.offer and session.answer.

SMOKE_PROFILES has a JSON list with {"from", "to"} for each call in turn.

b2bua_sdp.py SOCKET LISTEN_IP:PORT B_IP PORT
"""
import asyncio
import json
import os
import sys

from b2bua import B2bua, sdp_read, serve


class SdpB2bua(B2bua):
    profiles = json.loads(os.environ['SMOKE_PROFILES'])

    def create(self, call, offer):
        call.local, call.texts = [None, None], []
        call.offered = self.told(call, 'session.offer', offer, **self.profiles[call.number - 1])

    def told(self, call, method, body, **more):
        sdp = self.api.call(method, id=call.id, sdp=body.decode(), **more)['sdp'].encode()
        # Where it is told A and B to send to.
        call.local[method == 'session.offer'] = sdp_read(sdp)
        call.texts += [body.decode(), sdp.decode()]
        return sdp

    def answered(self, call, answer):
        pass

    def sdp_for(self, call, leg, body):
        if leg == 0:
            return self.told(call, 'session.answer', body)
        sdp, call.offered = call.offered, None
        return sdp or self.told(call, 'session.offer', body)

    def more(self, call):
        return {'texts': call.texts}


if __name__ == '__main__':
    asyncio.run(serve(SdpB2bua, *sys.argv[1:], None, None))
