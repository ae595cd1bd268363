"""llama.cpp through llama-cpp-python's low-level API: contexts, decode steps, logits."""

import contextlib
import ctypes
from typing import Iterator

import llama_cpp
import numpy as np

BATCH = 512  # llama.cpp's default micro-batch


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
def _silent(level, text, data):
    pass


@contextlib.contextmanager
def open_context(path: str, tokens: int, threads: int, flash_attention: bool, sequences: int = 1):
    """A model and a context for `sequences` sequences of `tokens` tokens each; no mmap, f16 keys and values."""
    llama_cpp.llama_log_set(_silent, None)
    llama_cpp.llama_backend_init()
    model_params = llama_cpp.llama_model_default_params()
    model_params.use_mmap = False
    model_params.n_gpu_layers = 0
    model = llama_cpp.llama_model_load_from_file(path.encode(), model_params)
    if not model:
        raise RuntimeError(f"llama.cpp cannot load {path}")
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = tokens * sequences
    params.n_batch = params.n_ubatch = BATCH
    params.n_seq_max = sequences
    params.n_threads = params.n_threads_batch = threads
    params.flash_attn_type = (llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED if flash_attention
                              else llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED)
    context = llama_cpp.llama_init_from_model(model, params)
    if not context:
        raise RuntimeError(f"llama.cpp cannot make a context of {params.n_ctx} tokens")
    try:
        yield model, context
    finally:
        llama_cpp.llama_free(context)
        llama_cpp.llama_model_free(model)


def decode(context, batch, tokens, position: int, all_logits: bool, sequences: int = 1, first_sequence: int = 0):
    """One llama_decode: `tokens` at consecutive positions of each of the sequences; logits for all rows or the last."""
    row = 0
    for sequence in range(first_sequence, first_sequence + sequences):
        for i, token in enumerate(tokens):
            batch.token[row], batch.pos[row] = int(token), position + i
            batch.n_seq_id[row], batch.seq_id[row][0] = 1, sequence
            batch.logits[row] = all_logits or i == len(tokens) - 1
            row += 1
    batch.n_tokens = row
    status = llama_cpp.llama_decode(context, batch)
    if status:
        raise RuntimeError(f"llama_decode returned {status}")


def logits(path: str, tokens: np.ndarray, token_by_token: bool, threads: int,
           flash_attention: bool = True) -> Iterator[np.ndarray]:
    """Yields blocks (rows, V) in order: the text scored in batches of BATCH, or one token a step."""
    step = 1 if token_by_token else BATCH
    with open_context(path, len(tokens), threads, flash_attention) as (model, context):
        vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
        batch = llama_cpp.llama_batch_init(BATCH, 0, 1)
        try:
            for start in range(0, len(tokens), step):
                part = tokens[start:start + step]
                decode(context, batch, part, start, all_logits=True)
                pointer = llama_cpp.llama_get_logits(context)
                yield np.ctypeslib.as_array(pointer, shape=(len(part), vocabulary)).copy()
        finally:
            llama_cpp.llama_batch_free(batch)
