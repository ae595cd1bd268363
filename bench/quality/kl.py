#!/usr/bin/env python3
"""How exact an engine is: KL divergence of its next-token distributions from the reference (reference.py).

    python bench/quality/kl.py MODEL.gguf … --ours build/release/bench/logits [--isa NAME …] [--path NAME …]
                               [--llama-cpp] [--window TOKENS] [--json FILE]

Two paths: *scored* reads a whole window as a prompt, *token by token* decodes it one token a step. Each token gives
KL(reference || engine) in nats over the whole vocabulary and whether the most likely token is the same. The first
position of a window is left out and given apart: Qwen's activations are so large there that any 8-bit activation is far
off (llama.cpp by 4 to 7 nats), and three such rows would decide the mean of three thousand. Intervals are 90 % bootstrap
intervals over blocks of 64 neighbouring tokens, because neighbours are not independent; the ratio to llama.cpp resamples
the same blocks of both.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Iterator

import numpy as np

import corpus
import reference
from packages import cache_folder

BLOCK = 64
RESAMPLES = 4000
ROWS_AT_ONCE = 32  # 262,144 ids in f64 are 2 MB a row
PATHS = {"scored": False, "token by token": True}


@dataclasses.dataclass
class Divergence:
    """Of every token, all windows in the order of corpus.KINDS."""
    kl: np.ndarray     # nats
    same: np.ndarray   # the most likely token agrees

    def without_first(self) -> "Divergence":
        rest = np.arange(len(self.kl)) % corpus.WINDOW > 0
        return Divergence(self.kl[rest], self.same[rest])


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def compare(expected: np.ndarray, blocks: Iterator[np.ndarray]) -> Divergence:
    kl, same, row = [], [], 0
    for block in blocks:
        for start in range(0, len(block), ROWS_AT_ONCE):
            got = block[start:start + ROWS_AT_ONCE]
            want = expected[row:row + len(got)]
            p, q = log_softmax(want), log_softmax(got)
            kl.append((np.exp(p) * (p - q)).sum(axis=1))
            same.append(want.argmax(axis=1) == got.argmax(axis=1))
            row += len(got)
    if row != len(expected):
        raise RuntimeError(f"{row} rows of logits for {len(expected)} tokens")
    return Divergence(np.concatenate(kl), np.concatenate(same))


def concatenated(parts: list[Divergence]) -> Divergence:
    return Divergence(np.concatenate([part.kl for part in parts]), np.concatenate([part.same for part in parts]))


# ---- The two engines ----

def ours(tool: str, model: pathlib.Path, by_token: bool, isa: str, threads: int, kv_int8: bool) -> Divergence:
    environment = dict(os.environ, **({"UNDERSTUDY_ISA": isa} if isa else {}))
    parts = []
    for tokens, expected in reference.reference(model).values():
        with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
            ids, out = os.path.join(scratch, "tokens.bin"), os.path.join(scratch, "logits.bin")
            tokens.astype("<i4").tofile(ids)
            command = [tool, str(model), ids, out, "--threads", str(threads)] + ["--token-by-token"] * by_token
            command += ["--kv-int8"] * kv_int8
            subprocess.run(command, env=environment, check=True)
            rows = np.memmap(out, "<f4", "r").reshape(len(tokens), -1)
            parts.append(compare(expected, [rows]))
    return concatenated(parts)


def llama_cpp(model: pathlib.Path, by_token: bool, flash_attention: bool, threads: int) -> Divergence:
    """Kept in the cache, of whole windows: it changes with llama.cpp's version only."""
    sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
    import llama_cpp as package
    import llama_peer

    name = f"llama.cpp-{package.__version__}-{'token' if by_token else 'scored'}-fa{int(flash_attention)}.npz"
    folder, window = reference.folder_of(model)
    cached = folder / name
    if not cached.exists():
        parts = [compare(expected, llama_peer.logits(str(model), tokens, by_token, threads, flash_attention))
                 for tokens, expected in reference.whole(model).values()]
        result = concatenated(parts)
        np.savez(cached, kl=result.kl, same=result.same)
    stored = np.load(cached)
    return Divergence(*(reference.first_of_windows(stored[field], window) for field in ("kl", "same")))


