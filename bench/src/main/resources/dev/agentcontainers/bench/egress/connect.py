"""Connects COUNT times to ADDRESS PORT and prints, in nanoseconds, how long each took."""

import socket
import struct
import sys
import time

address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
times = []
for _ in range(count):
    connection = socket.socket()
    # Closed by a reset, so that ports don't run out.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    begin = time.monotonic_ns()
    connection.connect((address, port))
    times.append(time.monotonic_ns() - begin)
    connection.close()
print("\n".join(map(str, times)))
