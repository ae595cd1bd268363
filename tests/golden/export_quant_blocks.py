#!/usr/bin/env python3
"""Writes quant_blocks.txt: for every block format a few random blocks and the values that gguf-py dequantises them to.

    python tests/golden/export_quant_blocks.py > tests/golden/quant_blocks.txt        (needs numpy and gguf)

A line a block: the format's name, the block's bytes, and its values as the bits of f32, all in hexadecimal.
"""

import sys

import gguf
import numpy as np

FORMATS = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]
BLOCKS = 3
SCALES_AT = {"Q2_K": 80, "Q3_K": 108, "Q6_K": 208}  # bytes before the f16 scales


def main() -> None:
    random = np.random.default_rng(3)
    for name in FORMATS:
        quant = gguf.GGMLQuantizationType[name]
        block, size = gguf.GGML_QUANT_SIZES[quant]
        blocks = random.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
        at = SCALES_AT.get(name, 0)
        # The bytes after a lone d are codes; overwriting two of them with half a float does no harm.
        scales = random.uniform(-2, 2, (len(blocks), 2)).astype(np.float16).view(np.uint8)
        end = min(at + 4, size)
        blocks[:, at:end] = scales[:, : end - at]
        values = gguf.quants.dequantize(blocks.reshape(1, -1), quant).reshape(len(blocks), block)
        for bytes_, row in zip(blocks, values.astype("<f4")):
            print(name, bytes_.tobytes().hex(), row.view("<u4").astype(">u4").tobytes().hex())


if __name__ == "__main__":
    sys.exit(main())
