// Text on its way to the tokenizer, with the parts that a user, a tool or a document supplied marked as
// untrusted: inside those, nothing ever becomes a control token, however it is spelled.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace understudy {

struct PromptText {
  struct Span {
    size_t begin = 0, end = 0;  // bytes [begin, end)
  };
  std::string text;
  std::vector<Span> untrusted;  // ascending, disjoint

  // All of `text` is data.
  static PromptText data(std::string text) {
    PromptText prompt{std::move(text), {}};
    prompt.untrusted.push_back({0, prompt.text.size()});
    return prompt;
  }
  // All of `text` may hold control tokens (a rendered template without user parts; developer-supplied
  // prompts).
  static PromptText trusted(std::string text) { return {std::move(text), {}}; }
};

}  // namespace understudy
