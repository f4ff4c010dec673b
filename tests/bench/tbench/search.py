# SPDX-License-Identifier: BSD-3-Clause
"""The loss-free rate: RFC 2544's binary search, and what belongs to it."""

from .machine import stolen_ticks

LOSS_NONE, LOSS_TENTH_PERCENT = 0.0, 0.001
DISTURBED_NS = 20000  # the worker stood in the queue for its core
VOID_MAX = 4             # trials at one rate that may count for nothing
VOID_MAX_IN_TURN = 25    # and in one turn


class Watch:
    """Was the device kept from its core by others, from now on?"""

    def __init__(self, dut):
        self.thread = dut.thread
        self.waited_ns, self.stolen = self.thread.times()[1], stolen_ticks()

    def waited_s(self):
        return (self.thread.times()[1] - self.waited_ns) / 1e9

    def stolen_ticks(self):
        return stolen_ticks() - self.stolen

    def disturbed(self):
        return (self.thread.times()[1] - self.waited_ns > DISTURBED_NS or
                stolen_ticks() != self.stolen)


class Search:
    """Trials of one device under test, from one generator."""

    void_max = VOID_MAX_IN_TURN

    def __init__(self, gen, dut, trial_ms, precision, **options):
        self.gen = gen
        self.dut = dut
        self.trial_ms = trial_ms
        self.precision = precision
        self.options = options
        self.trials = 0
        self.void = 0
        self.last = None
        # What a device needs after an overload, before it is itself again.
        self.recover = getattr(dut, 'recover', lambda: None)

    def trial(self, rate_pps, ms=None, **more):
        """Has 'disturbed' where the device was kept from its core by others."""
        self.trials += 1
        watch = Watch(self.dut)
        r = self.gen.run(port=self.dut.port, rate_pps=f'{rate_pps:.0f}', ms=ms or self.trial_ms,
                         **{**self.options, **more})
        r['disturbed'] = watch.disturbed()
        self.last = r
        return r

    def saturate(self, ms=None):
        """Packets a second that come back when as many are offered as will go."""
        r = self.trial(0, ms)
        self.recover()
        return r

    def passes(self, rate_pps, loss, tries):
        """The rate that was really offered, if it passed. One trial of `tries` is enough, and
        what others took away from the device does not count: it is no property of the device."""
        void = 0
        while tries > 0:
            r = self.trial(rate_pps)
            if r['loss'] <= loss:
                return min(r['offered_pps'], rate_pps)
            self.recover()
            if r['disturbed'] and void < VOID_MAX and self.void < self.void_max:
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
            rate = self.next_rate(low, high)
        return low

    def next_rate(self, low, high):
        if low == 0:
            # What came back of the last trial tells where to look, if it was not next to nothing.
            return max(min(0.7 * high, 1.1 * self.last['received_pps']), 0.05 * high)
        return (low + high) / 2 if high < 3 * low else (low * high) ** 0.5

    def rates(self):
        """{'loss_0', 'loss_0_1', 'saturated'}, packets a second. The search begins at what the
        wire has taken, because a device that is overloaded may give less than it could."""
        r = self.saturate()
        top = 1.1 * r['sent_pps']
        tenth = self.highest(LOSS_TENTH_PERCENT, top, 2)
        none = self.highest(LOSS_NONE, tenth or top, 3)
        return {'loss_0': none, 'loss_0_1': tenth, 'saturated': r['received_pps']}
