// Token ids -> text for streaming: emits only whole UTF-8 characters, and holds back what may be the start of
// a stop string. The answer ends with the stop string that is complete first (of several complete at the same
// byte, the longest counts), so how the text falls into tokens makes no difference. What is not UTF-8 becomes
// U+FFFD as in Tokenizer::decode; without stops, all texts together are the decode of all ids. Control tokens
// have no text. Not thread-safe; one per answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace understudy {

class StreamDecoder {
 public:
  // Empty stop strings are ignored.
  StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, std::vector<std::string> stops);

  // Text that became final with this token (may be empty). Once stopped() it returns "" for ever.
  std::string push(TokenId id);
  // What was held back, at the end of the answer; incomplete UTF-8 becomes U+FFFD. "" when stopped().
  std::string finish();
  // A stop string was found; it and everything after it are not part of the text.
  bool stopped() const { return stopped_; }

 private:
  struct Stop {
    explicit Stop(std::string stop_text);
    bool advance(char byte);  // whether the stop is now complete

    std::string text;
    std::vector<size_t>
        border;          // of each prefix: the length of its longest proper prefix that is also its suffix
    size_t matched = 0;  // bytes of `text` that the text so far ends with
  };

  void append(std::string_view character);
  std::string release();

  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<Stop> stops_;
  std::string partial_;  // bytes of an incomplete character
  std::string held_;     // whole characters that may be the start of a stop string
  bool stopped_ = false;
};

}  // namespace understudy
