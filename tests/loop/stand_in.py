"""A stand-in for the model behind an upstream: an OpenAI-compatible server on a loopback port that answers from a table."""

import http.server
import json
import threading

MODEL = "stand-in/gpt-6-sol"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer("application/json", json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, self.headers.get("Authorization"), body))
        user = body["messages"][-1]["content"]
        text = self.server.answers.get(user, "unclear")
        usage = {"prompt_tokens": len(json.dumps(body)) // 4, "completion_tokens": 2, "total_tokens": 0}
        whole = {"id": f"stand-in-{len(self.server.seen)}", "object": "chat.completion", "created": 1, "model": MODEL,
                 "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
                 "usage": usage}
        if not body.get("stream"):
            return self.answer("application/json", json.dumps(whole))
        chunk = {**whole, "object": "chat.completion.chunk",
                 "choices": [{"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": text}}]}
        self.answer("text/event-stream", f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n")

    def answer(self, kind, text):
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """With `tls`, an ssl.SSLContext, behind TLS as "localhost"."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answers, tls=None):
        super().__init__(("127.0.0.1", 0), Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.scheme, self.host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        self.answers = answers  # by the text of the last message
        self.seen = []          # [path, Authorization, body] of every call
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a client that left, or that does not trust the certificate

    @property
    def url(self):
        return f"{self.scheme}://{self.host}:{self.server_port}/v1"
