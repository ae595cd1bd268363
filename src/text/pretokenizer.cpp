#define PCRE2_CODE_UNIT_WIDTH 8  // PCRE2's own switch: the 8-bit library
#include "text/pretokenizer.h"

#include <pcre2.h>

#include <algorithm>

namespace understudy {
namespace {

// The expressions below never backtrack far; the limit bounds the damage should one ever do.
constexpr uint32_t kMatchLimit = 1'000'000;

// Class members that make up Unicode's White_Space: what \s means in Oniguruma, Hugging Face's engine.
// (PCRE2's own \s adds U+180E.)
const std::string kBlank =
    R"(\t\x0B\x0C \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
const std::string kSpace = R"(\r\n)" + kBlank;

// \s*[\r\n]+, written without backtracking: otherwise a long run of blanks costs one step per blank.
const std::string kLines = "(?:[" + kBlank + R"(]*+[\r\n]++)++)";
// \s+(?!\S)|\s+
const std::string kSpaces = "[" + kSpace + "]+(?![^" + kSpace + "])|[" + kSpace + "]+";
const std::string kContractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";

const std::string kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^)" + kSpace + R"(\p{L}\p{N}]+|)" + kSpaces;

// GPT-4's: Llama 3 and Qwen differ from each other in how digits are grouped and in what belongs to a word.
std::string gpt4(const std::string& digits, const std::string& letters = R"(\p{L})") {
  return kContractions + R"(|[^\r\n\p{L}\p{N}]?[)" + letters + "]+|" + digits + "| ?[^" + kSpace + letters +
         R"(\p{N}]+[\r\n]*|)" + kLines + "|" + kSpaces;
}

// GPT-4o's, where a word starts with its capitals.
std::string gpt4o(const std::string& digits, const std::string& suffix) {
  const std::string any = R"(\p{Lm}\p{Lo}\p{M}])";
  const std::string capital = R"([\p{Lu}\p{Lt})" + any, small = R"([\p{Ll})" + any;
  const std::string before = R"([^\r\n\p{L}\p{N}]?)";
  return before + capital + "*" + small + "+" + suffix + "|" + before + capital + "+" + small + "*" + suffix +
         "|" + digits + "| ?[^" + kSpace + R"(\p{L}\p{N}]+[\r\n/]*|)" + kLines + "|" + kSpaces;
}

const std::string kDeepseekV3 =
    R"([!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|)" + kLines +
    "|" + kSpaces;
const std::string kDeepseekIdeographs = R"([\x{800}-\x{9FA5}\x{AC00}-\x{D7FF}]+)";
// Letters with case, but for those of some scripts and later editions of Unicode.
const std::string kDeepseekLetters =
    R"((?:(?![\x{560}-\x{588}\x{10C7}-\x{10FF}\x{1C80}-\x{1C88}\x{2D00}-\x{2D2D}\x{A790}-\x{A7FA})"
    R"(\x{AB30}-\x{AB68}\x{10570}-\x{105BC}\x{16E40}-\x{16E7F}\x{1D400}-\x{1D7CB}\x{1DF00}-\x{1DF1E}])\p{L&})+)";
const std::string kDeepseekSigns =
    R"([!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)";

struct Stage {
  std::string expression;
  bool of_bytes = false;  // looks at bytes, not at characters
};

struct Family {
  std::vector<std::string_view> names;
  std::vector<Stage> stages;
  bool normalizes = false, ignores_merges = false;
};

// The expressions are those of each family's tokenizer.json, the names those of llama.cpp, which also says
// which share one (src/llama-vocab.cpp). Falcon looks for digits after bytes became characters of GPT-2's
// alphabet, where six bytes that are no digits are numbers: superscripts and fractions of Latin-1.
std::vector<Family> families() {
  const std::string one_space = "[" + kSpace + "]?";
  return {
      {{"gpt-2", "phi-2", "roberta-bpe", "jais", "trillion", "granite-docling", "exaone4", "mellum",
        "gigachat", "a.x-4.0"},
       {{kGpt2}}},
      {{"mpt", "olmo", "modern-bert"}, {{kGpt2}}, true},
      {{"smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b", "mellum2"},
       {{R"(\p{N})"}, {kGpt2}}},
      {{"command-r"}, {{R"(\p{N})"}, {kGpt2}}, true},
      {{"llama-bpe", "llama3", "llama-v3", "lfm2", "falcon3", "falcon-h1", "pixtral", "midm-2.0",
        "chatglm-bpe", "glm4", "glm5"},
       {{gpt4(R"(\p{N}{1,3})")}},
       false,
       true},
      {{"dbrx", "smaug-bpe"}, {{gpt4(R"(\p{N}{1,3})")}}},
      {{"minicpm5"}, {{R"(\p{N}{1,3})"}, {gpt4(R"(\p{N}+)")}}, false, true},
      {{"qwen2", "deepseek-r1-qwen", "megrez", "f2llmv2"}, {{gpt4(R"(\p{N})")}}, true},
      {{"stablelm2", "hunyuan", "solar-open", "grok-2", "kormo"}, {{gpt4(R"(\p{N})")}}},
      {{"qwen35"}, {{gpt4(R"(\p{N})", R"(\p{L}\p{M})")}}, true},
      {{"gpt-4o", "llama4", "kanana2", "minimax-m2"},
       {{gpt4o(R"(\p{N}{1,3})", kContractions + "?")}},
       false,
       true},
      {{"tekken"}, {{gpt4o(R"(\p{N})", "")}}, false, true},
      {{"deepseek-v3", "hunyuan-dense", "joyai-llm"},
       {{R"(\p{N}{1,3})"}, {R"([\x{4E00}-\x{9FA5}\x{3040}-\x{30FF}]+)"}, {kDeepseekV3}}},
      {{"deepseek-llm"},
       {{R"([\r\n])"},
        {one_space + kDeepseekLetters},
        {one_space + kDeepseekSigns},
        {"[" + kSpace + R"(]+\z)"},
        {kDeepseekIdeographs},
        {R"(\p{N})"}}},
      {{"deepseek-coder"},
       {{R"([\r\n])"},
        {one_space + R"(\p{L}+)"},
        {one_space + R"(\p{P}+)"},
        {kDeepseekIdeographs},
        {R"(\p{N})"}}},
      {{"falcon"},
       {{R"([\p{P}$+<=>^`|~]+)"}, {kGpt2}, {R"([0-9\xB2\xB3\xB9\xBC-\xBE]+)", true}, {"[0-9]{3}", true}}},
  };
}

