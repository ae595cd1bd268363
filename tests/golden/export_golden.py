#!/usr/bin/env python3
"""Writes the golden models: one small random model per family, with the logits that transformers computes for it.

    python tests/golden/export_golden.py [NAME ...]        (needs torch, transformers and numpy; README.md)

A golden file holds the configuration as GGUF metadata, the list of tensors under their GGUF names, the token ids and
the expected logits. It holds no weights: every tensor is generated from its name (weights.py; the C++ side repeats the
same few lines). The weights are generated as a GGUF file would hold them and turned into transformers' layout by
undoing what llama.cpp's converter does to a checkpoint, so a wrong permutation or norm offset changes the logits.
"""

import json
import math
import pathlib
import sys
from dataclasses import dataclass, field
from typing import Callable

import numpy as np
import torch
import transformers

from gradients import gradients
from weights import generate

HERE = pathlib.Path(__file__).parent
VOCABULARY = 512
EPSILON = 1e-2  # of the norms; large beside real models (1e-5, 1e-6), so that a wrong one shows
# Ids whose logits are kept for every row. They are spread over the vocabulary; the last row is kept in full.
COLUMNS = [0, 67, 130, 193, 256, 319, 446, 511]


# GGUF layout -> transformers' layout. The converter's own direction is given in the comment.
def same(value: np.ndarray) -> np.ndarray:
    return value


def minus_one(value: np.ndarray) -> np.ndarray:  # Gemma3Model.norm_shift: GGUF = HF + 1
    return value - np.float32(1)


def add_middle_axis(value: np.ndarray) -> np.ndarray:  # LFM2Model.modify_tensors: squeeze(1)
    return value[:, None, :]


def unpermute(heads: int) -> Callable[[np.ndarray], np.ndarray]:
    """LlamaModel.permute: rows (head, half, pair) of HF become (head, pair, half), for rope over adjacent pairs."""

    def undo(value: np.ndarray) -> np.ndarray:
        rows, columns = value.shape
        return value.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)

    return undo


@dataclass
class Tensor:
    name: str                # GGUF
    hf_name: str             # "": not a weight of the HF model (rope_freqs)
    shape: list[int]         # ne order: shape[0] is the contiguous axis
    scale: float = 0.0       # generated: offset + scale * u, u in [-1, 1)
    offset: float = 0.0
    values: list[float] | None = None  # given instead of generated
    to_hf: Callable[[np.ndarray], np.ndarray] = same


@dataclass
class Family:
    name: str
    about: str
    config: transformers.PretrainedConfig
    architecture: str
    metadata: dict
    rows: int                # length of the token sequence
    trains: bool = True      # every block has a backward
    tensors: list[Tensor] = field(default_factory=list)

    def linear(self, name: str, hf_name: str, inputs: int, outputs: int, gain: float = 1.0, to_hf=same):
        """u is uniform in [-1, 1), so a scale of sqrt(3 / inputs) keeps the variance of the activations."""
        scale = round(gain * math.sqrt(3 / inputs) * 1024) / 1024
        self.tensors.append(Tensor(name, hf_name, [inputs, outputs], scale, to_hf=to_hf))

    def vector(self, name: str, hf_name: str, size: int, scale: float, offset: float, to_hf=same):
        self.tensors.append(Tensor(name, hf_name, [size], scale, offset, to_hf=to_hf))

    def norm(self, name: str, hf_name: str, size: int, to_hf=same):
        self.vector(name, hf_name, size, 0.25, 1.0, to_hf)


# Queries and keys get a gain so that attention is peaked: with uniform attention a wrong rope or mask hardly shows.
ATTENTION_GAIN = 1.75


