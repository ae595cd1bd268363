#include "text/stream_decoder.h"

#include <algorithm>

#include "text/utf8.h"

namespace understudy {

// Knuth-Morris-Pratt, so that a stop string costs O(1) per byte however it repeats itself.
StreamDecoder::Stop::Stop(std::string stop_text) : text(std::move(stop_text)), border(text.size() + 1, 0) {
  for (size_t i = 1; i < text.size(); ++i) {
    size_t k = border[i];
    while (k > 0 && text[i] != text[k]) k = border[k];
    border[i + 1] = text[i] == text[k] ? k + 1 : 0;
  }
}

bool StreamDecoder::Stop::advance(char byte) {
  while (matched > 0 && text[matched] != byte) matched = border[matched];
  if (text[matched] == byte) ++matched;
  return matched == text.size();
}

StreamDecoder::StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, std::vector<std::string> stops)
    : tokenizer_(std::move(tokenizer)) {
  for (const std::string& stop : stops) {
    if (!stop.empty()) stops_.emplace_back(to_valid_utf8(stop));
  }
}

std::string StreamDecoder::push(TokenId id) {
  if (stopped_) return "";
  partial_ += tokenizer_->bytes(id);
  std::string_view rest = partial_;
  while (!rest.empty() && !stopped_) {
    const Utf8Char c = first_utf8_char(rest);
    if (c.state == Utf8Char::State::incomplete) break;
    append(c.state == Utf8Char::State::complete ? rest.substr(0, c.length) : kReplacementCharacter);
    rest.remove_prefix(c.length);
  }
  partial_.erase(0, partial_.size() - rest.size());
  return release();
}

std::string StreamDecoder::finish() {
  if (stopped_) return "";
  if (!partial_.empty()) append(kReplacementCharacter);
  partial_.clear();
  return stopped_ ? release() : std::exchange(held_, "");
}

void StreamDecoder::append(std::string_view character) {
  for (const char byte : character) {
    held_ += byte;
    size_t longest = 0;
    for (Stop& stop : stops_) {
      if (stop.advance(byte)) longest = std::max(longest, stop.text.size());
    }
    if (longest > 0) {
      held_.resize(held_.size() - longest);
      stopped_ = true;
      return;
    }
  }
}

std::string StreamDecoder::release() {
  size_t keep = 0;
  for (const Stop& stop : stops_) keep = std::max(keep, stop.matched);
  if (stopped_) keep = 0;
  std::string ready = held_.substr(0, held_.size() - keep);
  held_.erase(0, ready.size());
  return ready;
}

}  // namespace understudy
