#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_makeann.py TANDEM-MAKEANN: what it makes, decoded by ffmpeg; its options; its errors."""
import cmath
import math
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import wave

PROGRAM = sys.argv.pop()
HERTZ = 1000
# payload type -> (ffmpeg's format, bytes of 20 ms, least part of the energy that is the tone)
CODECS = {0: ('mulaw', 160, 0.99), 3: ('gsm', 33, 0.9), 8: ('alaw', 160, 0.99),
          9: ('g722', 160, 0.99), 18: ('g729', 20, 0.8)}


def sine(rate, seconds, channels=1, level=0.25):
    """16-bit samples, interleaved; the channels differ in level, not in their mean."""
    out = []
    for i in range(round(rate * seconds)):
        v = 32767 * level * math.sin(2 * math.pi * HERTZ * i / rate)
        out += [round(v)] if channels == 1 else [round(v * 1.5), round(v * 0.5)]
    return struct.pack(f'<{len(out)}h', *out)


def samples_of(path, fmt):
    """What ffmpeg hears, at 8 kHz."""
    law = ['-ar', '8000', '-ac', '1'] if fmt.endswith('law') else []
    raw = subprocess.run(['ffmpeg', '-nostdin', '-v', 'error', '-f', fmt, *law, '-i', path,
                          '-f', 's16le', '-ar', '8000', '-'], check=True,
                         stdout=subprocess.PIPE).stdout
    return struct.unpack(f'<{len(raw) // 2}h', raw)


def tone_part(samples):
    """How much of the energy is at HERTZ, and the tone's level (1: full scale)."""
    n = len(samples) // 8 * 8  # whole periods
    at = 2 / n * sum(s * cmath.exp(-2j * math.pi * HERTZ * i / 8000)
                     for i, s in enumerate(samples[:n]))
    energy = sum(s * s for s in samples[:n]) / n
    return abs(at) ** 2 / 2 / energy, abs(at) / 32768


class MakeAnn(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def wav(self, name, rate, seconds, channels=1, level=0.25):
        with wave.open(self.path(name), 'wb') as w:
            w.setparams((channels, 2, rate, 0, 'NONE', ''))
            w.writeframes(sine(rate, seconds, channels, level))
        return self.path(name)

    def run_it(self, *args, code=0):
        r = subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, check=False)
        self.assertEqual(r.returncode, code, r.stderr)
        return r

    def made(self):
        return sorted(f for f in os.listdir(self.dir.name) if not f.endswith(('.wav', '.raw')))

    def check_tone(self, stem, seconds, level=0.25, only=tuple(CODECS)):
        for pt in only:
            fmt, size, least = CODECS[pt]
            with self.subTest(payload_type=pt):
                path = self.path(f'{stem}.{pt}')
                self.assertEqual(os.path.getsize(path), math.ceil(seconds * 50) * size)
                heard = samples_of(path, fmt)[1600:-1600]
                part, amplitude = tone_part(heard)
                self.assertGreater(part, least)
                self.assertAlmostEqual(amplitude, level, delta=0.15 * level)

    def test_rates_and_channels(self):
        r = self.run_it(self.wav('in.wav', 44100, 2, 2), self.path('out'))
        self.assertIn('out.18: G729, 2.00 s', r.stdout)
        self.check_tone('out', 2)
        for rate, channels in (8000, 1), (16000, 1), (48000, 2), (11025, 1):
            with self.subTest(rate=rate, channels=channels):
                self.run_it('-c', '8,9', self.wav('in.wav', rate, 1, channels), self.path('out'))
                self.check_tone('out', 1, only=(8, 9))

    def test_the_name_is_that_of_the_input(self):
        self.run_it('-q', self.wav('in.wav', 8000, 0.1))
        self.assertEqual({f for f in os.listdir(self.dir.name) if f != 'in.wav'},
                         {f'in.wav.{pt}' for pt in CODECS})

    def test_full_scale_does_not_wrap(self):
        self.run_it(self.wav('in.wav', 44100, 1, level=1), self.path('out'))
        self.assertGreater(tone_part(samples_of(self.path('out.8'), 'alaw')[400:-400])[0], 0.98)

    def test_the_last_packet_is_whole(self):
        self.run_it('-c', 'pcmu', self.wav('in.wav', 8000, 0.025), self.path('out'))
        with open(self.path('out.0'), 'rb') as f:
            data = f.read()
        self.assertEqual(len(data), 320)
        self.assertEqual(data[200:], b'\xff' * 120)

    def test_codecs_by_name_and_number(self):
        self.run_it('-c', 'G722,8,gsm', self.wav('in.wav', 8000, 0.1), self.path('out'))
        self.assertEqual(self.made(), ['out.3', 'out.8', 'out.9'])

    def test_limit_and_loop(self):
        wav = self.wav('in.wav', 16000, 0.5)
        self.run_it('-l', '1600', wav, self.path('cut'))
        for pt, (_, size, _) in CODECS.items():
            self.assertEqual(os.path.getsize(self.path(f'cut.{pt}')), 10 * size)
        self.run_it('-L', '-l', '8000', wav, self.path('loop'))
        self.check_tone('loop', 1, only=(8, 9))

    def test_bare_samples(self):
        with open(self.path('in.raw'), 'wb') as f:
            f.write(sine(8000, 1))
        self.run_it(self.path('in.raw'), self.path('out'))
        self.check_tone('out', 1, only=(0, 3))
        os.rename(self.path('in.raw'), self.path('bare'))
        r = self.run_it(self.path('bare'), self.path('out'), code=1)
        self.assertIn('use -r', r.stderr)
        self.run_it('-r', self.path('bare'), self.path('out'))

    def test_a_file_is_replaced_as_a_whole(self):
        with open(self.path('out.8'), 'wb') as f:
            f.write(b'old')
        with open(self.path('out.8'), 'rb') as old:
            self.run_it('-c', '8', self.wav('in.wav', 8000, 0.1), self.path('out'))
            self.assertEqual(old.read(), b'old')
        self.assertEqual(os.path.getsize(self.path('out.8')), 800)

    def test_errors(self):
        wav = self.wav('in.wav', 8000, 0.1)
        empty = self.wav('empty.wav', 8000, 0)
        for args, code, text in (
                ((), 2, 'usage:'),
                ((wav, 'a', 'b'), 2, 'usage:'),
                (('-L', wav), 2, '-L needs -l'),
                (('-l', '0', wav), 2, 'number of samples'),
                (('-l', '12x', wav), 2, 'number of samples'),
                (('-c', 'opus', wav), 2, "no codec 'opus'"),
                (('-c', '', wav), 2, "no codec ''"),
                (('-c', 'PCMU,g723', wav), 2, 'no free encoder of G.723.1'),
                ((self.path('nowhere.wav'),), 1, 'No such file'),
                ((empty, self.path('o')), 1, 'no sound in it'),
                ((wav, self.path('no/such/dir')), 1, 'No such file'),
                (('-r', '-c', '8', wav, '/dev/full/x'), 1, 'Not a directory')):
            with self.subTest(args=args):
                self.assertIn(text, self.run_it(*args, code=code).stderr)
        self.assertEqual(self.made(), [])

    def test_silence_detection_is_refused_kindly(self):
        r = self.run_it('-v', '-c', '18', self.wav('in.wav', 8000, 1, level=0), self.path('out'))
        self.assertIn('-v changes nothing', r.stderr)
        self.assertEqual(os.path.getsize(self.path('out.18')), 1000)


if __name__ == '__main__':
    unittest.main()