def add_attention(f: Family, i: int, permuted: bool, bias: bool = False, qk_norm: dict | None = None,
                  output_name: str = "o_proj", norm_to_hf=same):
    c = f.config
    head_dim = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
    sides = {"q": c.num_attention_heads, "k": c.num_key_value_heads, "v": c.num_key_value_heads}
    for side, heads in sides.items():
        to_hf = unpermute(heads) if permuted and side != "v" else same
        gain = 1.0 if side == "v" else ATTENTION_GAIN
        hf = f"model.layers.{i}.self_attn.{side}_proj"
        f.linear(f"blk.{i}.attn_{side}.weight", f"{hf}.weight", c.hidden_size, heads * head_dim, gain, to_hf)
        if bias:
            f.vector(f"blk.{i}.attn_{side}.bias", f"{hf}.bias", heads * head_dim, 0.5, 0.0)
    for side, hf_name in (qk_norm or {}).items():
        f.norm(f"blk.{i}.attn_{side}_norm.weight", f"model.layers.{i}.self_attn.{hf_name}.weight", head_dim, norm_to_hf)
    f.linear(f"blk.{i}.attn_output.weight", f"model.layers.{i}.self_attn.{output_name}.weight",
             c.num_attention_heads * head_dim, c.hidden_size)


def add_mlp(f: Family, i: int, gate: str, up: str, down: str):
    width, inner = f.config.hidden_size, f.config.intermediate_size
    f.linear(f"blk.{i}.ffn_gate.weight", f"model.layers.{i}.{gate}.weight", width, inner)
    f.linear(f"blk.{i}.ffn_up.weight", f"model.layers.{i}.{up}.weight", width, inner)
    f.linear(f"blk.{i}.ffn_down.weight", f"model.layers.{i}.{down}.weight", inner, width)


def add_embedding_and_head(f: Family, final_norm: str, hf_final_norm: str, norm_to_hf=same):
    width = f.config.hidden_size
    f.tensors.append(Tensor("token_embd.weight", "model.embed_tokens.weight", [width, VOCABULARY], 0.125))
    f.norm(final_norm, hf_final_norm, width, norm_to_hf)
    if not f.config.tie_word_embeddings:
        f.linear("output.weight", "lm_head.weight", width, VOCABULARY)


def common_metadata(arch: str, c, **more) -> dict:
    keys = {
        "block_count": c.num_hidden_layers,
        "context_length": c.max_position_embeddings,
        "embedding_length": c.hidden_size,
        "feed_forward_length": c.intermediate_size,
        "attention.head_count": c.num_attention_heads,
        "attention.head_count_kv": c.num_key_value_heads,
    }
    keys.update(more)
    return {"general.architecture": arch, **{f"{arch}.{key}": value for key, value in keys.items()}}


