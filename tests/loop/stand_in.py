"""A stand-in for the model behind an upstream: an OpenAI-compatible server on a loopback port that answers from a table."""

import http.server
import json
import threading

MODEL = "stand-in/gpt-6-sol"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, self.headers.get("Authorization"), body))
        user = body["messages"][-1]["content"]
        text = self.server.answers.get(user, "unclear")
        answer = {"id": f"stand-in-{len(self.server.seen)}", "object": "chat.completion", "created": 1, "model": MODEL,
                  "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
                  "usage": {"prompt_tokens": len(json.dumps(body)) // 4, "completion_tokens": 2, "total_tokens": 0}}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers  # by the text of the last message
        self.seen = []          # [path, Authorization, body] of every call
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"
