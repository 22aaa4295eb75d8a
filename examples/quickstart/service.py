"""A service for the quick start: answers every POST with what it was sent and who asked. Usage: service.py NAME ADDRESS PORT"""

import http.server
import json
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


http.server.ThreadingHTTPServer((address, port), Handler).serve_forever()