def llama(name: str, about: str, rows: int, config: dict, factors: bool) -> Family:
    rope = {"rope_type": "default", "rope_theta": 10000.0}
    if factors:  # an original context far below `rows`, so that all three ranges of the factors are used
        rope = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
    c = transformers.LlamaConfig(vocab_size=VOCABULARY, max_position_embeddings=2048, rms_norm_eps=EPSILON,
                                 rope_parameters=rope, bos_token_id=1, eos_token_id=2, **config)
    f = Family(name, about, c, "llama", common_metadata("llama", c, **{
        "rope.freq_base": rope["rope_theta"], "rope.dimension_count": c.head_dim,
        "attention.layer_norm_rms_epsilon": EPSILON, "vocab_size": VOCABULARY}), rows)
    if factors:  # newer converters write the head's width, older files (SmolLM2's) leave it out
        f.metadata |= {"llama.attention.key_length": c.head_dim, "llama.attention.value_length": c.head_dim}
    add_embedding_and_head(f, "output_norm.weight", "model.norm.weight")
    if factors:
        f.tensors.append(Tensor("rope_freqs.weight", "", [c.head_dim // 2], values=llama3_factors(rope, c.head_dim)))
    for i in range(c.num_hidden_layers):
        f.norm(f"blk.{i}.attn_norm.weight", f"model.layers.{i}.input_layernorm.weight", c.hidden_size)
        add_attention(f, i, permuted=True)
        f.norm(f"blk.{i}.ffn_norm.weight", f"model.layers.{i}.post_attention_layernorm.weight", c.hidden_size)
        add_mlp(f, i, "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
    return f


def llama3_factors(rope: dict, head_dim: int) -> list[float]:
    """What each frequency is divided by: 1 for short wavelengths, `factor` for long ones, blended between."""
    context, low, high = rope["original_max_position_embeddings"], rope["low_freq_factor"], rope["high_freq_factor"]
    factors = []
    for i in range(0, head_dim, 2):
        wavelength = 2 * math.pi * rope["rope_theta"] ** (i / head_dim)
        smooth = min(1.0, max(0.0, (context / wavelength - low) / (high - low)))
        factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return factors


def qwen2() -> Family:
    c = transformers.Qwen2Config(vocab_size=VOCABULARY, hidden_size=96, intermediate_size=224, num_hidden_layers=2,
                                 num_attention_heads=3, num_key_value_heads=1, max_position_embeddings=2048,
                                 rms_norm_eps=EPSILON, tie_word_embeddings=True,
                                 rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})
    f = Family("qwen2", "biases on q, k and v; rope over halves; width 96; one key head", c, "qwen2",
               common_metadata("qwen2", c, **{"rope.freq_base": 1000000.0,
                                              "attention.layer_norm_rms_epsilon": EPSILON}), rows=72)
    add_embedding_and_head(f, "output_norm.weight", "model.norm.weight")
    for i in range(c.num_hidden_layers):
        f.norm(f"blk.{i}.attn_norm.weight", f"model.layers.{i}.input_layernorm.weight", c.hidden_size)
        add_attention(f, i, permuted=False, bias=True)
        f.norm(f"blk.{i}.ffn_norm.weight", f"model.layers.{i}.post_attention_layernorm.weight", c.hidden_size)
        add_mlp(f, i, "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
    return f


def qwen3() -> Family:
    c = transformers.Qwen3Config(vocab_size=VOCABULARY, hidden_size=96, intermediate_size=224, num_hidden_layers=2,
                                 num_attention_heads=4, num_key_value_heads=2, head_dim=64,
                                 max_position_embeddings=2048, rms_norm_eps=EPSILON, tie_word_embeddings=False,
                                 rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})
    f = Family("qwen3", "q and k norms; rope over halves; heads wider than the model; untied head", c, "qwen3",
               common_metadata("qwen3", c, **{"rope.freq_base": 1000000.0, "attention.key_length": 64,
                                              "attention.value_length": 64,
                                              "attention.layer_norm_rms_epsilon": EPSILON}), rows=72)
    add_embedding_and_head(f, "output_norm.weight", "model.norm.weight")
    for i in range(c.num_hidden_layers):
        f.norm(f"blk.{i}.attn_norm.weight", f"model.layers.{i}.input_layernorm.weight", c.hidden_size)
        add_attention(f, i, permuted=False, qk_norm={"q": "q_norm", "k": "k_norm"})
        f.norm(f"blk.{i}.ffn_norm.weight", f"model.layers.{i}.post_attention_layernorm.weight", c.hidden_size)
        add_mlp(f, i, "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
    return f


def smollm3() -> Family:
    c = transformers.SmolLM3Config(vocab_size=VOCABULARY, hidden_size=64, intermediate_size=160, num_hidden_layers=5,
                                   num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=2048,
                                   rms_norm_eps=EPSILON, tie_word_embeddings=True, pad_token_id=0, bos_token_id=1,
                                   eos_token_id=2, rope_parameters={"rope_type": "default", "rope_theta": 50000.0})
    assert c.no_rope_layers == [1, 1, 1, 0, 1]
    f = Family("smollm3", "no positions in layer 3; rope over adjacent pairs", c, "smollm3",
               common_metadata("smollm3", c, **{"rope.freq_base": 50000.0,
                                                "attention.layer_norm_rms_epsilon": EPSILON}), rows=72)
    add_embedding_and_head(f, "output_norm.weight", "model.norm.weight")
    for i in range(c.num_hidden_layers):
        f.norm(f"blk.{i}.attn_norm.weight", f"model.layers.{i}.input_layernorm.weight", c.hidden_size)
        add_attention(f, i, permuted=True)
        f.norm(f"blk.{i}.ffn_norm.weight", f"model.layers.{i}.post_attention_layernorm.weight", c.hidden_size)
        add_mlp(f, i, "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
    return f


def gemma3() -> Family:
    c = transformers.Gemma3TextConfig(vocab_size=VOCABULARY, hidden_size=128, intermediate_size=256,
                                      num_hidden_layers=7, num_attention_heads=4, num_key_value_heads=1, head_dim=64,
                                      query_pre_attn_scalar=64, sliding_window=24, max_position_embeddings=2048,
                                      rms_norm_eps=EPSILON, rope_parameters={
                                          "full_attention": {"rope_type": "default", "rope_theta": 1000000.0},
                                          "sliding_attention": {"rope_type": "default", "rope_theta": 20000.0}})
    f = Family("gemma3", "window 24 in layers 0-4 and 6, layer 5 global; post norms; q and k norms; heads wider than "
               "the model; scaled embedding", c, "gemma3", common_metadata("gemma3", c, **{
                   "attention.layer_norm_rms_epsilon": EPSILON, "attention.key_length": 64, "attention.value_length": 64,
                   "rope.freq_base": 1000000.0, "rope.freq_base_swa": 20000.0,
                   "attention.sliding_window": 24}), rows=96)
    add_embedding_and_head(f, "output_norm.weight", "model.norm.weight", minus_one)
    norms = {"attn_norm": "input_layernorm", "post_attention_norm": "post_attention_layernorm",
             "ffn_norm": "pre_feedforward_layernorm", "post_ffw_norm": "post_feedforward_layernorm"}
    for i in range(c.num_hidden_layers):
        for norm, hf_norm in norms.items():
            f.norm(f"blk.{i}.{norm}.weight", f"model.layers.{i}.{hf_norm}.weight", c.hidden_size, minus_one)
        add_attention(f, i, permuted=False, qk_norm={"q": "q_norm", "k": "k_norm"}, norm_to_hf=minus_one)
        add_mlp(f, i, "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
    return f


def lfm2() -> Family:
    layers = ["conv", "conv", "full_attention", "conv"]
    c = transformers.Lfm2Config(vocab_size=VOCABULARY, hidden_size=128, intermediate_size=256,
                                num_hidden_layers=len(layers), num_attention_heads=2, num_key_value_heads=1,
                                layer_types=layers, conv_L_cache=3, block_auto_adjust_ff_dim=False,
                                max_position_embeddings=2048, norm_eps=EPSILON, tie_word_embeddings=True,
                                rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})
    heads_kv = [c.num_key_value_heads if layer != "conv" else 0 for layer in layers]
    f = Family("lfm2", "gated short convolutions around one attention layer; q and k norms; the final norm is named "
               "token_embd_norm", c, "lfm2", common_metadata("lfm2", c, **{
                   "attention.head_count_kv": heads_kv, "rope.freq_base": 1000000.0,
                   "attention.layer_norm_rms_epsilon": EPSILON, "shortconv.l_cache": 3,
                   "vocab_size": VOCABULARY}), rows=64, trains=False)
    add_embedding_and_head(f, "token_embd_norm.weight", "model.embedding_norm.weight")
    for i, layer in enumerate(layers):
        f.norm(f"blk.{i}.attn_norm.weight", f"model.layers.{i}.operator_norm.weight", c.hidden_size)
        if layer == "conv":
            hf = f"model.layers.{i}.conv"
            f.linear(f"blk.{i}.shortconv.in_proj.weight", f"{hf}.in_proj.weight", c.hidden_size, 3 * c.hidden_size)
            f.tensors.append(Tensor(f"blk.{i}.shortconv.conv.weight", f"{hf}.conv.weight",
                                    [c.conv_L_cache, c.hidden_size], 1.0, to_hf=add_middle_axis))
            f.linear(f"blk.{i}.shortconv.out_proj.weight", f"{hf}.out_proj.weight", c.hidden_size, c.hidden_size)
        else:
            add_attention(f, i, permuted=False, qk_norm={"q": "q_layernorm", "k": "k_layernorm"},
                          output_name="out_proj")
        f.norm(f"blk.{i}.ffn_norm.weight", f"model.layers.{i}.ffn_norm.weight", c.hidden_size)
        add_mlp(f, i, "feed_forward.w1", "feed_forward.w3", "feed_forward.w2")
    return f


def families() -> list[Family]:
    return [
        llama("llama", "plain, untied head; longer than one 256-key block of attention", 300,
              dict(hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=2,
                   num_key_value_heads=2, tie_word_embeddings=False), factors=False),
        llama("llama3", "rope factors, grouped queries, tied head; all widths multiples of 256", 96,
              dict(hidden_size=256, intermediate_size=512, num_hidden_layers=3, num_attention_heads=4,
                   num_key_value_heads=2, tie_word_embeddings=True), factors=True),
        qwen2(), qwen3(), smollm3(), gemma3(), lfm2(),
    ]


def weights_of(family: Family) -> dict[str, np.ndarray]:
    """All tensors as a GGUF file holds them: C order, so numpy's shape is the ne order reversed."""
    weights = {}
    for t in family.tensors:
        flat = np.array(t.values, np.float32) if t.values is not None else \
            generate(t.name, math.prod(t.shape), t.scale, t.offset)
        weights[t.name] = flat.reshape(t.shape[::-1])
    return weights


def reference_model(family: Family) -> torch.nn.Module:
    model = transformers.AutoModelForCausalLM.from_config(family.config, attn_implementation="eager",
                                                          dtype=torch.float32)
    weights = weights_of(family)
    state = {t.hf_name: torch.from_numpy(np.ascontiguousarray(t.to_hf(weights[t.name])))
             for t in family.tensors if t.hf_name}
    if family.config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state, strict=True)
    return model.eval()


def tokens_of(family: Family) -> list[int]:
    u = generate(f"{family.name}.tokens", family.rows, 1.0, 0.0)
    return [int((value + 1) / 2 * VOCABULARY) for value in u.tolist()]


def golden(family: Family) -> dict:
    tokens = tokens_of(family)
    model = reference_model(family)
    with torch.inference_mode():
        logits = model(torch.tensor([tokens])).logits[0].numpy()

    def rounded(values) -> list[float]:  # 5 decimals: a hundredth of the tolerance of the test
        return [round(float(value), 5) for value in values]

    tensors = []
    for t in family.tensors:
        entry = {"name": t.name, "shape": t.shape}
        if t.values is not None:
            entry["values"] = [float(np.float32(value)) for value in t.values]
        else:
            entry.update(scale=t.scale, offset=t.offset)
        tensors.append(entry)
    entries = {
        "name": family.name, "about": family.about,
        "made_with": f"torch {torch.__version__}, transformers {transformers.__version__}",
        "metadata": family.metadata, "tensors": tensors, "tokens": tokens,
        "columns": COLUMNS, "column_logits": [rounded(row[COLUMNS]) for row in logits],
        "last_logits": rounded(logits[-1]),
    }
    if family.trains:
        found = gradients(family, model, tokens)
        entries |= {"gradients": found.pop("gradients"), "training": found}
    return entries


def write_json(path: pathlib.Path, value: dict):
    """One line for each entry of a list, so that a change of one tensor is a change of one line."""
    lines = []
    for key, entry in value.items():
        if isinstance(entry, list) and entry and isinstance(entry[0], (list, dict)):
            body = ",\n".join("    " + json.dumps(item) for item in entry)
            lines.append(f"  {json.dumps(key)}: [\n{body}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(entry)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    torch.set_num_threads(1)
    wanted = sys.argv[1:]
    known = families()
    unknown = set(wanted) - {family.name for family in known}
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(f.name for f in known)}")
    for family in known:
        if not wanted or family.name in wanted:
            path = HERE / f"{family.name}.json"
            write_json(path, golden(family))
            print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
