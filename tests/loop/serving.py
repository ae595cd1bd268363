"""What the suites over the command line share: checks, a home folder of one's own, and a running `understudy serve`."""

import http.client
import json
import os
import pathlib
import re
import resource
import signal
import subprocess

SECONDS = 300


class Checks:
    """Prints a line PASS or FAIL for each check."""

    def __init__(self):
        self.failed = 0

    def __call__(self, name, passed, detail=""):
        print(("PASS " if passed else "FAIL ") + name, flush=True)
        if not passed:
            self.failed += 1
            print(f"  {detail}", flush=True)


class Home:
    """A home folder of its own, whose models are the user's."""

    def __init__(self, binary, folder, models):
        self.binary = binary
        self.path = pathlib.Path(folder)
        self.path.mkdir(parents=True, exist_ok=True)
        if models:
            (self.path / "models").symlink_to(models)
        self.env = {**os.environ, "UNDERSTUDY_HOME": str(self.path)}

    def run(self, *arguments, file_bytes=resource.RLIM_INFINITY):
        """No file that it writes may be longer than file_bytes, as if the disk were full then."""
        return subprocess.run([self.binary, *arguments], env=self.env, capture_output=True, text=True, timeout=SECONDS,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes)))

    def calls(self):
        """Newest first."""
        return json.loads(self.run("calls", "ls", "--json", "--limit", "1000").stdout)["calls"]

    def state(self):
        """What a failed step must leave alone: calls, their tasks, tasks, policies."""
        calls = self.run("calls", "ls", "--json", "--limit", "1000").stdout
        files = sorted(str(path.relative_to(self.path)) for folder in ("tasks", "policies", "datasets", "specialists")
                       for path in (self.path / folder).rglob("*"))
        return calls, files


class Serving:
    """`understudy serve` until the end of the block."""

    def __init__(self, home, *arguments, **env):
        self.log = open(home.path / "serve.log", "a+", encoding="utf-8")
        self.process = subprocess.Popen([home.binary, "serve", "--port", "0", *arguments], env={**home.env, **env},
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.port = None
        for line in self.process.stdout:
            if found := re.search(r"(?:base URL| at) http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                break

    def __enter__(self):
        if self.port is None:
            self.process.wait()
            raise RuntimeError("serve does not start: " + self.logged())
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stdout.close()
        self.log.close()

    def logged(self):
        self.log.seek(0)
        return self.log.read()

    def limit_files(self, file_bytes):
        """From now on no file of the server may grow beyond this."""
        _, most = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (file_bytes, most))

    def send(self, method, path, body=None, **headers):
        """[status, headers by their name in lower case, body]."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, {key.lower(): value for key, value in response.getheaders()}, data

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    def post(self, path, body, **headers):
        return self.send("POST", path, json.dumps(body), **{"Content-Type": "application/json", **headers})


def content(data):
    return json.loads(data)["choices"][0]["message"]["content"]
