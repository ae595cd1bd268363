#!/usr/bin/env python3
"""One measurement of torch and transformers, as one JSON object on stdout. compare.py --torch runs it.

    python run_torch.py decode|prefill|batch MODEL.gguf [--tokens N] [--depth N] [--streams N] [--threads N]
                        [--dtype float32|bfloat16]

The same works as run_llama.py. Weights are those of the file, dequantised: transformers has no kernels for them.
"""

import argparse
import json
import pathlib
import time

import torch
import transformers


def ids(count: int, start: int = 0, streams: int = 1) -> torch.Tensor:
    return torch.tensor([[100 + (start + i) * 37 % 1000 for i in range(count)]] * streams)


@torch.inference_mode()
def timed(options) -> dict:
    streams = options.streams if options.work == "batch" else 1
    model = transformers.AutoModelForCausalLM.from_pretrained(
        str(options.model.parent), gguf_file=options.model.name, dtype=getattr(torch, options.dtype)).eval()
    cache = transformers.DynamicCache(config=model.config)

    def forward(tokens: torch.Tensor, into):
        return model(input_ids=tokens, past_key_values=into, use_cache=True, logits_to_keep=1).logits

    if options.depth:
        forward(ids(options.depth, streams=streams), cache)
    if options.work == "prefill":
        forward(ids(options.tokens), transformers.DynamicCache(config=model.config))  # once untimed
        start = time.perf_counter()
        forward(ids(options.tokens), cache)
    else:
        for step in range(options.tokens + 1):
            if step == 1:
                start = time.perf_counter()
            forward(ids(1, step, streams), cache)
    return {"tokens_per_s": streams * options.tokens / (time.perf_counter() - start)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=["decode", "prefill", "batch"])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--depth", type=int, default=0)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    print(json.dumps(timed(options)))


if __name__ == "__main__":
    main()
