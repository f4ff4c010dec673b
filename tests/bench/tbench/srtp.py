# SPDX-License-Identifier: BSD-3-Clause
"""Part srtp: encrypted legs on the wires of the parts wire and kernel.

512 calls with one direction in use, RTP packets of 172 bytes, sealed by the generator before
a trial begins, so that its own encryption is no part of the figures. What comes back is counted
by number, and one packet in 61 is opened, if sealed, and compared with what was sent.
"""
from . import kernel
from .gen import Gen
from .peers import Rtpengine
from .search import LOSS_NONE, LOSS_TENTH_PERCENT, Search
from .secure import CM, GCM, Kind, SecureScenario
from .tandem import Tandem, memif_device
from .util import median, mid, progress, spread

SESSIONS, SIZE = 512, 200  # bytes of the IP packet, before it is sealed
PLAIN = 'relay4'
KINDS = [Kind(PLAIN, None, None)] + [
    Kind(f'{name}, {short}', profile if a else None, profile if b else None)
    for short, profile in (('AES-CM', CM), ('GCM', GCM))
    for name, a, b in (('srtp-to-rtp', True, False), ('rtp-to-srtp', False, True),
                       ('srtp-to-srtp', True, True))]
TO_RTP = Kind('srtp-to-rtp', CM, None)
BOTH = Kind('srtp-to-srtp', CM, CM)
MEMIF_TO_RTP = 'srtp-to-rtp, AES-CM'
TANDEM, TANDEM_LIBSRTP2, RTPENGINE = 'tandem ipsec-mb', 'tandem libsrtp2', 'rtpengine'
DEVICES = {TANDEM: kernel.start_tandem('af_xdp', srtp_engine='ipsec-mb'),
           TANDEM_LIBSRTP2: kernel.start_tandem('af_xdp', srtp_engine='libsrtp2'),
           RTPENGINE: Rtpengine}
RATES = ('loss_0_1', 'loss_0', 'saturated')
CYCLES_MS = 50
# The generator has no more to offer on veth.
VETH_OPTIONS = {**kernel.OPTIONS, 'most_pps': 1500000}


class CheckedSearch(Search):
    """Also counts what was looked into."""
    checked = bad_content = bad_checksums = 0

    def __init__(self, ctx, gen, dut, trial_ms, precision, **options):
        super().__init__(gen, dut, trial_ms, precision, **options)
        self.void_max = ctx.srtp_void_max
        self.loss_0 = ctx.srtp_loss_0

    def trial(self, rate_pps, ms=None, **more):
        r = super().trial(rate_pps, ms, **more)
        self.checked += r['checked']
        self.bad_content += r['bad_content']
        self.bad_checksums += r['bad_checksums']
        return r

    def into(self, record):
        r = self.saturate()
        top = 1.1 * r['sent_pps']
        tenth = self.highest(LOSS_TENTH_PERCENT, top, 2)
        record.update({
            'loss_0_1': tenth,
            'loss_0': self.highest(LOSS_NONE, tenth or top, 3) if self.loss_0 else None,
            'saturated': r['received_pps'], 'saturated_sent': r['sent_pps'],
            'trials': self.trials, 'void': self.void, 'checked': self.checked,
            'bad_content': self.bad_content, 'bad_checksums': self.bad_checksums})


def ratio(turns, name, against):
    """To `against` in the same round, of turns of the same kind. If there are no such turns, the
    lowest that it can be, and that it is only this."""
    found = kernel.ratio(turns, name, against, 'loss_0_1')
    if found:
        return found, False
    ours, theirs = ([t['loss_0_1'] for t in turns if t['dut'] == n] for n in (name, against))
    return (spread([min(ours) / max(theirs)]) if max(theirs, default=0) else None), True


def summarise(turns, against):
    """By device or kind of session."""
    out = []
    for name in dict.fromkeys(t['dut'] for t in turns):
        mine = [t for t in turns if t['dut'] == name]
        entry = {'name': name, **{key: spread(t[key] for t in mine) for key in RATES}}
        entry['cycles_a_packet'] = spread(t.get('cycles_a_packet') for t in mine)
        entry['checked'] = sum(t['checked'] for t in mine)
        entry['bad'] = sum(t['bad_content'] + t['bad_checksums'] for t in mine)
        if name != against:
            entry['ratio'], entry['ratio_is_bound'] = ratio(turns, name, against)
        out.append(entry)
    return out


# ---- memif --------------------------------------------------------------------------------------

def start_memif(ctx):
    """Generator and tandemd, with all sessions of all kinds; a set of flows for each kind."""
    path = f'{ctx.tmp}/memif-srtp.sock'
    scenario = SecureScenario(KINDS, SESSIONS)
    gen = Gen(ctx.build, ctx.tmp,
              [f'net_memif0,role=server,id=0,socket={path},socket-abstract=no'])
    tandem = None
    try:
        tandem = Tandem(ctx.build, ctx.tmp, scenario, memif_device(0, path), rx_desc=1024)
        tandem.port = 0
        locals_, _ = tandem.create_all()
        for number in range(len(KINDS)):
            gen.set(number)
            scenario.load(gen, ctx.tmp, locals_, number)
            gen.size(SIZE)
        gen.wait_link(0, tandem.p, tandem.log)
    except BaseException:
        if tandem:
            tandem.close()
        gen.close()
        raise
    return gen, tandem


