#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""flood.py NS FILE RATE: the frames of a file (each with its length, 16 bits), again and again, so
many a second or (0) as fast as the link takes them, until SIGTERM; then prints how many it was.
"""
import ctypes
import signal
import struct
import sys
import time

import netns

BATCH = 64


class Iovec(ctypes.Structure):
    _fields_ = [('base', ctypes.c_char_p), ('len', ctypes.c_size_t)]


class Header(ctypes.Structure):
    """struct msghdr"""
    _fields_ = [('name', ctypes.c_void_p), ('name_len', ctypes.c_uint32),
                ('iov', ctypes.POINTER(Iovec)), ('iov_len', ctypes.c_size_t),
                ('control', ctypes.c_void_p), ('control_len', ctypes.c_size_t),
                ('flags', ctypes.c_int)]


class Message(ctypes.Structure):
    """struct mmsghdr"""
    _fields_ = [('header', Header), ('len', ctypes.c_uint)]


def frames_of(path):
    with open(path, 'rb') as f:
        while n := f.read(2):
            yield f.read(struct.unpack('!H', n)[0])


def main():
    frames, rate = list(frames_of(sys.argv[2])), int(sys.argv[3])
    vectors = (Iovec * len(frames))(*((f, len(f)) for f in frames))
    messages = (Message * len(frames))()
    for m, v in zip(messages, vectors):
        m.header.iov, m.header.iov_len = ctypes.pointer(v), 1
    raw = netns.Raw(sys.argv[1])
    going = [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    sent = at = 0
    size = ctypes.sizeof(Message)
    start = time.monotonic()
    while going:
        if rate and sent > rate * (time.monotonic() - start):
            time.sleep(0.0002)
            continue
        n = netns.libc.sendmmsg(raw.socket.fileno(), ctypes.byref(messages, at * size),
                                min(BATCH, len(frames) - at), 0)
        if n > 0:
            sent += n
            at = (at + n) % len(frames)
    print(sent)


if __name__ == '__main__':
    main()
