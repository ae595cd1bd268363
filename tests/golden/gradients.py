"""Loss and gradients of a random adapter on a golden model, computed by torch in double precision.

The adapter has a pair for every linear layer of a block, y += SCALE (x A) B with A (K, RANK) and B (RANK, N) generated
from names as the weights are. It is added to the weights in the GGUF layout and goes with them into transformers'
layout, so that a permutation moves both.
"""

import math

import numpy as np
import torch

from weights import generate

RANK, SCALE = 4, 0.5
B_SCALE = 0.25  # of B's values, beside A's 1 / sqrt(K): the adapter moves the loss by tenths of a nat
# Sequences as ranges of the golden tokens: longer than gemma3's window and than two pages of keys; shorter than one
# page and no whole number of vectors. Each has targets from a row on: the tokens that follow.
SEQUENCES = [{"begin": 0, "end": 45, "first_target": 20}, {"begin": 45, "end": 58, "first_target": 5}]


def adapted(family):
    return [t for t in family.tensors if t.name.startswith("blk.") and len(t.shape) == 2 and t.values is None]


def row_order(tensor) -> torch.Tensor:
    """Which row of the GGUF weight each row of the HF weight is."""
    rows = np.arange(tensor.shape[1], dtype=np.float64)[:, None]
    return torch.from_numpy(tensor.to_hf(rows)[:, 0].astype(np.int64))


def gradients(family, model, tokens: list[int]) -> dict:
    model = model.double()
    pairs, state = {}, {}
    for t in adapted(family):
        inputs, outputs = t.shape
        stem = t.name.removesuffix(".weight")
        a = generate(f"{stem}.lora_a", inputs * RANK, 1 / math.sqrt(inputs), 0.0).reshape(inputs, RANK)
        b = generate(f"{stem}.lora_b", RANK * outputs, B_SCALE, 0.0).reshape(RANK, outputs)
        pairs[stem] = [torch.from_numpy(x).double().requires_grad_() for x in (a, b)]
        added = SCALE * (pairs[stem][0] @ pairs[stem][1]).T
        state[t.hf_name] = model.get_parameter(t.hf_name).detach() + added[row_order(t)]
    loss, plain = torch.zeros((), dtype=torch.float64), 0.0
    for s in SEQUENCES:
        ids = torch.tensor([tokens[s["begin"]:s["end"]]])
        targets = torch.tensor(tokens[s["begin"] + s["first_target"] + 1:s["end"] + 1])
        logits = torch.func.functional_call(model, state, (ids,)).logits[0, s["first_target"]:]
        loss = loss + torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
        with torch.no_grad():
            plain += torch.nn.functional.cross_entropy(model(ids).logits[0, s["first_target"]:], targets,
                                                       reduction="sum").item()
    loss.backward()

    def short(values) -> list[float]:
        return [float(f"{value:.5g}") for value in values]

    found = []
    for stem, (a, b) in pairs.items():
        inputs, outputs = a.shape[0], b.shape[1]
        found.append({"layer": stem, "norms": short([a.grad.norm(), b.grad.norm()]),
                      "a": short(a.grad[[0, inputs * 2 // 3]].flatten()),
                      "b": short(b.grad[:, [0, outputs * 2 // 3]].flatten())})
    return {"rank": RANK, "scale": SCALE, "b_scale": B_SCALE, "sequences": SEQUENCES, "loss": round(loss.item(), 6),
            "loss_without": round(plain, 6), "gradients": found}
