# SPDX-License-Identifier: BSD-3-Clause
"""Line plots as SVG, with a logarithmic or plain axis each."""
import math
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 200, 44, 54
COLOURS = ('#0b6e99', '#c2410c', '#15803d', '#7c3aed', '#a16207', '#be185d', '#475569', '#0f766e')


class Axis:
    def __init__(self, values, length, log, zero):
        self.log = log
        low, high = min(values), max(values)
        if log:
            self.low, self.high = math.log10(low), math.log10(high)
            if self.high - self.low < 0.3:
                self.low, self.high = self.low - 0.5, self.high + 0.5
        else:
            self.low, self.high = (0 if zero else low), (high * 1.08 or 1)
        self.length = length

    def at(self, v):
        v = math.log10(v) if self.log else v
        return (v - self.low) / (self.high - self.low) * self.length

    def ticks(self):
        if self.log:
            return [10.0 ** e for e in range(math.ceil(self.low - 1e-9),
                                             math.floor(self.high + 1e-9) + 1)]
        span = self.high - self.low
        step = 10.0 ** math.floor(math.log10(span / 4))
        step *= min((m for m in (1, 2, 5, 10) if span / (step * m) <= 6), default=10)
        first = math.ceil(self.low / step)
        return [step * i for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def number(v):
    return f'{v:,.0f}' if v >= 10 or v == int(v) else f'{v:g}'


def text(x, y, s, anchor='start', size=12, extra=''):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{extra}>'
            f'{escape(s)}</text>')


def frame(title, x_label, y_label, xa, ya, x_ticks):
    w, h = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    out = [text(LEFT, 24, title, size=15, extra=' font-weight="bold"')]
    for v in x_ticks or xa.ticks():
        x = LEFT + xa.at(v)
        out.append(f'<path d="M{x:.1f} {TOP}v{h}" stroke="#e5e7eb"/>')
        out.append(text(x, TOP + h + 18, number(v), 'middle'))
    for v in ya.ticks():
        y = TOP + h - ya.at(v)
        out.append(f'<path d="M{LEFT} {y:.1f}h{w}" stroke="#e5e7eb"/>')
        out.append(text(LEFT - 8, y + 4, number(v), 'end'))
    out.append(f'<path d="M{LEFT} {TOP}v{h}h{w}" fill="none" stroke="#374151"/>')
    out.append(text(LEFT + w / 2, HEIGHT - 12, x_label, 'middle'))
    out.append(text(0, 0, y_label, 'middle',
                    extra=f' transform="translate(18 {TOP + h / 2}) rotate(-90)"'))
    return out


def curve(points, low_high, colour, dashed, xa, ya):
    h = HEIGHT - TOP - BOTTOM
    xy = [(LEFT + xa.at(x), TOP + h - ya.at(y)) for x, y in points]
    dash = ' stroke-dasharray="6 4"' if dashed else ''
    out = ['<polyline fill="none" stroke-width="2"' + dash + f' stroke="{colour}" points="'
           + ' '.join(f'{x:.1f},{y:.1f}' for x, y in xy) + '"/>']
    for (x, y), bars in zip(xy, low_high or [None] * len(xy)):
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        if bars:
            a, b = (TOP + h - ya.at(v) for v in bars)
            out.append(f'<path d="M{x:.1f} {a:.1f}V{b:.1f}" stroke="{colour}"/>')
    return out


def plot(title, x_label, y_label, series, log_x=False, log_y=False, x_ticks=None):
    """`series`: (name, [(x, y)], [(low, high)] or None, dashed). The SVG's text."""
    xs = [x for _, points, _, _ in series for x, _ in points]
    ys = [y for _, points, _, _ in series for _, y in points]
    ys += [v for _, _, bars, _ in series for pair in bars or [] for v in pair]
    if log_y:
        ys = [y for y in ys if y > 0]
    xa = Axis(xs, WIDTH - LEFT - RIGHT, log_x, True)
    ya = Axis(ys, HEIGHT - TOP - BOTTOM, log_y, True)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" fill="#111827">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    out += frame(title, x_label, y_label, xa, ya, x_ticks)
    for i, (name, points, bars, dashed) in enumerate(series):
        colour = COLOURS[i // 2 % len(COLOURS)] if dashed_pairs(series) else COLOURS[
            i % len(COLOURS)]
        out += curve(points, bars, colour, dashed, xa, ya)
        y = TOP + 14 + 20 * i
        x = WIDTH - RIGHT + 14
        dash = ' stroke-dasharray="6 4"' if dashed else ''
        out.append(f'<path d="M{x} {y - 4}h24" stroke-width="2" stroke="{colour}"{dash}/>')
        out.append(text(x + 30, y, name))
    return '\n'.join(out + ['</svg>']) + '\n'


def dashed_pairs(series):
    """Do the curves come in pairs, plain and dashed, of one colour?"""
    return len(series) % 2 == 0 and all(s[3] == (i % 2 == 1) for i, s in enumerate(series))
