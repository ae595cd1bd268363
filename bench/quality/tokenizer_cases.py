"""Writes tests/tokenizer/<family>.txt: texts and the ids Hugging Face's tokenizer gives them."""

from tokenizer_texts import SENTENCES, texts

LONGEST_BYTES = 120


def escape(text):
    """Characters that print stand for themselves, other bytes are \\xNN, and so are spaces at the end."""
    out = []
    for c in text.decode("utf-8", "surrogateescape"):
        named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}.get(c)
        plain = c == " " or (c.isprintable() and not 0xDC80 <= ord(c) <= 0xDCFF)
        out.append(named or (c if plain else "".join(f"\\x{b:02X}" for b in c.encode("utf-8", "surrogateescape"))))
    line = "".join(out)
    stripped = line.rstrip(" ")
    return stripped + "\\x20" * (len(line) - len(stripped))


def write_cases(folder, family, trusted, data):
    sample = [text for _, text in texts(7, 12, family.special, family.plain) if 0 < len(text) <= LONGEST_BYTES]
    chosen = [s.encode() for s in SENTENCES] + sample[::2]
    lines = ["# Ids by Hugging Face tokenizers; written by bench/quality/compare_tokenizers.py --cases. Format: README.md",
             f"model {family.model.name}"]
    for mode, oracle, picked in (("trusted", trusted, chosen), ("data", data, sample[-30:])):
        for text in picked:
            ids = oracle.encode(text.decode("utf-8", "replace"), add_special_tokens=False).ids
            lines.append(f"{mode} {' '.join(map(str, ids))} | {escape(text)}")
    (folder / f"{family.name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
