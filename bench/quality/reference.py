#!/usr/bin/env python3
"""Reference logits: transformers in f32 on the weights of a GGUF file, dequantised.

    python bench/quality/reference.py MODEL.gguf …      computes and caches; kl.py calls the same functions

For each window of corpus.py the cache holds `<kind>.tokens.npy` (int32) and `<kind>.npy` (n, V) f32 logits, in a folder
named after the file's SHA-256, so a changed model never meets old figures. A shorter window is the beginning of a longer
one: if that is in the cache, its first rows are taken (a token's logits depend on those before it alone).
"""

import glob
import hashlib
import os
import pathlib
import sys

import numpy as np

import corpus
from packages import cache_folder


def digest(path: pathlib.Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_of(path: pathlib.Path) -> tuple[pathlib.Path, int]:
    """The cache's folder for this model and the tokens of its windows, at least corpus.WINDOW."""
    cache, name = cache_folder() / "reference", f"{digest(path)[:16]}-{corpus.PACKAGE}"
    windows = [int(folder.name.rpartition("-")[2]) for folder in cache.glob(glob.escape(name) + "-*")]
    window = min((window for window in windows if window >= corpus.WINDOW), default=corpus.WINDOW)
    folder = cache / f"{name}-{window}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder, window


def first_of_windows(values: np.ndarray, window: int) -> np.ndarray:
    """Of one value per token of all windows, those of the first corpus.WINDOW tokens of each."""
    return values.reshape(-1, window)[:, :corpus.WINDOW].reshape(-1)


def adds_bos(path: pathlib.Path) -> bool:
    """What the file says; without a word, GGUF's default for SentencePiece vocabularies ("llama") is yes."""
    import gguf

    reader = gguf.GGUFReader(str(path))
    flag = reader.get_field("tokenizer.ggml.add_bos_token")
    return bool(flag.contents()) if flag else reader.get_field("tokenizer.ggml.model").contents() == "llama"


def compute(path: pathlib.Path, folder: pathlib.Path, window: int, threads: int):
    import torch
    import transformers

    torch.set_num_threads(threads)
    source = dict(pretrained_model_name_or_path=str(path.parent), gguf_file=path.name)
    tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
    windows = corpus.windows(tokenizer, adds_bos(path), window)
    model = transformers.AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32,
                                                              attn_implementation="eager").eval()
    for kind, tokens in windows.items():
        if (folder / f"{kind}.npy").exists() and np.array_equal(np.load(folder / f"{kind}.tokens.npy"), tokens):
            continue
        with torch.inference_mode():
            logits = model(torch.from_numpy(tokens.astype(np.int64))[None]).logits[0].float().numpy()
        np.save(folder / f"{kind}.tokens.npy", tokens)
        unfinished = folder / f".{kind}.{os.getpid()}.npy"
        np.save(unfinished, logits)
        unfinished.rename(folder / f"{kind}.npy")
        loss = -torch.log_softmax(torch.from_numpy(logits[:-1]), -1)[range(len(tokens) - 1), tokens[1:]].mean()
        print(f"{path.name}: {kind}: {len(tokens)} tokens, {loss:.3f} nats a token", file=sys.stderr, flush=True)


def whole(path: pathlib.Path, threads: int = 1) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """kind -> (token ids, logits mapped from the cache), of whole windows; computes what is missing."""
    folder, window = folder_of(path)
    if not all((folder / f"{kind}.npy").exists() for kind in corpus.KINDS):
        compute(path, folder, window, threads)
    return {kind: (np.load(folder / f"{kind}.tokens.npy"), np.load(folder / f"{kind}.npy", mmap_mode="r"))
            for kind in corpus.KINDS}


def reference(path: pathlib.Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The same, of the first corpus.WINDOW tokens."""
    return {kind: (ids[:corpus.WINDOW], logits[:corpus.WINDOW]) for kind, (ids, logits) in whole(path).items()}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        whole(pathlib.Path(name))
