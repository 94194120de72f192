# SPDX-License-Identifier: Apache-2.0
"""Turns the STUN cases of the test data into lines that C can read: name, local fragment, local
password, remote fragment, source address, source port, request, what is expected (success, error420,
silence), the success response or a dash."""

import json
import sys


def expected(text):
    if text.startswith("success"):
        return "success"
    return "error420" if "error 420" in text else "silence"


for case in json.load(open(sys.argv[1], encoding="utf-8")):
    address, port = case["source"].rsplit(":", 1)
    print(case["name"], case["local_ufrag"], case["local_pwd"], case["remote_ufrag"], address, port,
          case["request_hex"], expected(case["expect"]),
          case["reference_success_response_hex"] or "-")
