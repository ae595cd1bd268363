#include "formats/hf/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "formats/hf/json_members.h"

namespace understudy {

namespace {

namespace json = boost::json;

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581, what SentencePiece writes for a space
const std::string kPrefix = "tokenizer.ggml.";

using Pair = std::pair<std::string_view, std::string_view>;  // the two parts of a merge

// {"type": "Sequence", "<list>": [...]} or a single step, as a list of steps.
std::vector<const json::object*> steps_of(const json::value* value, std::string_view list) {
  std::vector<const json::object*> steps;
  if (value == nullptr || !value->is_object()) return steps;
  const json::object& object = value->get_object();
  if (text_of(object, "type") != "Sequence") return {&object};
  const json::value* entries = member_of(object, list);
  if (entries == nullptr || !entries->is_array()) return {&object};
  for (const json::value& entry : entries->get_array()) {
    if (const json::object* step = entry.if_object()) steps.push_back(step);
  }
  return steps;
}

std::string_view pattern_of(const json::object& step, std::string_view kind) {
  const json::object* pattern = object_of(step, "pattern");
  return pattern ? text_of(*pattern, kind) : std::string_view();
}

// One word a step, so that pre-tokenisers can be compared: a regular expression, "digits", "gpt2", "bytes".
std::string step_name(const json::object& step) {
  const std::string_view type = text_of(step, "type");
  if (type == "Split" && text_of(step, "behavior") == "Isolated" && !flag_of(step, "invert", false))
    return std::string(pattern_of(step, "Regex"));
  if (type == "Digits" && flag_of(step, "individual_digits", false)) return "digits";
  if (type == "ByteLevel" && !flag_of(step, "add_prefix_space", true))
    return flag_of(step, "use_regex", true) ? "gpt2" : "bytes";
  return "another";
}

// GPT-4's expression, as Llama 3 and Qwen write it: they differ in how digits are grouped and in what belongs
// to a word.
std::string gpt4(std::string_view digits, std::string_view letters) {
  const bool more = letters != R"(\p{L})";
  const std::string word = more ? fmt::format("[{}]", letters) : std::string(letters);
  return fmt::format(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?{}+|{}| ?[^\s{}\p{{N}}]+[\r\n]*)"
                     R"(|\s*[\r\n]+|\s+(?!\S)|\s+)",
                     word, digits, letters);
}

struct PreTokenizer {
  std::string_view name;  // of text/pretokenizer.h
  std::string_view normalizer;
  bool ignore_merges;
  std::vector<std::string> steps;
};

// As tokenizer.json of the families spells them; the last of two that differ in normaliser or ignore_merges
// only are what transformers makes of GGUF files. Source of the names: llama.cpp, src/llama-vocab.cpp.
std::vector<PreTokenizer> pre_tokenizers() {
  const std::string letters = R"(\p{L})", one = R"(\p{N})", three = R"(\p{N}{1,3})";
  return {{"llama-bpe", "", true, {gpt4(three, letters), "bytes"}},
          {"dbrx", "", false, {gpt4(three, letters), "bytes"}},
          {"qwen2", "NFC", false, {gpt4(one, letters), "bytes"}},
          {"stablelm2", "", false, {gpt4(one, letters), "bytes"}},
          {"qwen35", "NFC", false, {gpt4(one, R"(\p{L}\p{M})"), "bytes"}},
          {"smollm", "", false, {"digits", "gpt2"}},
          {"command-r", "NFC", false, {"digits", "gpt2"}},
          {"gpt-2", "", false, {"gpt2"}},
          {"mpt", "NFC", false, {"gpt2"}}};
}

class BpeReader {
 public:
  BpeReader(const json::object& tokenizer, const json::object& model, HfVocabulary& vocabulary,
            const std::string& path, Metadata& metadata)
      : tokenizer_(tokenizer), model_(model), vocabulary_(vocabulary), path_(path), metadata_(metadata) {}

