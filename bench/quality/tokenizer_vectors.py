"""Compares Understudy's token ids with the test vectors of llama.cpp.

    python bench/quality/tokenizer_vectors.py --tool build/release/bench/tokenize

Each vocabulary with vectors has 46 texts with the ids that Hugging Face's tokenizer gives; the others must load, or be
refused for the reason listed here. Texts are data: their control tokens are plain text. The exit status is 1 if any
id differs.
"""

import argparse
import subprocess
import sys
import unicodedata

from llama_cpp_models import models_folder

SEPARATOR = b"\n__ggml_vocab_test__\n"
REFUSED = {"aquila": "tokenizer.ggml.pre", "gpt-neox": "tokenizer.ggml.pre"}  # files older than the key: no one can know

NORMALIZED = {"qwen35"}  # its vectors for decomposed text are llama.cpp's own, which has no NFC; Qwen's tokenizer has


def explained(name, text):
    text = text.decode()
    return name in NORMALIZED and unicodedata.normalize("NFC", text) != text


def tokenize(tool, path, texts):
    lines = "".join("d" + text.hex() + "\n" for text in texts)
    run = subprocess.run([tool, path], input=lines, capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines(), run.stderr


def check(tool, path, show):
    """(cases, differences, remark)"""
    name = path.stem.removeprefix("ggml-vocab-")
    inputs = path.with_name(path.name + ".inp")
    texts = inputs.read_bytes().removesuffix(SEPARATOR).split(SEPARATOR) if inputs.exists() else [b"Hello world"]
    status, lines, errors = tokenize(tool, path, texts)
    if status != 0:
        expected = name in REFUSED and REFUSED[name] in errors
        return 0, 0 if expected else 1, ("refused as it should be: " if expected else "FAILED: ") + errors.strip()
    if not inputs.exists():
        return 0, 0, f"no vectors; \"Hello world\" is {lines[0]}"
    outputs = path.with_name(path.name + ".out").read_text().removesuffix("\n").split("\n")
    wrong = known = 0
    for text, ours, theirs in zip(texts, lines, outputs, strict=True):
        if ours.split() == theirs.split():
            continue
        if explained(name, text):
            known += 1
        else:
            wrong += 1
            if wrong <= show:
                print(f"    {text!r}\n      ours   {ours}\n      theirs {theirs.strip()}")
    return len(texts), wrong, f"({known} more, explained: llama.cpp does not compose)" if known else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True, help="the built bench/quality/tokenize")
    parser.add_argument("--show", type=int, default=3, help="differences to print per vocabulary")
    arguments = parser.parse_args()
    failed = 0
    for path in sorted(models_folder().glob("*.gguf")):
        cases, wrong, remark = check(arguments.tool, path, arguments.show)
        failed += wrong
        print(f"{path.stem:30} {cases:3} cases, {wrong:3} differences {remark}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
