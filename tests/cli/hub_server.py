"""A server that speaks the Hugging Face Hub's protocol, for tests: REPOSITORIES below over http, and over https behind
a proxy that alone knows the names hub.test and cdn.test. Large files come from a second host, which refuses whoever
shows it a token, as the hub's storage does."""

import hashlib
import http.server
import json
import re
import socket
import ssl
import subprocess
import threading
from urllib.parse import unquote, urlsplit

import fixtures

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REVISIONS = (COMMIT, "main", "v1", "refs/pr/1")
TOKEN = "hf_good"
LARGE = (".gguf", ".safetensors", ".bin")  # kept in large file storage, named by SHA-256
FOLDER = {"config.json": b'{"model_type": "tiny"}\n', "tokenizer.json": b"{}\n", "tokenizer_config.json": b"[]\n",
          "chat_template.jinja": b"{{ messages }}\n", "README.md": b"# Tiny\n", "1_Pooling/config.json": b"{}"}
INDEX = {"model.safetensors.index.json": b'{"weight_map": {}}'}


def repositories():
    """{name: {path: bytes}}; the manners of a repository are in its name."""
    model, weights = fixtures.tiny_gguf(), b"weights " * 500
    shards = {f"model-0000{i}-of-00003.safetensors": weights + bytes([i]) for i in (1, 2, 3)}
    parts = {f"Q8_0/tiny-0000{i}-of-00002.gguf": model + bytes([i]) for i in (1, 2)}
    return {
        "test/one": {"README.md": b"# One\n", "tiny.gguf": model, "mmproj-tiny.gguf": weights},
        "test/many": {"tiny.Q8_0.gguf": weights, "tiny.Q4_K_M.gguf": model},
        "test/unclear": {"tiny.Q8_0.gguf": weights, "tiny.Q5_0.gguf": model},
        "test/split": parts,
        "test/folder": FOLDER | {"model.safetensors": fixtures.tiny_safetensors(), "onnx/model.onnx": b"x"},
        "test/sharded": FOLDER | INDEX | shards,
        "test/incomplete": FOLDER | INDEX | {name: data for name, data in shards.items() if "00002" not in name},
        "test/pickle": {"config.json": b"{}", "pytorch_model.bin": b"x"},
        "test/private": {"tiny.gguf": model},
        "test/gated": {"tiny.gguf": model},
        "test/cut": {"tiny.gguf": model},
        "test/wrong": {"tiny.gguf": model},
        "test/wrong-small": FOLDER | {"model.safetensors": weights},
        "test/outside": FOLDER | {"model.safetensors": weights, "../../evil.json": b"{}"},
    }


class Hub(http.server.BaseHTTPRequestHandler):
    repositories, storage = {}, ""

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refused(self, repository):
        """Whether the answer was a refusal."""
        token = self.headers.get("Authorization")
        if repository == "test/busy":
            self.answer(429)
        elif token not in (None, f"Bearer {TOKEN}"):
            self.answer(401, X_Error_Message="Invalid credentials in Authorization header")
        elif repository not in self.repositories or (repository == "test/private" and not token):
            self.answer(404 if token else 401, X_Error_Code="RepoNotFound")
        elif repository == "test/gated":
            self.answer(403 if token else 401, X_Error_Code="GatedRepo")
        else:
            return False
        return True

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        if path.startswith(("/api/models/test/renamed/", "/test/renamed/")):
            self.answer(307, Location=self.path.replace("/test/renamed/", "/test/one/"))
        elif match := re.fullmatch("/api/models/([^/]+/[^/]+)/revision/(.+)", path):
            self.list_files(*match.groups())
        elif match := re.fullmatch("/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self.send_file(*match.groups())
        else:
            self.answer(404)

    do_HEAD = do_GET

    def list_files(self, repository, revision):
        if self.refused(repository):
            return
        if revision not in REVISIONS:
            self.answer(404, X_Error_Code="RevisionNotFound")
            return
        files = [{"rfilename": name, "size": len(data)} for name, data in self.repositories[repository].items()]
        about = {"id": repository, "sha": COMMIT, "cardData": {"license": "mit"}, "siblings": files}
        self.answer(200, json.dumps(about).encode(), Content_Type="application/json")

    def send_file(self, repository, revision, name):
        if self.refused(repository):
            return
        data = self.repositories[repository].get(name)
        if data is None or revision not in REVISIONS:
            self.answer(404, X_Error_Code="EntryNotFound")
        elif name.endswith(LARGE):
            digest = hashlib.sha256(data + (b"?" if repository == "test/wrong" else b"")).hexdigest()
            self.answer(302, Location=f"{self.storage}/{repository}/{name}?signature=1", X_Repo_Commit=COMMIT,
                        X_Linked_Etag=f'"{digest}"', X_Linked_Size=str(len(data)))
        else:
            blob = data + (b"?" if repository == "test/wrong-small" and name == "config.json" else b"")
            digest = hashlib.sha1(b"blob %d\0" % len(blob) + blob).hexdigest()
            self.answer(200, data, ETag=f'"{digest}"', X_Repo_Commit=COMMIT)

    def log_message(self, *_):
        pass


class Storage(Hub):
    def do_GET(self):
        if "Authorization" in self.headers:  # what the hub's storage answers to two credentials
            self.answer(400)
            return
        owner, name, path = unquote(urlsplit(self.path).path).lstrip("/").split("/", 2)
        data = self.repositories[f"{owner}/{name}"][path]
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-"))[1])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:start + 500] if name == "cut" else data[start:])
        self.close_connection = True


class Proxy(http.server.BaseHTTPRequestHandler):
    """CONNECT to the names it knows."""
    ports = {}

    def do_CONNECT(self):
        if self.path not in self.ports:
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(("127.0.0.1", self.ports[self.path])) as server:
            back = threading.Thread(target=self.copy, args=(server, self.connection))
            back.start()
            self.copy(self.connection, server)
            back.join()
        self.close_connection = True

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side is gone

    def log_message(self, *_):
        pass


def serve(handler, host="127.0.0.1", tls=None, **attributes):
    server = http.server.ThreadingHTTPServer((host, 0), type(handler.__name__, (handler,), attributes))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def certificate(folder):
    """A TLS context for hub.test and cdn.test; its certificate becomes ca.pem."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=understudy tests", "-addext", "subjectAltName=DNS:hub.test,DNS:cdn.test",
                    "-keyout", folder / "key.pem", "-out", folder / "ca.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


def start(folder):
    """Environment variables that name the servers: HUB, the plain one, and PROXY, the way to https://hub.test. `folder`
    receives ca.pem."""
    content = repositories()
    storage = serve(Storage, host="127.0.0.2", repositories=content)
    hub = serve(Hub, repositories=content, storage=f"http://127.0.0.2:{storage}")
    tls = certificate(folder)
    ports = {"cdn.test:443": serve(Storage, tls=tls, repositories=content),
             "hub.test:443": serve(Hub, tls=tls, repositories=content, storage="https://cdn.test")}
    return {"HUB": f"http://127.0.0.1:{hub}", "PROXY": f"http://127.0.0.1:{serve(Proxy, ports=ports)}"}
