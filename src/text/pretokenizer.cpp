#define PCRE2_CODE_UNIT_WIDTH 8  // PCRE2's own switch: the 8-bit library
#include "text/pretokenizer.h"

#include <pcre2.h>

#include <array>

namespace understudy {
namespace {

// The expressions below never backtrack far; the limit bounds the damage should one ever do.
constexpr uint32_t kMatchLimit = 1'000'000;

// Class members that make up Unicode's White_Space: what \s means in Oniguruma, Hugging Face's engine.
// (PCRE2's own \s adds U+180E.)
const std::string kBlank =
    R"(\t\x0B\x0C \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
const std::string kSpace = R"(\r\n)" + kBlank;

// Llama 3 and Qwen 2 differ only in how digits are grouped. As in their tokenizer.json, but for \s*[\r\n]+,
// which is written without backtracking: otherwise a long run of blanks costs one step per blank.
std::string llama3_expression(const std::string& digits) {
  return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)" + digits +  //
         "| ?[^" + kSpace + R"(\p{L}\p{N}]+[\r\n]*)" +                           //
         "|(?:[" + kBlank + R"(]*+[\r\n]++)++)" +                                //
         "|[" + kSpace + "]+(?![^" + kSpace + "])|[" + kSpace + "]+";
}

// SmolLM: every digit alone, then GPT-2's expression on what lies between. In one expression: a digit ends
// the text for the look-ahead.
std::string smollm_expression() {
  return R"(\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+)"
         "| ?[^" +
         kSpace + R"(\p{L}\p{N}]+)" +  //
         "|[" + kSpace + "]+(?![^" + kSpace + R"(\p{N}])|[)" + kSpace + "]+";
}

struct Family {
  std::string_view name;
  std::string expression;
  bool normalizes, ignores_merges;
};

// tokenizer.json of SmolLM2, Qwen 2.5, Llama 3.1; LFM2 is Llama 3's (see llama.cpp, src/llama-vocab.cpp).
std::array<Family, 4> families() {
  return {{{"smollm", smollm_expression(), false, false},
           {"qwen2", llama3_expression(R"(\p{N})"), true, false},
           {"llama-bpe", llama3_expression(R"(\p{N}{1,3})"), false, true},
           {"lfm2", llama3_expression(R"(\p{N}{1,3})"), false, true}}};
}

Result<std::shared_ptr<const pcre2_code_8>> compile(const std::string& expression) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  std::shared_ptr<pcre2_code_8> code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()),
                                                   expression.size(), PCRE2_UTF, &error, &offset, nullptr),
                                     pcre2_code_free);
  if (!code) {
    return Error{ErrorCode::internal,
                 "PCRE2 refuses a pre-tokeniser's expression, error " + std::to_string(error), expression, ""};
  }
  // Where memory may not be made executable this fails, and pcre2_match interprets: slower, with the same
  // result.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return std::shared_ptr<const pcre2_code_8>(std::move(code));
}

}  // namespace

Result<Pretokenizer> Pretokenizer::create(std::string_view name) {
  std::string known;
  for (const Family& family : families()) {
    if (family.name == name) {
      ASSIGN_OR_RETURN(auto code, compile(family.expression));
      return Pretokenizer(std::move(code), family.normalizes, family.ignores_merges);
    }
    known += (known.empty() ? "" : ", ") + std::string(family.name);
  }
  return Error{ErrorCode::unsupported, "unknown pre-tokeniser \"" + std::string(name) + "\"",
               "tokenizer.ggml.pre", "Supported: " + known};
}

void Pretokenizer::split(std::string_view text, const std::function<void(std::string_view)>& word) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
      pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  const std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context(
      pcre2_match_context_create(nullptr), pcre2_match_context_free);
  pcre2_set_match_limit(context.get(), kMatchLimit);
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    const int found =
        pcre2_match(code_.get(), subject, text.size(), at, PCRE2_NO_UTF_CHECK, match.get(), context.get());
    if (found < 0) break;  // no match, or a limit: the rest is one piece
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
    if (range[0] > at) word(text.substr(at, range[0] - at));
    word(text.substr(range[0], range[1] - range[0]));
    at = range[1];
  }
  if (at < text.size()) word(text.substr(at));
}

}  // namespace understudy
