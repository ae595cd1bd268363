#!/usr/bin/env python3
"""Writes encoders/bert.json: a small random BERT, and the vectors that transformers gives some token sequences.

    python tests/golden/export_encoder.py        (needs torch, transformers and numpy; README.md)
"""

import torch
import transformers

from export_golden import EPSILON, HERE, VOCABULARY, Family, weights_of, write_json
from weights import generate

LENGTHS = [1, 17, 300]  # one token; more than a page of keys; more than a block of 256 keys


def dense(f: Family, name: str, hf_name: str, inputs: int, outputs: int):
    f.linear(f"{name}.weight", f"{hf_name}.weight", inputs, outputs)
    f.vector(f"{name}.bias", f"{hf_name}.bias", outputs, 0.5, 0.0)


def layer_norm(f: Family, name: str, hf_name: str, size: int):
    f.norm(f"{name}.weight", f"{hf_name}.weight", size)
    f.vector(f"{name}.bias", f"{hf_name}.bias", size, 0.25, 0.0)


def bert() -> Family:
    c = transformers.BertConfig(vocab_size=VOCABULARY, hidden_size=96, intermediate_size=224, num_hidden_layers=2,
                                num_attention_heads=3, max_position_embeddings=320, layer_norm_eps=EPSILON)
    width, inner = c.hidden_size, c.intermediate_size
    f = Family("bert", "norms behind the sums; learned positions; biases; attention to both sides", c, "bert", {
        "general.architecture": "bert", "bert.block_count": c.num_hidden_layers,
        "bert.context_length": c.max_position_embeddings, "bert.embedding_length": width,
        "bert.feed_forward_length": inner, "bert.attention.head_count": c.num_attention_heads,
        "bert.attention.layer_norm_epsilon": EPSILON, "bert.pooling_type": 1}, rows=0)
    for name, hf_name, rows in (("token_embd", "word_embeddings", VOCABULARY),
                                ("position_embd", "position_embeddings", c.max_position_embeddings),
                                ("token_types", "token_type_embeddings", c.type_vocab_size)):
        f.linear(f"{name}.weight", f"embeddings.{hf_name}.weight", width, rows)
    layer_norm(f, "token_embd_norm", "embeddings.LayerNorm", width)
    for i in range(c.num_hidden_layers):
        hf = f"encoder.layer.{i}"
        for side, hf_side in (("q", "query"), ("k", "key"), ("v", "value")):
            dense(f, f"blk.{i}.attn_{side}", f"{hf}.attention.self.{hf_side}", width, width)
        dense(f, f"blk.{i}.attn_output", f"{hf}.attention.output.dense", width, width)
        layer_norm(f, f"blk.{i}.attn_output_norm", f"{hf}.attention.output.LayerNorm", width)
        dense(f, f"blk.{i}.ffn_up", f"{hf}.intermediate.dense", width, inner)
        dense(f, f"blk.{i}.ffn_down", f"{hf}.output.dense", inner, width)
        layer_norm(f, f"blk.{i}.layer_output_norm", f"{hf}.output.LayerNorm", width)
    return f


def main():
    torch.set_num_threads(1)
    family = bert()
    model = transformers.BertModel(family.config, add_pooling_layer=False).eval()
    weights = weights_of(family)
    model.load_state_dict({t.hf_name: torch.from_numpy(weights[t.name]) for t in family.tensors}, strict=True)
    texts = [[int((u + 1) / 2 * VOCABULARY) for u in generate(f"bert.tokens.{n}", n, 1.0, 0.0).tolist()]
             for n in LENGTHS]
    vectors = []
    with torch.inference_mode():
        for tokens in texts:
            mean = model(torch.tensor([tokens])).last_hidden_state[0].mean(0)
            vectors.append([round(float(x), 6) for x in torch.nn.functional.normalize(mean, dim=0)])
    (HERE / "encoders").mkdir(exist_ok=True)
    write_json(HERE / "encoders" / "bert.json", {
        "name": family.name, "about": family.about,
        "made_with": f"torch {torch.__version__}, transformers {transformers.__version__}",
        "metadata": family.metadata,
        "tensors": [{"name": t.name, "shape": t.shape, "scale": t.scale, "offset": t.offset} for t in family.tensors],
        "texts": texts, "vectors": vectors})


if __name__ == "__main__":
    main()
