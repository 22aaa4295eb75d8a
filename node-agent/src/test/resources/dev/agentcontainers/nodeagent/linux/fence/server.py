"""
Echoes TCP and UDP on the given ports of every address, and says so when ready. A datagram "push" has it send to who connected
last there, and to who sent it a datagram last, without being asked by them.
"""
import selectors
import socket
import sys

selector = selectors.DefaultSelector()
connected = {}
senders = {}


def accept(listener):
    connection, _ = listener.accept()
    connected[listener.getsockname()] = connection
    selector.register(connection, selectors.EVENT_READ, answer)


def answer(connection):
    try:
        data = connection.recv(65536)
        if data:
            connection.sendall(data)
            return
    except OSError:
        pass
    selector.unregister(connection)
    connection.close()


def answer_datagram(s):
    data, sender = s.recvfrom(65536)
    if data == b"push":
        push(s)
        data = b"pushed"
    else:
        senders[s.getsockname()] = sender
    s.sendto(data, sender)


def push(s):
    if s.getsockname() in senders:
        s.sendto(b"pushed", senders[s.getsockname()])
    if s.getsockname() in connected:
        try:
            connected[s.getsockname()].sendall(b"pushed")
        except OSError:
            pass


for text in sys.argv[2:]:
    for address in sys.argv[1].split(","):
        for kind, callback in ((socket.SOCK_STREAM, accept), (socket.SOCK_DGRAM, answer_datagram)):
            s = socket.socket(socket.AF_INET, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, int(text)))
            if kind == socket.SOCK_STREAM:
                s.listen(128)
            selector.register(s, selectors.EVENT_READ, callback)
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        key.data(key.fileobj)