  Status read() {
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!text_of(model_, key).empty())
        return unsupported(std::string("model.") + key, "none", member_of(model_, key));
    }
    ASSIGN_OR_RETURN(const std::vector<Pair> merges, read_merges());
    if (const auto unknown = vocabulary_.find(text_of(model_, "unk_token"))) {
      vocabulary_.set_type(*unknown, HfVocabulary::kUnknown);
      metadata_.set(kPrefix + "unknown_token_id", *unknown);
    }
    if (flag_of(model_, "byte_fallback", false)) return read_sentencepiece(merges);
    return read_byte_level(merges);
  }

 private:
  Error unsupported(const std::string& key, std::string_view expected, const json::value* found) const {
    return {ErrorCode::unsupported,
            fmt::format("{}: expected {}, found {}", key, expected, shown_json(found)), path_, ""};
  }
  Error corrupt(std::string what) const { return {ErrorCode::corrupt, std::move(what), path_, ""}; }

  // "left right", or since tokenizers 0.20 ["left", "right"].
  Result<std::vector<Pair>> read_merges() const {
    const json::value* list = member_of(model_, "merges");
    if (list == nullptr || !list->is_array()) return corrupt("model.merges: expected an array");
    std::vector<Pair> merges;
    merges.reserve(list->get_array().size());
    for (const json::value& entry : list->get_array()) {
      Pair pair;
      if (const json::string* text = entry.if_string()) {
        const std::string_view both(*text);
        const size_t space = std::min(both.find(' '), both.size());
        pair = {both.substr(0, space), both.substr(std::min(space + 1, both.size()))};
      } else if (const json::array* parts = entry.if_array();
                 parts && parts->size() == 2 && (*parts)[0].is_string() && (*parts)[1].is_string()) {
        pair = {(*parts)[0].get_string(), (*parts)[1].get_string()};
      }
      if (pair.first.empty() || pair.second.empty())
        return corrupt(fmt::format("model.merges: expected two tokens, found {}", shown_json(&entry)));
      merges.push_back(pair);
    }
    return merges;
  }

  Status read_byte_level(const std::vector<Pair>& merges) {
    const json::value* pre = member_of(tokenizer_, "pre_tokenizer");
    const json::value* normalizer = member_of(tokenizer_, "normalizer");
    std::vector<std::string> steps;
    for (const json::object* step : steps_of(pre, "pretokenizers")) steps.push_back(step_name(*step));
    const std::string_view normal_form =
        normalizer && normalizer->is_object() ? text_of(normalizer->get_object(), "type") : "";
    const bool ignore_merges = flag_of(model_, "ignore_merges", false);
    std::string known;
    for (const PreTokenizer& candidate : pre_tokenizers()) {
      known += (known.empty() ? "" : ", ") + std::string(candidate.name);
      if (candidate.steps != steps || candidate.normalizer != normal_form ||
          candidate.ignore_merges != ignore_merges)
        continue;
      metadata_.set(kPrefix + "model", "gpt2");
      metadata_.set(kPrefix + "pre", std::string(candidate.name));
      set_merges(merges);
      return {};
    }
    return Error{ErrorCode::unsupported,
                 fmt::format("expected the pre-tokeniser of {}; found pre_tokenizer {}, normalizer {}, "
                             "model.ignore_merges {}",
                             known, shown_json(pre), shown_json(normalizer), ignore_merges),
                 path_, ""};
  }

  void set_merges(const std::vector<Pair>& merges) {
    std::vector<std::string> lines;
    lines.reserve(merges.size());
    for (const auto& [left, right] : merges) lines.push_back(fmt::format("{} {}", left, right));
    metadata_.set(kPrefix + "merges", std::move(lines));
  }

  Status read_sentencepiece(const std::vector<Pair>& merges) {
    ASSIGN_OR_RETURN(const bool space_prefix, reads_as_one_word());
    for (int byte = 0; byte < 256; ++byte) {
      if (const auto id = vocabulary_.find(fmt::format("<0x{:02X}>", byte)))
        vocabulary_.set_type(*id, HfVocabulary::kByte);
    }
    metadata_.set(kPrefix + "model", "llama");
    metadata_.set(kPrefix + "add_space_prefix", space_prefix);
    if (auto scores = scores_of(merges)) {
      metadata_.set(kPrefix + "scores", std::move(*scores));
    } else {
      set_merges(merges);
    }
    return {};
  }

  // Whether a space goes in front of the text. All else that the normaliser and pre-tokeniser may do is to
  // write U+2581 for spaces: words are not split.
  Result<bool> reads_as_one_word() const {
    bool space_prefix = false;
    for (const json::object* step : steps_of(member_of(tokenizer_, "normalizer"), "normalizers")) {
      const std::string_view type = text_of(*step, "type");
      if (type == "Prepend" && text_of(*step, "prepend") == kSpaceMark) {
        space_prefix = true;
      } else if (type != "Replace" || pattern_of(*step, "String") != " " ||
                 text_of(*step, "content") != kSpaceMark) {
        return unsupported("normalizer", "U+2581 for spaces and in front, or neither",
                           member_of(tokenizer_, "normalizer"));
      }
    }
    for (const json::object* step : steps_of(member_of(tokenizer_, "pre_tokenizer"), "pretokenizers")) {
      const std::string_view type = text_of(*step, "type"), scheme = text_of(*step, "prepend_scheme");
      // The normaliser has left no space to split at.
      if (type == "Split" && pattern_of(*step, "String") == " ") continue;
      if (type != "Metaspace" || flag_of(*step, "split", true) || (scheme != "never" && scheme != "always")) {
        return unsupported("pre_tokenizer",
                           "none, or Metaspace that does not split and prepends never or always",
                           member_of(tokenizer_, "pre_tokenizer"));
      }
      space_prefix = scheme == "always";
    }
    return space_prefix;
  }

  static size_t characters(std::string_view text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  }

  // In a SentencePiece model every token has a score, and any two tokens that together are one may merge, the
  // highest score first, then the longer left part, then the longer right one. transformers writes that out
  // as a list (convert_slow_tokenizer.py, generate_merges). These are scores of which the list follows,
  // nothing if it follows from none. User-defined tokens stand above all others.
  std::optional<std::vector<double>> scores_of(const std::vector<Pair>& merges) const {
    std::vector<double> scores(vocabulary_.texts().size(), 0);
    std::vector<uint32_t> ways(scores.size(), 0);
    std::array<double, 3> previous{0, INT32_MAX, 0};
    for (size_t rank = 0; rank < merges.size(); ++rank) {
      const auto& [left, right] = merges[rank];
      const auto left_id = vocabulary_.find(left), right_id = vocabulary_.find(right);
      const auto id = vocabulary_.find(std::string(left) + std::string(right));
      if (!left_id || !right_id || !id) return std::nullopt;
      if (!vocabulary_.merges(*id) || !vocabulary_.merges(*left_id) || !vocabulary_.merges(*right_id))
        continue;
      const auto at = static_cast<size_t>(*id);
      const bool user_defined = vocabulary_.types()[at] == HfVocabulary::kUserDefined;
      if (ways[at]++ == 0 && !user_defined) scores[at] = -static_cast<double>(rank + 1);
      const std::array<double, 3> key{scores[at], static_cast<double>(characters(left)),
                                      static_cast<double>(characters(right))};
      if (key > previous) return std::nullopt;
      previous = key;
    }
    for (size_t id = 0; id < scores.size(); ++id) {
      if (vocabulary_.merges(static_cast<int64_t>(id)) && ways[id] != splits_of(vocabulary_.texts()[id]))
        return std::nullopt;
    }
    return scores;
  }

  // In how many ways a token is two tokens.
  uint32_t splits_of(const std::string& text) const {
    uint32_t splits = 0;
    for (size_t cut = 1; cut < text.size(); ++cut) {
      if ((text[cut] & 0xC0) == 0x80) continue;
      const auto left = vocabulary_.find(std::string_view(text).substr(0, cut));
      if (!left || !vocabulary_.merges(*left)) continue;
      const auto right = vocabulary_.find(std::string_view(text).substr(cut));
      if (right && vocabulary_.merges(*right)) ++splits;
    }
    return splits;
  }

  const json::object& tokenizer_;
  const json::object& model_;
  HfVocabulary& vocabulary_;
  const std::string& path_;
  Metadata& metadata_;
};

}  // namespace

Status add_hf_bpe(const json::object& tokenizer, HfVocabulary& vocabulary, const std::string& path,
                  Metadata& metadata) {
  const json::object* model = object_of(tokenizer, "model");
  if (model == nullptr) return Error{ErrorCode::corrupt, "model: expected an object", path, ""};
  RETURN_IF_ERROR(BpeReader(tokenizer, *model, vocabulary, path, metadata).read());
  metadata.set(kPrefix + "tokens", vocabulary.texts());
  return {};
}

}  // namespace understudy
