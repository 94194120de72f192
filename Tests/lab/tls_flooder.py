# SPDX-License-Identifier: Apache-2.0
"""Opens TLS connections to a box: some silent ones that stay, and so many handshakes a second.

    tls_flooder.py {"target": [host, port], "sources": [..], "certificate": .., "silent": n,
                    "rate": n, "seconds": n}

Says {"silent": n} when those stand, and at the end how many handshakes were begun, done, refused
(the box closed before it said anything) and failed."""

import json
import select
import socket
import ssl
import sys
import threading
import time

THREADS = 16


def connect(options, number):
    made = socket.socket()
    made.settimeout(5)
    made.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    made.bind((options["sources"][number % len(options["sources"])], 0))
    made.connect(tuple(options["target"]))
    return made


def stay_silent(options):
    held = []
    for number in range(options["silent"]):
        try:
            held.append(connect(options, number))
        except OSError:
            pass
    time.sleep(1.2)  # they are old by now
    closed = select.poll()
    for one in held:
        closed.register(one, select.POLLIN)
    gone = len(closed.poll(0))
    print(json.dumps({"silent": len(held) - gone, "refused": gone}), flush=True)
    return held


def handshakes(options, context, start, first, counts, lock):
    for number in range(first, int(options["rate"] * options["seconds"]), THREADS):
        time.sleep(max(0, start + number / options["rate"] - time.monotonic()))
        if time.monotonic() > start + options["seconds"]:
            return
        kind = "failed"
        made = None
        try:
            made = connect(options, number)
            with context.wrap_socket(made) as secure:
                kind = "done" if secure.version() else kind
        except ssl.SSLEOFError:
            kind = "refused"
        except (ConnectionResetError, BrokenPipeError):
            kind = "refused"
        except OSError:
            pass
        finally:
            if made:
                made.close()
        with lock:
            counts["begun"] += 1
            counts[kind] += 1


def main():
    options = json.loads(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if options.get("certificate"):
        context.load_cert_chain(options["certificate"])
    held = stay_silent(options)
    sys.stdin.readline()
    counts, lock = {"begun": 0, "done": 0, "refused": 0, "failed": 0}, threading.Lock()
    start = time.monotonic()
    threads = [threading.Thread(target=handshakes,
                                args=(options, context, start, n, counts, lock))
               for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts["seconds"] = round(time.monotonic() - start, 2)
    print(json.dumps(counts), flush=True)
    for one in held:
        one.close()


main()
