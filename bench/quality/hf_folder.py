"""Compares Understudy with transformers on one Hugging Face folder: token ids and greedy tokens.

    python bench/quality/hf_folder.py FOLDER --logits build/release/bench/logits --tokenize build/release/bench/tokenize

To make a folder from a GGUF file: `--from MODEL.gguf --dtype bfloat16 [--max-shard-size 200MB]` saves its dequantised
weights and its tokenizer with transformers first. --gguf scores that file instead of the folder (an F16 or BF16 file
made from the same weights). Needs torch, transformers, gguf and numpy.

Greedy: transformers continues each prompt; our logits over prompt and continuation must name the same next token at
every step, or one whose logit there lies within --tie of it (bf16 logits of equal tokens differ in the last bit). The
exit status is 1 if any text or token differs.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from tokenizer_texts import texts

PROMPTS = ["The capital of France is", "def fibonacci(n):\n", "Once upon a time there was a",
           "Question: What is 7 times 8?\nAnswer:", "Die Hauptstadt von Deutschland ist", "1, 2, 3, 4, 5,"]


def save(source: pathlib.Path, folder: pathlib.Path, dtype: str, max_shard_size: str):
    import torch
    import transformers

    where = dict(pretrained_model_name_or_path=str(source.parent), gguf_file=source.name)
    transformers.AutoTokenizer.from_pretrained(**where).save_pretrained(folder)
    dequantised = transformers.AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    config = dequantised.config
    del config.quantization_config  # transformers refuses to save what came from a quantised file
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(dequantised.state_dict())
    model.generation_config = dequantised.generation_config
    model.to(getattr(torch, dtype)).save_pretrained(folder, max_shard_size=max_shard_size)


def compare_tokenizers(tool: str, folder: pathlib.Path, tokenizer, per_category: int) -> int:
    vocabulary = tokenizer.get_vocab()
    special = [t for t in tokenizer.get_added_vocab() if not t.startswith(("<unused", "<|reserved"))]
    plain = [tokenizer.convert_tokens_to_string([t]) for t in list(vocabulary)[::7]]
    samples = list(texts(1, per_category, special, plain))
    lines = "".join("t" + text.hex() + "\n" for _, text in samples)
    run = subprocess.run([tool, folder], input=lines, capture_output=True, text=True, check=True)
    print(run.stderr.strip())
    differences = 0
    for (category, text), line in zip(samples, run.stdout.splitlines(), strict=True):
        expected = tokenizer.encode(text.decode("utf-8", "replace"), add_special_tokens=False)
        ours = [int(i) for i in line.split()]
        if ours != expected:
            differences += 1
            if differences <= 5:
                print(f"    {category}: {text!r}\n      ours   {ours}\n      theirs {expected}")
    print(f"tokenizer: {len(samples)} texts, {differences} differences")
    return differences


def our_logits(tool: str, model: pathlib.Path, ids: list[int]) -> np.ndarray:
    with tempfile.TemporaryDirectory() as scratch:
        tokens, out = pathlib.Path(scratch) / "tokens", pathlib.Path(scratch) / "logits"
        np.array(ids, np.int32).tofile(tokens)
        subprocess.run([tool, model, tokens, out], check=True)
        return np.fromfile(out, np.float32).reshape(len(ids), -1)


def compare_greedy(tool: str, folder: pathlib.Path, scored: pathlib.Path, tokenizer, steps: int, tie: float) -> int:
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    wrong = ties = total = 0
    for prompt in PROMPTS:
        ids = tokenizer(prompt, return_tensors="pt").input_ids
        with torch.inference_mode():
            text = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=steps, do_sample=False,
                                  temperature=None, top_p=None, top_k=None)[0].tolist()
        logits = our_logits(tool, scored, text)
        for at in range(ids.shape[1], len(text)):
            row, total = logits[at - 1], total + 1
            if row.argmax() == text[at]:
                continue
            gap = row.max() - row[text[at]]
            ties, wrong = (ties + 1, wrong) if gap <= tie else (ties, wrong + 1)
            print(f"    {prompt!r}, token {at}: ours {row.argmax()}, theirs {text[at]}, {gap:.4f} apart")
    print(f"greedy: {total} tokens of {len(PROMPTS)} prompts, {ties} ties, {wrong} differences")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--logits", required=True, help="the built bench/logits")
    parser.add_argument("--tokenize", help="the built bench/tokenize")
    parser.add_argument("--from", dest="source", type=pathlib.Path, help="a GGUF file to make the folder from")
    parser.add_argument("--dtype", default="float32", help="of the folder that is made")
    parser.add_argument("--max-shard-size", default="5GB")
    parser.add_argument("--gguf", type=pathlib.Path, help="score this file instead of the folder")
    parser.add_argument("--steps", type=int, default=40, help="tokens a prompt")
    parser.add_argument("--tie", type=float, default=0.01)
    parser.add_argument("--per-category", type=int, default=200, help="strings per category (13)")
    arguments = parser.parse_args()
    if arguments.source:
        save(arguments.source, arguments.folder, arguments.dtype, arguments.max_shard_size)
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.folder)
    failed = 0
    if arguments.tokenize:
        failed += compare_tokenizers(arguments.tokenize, arguments.folder, tokenizer, arguments.per_category)
    scored = arguments.gguf or arguments.folder
    failed += compare_greedy(arguments.logits, arguments.folder, scored, tokenizer, arguments.steps, arguments.tie)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
