"""Answers HTTP, inside TLS where there are a certificate and a key, with what each request was; says so when ready."""
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

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

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
