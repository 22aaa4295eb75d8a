"""Asks the resolver at ADDRESS PORT for COUNT addresses, of NAME or, where it has a %d, of as many names from number FIRST on.

Prints, in nanoseconds, how long each answer took.
"""

import socket
import sys
import time

address, port, count, name, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
client.connect((address, port))
times = []
for number in range(first, first + count):
    labels = (name % number if "%d" in name else name).encode().split(b".")
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0\0\1\0\1"
    identity = (number & 0xFFFF).to_bytes(2, "big")
    begin = time.monotonic_ns()
    client.send(identity + b"\1\0\0\1\0\0\0\0\0\0" + question)
    answer = client.recv(4096)
    times.append(time.monotonic_ns() - begin)
    # No faster than an agent may ask.
    time.sleep(0.01)
    # Of this question, without error, with an answer.
    if answer[:2] != identity or answer[3] & 0xF or answer[6:8] == b"\0\0":
        sys.exit("no answer to %s: %s" % (name, answer.hex()))
print("\n".join(map(str, times)))