# ---- Figures ----

def resampled_means(values: np.ndarray) -> np.ndarray:
    """The same blocks for every call, so ratios of two calls are paired."""
    blocks = np.array_split(values, len(values) // BLOCK)
    sums, counts = np.array([b.sum() for b in blocks]), np.array([len(b) for b in blocks])
    picks = np.random.default_rng(0).integers(0, len(blocks), (RESAMPLES, len(blocks)))
    return sums[picks].sum(axis=1) / counts[picks].sum(axis=1)


def interval(means: np.ndarray) -> list[float]:
    return [float(np.quantile(means, 0.05)), float(np.quantile(means, 0.95))]


def figures(model: str, engine: str, path: str, every: Divergence, peers: list[Divergence]) -> dict:
    result = every.without_first()
    row = {
        "model": model, "engine": engine, "path": path, "n": len(result.kl),
        "first_position_kl": float(every.kl[::corpus.WINDOW].mean()),
        "mean_kl": float(result.kl.mean()), "mean_kl_interval": interval(resampled_means(result.kl)),
        "p99_kl": float(np.quantile(result.kl, 0.99)),
        "top1": float(result.same.mean()), "top1_interval": interval(resampled_means(result.same)),
    }
    if peers:  # against llama.cpp's better setting
        best = min((peer.without_first() for peer in peers), key=lambda peer: peer.kl.mean())
        row["ratio"] = float(result.kl.mean() / best.kl.mean())
        row["ratio_interval"] = interval(resampled_means(result.kl) / resampled_means(best.kl))
    return row


def table_line(row: dict) -> str:
    def within(value: float, bounds: list[float], form: str) -> str:
        return f"{value:{form}} [{bounds[0]:{form}}, {bounds[1]:{form}}]"

    ratio = within(row["ratio"], row["ratio_interval"], ".2f") if "ratio" in row else ""
    return (f"| {row['model']} | {row['engine']} | {row['path']} | {row['n']} "
            f"| {within(row['mean_kl'], row['mean_kl_interval'], '.2e')} | {row['p99_kl']:.2e} "
            f"| {within(row['top1'] * 100, [b * 100 for b in row['top1_interval']], '.2f')} "
            f"| {row['first_position_kl']:.2e} | {ratio} |")


def measure(model: pathlib.Path, options: argparse.Namespace) -> Iterator[dict]:
    for path in options.path or PATHS:
        by_token = PATHS[path]
        peers = []
        if options.llama_cpp:
            for flash in (True, False):
                peers.append(llama_cpp(model, by_token, flash, options.threads))
                yield figures(model.stem, f"llama.cpp, fa {'on' if flash else 'off'}", path, peers[-1], [])
        if options.ours:
            for isa in options.isa or [""]:
                result = ours(options.ours, model, by_token, isa, options.threads, options.kv_int8)
                name = f"understudy {isa}".strip() + ", int8 KV" * options.kv_int8
                yield figures(model.stem, name, path, result, peers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", type=pathlib.Path, metavar="MODEL.gguf")
    parser.add_argument("--ours", metavar="TOOL", help="the built `logits` tool")
    parser.add_argument("--isa", action="append", help="kernel table for UNDERSTUDY_ISA; may be repeated")
    parser.add_argument("--kv-int8", action="store_true", help="keys and values of `ours` in int8")
    parser.add_argument("--path", action="append", choices=PATHS, help="may be repeated (default: both)")
    parser.add_argument("--llama-cpp", action="store_true", help="also llama.cpp (needs llama-cpp-python)")
    parser.add_argument("--window", type=int, default=corpus.WINDOW, metavar="TOKENS", help="of each kind of text")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here")
    options = parser.parse_args()
    corpus.WINDOW = options.window

    print("| model | engine | path | n | mean KL, nats | p99 KL | top-1 agreement, % | KL of first position "
          "| ours / llama.cpp |")
    print("|---|---|---|---|---|---|---|---|---|")
    rows = []
    for model in options.models:
        for row in measure(model, options):
            rows.append(row)
            print(table_line(row), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
