"""
At an address, takes all that comes to the first port and throws it away, and at the second sends as fast as can be: by TCP to who
connects, by UDP to who says for how many seconds. Says so when ready.
"""
import socket
import sys
import threading
import time

address, sink, source = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def take(connection):
    try:
        while connection.recv(1 << 18):
            pass
    except OSError:
        pass
    connection.close()


def give(connection):
    try:
        while True:
            connection.sendall(b"g" * 65536)
    except OSError:
        pass
    connection.close()


def accept(listener, serve):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def take_datagrams(s):
    while True:
        s.recv(65536)


def give_datagrams(s):
    while True:
        said, receiver = s.recvfrom(64)
        end = time.monotonic() + float(said)
        while time.monotonic() < end:
            for _ in range(20):
                s.sendto(b"g" * 1400, receiver)
            time.sleep(0.001)


for port, streams, datagrams in ((sink, take, take_datagrams), (source, give, give_datagrams)):
    listener = socket.create_server((address, port), backlog=128)
    threading.Thread(target=accept, args=(listener, streams), daemon=True).start()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    threading.Thread(target=datagrams, args=(s,), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
