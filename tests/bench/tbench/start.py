# SPDX-License-Identifier: BSD-3-Clause
"""Part start: from exec to the first packet relayed."""
import os
import time

from .flows import Scenario
from .gen import Gen
from .tandem import Tandem, memif_device
from .util import Failed, progress, spread


def once(ctx, scenario):
    path = f'{ctx.tmp}/memif-0.sock'
    if os.path.exists(path):
        os.unlink(path)
    gen = Gen(ctx.build, ctx.tmp,
              [f'net_memif0,role=server,id=0,socket={path},socket-abstract=no'])
    tandem = None
    try:
        tandem = Tandem(ctx.build, ctx.tmp, scenario, memif_device(0, path), wait=False)
        tandem.connect()
        ready = time.monotonic()
        locals_, _ = tandem.create_all()
        flows = f'{ctx.tmp}/flows'
        scenario.write_flows(flows, locals_)
        gen.load(flows)
        gen.size(200)
        first_ns = gen.ask('first 0 10000')['monotonic_ns']
        if first_ns == 0:
            raise Failed('no packet comes through within 10 s of the start')
        return 1000 * (ready - tandem.started), first_ns / 1e6 - 1000 * tandem.started
    finally:
        if tandem:
            tandem.close()
        gen.close()


def measure(ctx):
    api, first = [], []
    for i in range(ctx.starts):
        progress.now(f'start-up, {i + 1} of {ctx.starts}')
        a, f = once(ctx, Scenario('relay4', 1))
        api.append(a)
        first.append(f)
    out = {'api_ms': spread(api), 'first_packet_ms': spread(first)}
    progress.keep(f'  start-up: API answers after {out["api_ms"]["median"]:.0f} ms, first packet '
                  f'relayed after {out["first_packet_ms"]["median"]:.0f} ms '
                  f'({out["first_packet_ms"]["min"]:.0f}–{out["first_packet_ms"]["max"]:.0f})')
    return out
