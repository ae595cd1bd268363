#!/usr/bin/env python3
"""Our embeddings beside sentence-transformers: how equal they are, and how fast each makes them.

    python bench/quality/embeddings.py FOLDER --understudy build/release/understudy [--sentences N] [--rounds N]

FOLDER is a sentence-transformers model (the folder that `understudy pull all-minilm:l6` makes). Our side is the server:
one HTTP request of N texts. Sentences of corpus.py; both sides have all CPUs, rounds alternate. Needs
sentence-transformers.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import time
import urllib.request

import numpy as np

import corpus

sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
import server  # noqa: E402

BATCH = 500  # texts a request


def sentences(count: int) -> list[str]:
    """Of 4 to 60 words, all different, in the order of the corpus."""
    archive = corpus.package_archive()
    texts = [row["passage"] for row in corpus.rows(archive, "boolq")]
    texts += [row["question"] for row in corpus.rows(archive, "gsm8k")]
    found = []
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", "\n".join(texts)):
        sentence = " ".join(sentence.split())
        if 4 <= len(sentence.split()) <= 60 and len(sentence) < 400:
            found.append(sentence)
    unique = list(dict.fromkeys(found))
    if len(unique) < count:
        sys.exit(f"the corpus has {len(unique)} sentences, {count} are wanted")
    return unique[:count]


def ours(url: str, model: str, texts: list[str]) -> np.ndarray:
    vectors = []
    for at in range(0, len(texts), BATCH):
        body = json.dumps({"model": model, "input": texts[at:at + BATCH]}).encode()
        request = urllib.request.Request(f"{url}/v1/embeddings", body, {"Content-Type": "application/json"})
        vectors += [row["embedding"] for row in json.load(urllib.request.urlopen(request))["data"]]
    return np.array(vectors, np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--understudy", required=True, metavar="PATH")
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    texts = sentences(options.sentences)

    import sentence_transformers
    reference = sentence_transformers.SentenceTransformer(str(options.folder), device="cpu")
    port = server.free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([options.understudy, "serve", str(options.folder), "--port", str(port), "--quiet"],
                               stdout=subprocess.DEVNULL)
    try:
        name = server.wait_until_ready(url, process)
        expected = reference.encode(texts, normalize_embeddings=True)
        found = ours(url, name, texts)
        difference = np.abs(found - expected)
        cosine = (found * expected).sum(axis=1)
        print(f"{len(texts)} sentences, {expected.shape[1]} dimensions: largest difference {difference.max():.2e}, "
              f"mean {difference.mean():.2e}, smallest cosine {cosine.min():.7f}")
        speeds = {"understudy": [], "sentence-transformers": []}
        for _ in range(options.rounds):
            for side, run in (("understudy", lambda: ours(url, name, texts)),
                              ("sentence-transformers", lambda: reference.encode(texts, normalize_embeddings=True))):
                start = time.perf_counter()
                run()
                speeds[side].append(len(texts) / (time.perf_counter() - start))
        for side, values in speeds.items():
            print(f"{side}: {statistics.median(values):.0f} sentences/s, n {len(values)}, "
                  f"{min(values):.0f} to {max(values):.0f}")
        ratios = [a / b for a, b in zip(*speeds.values())]
        print(f"ratio: {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