Result<std::shared_ptr<const pcre2_code_8>> compile(const Stage& stage) {
  const std::string& expression = stage.expression;
  int error = 0;
  PCRE2_SIZE offset = 0;
  std::shared_ptr<pcre2_code_8> code(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                    stage.of_bytes ? 0 : PCRE2_UTF, &error, &offset, nullptr),
      pcre2_code_free);
  if (!code) {
    return Error{ErrorCode::internal,
                 "PCRE2 refuses a pre-tokeniser's expression, error " + std::to_string(error), expression,
                 ""};
  }
  // Where memory may not be made executable this fails, and pcre2_match interprets: slower, with the same
  // result.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return std::shared_ptr<const pcre2_code_8>(std::move(code));
}

}  // namespace

// What PCRE2 writes to in the course of a match; the stages of one text take turns.
class Pretokenizer::Scratch {
 public:
  explicit Scratch(size_t stages) : context_(pcre2_match_context_create(nullptr), pcre2_match_context_free) {
    pcre2_set_match_limit(context_.get(), kMatchLimit);
    for (size_t i = 0; i < stages; ++i)
      matches_.emplace_back(pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  }

  // The next match from `begin`: [first, second), or nullptr when there is none or a limit is reached.
  const PCRE2_SIZE* match(size_t stage, const pcre2_code_8& code, std::string_view text, size_t begin) {
    pcre2_match_data* match = matches_[stage].get();
    const int found = pcre2_match(&code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), begin,
                                  PCRE2_NO_UTF_CHECK, match, context_.get());
    return found < 0 ? nullptr : pcre2_get_ovector_pointer(match);
  }

 private:
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context_;
  std::vector<std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)>> matches_;
};

Result<Pretokenizer> Pretokenizer::create(std::string_view name) {
  std::string known;
  for (const Family& family : families()) {
    if (std::find(family.names.begin(), family.names.end(), name) != family.names.end()) {
      std::vector<Code> stages;
      for (const Stage& stage : family.stages) {
        ASSIGN_OR_RETURN(auto code, compile(stage));
        stages.push_back(std::move(code));
      }
      return Pretokenizer(std::move(stages), family.normalizes, family.ignores_merges);
    }
    for (const std::string_view other : family.names) known.append(known.empty() ? "" : ", ").append(other);
  }
  return Error{ErrorCode::unsupported, "unknown pre-tokeniser \"" + std::string(name) + "\"",
               "tokenizer.ggml.pre", "Supported: " + known};
}

void Pretokenizer::split(std::string_view text, const std::function<void(std::string_view)>& word) const {
  Scratch scratch(stages_.size());
  split_from(0, text, scratch, word);
}

void Pretokenizer::split_from(size_t stage, std::string_view text, Scratch& scratch,
                              const std::function<void(std::string_view)>& word) const {
  if (stage == stages_.size()) {
    word(text);
    return;
  }
  size_t at = 0;
  while (at < text.size()) {
    const PCRE2_SIZE* range = scratch.match(stage, *stages_[stage], text, at);
    if (range == nullptr) break;  // the rest is one piece
    const size_t begin = range[0], end = range[1];
    if (begin > at) split_from(stage + 1, text.substr(at, begin - at), scratch, word);
    split_from(stage + 1, text.substr(begin, end - begin), scratch, word);
    at = end;
  }
  if (at < text.size()) split_from(stage + 1, text.substr(at), scratch, word);
}

}  // namespace understudy
