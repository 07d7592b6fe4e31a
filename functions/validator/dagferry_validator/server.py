"""The validator as a Cloud Run service: a request is posted, and answered. Who may post, the platform decides."""
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import commands, guards
from .supervisor import Supervisor

LARGEST = 32 << 20  # bytes of a request: Cloud Run's own limit


def main():
    if not guards.kept_from_interpreter():
        raise SystemExit("this user could write the interpreter's files, which authors' code must not: run as another one")
    supervisor = Supervisor()
    supervisor.importer.start()
    server = ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "8080"))), handler(supervisor))
    print("listening on port %d, Airflow %s" % (server.server_port, supervisor.importer.hello["airflow"]), flush=True)
    try:
        server.serve_forever()
    finally:
        supervisor.close()


def handler(supervisor):
    one = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60  # seconds without a byte

        def do_GET(self):
            self.reply(200, supervisor.importer.hello or {})

        def do_POST(self):
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > LARGEST:
                self.close_connection = True
                self.reply(413, {"error": "a request has a length, of %d bytes at most" % LARGEST})
                return
            body = self.rfile.read(int(length))
            with one:
                said = commands.answer(supervisor, body)
            self.reply(400 if "error" in said else 200, said)

        def reply(self, status, what):
            body = json.dumps(what).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass  # the platform logs requests

    return Handler
