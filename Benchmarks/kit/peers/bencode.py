# SPDX-License-Identifier: Apache-2.0
"""Bencoding, in which rtpengine's control protocol is written."""


def encode(value):
    """bytes of a str, bytes, int, list or dict (keys are written in order)."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, list):
        return b"l" + b"".join(map(encode, value)) + b"e"
    if isinstance(value, dict):
        pairs = sorted((key.encode(), item) for key, item in value.items())
        return b"d" + b"".join(encode(key) + encode(item) for key, item in pairs) + b"e"
    raise TypeError(f"cannot bencode a {type(value).__name__}")


def _string(data, at):
    colon = data.index(b":", at)
    length = int(data[at:colon])
    end = colon + 1 + length
    if length < 0 or end > len(data):
        raise ValueError("a string ends after its message")
    return data[colon + 1:end].decode(errors="replace"), end


def _value(data, at):
    kind = data[at:at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if kind == b"l" or kind == b"d":
        items = []
        at += 1
        while data[at:at + 1] != b"e":
            item, at = _value(data, at)
            items.append(item)
        if kind == b"l":
            return items, at + 1
        if len(items) % 2:
            raise ValueError("a dictionary with a key and no value")
        return dict(zip(items[::2], items[1::2])), at + 1
    if kind.isdigit():
        return _string(data, at)
    raise ValueError(f"no bencoded value at byte {at}")


def decode(data):
    """The value of a whole message; ValueError when it is not exactly one."""
    value, end = _value(data, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes after the message")
    return value
