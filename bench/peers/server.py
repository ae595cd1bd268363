"""Our load time and memory, from outside: a server started on a free port until it answers."""

import json
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

TIMEOUT_S = 120
SETTLED_S = 1  # after the first answer weights may still be on their way from the mapped file, and some of them counted twice


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(url: str, process: subprocess.Popen) -> str:
    """The model's name, as soon as the server says that it is ready."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/ready", timeout=5) as answer:
                return json.load(answer)["model"]
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.002)
    raise RuntimeError(f"understudy serve was not ready within {TIMEOUT_S} s")


def measure_load(program: str, model: pathlib.Path, threads: int, context: int) -> dict:
    """From the start of the process to its first "ready", and what it keeps in memory after a short answer."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    start = time.perf_counter()
    process = subprocess.Popen([program, "serve", str(model), "--port", str(port), "--threads", str(threads),
                                "--context", str(context), "--max-running", "1", "--quiet"],
                               stdout=subprocess.DEVNULL)
    try:
        name = wait_until_ready(url, process)
        seconds = time.perf_counter() - start
        body = json.dumps({"model": name, "prompt": "Once upon a time", "max_tokens": 8}).encode()
        request = urllib.request.Request(f"{url}/v1/completions", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=TIMEOUT_S).read()
        time.sleep(SETTLED_S)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) * 1024
        return {"load_ms": seconds * 1000, "resident_bytes": resident}
    finally:
        process.terminate()
        process.wait()
