"""Answers TLS at a port of every address with the name it was called and what it was sent; says so when ready."""
import socket
import ssl
import sys
import threading

called = {}


def remember(connection, name, _):
    called[connection] = name


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
context.sni_callback = remember


def serve(accepted):
    try:
        with context.wrap_socket(accepted, server_side=True) as connection:
            name = called.pop(connection, None)
            data = connection.recv(65536)
            while data:
                connection.sendall(("%s:" % name).encode() + data)
                data = connection.recv(65536)
    except OSError:
        pass


def listen(listener):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


listeners = []
for address in sys.argv[1].split(","):
    listener = socket.create_server((address, int(sys.argv[2])), backlog=128)
    listeners.append(threading.Thread(target=listen, args=(listener,)))
for thread in listeners:
    thread.start()
print("ready", flush=True)
