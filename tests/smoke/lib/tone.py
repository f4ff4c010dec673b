#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tone.py FILE HERTZ SECONDS: a tone in G.711 A-law, 8,000 samples a second."""
import math
import sys


def alaw(sample):
    """One 13-bit sample (ITU-T G.711, table 1a): sign, segment, four bits of mantissa."""
    sign = 0x80 if sample >= 0 else 0
    n = min(abs(sample), 4095)
    segment = max(n.bit_length() - 5, 0)
    mantissa = n >> (segment if segment > 1 else 1) & 0x0f
    return (sign | segment << 4 | mantissa) ^ 0x55


def main():
    path, hertz, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    with open(path, 'wb') as f:
        f.write(bytes(alaw(round(2000 * math.sin(2 * math.pi * hertz * i / 8000)))
                      for i in range(round(8000 * seconds))))


if __name__ == '__main__':
    main()
