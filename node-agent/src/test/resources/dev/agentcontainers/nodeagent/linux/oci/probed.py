"""An agent that is asked whether it is well: answers at port 8001 as the path says, as hostile as the path says."""
import os
import socket
import threading
import time


def answer(connection, path):
    if path == "/ok":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfine\n")
    elif path == "/fail":
        connection.sendall(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")
    elif path.startswith("/file"):
        status = b"200 OK" if os.path.exists("/tmp" + path[5:]) else b"503 No"
        connection.sendall(b"HTTP/1.0 " + status + b"\r\n\r\n")
    elif path == "/redirect":
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254:8001/latest\r\nContent-Length: 0\r\n\r\n")
    elif path == "/interim":
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + b"HTTP/1.1 204 None\r\n\r\n")
    elif path == "/interims":
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
    elif path == "/headers":
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: " + b"x" * 4096 + b"\r\n")
    elif path == "/line":
        while True:
            connection.sendall(b"x" * 65536)
    elif path == "/body":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)
    elif path == "/chunks":
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"ffff\r\n" + b"x" * 65535 + b"\r\n")
    elif path == "/short":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
    elif path == "/drip":
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)
    elif path == "/silent":
        time.sleep(1000)
    elif path == "/garbage":
        connection.sendall(b"\x1b[2J\x00\xff\r\n\r\n" + os.urandom(100))
    connection.close()


def serve(connection):
    try:
        request = b""
        while b"\r\n\r\n" not in request:
            received = connection.recv(4096)
            if not received:
                return
            request += received
        with open("/tmp/request", "wb") as asked:
            asked.write(request)
        answer(connection, request.split(b" ")[1].decode())
    except OSError:
        pass


for left in ("sick", "ready", "started"):
    if os.path.exists("/tmp/" + left):
        os.unlink("/tmp/" + left)
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
server.bind(("0.0.0.0", 8001))
server.listen(128)
inside = socket.socket()
inside.bind(("127.0.0.1", 8002))
inside.listen(1)
open("/tmp/serves", "w").close()
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
