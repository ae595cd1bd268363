#include "grade/read.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "grade/exact.h"
#include "grade/limits.h"

namespace understudy {
namespace {

Status check_size(std::string_view text, const char* what) {
  if (text.size() <= kMaxGradedBytes) return {};
  return Error{ErrorCode::invalid_argument,
               fmt::format("the {} has {} bytes, {} are read at most", what, text.size(), kMaxGradedBytes),
               "", ""};
}

// Cut between UTF-8 characters.
std::string cut(std::string text) {
  if (text.size() <= kMaxShownValueBytes) return text;
  size_t end = kMaxShownValueBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace

Status check_truth_size(std::string_view truth) { return check_size(truth, "truth"); }

Result<boost::json::value> read_graded_json(std::string_view text) {
  RETURN_IF_ERROR(check_size(text, "text"));
  return parse_json(trimmed(text));
}

std::string shown_text(std::string_view text) {
  const std::string start(text.substr(0, kMaxShownValueBytes + 4));  // one character more than is shown
  return cut(boost::json::serialize(boost::json::string_view(start.data(), start.size())));
}

std::string shown_value(const boost::json::value& value) { return cut(boost::json::serialize(value)); }

}  // namespace understudy
