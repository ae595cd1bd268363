#!/usr/bin/env python3
"""One measurement of LoRA training with torch, transformers and PEFT, as one JSON object on stdout. train.py runs it.

    python run_peft.py MODEL.gguf IDS --dtype float32|bfloat16 [--compile] [--steps N] [--rank N] [--rate X] [--threads N]

IDS: a text file, one sequence of token ids a line, all of one length. All of them are one batch. Weights are those of the
file, dequantised, and frozen; pairs on every linear layer inside a block. In bfloat16 the weights are kept so and autocast
computes the pairs in it, whose own values stay f32. The first step (and what compiling takes) is not timed.
"""

import argparse
import json
import pathlib
import resource
import time

import peft
import torch
import transformers


def trainable_model(options):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        str(options.model.parent), gguf_file=options.model.name, dtype=getattr(torch, options.dtype))
    model.config.use_cache = False
    lora = peft.LoraConfig(r=options.rank, lora_alpha=2 * options.rank, lora_dropout=0.0, bias="none",
                           target_modules="all-linear", task_type="CAUSAL_LM")
    model = peft.get_peft_model(model, lora).train()
    return torch.compile(model, dynamic=False) if options.compile else model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("ids", type=pathlib.Path)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--steps", type=int, default=4, help="the untimed first one included")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    ids = torch.tensor([[int(word) for word in line.split()] for line in options.ids.read_text().splitlines()])
    model = trainable_model(options)
    pairs = [value for value in model.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(pairs, lr=options.rate, weight_decay=0.0)
    losses = []
    for step in range(options.steps):
        if step == 1:
            start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=options.dtype == "bfloat16"):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        losses.append(loss.item())
    seconds = time.perf_counter() - start
    print(json.dumps({"tokens_per_s": ids.numel() * (options.steps - 1) / seconds, "losses": losses,
                      "trained_values": sum(value.numel() for value in pairs),
                      "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
