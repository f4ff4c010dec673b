# SPDX-License-Identifier: BSD-3-Clause
"""What is measured, and for how long: the full run and the quick one."""
from . import crypto
from .flows import SCENARIOS
from .machine import Pings

FLOWS = (1, 1000, 100000, 1000000)
SIZES = (72, 200, 1280)  # of IP packets
ALL_SIZES = (1000, 1000000)  # flows; with others 200 bytes alone
PROFILES = (crypto.CM, 'AES_CM_128_HMAC_SHA1_32', crypto.GCM, 'AEAD_AES_256_GCM')


class Context:
    hugepages = 1700  # tables of a million flows, three packet pools
    latency_size = 200

    def __init__(self, root, build, tmp, args):
        self.root, self.build, self.tmp = root, build, tmp
        self.quick = args.quick
        self.verbose = args.verbose
        self.pings = Pings(build)
        self.churn = True
        if args.quick:
            self.plan_quick()
        else:
            self.plan_full()

    def plan_full(self):
        self.cycles = [(s, n) for s in SCENARIOS for n in FLOWS]
        self.cycle_sizes, self.cycle_bursts, self.cycle_rounds = SIZES, (0, 1, 4, 8, 32), 10000
        self.wire = [(s, n, SIZES if n in ALL_SIZES else (200,)) for s in SCENARIOS for n in FLOWS]
        self.repeats, self.trial_ms, self.precision = 3, 150, 0.01
        self.latency_ms, self.churn_ms = 500, 3000
        self.starts, self.returns = 5, 40
        self.crypto_rounds = 1500
        self.crypto_library = [(PROFILES, (1, 512, 10000), (172, 1212), (1, 32))]
        self.crypto_loop = [(s, p, 'ipsec-mb', n, (172, 1212), (1, 32))
                            for s in crypto.SCENARIOS for p in PROFILES
                            for n in (1, 512, 10000)]
        self.crypto_loop += [('open', crypto.CM, 'libsrtp2', 512, (172,), (32,))]
        self.kernel = [('relay4', 1000, 200), ('relay4', 1000, 72), ('relay4', 1000, 1280),
                       ('relay4', 1, 200), ('relay6', 1000, 200), ('bridge46', 1000, 200)]
        self.kernel_repeats, self.kernel_trial_ms, self.kernel_precision = 3, 200, 0.02
        self.kernel_latency_ms, self.kernel_own_latency = 1500, True
        self.srtp_repeats, self.srtp_trial_ms, self.srtp_precision = 3, 100, 0.02
        self.srtp_kinds, self.srtp_cycles_runs = 7, 3
        self.srtp_loss_0, self.srtp_created, self.srtp_void_max = True, (5000, 50000), 25
        self.webrtc = {'few': 500, 'all': 2000, 'keep_ms': 20000, 'rounds': 3, 'per_s': 200,
                       'rated': 1000, 'full': 1000, 'checked': 10000, 'checks_ms': 30000,
                       'media_each': 20}
        self.tunnel_turns, self.tunnel_rounds = 100, 200
        self.tunnel_repeats, self.tunnel_trial_ms, self.tunnel_precision = 3, 100, 0.02
        self.tunnel_void_max = 8
        # 0 is IMIX.
        self.tunnel_wire = [(p, n, (64, 512, 1400, 0) if n in (1, 1000) else (1400,))
                            for p in (crypto.GCM, crypto.CM) for n in (1, 10, 100, 1000)]
        self.tcp = (5, 4)  # rounds, seconds each
        self.rtpproxy = {'calls': 10000, 'rounds': 5, 'record_ms': 10000}

    def plan_quick(self):
        self.cycles = [('relay4', n) for n in FLOWS] + [('relay6', 1000), ('bridge46', 1000)]
        self.cycle_sizes, self.cycle_bursts, self.cycle_rounds = (200,), (0, 1, 4, 8, 32), 4000
        self.wire = [('relay4', 1000, (200,)), ('bridge46', 1000, (200,)),
                     ('relay4', 1000000, (200,))]
        self.repeats, self.trial_ms, self.precision = 2, 100, 0.02
        self.latency_ms, self.churn_ms = 150, 1000
        self.starts, self.returns = 3, 5
        self.crypto_rounds = 700
        self.crypto_library = [((crypto.CM, crypto.GCM), (512,), (172,), (32,)),
                               ((crypto.CM,), (1,), (172,), (1,))]
        self.crypto_loop = [(s, p, 'ipsec-mb', 512, (172,), (32,))
                            for s in crypto.SCENARIOS for p in (crypto.CM, crypto.GCM)]
        self.crypto_loop += [('open', crypto.CM, 'libsrtp2', 512, (172,), (32,))]
        self.kernel = [('relay4', 1000, 200)]
        self.kernel_repeats, self.kernel_trial_ms, self.kernel_precision = 2, 200, 0.04
        self.kernel_latency_ms, self.kernel_own_latency = 500, False
        self.srtp_repeats, self.srtp_trial_ms, self.srtp_precision = 1, 80, 0.05
        self.srtp_kinds, self.srtp_cycles_runs = 5, 2
        self.srtp_loss_0, self.srtp_created, self.srtp_void_max = False, (2000, 20000), 3
        self.webrtc = {'few': 500, 'all': 2000, 'keep_ms': 2000, 'rounds': 1, 'per_s': 200,
                       'rated': 100, 'full': 100, 'checked': 10000, 'checks_ms': 3000,
                       'media_each': 20}
        self.tunnel_turns, self.tunnel_rounds = 12, 200
        self.tunnel_repeats, self.tunnel_trial_ms, self.tunnel_precision = 1, 80, 0.05
        self.tunnel_void_max = 3
        self.tunnel_wire = [(crypto.GCM, 1, (1400,))]
        self.tcp = (1, 2)
        self.rtpproxy = {'calls': 3000, 'rounds': 3, 'record_ms': 2000}

    def repeats_of(self, size):
        """Turns of each device: fewer where no target hangs on it."""
        return self.repeats if size == self.latency_size else 2

    def kernel_repeats_of(self, scenario, size):
        main = (scenario.name, scenario.flows, size) == self.kernel[0]
        return self.kernel_repeats if main else 1
