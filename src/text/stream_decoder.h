// Token ids -> text for streaming: emits only whole UTF-8 characters, and holds back what may be the start of a stop
// string. Not thread-safe; one per answer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace understudy {

class StreamDecoder {
 public:
  StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, std::vector<std::string> stops);

  // Text that became final with this token (may be empty). Once stopped() it returns "" for ever.
  std::string push(TokenId id);
  // What was held back, at the end of the answer; incomplete UTF-8 becomes U+FFFD. "" when stopped().
  std::string finish();
  // A stop string was found; it and everything after it are not part of the text.
  bool stopped() const { return stopped_; }

 private:
  std::string release(bool final);
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<std::string> stops_;
  std::string pending_;
  bool stopped_ = false;
};

}  // namespace understudy
