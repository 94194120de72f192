# SPDX-License-Identifier: Apache-2.0
"""A capture of one RTP stream, made as long as a call."""

import struct

RTP_OFFSET = 14 + 20 + 8  # Ethernet, IPv4 without options, UDP


def read(path):
    """(file header, [(microseconds, frame)]) of a classic little-endian capture."""
    with open(path, "rb") as file:
        head = file.read(24)
        frames = []
        while len(record := file.read(16)) == 16:
            seconds, micro, length, _ = struct.unpack("<IIII", record)
            frames.append((seconds * 1000000 + micro, file.read(length)))
    return head, frames


def repeat_capture(source, target, seconds):
    """Writes the stream of `source` again and again, as one stream that goes on for `seconds`."""
    head, frames = read(source)
    first = frames[0][0]
    step = (frames[-1][0] - first) // (len(frames) - 1)  # between packets, microseconds
    clock = struct.unpack_from("!I", frames[1][1], RTP_OFFSET + 4)[0] - \
        struct.unpack_from("!I", frames[0][1], RTP_OFFSET + 4)[0]
    start = struct.unpack_from("!HI", frames[0][1], RTP_OFFSET + 2)
    with open(target, "wb") as file:
        file.write(head)
        for number in range(max(1, seconds * 1000000 // step)):
            frame = bytearray(frames[number % len(frames)][1])
            struct.pack_into("!HI", frame, RTP_OFFSET + 2, (start[0] + number) & 0xffff,
                             (start[1] + number * clock) & 0xffffffff)
            when = number * step
            file.write(struct.pack("<IIII", when // 1000000, when % 1000000, len(frame),
                                   len(frame)))
            file.write(frame)
