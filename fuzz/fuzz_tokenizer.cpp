// A tokenizer made of arbitrary tokens and merges is refused, or encodes any text into ids of its vocabulary,
// and text that is only data never becomes a control token.
#include <fuzzer/FuzzedDataProvider.h>

#include "require.h"
#include "text/tokenizer.h"

using understudy::PromptText, understudy::require, understudy::TokenId, understudy::Tokenizer;
using understudy::TokenizerSpec;
using Kind = TokenizerSpec::Kind;
using Type = TokenizerSpec::TokenType;

static void add_token(TokenizerSpec& spec, std::string text, Type type) {
  spec.tokens.push_back(std::move(text));
  spec.types.push_back(type);
}

// The 256 single-byte tokens, without which most specs would be refused at once. Byte-level BPE spells a byte
// as one printable character: itself if it has a glyph in Latin-1, else U+0100 + n for the n-th of the others
// (GPT-2).
static void add_bytes(TokenizerSpec& spec) {
  unsigned others = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (spec.kind != Kind::byte_bpe) {
      const char* hex = "0123456789ABCDEF";
      add_token(spec, std::string("<0x") + hex[byte / 16] + hex[byte % 16] + ">", Type::byte);
      continue;
    }
    bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
    unsigned code = printable ? byte : 0x100 + others++;
    std::string spelled = code < 0x80 ? std::string(1, char(code))
                                      : std::string{char(0xc0 | code >> 6), char(0x80 | (code & 0x3f))};
    add_token(spec, std::move(spelled), Type::normal);
  }
}

static TokenizerSpec read_spec(FuzzedDataProvider& input) {
  TokenizerSpec spec;
  spec.kind =
      input.PickValueInArray({Kind::byte_bpe, Kind::sentencepiece_bpe, Kind::wordpiece, Kind::unigram});
  spec.pre = input.PickValueInArray(
      {"smollm", "qwen2", "llama-bpe", "gpt-4o", "deepseek-v3", "falcon", "default", ""});
  spec.add_space_prefix = input.ConsumeBool();
  spec.remove_extra_spaces = input.ConsumeBool();
  spec.lowercase = input.ConsumeBool();
  spec.strip_accents = input.ConsumeBool();
  if (spec.kind == Kind::unigram) spec.charsmap = input.ConsumeRandomLengthString(400);
  if (input.ConsumeIntegralInRange(0, 15) != 0) add_bytes(spec);
  int tokens = input.ConsumeIntegralInRange(0, 24);
  for (int i = 0; i < tokens; ++i) {
    std::string text = input.ConsumeRandomLengthString(12);
    add_token(spec, std::move(text), static_cast<Type>(input.ConsumeIntegralInRange(0, 7)));
  }
  const bool scored = spec.kind == Kind::sentencepiece_bpe || spec.kind == Kind::unigram;
  for (size_t i = 0; i < spec.tokens.size() && scored; ++i) {
    spec.scores.push_back(i < 256 ? 0 : input.ConsumeFloatingPoint<float>());
  }
  const bool merged =
      spec.kind == Kind::byte_bpe || (spec.kind == Kind::sentencepiece_bpe && input.ConsumeBool());
  int merges = merged ? input.ConsumeIntegralInRange(0, 24) : 0;
  for (int i = 0; i < merges; ++i) spec.merges.push_back(input.ConsumeRandomLengthString(12));
  if (input.ConsumeBool()) spec.bos = input.ConsumeIntegralInRange<TokenId>(-1, 300);
  if (input.ConsumeBool()) spec.unknown = input.ConsumeIntegralInRange<TokenId>(-1, 300);
  spec.add_bos = spec.bos && input.ConsumeBool();
  if (input.ConsumeBool()) spec.eos = input.ConsumeIntegralInRange<TokenId>(-1, 300);
  spec.add_eos = spec.eos && input.ConsumeBool();
  return spec;
}

static void check_ids(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  for (TokenId id : ids) require(id >= 0 && id < tokenizer.size());
  tokenizer.decode(ids);
  tokenizer.decode(ids, true);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  TokenizerSpec spec = read_spec(input);
  std::vector<Type> types = spec.types;
  auto tokenizer = Tokenizer::create(std::move(spec));
  if (!tokenizer.ok()) {
    require(!tokenizer.error().what.empty());
    return 0;
  }
  std::string text = input.ConsumeRemainingBytesAsString();
  check_ids(**tokenizer, (*tokenizer)->encode(PromptText::trusted(text), true));
  std::vector<TokenId> ids = (*tokenizer)->encode(PromptText::data(text), false);
  check_ids(**tokenizer, ids);
  for (TokenId id : ids) require(types[id] != Type::control);
  return 0;
}
