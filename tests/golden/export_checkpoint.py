#!/usr/bin/env python3
"""Writes how transformers saves the golden models: config.json and the tensors of model.safetensors.

    python tests/golden/export_checkpoint.py [NAME ...]        (needs torch, transformers, safetensors and numpy)

A file of checkpoints/ holds the config as save_pretrained writes it and, for every tensor in the file's order, name,
shape, the golden tensor that it comes from, how, and a hash of its bytes. Weights are generated from names (weights.py),
so src/engine/hf_golden_test.cpp can write the same bytes into a folder, and the hash proves it.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file

import export_golden
from weights import fnv1a_bytes

HERE = pathlib.Path(__file__).parent
STEPS = {"same": "same", "minus_one": "minus_one", "add_middle_axis": "same", "undo": "unpermute"}


def checkpoint(family) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        export_golden.reference_model(family).save_pretrained(folder)
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
        saved = load_file(pathlib.Path(folder) / "model.safetensors")
    sources = {t.hf_name: t for t in family.tensors if t.hf_name}
    tensors = []
    for name, values in saved.items():
        source = sources[name]
        entry = {"name": name, "shape": list(values.shape), "from": source.name,
                 "step": STEPS[source.to_hf.__name__], "fnv1a": f"{fnv1a_bytes(np.ascontiguousarray(values)):016x}"}
        tensors.append(entry)
    return {"name": family.name, "made_with": f"transformers {config['transformers_version']}", "config": config,
            "tensors": tensors}


def main():
    for family in export_golden.families():
        if not sys.argv[1:] or family.name in sys.argv[1:]:
            path = HERE / "checkpoints" / f"{family.name}.json"
            export_golden.write_json(path, checkpoint(family))
            print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
