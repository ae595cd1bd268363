"""A file server for tests. It answers byte ranges as RFC 9110 says (If-Range included). The query changes its manners:
cut=N sends N bytes and closes the connection, norange ignores Range, status=N answers N, to=/path redirects."""

import http.server
import re
import threading
from urllib.parse import parse_qs, urlsplit


class Handler(http.server.BaseHTTPRequestHandler):
    folder = None

    def do_GET(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        if "to" in query:
            self.send_response(302)
            self.send_header("Location", query["to"][0])
            self.end_headers()
            return
        path = self.folder / url.path.lstrip("/")
        if "status" in query or not path.is_file():
            self.send_error(int(query.get("status", ["404"])[0]))
            return
        data = path.read_bytes()
        tag = f'"{len(data)}"'
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and "norange" not in query and self.headers.get("If-Range", tag) == tag:
            start = int(wanted[1])
            if start >= len(data):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            data = data[start:]
        else:
            self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:int(query.get("cut", [len(data)])[0])])
        self.close_connection = True

    def log_message(self, *_):
        pass


def start(folder):
    """Serves `folder` from a thread of this process; returns http://127.0.0.1:PORT."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("FolderHandler", (Handler,), {"folder": folder}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
