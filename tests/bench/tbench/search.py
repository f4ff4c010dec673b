# SPDX-License-Identifier: BSD-3-Clause
"""The loss-free rate: RFC 2544's binary search, and what belongs to it."""

from .machine import stolen_ticks

LOSS_NONE, LOSS_TENTH_PERCENT = 0.0, 0.001
DISTURBED_NS = 20000  # the worker stood in the queue for its core
VOID_MAX = 4             # trials at one rate that may count for nothing
VOID_MAX_IN_ALL = 25     # and in one turn


class Search:
    """Trials of one device under test, from one generator."""

    def __init__(self, gen, dut, trial_ms, precision, **options):
        self.gen = gen
        self.dut = dut
        self.trial_ms = trial_ms
        self.precision = precision
        self.options = options
        self.trials = 0
        self.void = 0

    def trial(self, rate_pps, ms=None, **more):
        """Has 'disturbed' where the device was kept from its core by others."""
        self.trials += 1
        waited, stolen = self.dut.thread.times()[1], stolen_ticks()
        r = self.gen.run(port=self.dut.port, rate_pps=f'{rate_pps:.0f}', ms=ms or self.trial_ms,
                         **{**self.options, **more})
        r['disturbed'] = (self.dut.thread.times()[1] - waited > DISTURBED_NS or
                          stolen_ticks() != stolen)
        return r

    def saturate(self, ms=None):
        """Packets a second that come back when as many are offered as will go."""
        return self.trial(0, ms)

    def passes(self, rate_pps, loss, tries):
        """The rate that was really offered, if it passed. One trial of `tries` is enough, and
        what others took away from the device does not count: it is no property of the device."""
        void = 0
        while tries > 0:
            r = self.trial(rate_pps)
            if r['loss'] <= loss:
                return min(r['offered_pps'], rate_pps)
            if r['disturbed'] and void < VOID_MAX and self.void < VOID_MAX_IN_ALL:
                void += 1
                self.void += 1
            else:
                tries -= 1
        return None

    def highest(self, loss, ceiling_pps, tries):
        """The highest rate, up to ceiling_pps, at which no more than `loss` is lost."""
        low, high = 0.0, ceiling_pps
        rate = high
        while True:
            offered = self.passes(rate, loss, tries)
            if offered is None:
                high = rate
            else:
                low = max(low, offered)
                if rate == ceiling_pps or offered < 0.97 * rate:
                    break  # the generator has no more than that to offer
            if high - low <= self.precision * high or high < 1000:
                break
            rate = (low + high) / 2 if low else high * 0.75
        return low

    def rates(self):
        """{'loss_0', 'loss_0_1', 'saturated'}, packets a second."""
        top = self.saturate()['received_pps']
        tenth = self.highest(LOSS_TENTH_PERCENT, 1.1 * top, 2)
        none = self.highest(LOSS_NONE, tenth or 1.1 * top, 3)
        return {'loss_0': none, 'loss_0_1': tenth, 'saturated': top}
