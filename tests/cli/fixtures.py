"""Small files for the command line sessions: a model of one tensor, and Python packages that hold it."""

import struct
import zipfile

GGUF_STRING, GGUF_UINT32, F32 = 8, 4, 0


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def tiny_gguf():
    """GGUF v3 with one 32 x 32 tensor of F32 (the format: github.com/ggml-org/ggml/blob/master/docs/gguf.md)."""
    metadata = [text("general.architecture") + struct.pack("<I", GGUF_STRING) + text("llama"),
                text("general.name") + struct.pack("<I", GGUF_STRING) + text("Tiny"),
                text("llama.context_length") + struct.pack("<II", GGUF_UINT32, 64)]
    tensor = text("token_embd.weight") + struct.pack("<IQQIQ", 2, 32, 32, F32, 0)
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, len(metadata)) + b"".join(metadata) + tensor
    header += b"\0" * (-len(header) % 32)
    return header + struct.pack("<1024f", *range(1024))


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
    (folder / "page.html").write_bytes(b"<html>not a model</html>")
    (folder / "cut.gguf").write_bytes(model[:1000])
    wheel(wheels, "single", {"single/__init__.py": b"", "single/model.gguf": model})
    wheel(wheels, "empty", {"empty/__init__.py": b""})
    wheel(wheels, "outside", {"../../outside.gguf": model})
    # Eleven parts, so that part10 and part11 sort wrongly by name.
    step = -(-len(model) // 11)
    for i in range(11):
        wheel(wheels, f"piece-part{i + 1}", {f"piece/data/part{i + 1:02}.bin": model[i * step:(i + 1) * step]})
