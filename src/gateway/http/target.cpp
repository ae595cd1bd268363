#include "gateway/http/target.h"

#include <algorithm>

#include "text/utf8.h"

namespace understudy {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad_target(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what), "request target", ""};
}

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return bad_target("'%' is not followed by two hex digits");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/') return bad_target("the request target must start with '/'");
  size_t question = target.find('?');
  Target result;
  if (question != std::string_view::npos) {
    result.query = target.substr(question + 1);
    RETURN_IF_ERROR(percent_decode(result.query));
    target = target.substr(0, question);
  }
  ASSIGN_OR_RETURN(result.path, percent_decode(target));
  bool control = std::any_of(result.path.begin(), result.path.end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (control) return bad_target("the path holds a control character");
  if (!is_valid_utf8(result.path)) return bad_target("the path is not UTF-8");
  return result;
}

}  // namespace understudy
