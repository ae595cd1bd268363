#include "text/jinja/text.h"

#include <algorithm>

#include "text/jinja/limits.h"

namespace understudy::jinja {

PromptText slice_bytes(const PromptText& text, size_t begin, size_t end) {
  TextBuilder builder;
  builder.append(text, begin, end);
  return builder.take();
}

PromptText all_untrusted(PromptText text) {
  text.untrusted.clear();
  if (!text.text.empty()) text.untrusted.push_back({0, text.text.size()});
  return text;
}

bool TextBuilder::fits(size_t bytes) {
  if (bytes > kMaxTextBytes - text_.text.size()) overflowed_ = true;
  return !overflowed_;
}

void TextBuilder::mark(size_t begin, size_t end) {
  if (begin == end) return;
  auto& spans = text_.untrusted;
  if (!spans.empty() && spans.back().end == begin) {
    spans.back().end = end;
  } else {
    spans.push_back({begin, end});
  }
}

void TextBuilder::append(const PromptText& piece, size_t begin, size_t end) {
  if (begin >= end || !fits(end - begin)) return;
  const size_t start = text_.text.size();
  text_.text.append(piece.text, begin, end - begin);
  const auto& spans = piece.untrusted;
  auto span = std::partition_point(spans.begin(), spans.end(), [&](const auto& s) { return s.end <= begin; });
  for (; span != spans.end() && span->begin < end; ++span) {
    mark(start + std::max(span->begin, begin) - begin, start + std::min(span->end, end) - begin);
  }
}

void TextBuilder::append(std::string_view piece, bool untrusted) {
  if (!fits(piece.size())) return;
  const size_t start = text_.text.size();
  text_.text.append(piece);
  if (untrusted) mark(start, text_.text.size());
}

}  // namespace understudy::jinja
