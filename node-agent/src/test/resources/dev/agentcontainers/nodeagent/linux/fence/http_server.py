"""Answers HTTP, inside TLS where there are a certificate and a key, with what each request was, and echoes the frames of
WebSockets; says so when ready."""
import base64
import hashlib
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        text = "%s %s %s %s\n" % (self.command, self.path, self.headers.get("Host"), content.decode())
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket" and not self.path.endswith("/refused"):
            self.web_socket()
        else:
            self.answer()

    def web_socket(self):
        key = self.headers.get("Sec-WebSocket-Key", "")
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        if self.path.endswith("/false"):
            digest = bytes(20)
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        self.close_connection = True
        head = self.rfile.read(2)
        while len(head) == 2:
            length = head[1] & 0x7F
            mask = self.rfile.read(4)
            content = bytes(each ^ mask[i % 4] for i, each in enumerate(self.rfile.read(length)))
            self.wfile.write(bytes([head[0], length]) + content)
            if head[0] & 0x0F == 8:
                return
            head = self.rfile.read(2)

    def log_message(self, *_):
        pass


servers = [ThreadingHTTPServer((address, int(sys.argv[2])), Echo) for address in sys.argv[1].split(",")]
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    for server in servers:
        # Each connection shakes hands in its own thread, with its first read.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
for server in servers:
    threading.Thread(target=server.serve_forever).start()
print("ready", flush=True)
