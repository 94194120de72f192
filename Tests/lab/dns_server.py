# SPDX-License-Identifier: Apache-2.0
"""A DNS server for one zone: python3 dns_server.py ADDRESS PORT ZONE.json

The file is read for every question, so that whoever writes it changes the answers:
{"hub.example SRV": [[priority, weight, port, target, ttl], ...], "a.example A": [[address, ttl]]}
A value of "silence" is not answered. What the file does not have does not exist.
"""

import ipaddress
import json
import socket
import struct
import sys

TYPES = {1: "A", 28: "AAAA", 33: "SRV", 35: "NAPTR"}


def encode_name(name):
    labels = [part.encode() for part in name.split(".") if part]
    return b"".join(bytes([len(part)]) + part for part in labels) + b"\0"


def read_name(message, place):
    labels = []
    while message[place]:
        end = place + 1 + message[place]
        labels.append(message[place + 1:end].decode())
        place = end
    return ".".join(labels).lower(), place + 1


def text(value):
    return bytes([len(value)]) + value.encode()


def record_data(kind, row):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(row[0]).packed
    if kind == "SRV":
        return struct.pack("!HHH", *row[:3]) + encode_name(row[3])
    order, preference, flags, service, replacement = row[:5]
    return (struct.pack("!HH", order, preference) + text(flags) + text(service) + b"\0"
            + encode_name(replacement))


def answer(query, zone):
    """The response to a query; None for silence."""
    name, place = read_name(query, 12)
    number, = struct.unpack("!H", query[place:place + 2])
    question = query[12:place + 4]
    kind = TYPES.get(number, str(number))
    rows = zone.get(f"{name} {kind}")
    if rows == "silence":
        return None
    if rows is None:
        known = any(key.split()[0] == name for key in zone)
        return query[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, 0, 0, 0) + question
    records = b""
    for row in rows:
        data = record_data(kind, row)
        records += (b"\xc0\x0c" + struct.pack("!HHIH", number, 1, row[-1], len(data)) + data)
    return query[:2] + struct.pack("!HHHHH", 0x8180, 1, len(rows), 0, 0) + question + records


def main(address, port, path):
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind((address, int(port)))
    while True:
        query, source = listening.recvfrom(2048)
        with open(path) as file:
            zone = json.load(file)
        response = answer(query, zone)
        if response is not None:
            listening.sendto(response, source)


if __name__ == "__main__":
    main(*sys.argv[1:4])
