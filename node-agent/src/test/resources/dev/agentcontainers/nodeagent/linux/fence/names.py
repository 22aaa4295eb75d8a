"""Has the sockets of another process, as an egress proxy has those of its node agent, and does what a line says."""
import ctypes
import os
import socket
import sys
import threading

PIDFD_GETFD = 438
process = os.pidfd_open(int(sys.argv[1]))
libc = ctypes.CDLL(None, use_errno=True)


def taken(number):
    descriptor = libc.syscall(PIDFD_GETFD, process, number, 0)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return socket.socket(fileno=descriptor)


datagrams = taken(int(sys.argv[2]))
streams = taken(int(sys.argv[3]))
intercepted = taken(int(sys.argv[4]))
asked = taken(int(sys.argv[5]))
os.setuid(65534)
datagrams.setblocking(True)
streams.setblocking(True)
counted = 0


def answer():
    global counted
    while True:
        try:
            data, sender = datagrams.recvfrom(65536)
            counted += 1
            datagrams.sendto(data, sender)
        except OSError:
            pass


def accept():
    while True:
        try:
            connection, _ = streams.accept()
            connection.sendall(connection.recv(65536))
            connection.close()
        except OSError:
            return


threading.Thread(target=answer, daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    request = line.split()
    try:
        if request[0] == "count":
            print(counted, flush=True)
        elif request[0] == "send":
            datagrams.sendto(b"abuse", (request[1], int(request[2])))
            print("sent", flush=True)
        elif request[0] in ("connect", "connect_asked"):
            copy = socket.socket(fileno=os.dup((streams if request[0] == "connect" else asked).fileno()))
            copy.shutdown(socket.SHUT_RDWR)
            copy.settimeout(1)
            copy.connect((request[1], int(request[2])))
            print("connected", flush=True)
        elif request[0] == "pose":
            # As whoever has that address: the socket may have any.
            copy = socket.socket(fileno=os.dup(intercepted.fileno()))
            copy.shutdown(socket.SHUT_RDWR)
            copy.settimeout(1)
            copy.bind((request[1], int(request[2])))
            copy.connect((request[3], int(request[4])))
            print("connected", flush=True)
    except Exception as e:
        print("%s: %s" % (type(e).__name__, e), flush=True)