def memif_turn(ctx, gen, tandem, number):
    """`dut` is what is compared: the kind of session."""
    record = {'dut': KINDS[number].name}
    tandem.check()
    tandem.pause()
    record['round_trip_before'] = ctx.pings.measure()
    tandem.resume()
    gen.set(number)
    gen.run(port=0, rate_pps=0, ms=20)
    search = CheckedSearch(ctx, gen, tandem, ctx.srtp_trial_ms, ctx.srtp_precision)
    cycles = []
    for _ in range(ctx.srtp_cycles_runs):
        tandem.cycles_begin()
        search.saturate(CYCLES_MS)
        cycles.append(tandem.cycles_end())
    record['cycles_a_packet'] = median([c for c in cycles if c])
    search.into(record)
    tandem.pause()
    record['round_trip_after'] = ctx.pings.measure()
    record['kind'] = ctx.pings.kind(record['round_trip_before'], record['round_trip_after'])
    tandem.resume()
    return record


def memif(ctx):
    turns = []
    gen, tandem = start_memif(ctx)
    try:
        for i in range(ctx.srtp_repeats):
            for number, kind in enumerate(KINDS[:ctx.srtp_kinds]):
                progress.now(f'srtp on memif: {kind.name}, turn {i + 1}')
                turns.append({**memif_turn(ctx, gen, tandem, number), 'round': i})
        drops = tandem.counters('drop.')
    finally:
        tandem.close()
        gen.close()
    return {'entries': summarise(turns, PLAIN), 'turns': turns, 'drops': drops}


# ---- veth ---------------------------------------------------------------------------------------

class Veths(kernel.Bench):
    def load(self, gen, locals_):
        self.scenario.load(gen, self.ctx.tmp, locals_)


def veth(ctx):
    turns = []
    bench = Veths(ctx, SecureScenario([TO_RTP], SESSIONS), DEVICES)
    try:
        bench.set_size(SIZE)
        for i in range(ctx.srtp_repeats):
            for device, dut in bench.duts.items():
                progress.now(f'srtp on veth: {device}, turn {i + 1}')
                with bench.turn(device) as (_, record):
                    CheckedSearch(ctx, dut.gen, dut, ctx.kernel_trial_ms, ctx.kernel_precision,
                                  **VETH_OPTIONS).into(record)
                turns.append({**record, 'round': i})
    finally:
        bench.close()
    return {'entries': summarise(turns, RTPENGINE), 'turns': turns}


# ---- sessions -----------------------------------------------------------------------------------

def sessions(ctx):
    """Few and many in a tandemd of their own each: between them is what a session takes."""
    found = []
    for count in ctx.srtp_created:
        progress.now(f'srtp: creating {count:,} sessions with keys')
        # A wire with nobody on the other end.
        device = f'net_memif0,role=server,id=0,socket={ctx.tmp}/none.sock,socket-abstract=no'
        tandem = Tandem(ctx.build, ctx.tmp, SecureScenario([BOTH], count), device)
        try:
            _, rate = tandem.create_all()
            found.append({'sessions': count, 'creations_per_s': rate,
                          'memory_bytes': tandem.memory_bytes()})
        finally:
            tandem.close()
    few, many = found
    return {'runs': found, 'creations_per_s': many['creations_per_s'],
            'bytes_a_session': (many['memory_bytes'] - few['memory_bytes']) /
                               (many['sessions'] - few['sessions'])}


# ---- all of it ----------------------------------------------------------------------------------

HEAD = ('  srtp                            0.1 %    0 loss  saturated  cycles   ratio   wrong\n'
        '                                   kpps      kpps       kpps            * bound  of probed')


def line(wire, entry):
    def kpps(figure):
        return f'{mid(figure) / 1e3:9,.0f}' if figure else '        –'

    cycles, times = mid(entry['cycles_a_packet']), mid(entry.get('ratio'))
    times = f'{"*" if entry["ratio_is_bound"] else " "}{times:5.2f}' if times else '     –'
    return (f'  {wire:5}  {entry["name"]:22} {kpps(entry["loss_0_1"])} {kpps(entry["loss_0"])}  '
            f'{kpps(entry["saturated"])}  {f"{cycles:6.0f}" if cycles else "     –"}  '
            f'{times}   {entry["bad"]} of {entry["checked"]:,}')


def measure(ctx):
    out = {}
    progress.keep(HEAD)
    for name, part in (('memif', memif), ('veth', veth)):
        out[name] = part(ctx)
        for entry in out[name]['entries']:
            progress.keep(line(name, entry))
    out['sessions'] = s = sessions(ctx)
    progress.keep(f'  sessions with both legs encrypted: {s["creations_per_s"]:,.0f} created a '
                  f'second, {s["bytes_a_session"]:,.0f} bytes each')
    return out
