#!/usr/bin/env python3
"""The same model in every quantised format, made by llama.cpp's own quantiser, for kl.py and tests of speed.

    python bench/quality/quantize.py MODEL.gguf FOLDER [FORMAT …]        (needs llama-cpp-python, gguf and numpy)

The file is dequantised to F32 first, so formats are compared on the same weights. Every weight matrix gets the format
itself (llama.cpp's "pure"), but for those whose rows are no multiple of 256 in a format of super-blocks, which fall back
as llama.cpp has them fall back. Prints the paths of the files.
"""

import pathlib
import sys

FORMATS = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
           "IQ4_XS"]
FTYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K": 12, "Q4_K": 15,
          "Q5_K": 17, "Q6_K": 18, "IQ4_NL": 25, "IQ4_XS": 30, "BF16": 32}  # llama_ftype; _K: the _M or plain mix


def quantize(source: pathlib.Path, out: pathlib.Path, name: str, pure: bool = True) -> pathlib.Path:
    """Not pure: as llama.cpp's users have it, with some tensors in better formats."""
    import llama_cpp

    if out.exists():
        return out
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = FTYPES[name]
    params.allow_requantize = True
    params.pure = pure and name != "F32"
    params.nthread = 2
    unfinished = out.with_suffix(".part")
    if llama_cpp.llama_model_quantize(str(source).encode(), str(unfinished).encode(), params) != 0:
        sys.exit(f"llama.cpp cannot make {name} of {source}")
    unfinished.rename(out)
    return out


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    model, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    plain = quantize(model, folder / f"{model.stem}-F32.gguf", "F32")
    for name in sys.argv[3:] or FORMATS:
        print(quantize(plain, folder / f"{model.stem}-{name}.gguf", name), flush=True)


if __name__ == "__main__":
    main()
