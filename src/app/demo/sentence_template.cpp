#include "app/demo/sentence_template.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy {
namespace {

constexpr int kMaxDepth = 24;      // of brackets and rules inside each other
constexpr int kMaxSteps = 20'000;  // brackets opened for one sentence
constexpr size_t kMaxBytes = 2'000;
constexpr size_t kShownBytes = 60;

class Expander {
 public:
  Expander(const TemplateWords& words, std::mt19937_64& random) : words_(words), random_(random) {}

  Status expand(std::string_view text, int depth);
  Sentence sentence() &&;

 private:
  size_t below(size_t n) { return static_cast<size_t>(random_() % n); }
  Status bracket(char open, std::string_view inside, int depth);
  Status choose(std::string_view inside, bool optional, int depth);
  Status fill(std::string_view inside, int depth);

  const TemplateWords& words_;
  std::mt19937_64& random_;
  std::string text_;
  std::vector<std::pair<std::string, std::string>> slots_;
  int steps_ = 0;
};

Error broken(const char* what, std::string_view where) {
  return Error{ErrorCode::corrupt, what, std::string(where.substr(0, kShownBytes)), ""};
}

char closing(char open) {
  switch (open) {
    case '<':
      return '>';
    case '{':
      return '}';
    case '[':
      return ']';
    case '(':
      return ')';
    default:
      return 0;
  }
}

// The place of the bracket that closes the one at `begin`; npos if none does, or another stands in its place.
size_t end_of_bracket(std::string_view text, size_t begin) {
  std::string open;
  for (size_t i = begin; i < text.size(); ++i) {
    if (closing(text[i]) != 0) {
      open += closing(text[i]);
    } else if (std::string_view(">}])").find(text[i]) != std::string_view::npos) {
      if (open.back() != text[i]) return std::string_view::npos;
      open.pop_back();
      if (open.empty()) return i;
    }
  }
  return std::string_view::npos;
}

// Cut at `separator` where it stands outside of brackets.
std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  int level = 0;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (closing(text[i]) != 0) ++level;
    if (std::string_view(">}])").find(text[i]) != std::string_view::npos) --level;
    if (level != 0 || text[i] != separator) continue;
    parts.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

Status Expander::expand(std::string_view text, int depth) {
  if (depth > kMaxDepth) return broken("rules or brackets are too deep inside each other", text);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text_.size() > kMaxBytes) return broken("a sentence is too long", text);
    if (closing(text[i]) == 0) {
      if (std::string_view(">}])").find(text[i]) != std::string_view::npos)
        return broken("a bracket closes that was not opened", text);
      text_ += text[i];
      continue;
    }
    if (++steps_ > kMaxSteps) return broken("a sentence has too many parts", text);
    const size_t end = end_of_bracket(text, i);
    if (end == std::string_view::npos) return broken("a bracket is not closed", text);
    RETURN_IF_ERROR(bracket(text[i], text.substr(i + 1, end - i - 1), depth + 1));
    i = end;
  }
  return Status();
}

Status Expander::bracket(char open, std::string_view inside, int depth) {
  if (open == '{') return fill(inside, depth);
  if (open != '<') return choose(inside, open == '[', depth);
  const auto rule = words_.rules.find(inside);
  if (rule == words_.rules.end()) return broken("there is no such rule", inside);
  // A rule may be alternatives without brackets around them.
  return choose(rule->second, false, depth);
}

Status Expander::choose(std::string_view inside, bool optional, int depth) {
  if (optional && below(2) == 0) return Status();
  const auto alternatives = parts_of(inside, '|');
  if (alternatives.size() > 1) return expand(alternatives[below(alternatives.size())], depth);
  auto parts = parts_of(inside, ';');
  for (size_t i = parts.size(); i > 1; --i) std::swap(parts[i - 1], parts[below(i)]);
  for (const std::string_view part : parts) {
    if (parts.size() > 1) text_ += ' ';
    RETURN_IF_ERROR(expand(part, depth));
    if (parts.size() > 1) text_ += ' ';
  }
  return Status();
}

Status Expander::fill(std::string_view inside, int depth) {
  const size_t colon = inside.find(':');
  const auto list = words_.lists.find(inside.substr(0, colon));
  if (list == words_.lists.end() || list->second.empty()) return broken("there is no such list", inside);
  const auto& [said, meant] = list->second[below(list->second.size())];
  slots_.emplace_back(colon == std::string_view::npos ? inside : inside.substr(colon + 1), meant);
  return choose(said, false, depth);
}

Sentence Expander::sentence() && {
  Sentence sentence;
  for (const char c : text_) {
    const bool space = c == ' ' || c == '\t' || c == '\n';
    if (!space) sentence.text += c;
    if (space && !sentence.text.empty() && sentence.text.back() != ' ') sentence.text += ' ';
  }
  while (sentence.text.ends_with(' ')) sentence.text.pop_back();
  sentence.slots = std::move(slots_);
  return sentence;
}

}  // namespace

Result<Sentence> expand_sentence(std::string_view sentence, const TemplateWords& words,
                                 std::mt19937_64& random) {
  Expander expander(words, random);
  RETURN_IF_ERROR(expander.expand(sentence, 0));
  return std::move(expander).sentence();
}

}  // namespace understudy
