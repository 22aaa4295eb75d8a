"""Accepts connections at ADDRESS PORT and closes them."""

import socket
import sys

listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=1024)
print("ready", flush=True)
while True:
    listener.accept()[0].close()
