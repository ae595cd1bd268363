#!/usr/bin/env python3
"""One measurement of llama.cpp, as one JSON object on stdout. compare.py runs it in the peer's environment.

    python run_llama.py decode|prefill|batch|load MODEL.gguf [--tokens N] [--depth N] [--streams N] [--context N]
                        [--threads N] [--flash-attention]

The works are those of `understudy bench`: ids are fixed, nothing is sampled, each decode step computes logits of one
row a stream, and reading the depth and one warm-up step are not timed.
"""

import argparse
import json
import time

import llama_cpp

import llama_peer


def ids(count: int, start: int = 0) -> list[int]:
    return [100 + (start + i) * 37 % 1000 for i in range(count)]


def prefill(context, batch, tokens: list[int], position: int = 0, sequences: int = 1):
    """Reads `tokens` into every sequence, in batches as large as llama.cpp's micro-batch."""
    for sequence in range(sequences):
        for start in range(0, len(tokens), llama_peer.BATCH):
            part = tokens[start:start + llama_peer.BATCH]
            llama_peer.decode(context, batch, part, position + start, all_logits=False, first_sequence=sequence)


def timed(options) -> dict:
    streams = options.streams if options.work == "batch" else 1
    room = options.depth + options.tokens + 2
    with llama_peer.open_context(options.model, room, options.threads, options.flash_attention, streams) as (_, context):
        batch = llama_cpp.llama_batch_init(max(llama_peer.BATCH, streams), 0, 1)
        prefill(context, batch, ids(options.depth), sequences=streams)
        if options.work == "prefill":
            prefill(context, batch, ids(options.tokens), options.depth)  # once untimed, then forgotten
            llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(context), -1, options.depth, -1)
            start = time.perf_counter()
            prefill(context, batch, ids(options.tokens), options.depth)
        else:
            for step in range(options.tokens + 1):
                if step == 1:
                    start = time.perf_counter()
                llama_peer.decode(context, batch, ids(1, step), options.depth + step, all_logits=True,
                                  sequences=streams)
        seconds = time.perf_counter() - start
        llama_cpp.llama_batch_free(batch)
    return {"tokens_per_s": streams * options.tokens / seconds}


def resident_bytes() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) * 1024


def load(options) -> dict:
    """Time of the load calls alone and growth of this process: Python and its libraries are not counted."""
    before = resident_bytes()
    start = time.perf_counter()
    with llama_peer.open_context(options.model, options.context, options.threads, options.flash_attention) as (_, context):
        seconds = time.perf_counter() - start
        batch = llama_cpp.llama_batch_init(llama_peer.BATCH, 0, 1)
        prefill(context, batch, ids(8))
        return {"load_ms": seconds * 1000, "resident_bytes": resident_bytes() - before}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=["decode", "prefill", "batch", "load"])
    parser.add_argument("model")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--depth", type=int, default=0)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--context", type=int, default=2048, help="tokens (load)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--flash-attention", action="store_true")
    options = parser.parse_args()
    print(json.dumps(load(options) if options.work == "load" else timed(options)))


if __name__ == "__main__":
    main()
