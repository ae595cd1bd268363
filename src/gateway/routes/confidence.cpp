#include "gateway/routes/confidence.h"

#include <algorithm>
#include <string>

namespace understudy {

namespace {

// For each byte of JSON text the value that it belongs to, -1 between values. Strings hold their quotes.
std::vector<int> values_of(const std::string& text) {
  std::vector<int> value(text.size(), -1);
  int current = -1;
  bool inside_string = false, inside_word = false;
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (inside_string) {
      value[i] = current;
      if (c == '\\' && i + 1 < text.size()) {
        value[++i] = current;
      } else if (c == '"') {
        inside_string = false;
      }
      continue;
    }
    const bool between =
        c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':' || c == ' ' || c == '\n';
    if (between) {
      inside_word = false;
      continue;
    }
    if (!inside_word) current++;
    inside_string = c == '"';
    inside_word = !inside_string;
    value[i] = current;
  }
  return value;
}

}  // namespace

std::optional<double> confidence_of(const std::vector<TokenEvent>& answer, const Tokenizer& tokenizer) {
  if (answer.empty()) return std::nullopt;
  std::string text;
  std::vector<size_t> ends;
  for (const TokenEvent& event : answer) {
    text += tokenizer.bytes(event.id);
    ends.push_back(text.size());
  }
  const std::vector<int> value = values_of(text);
  std::vector<double> products(text.size() + 1, 1);
  size_t begin = 0;
  for (size_t i = 0; i < answer.size(); i++) {
    int before = -1;
    for (size_t byte = begin; byte < ends[i]; byte++) {
      if (value[byte] < 0 || value[byte] == before) continue;
      before = value[byte];
      products[static_cast<size_t>(before)] *= static_cast<double>(answer[i].share);
    }
    begin = ends[i];
  }
  return *std::min_element(products.begin(), products.end());
}

}  // namespace understudy
