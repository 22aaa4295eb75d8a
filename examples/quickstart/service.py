"""A service for the quick start: answers every POST with what it was sent and who asked. Usage: service.py NAME ADDRESS PORT"""

import http.server
import json
import socketserver
import sys

name, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        received = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
        answer = json.dumps({"service": name, "received": received}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format, *arguments):
        print(json.dumps({"service": name, "from": self.client_address[0], "request": format % arguments}), flush=True)


class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        # HTTPServer would look up its own name, for which there is no name service here.
        socketserver.TCPServer.server_bind(self)


Server((address, port), Handler).serve_forever()
