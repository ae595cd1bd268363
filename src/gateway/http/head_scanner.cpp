#include "gateway/http/head_scanner.h"

#include <algorithm>

#include "gateway/http/message.h"

namespace understudy {
namespace {

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

// RFC 9110 section 5.6.2
bool is_token_char(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

HeadScanner::State HeadScanner::bad(std::string_view problem) {
  problem_ = problem;
  return State::bad;
}

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  for (; scanned_ < bytes.size(); ++scanned_) {
    char c = bytes[scanned_];
    if (c == '\r') {
      if (scanned_ + 1 == bytes.size()) return State::incomplete;  // looked at again with its successor
      if (bytes[scanned_ + 1] != '\n') return bad("a carriage return without a line feed");
      bool empty_line = scanned_ == line_begin_;
      scanned_ += 2;
      line_begin_ = scanned_;
      if (empty_line) return check_lines(bytes.substr(0, scanned_));
      --scanned_;  // the loop steps on
    } else if (c == '\n') {
      return bad("a line feed without a carriage return");
    } else if (is_control(c)) {
      return bad("a control character in the request head");
    } else if ((c == ' ' || c == '\t') && scanned_ == line_begin_) {
      return bad("a folded header line or a line that starts with white space");
    }
  }
  return State::incomplete;
}

HeadScanner::State HeadScanner::check_lines(std::string_view head) {
  size_t end = head.find("\r\n");
  std::string_view request_line = head.substr(0, end);
  if (request_line.empty()) return bad("an empty line in front of the request");
  if (std::any_of(request_line.begin(), request_line.end(), [](char c) { return c == '\t' || (c & 0x80); })) {
    return bad("a request line with characters outside ASCII");
  }
  if (std::count(request_line.begin(), request_line.end(), ' ') != 2) {
    return bad("a request line that is not METHOD TARGET VERSION");
  }
  version_1_0_ = request_line.ends_with(" HTTP/1.0");
  if (!version_1_0_ && !request_line.ends_with(" HTTP/1.1"))
    return bad("an HTTP version other than 1.0 or 1.1");
  while (end + 4 < head.size()) {
    size_t begin = end + 2;
    end = head.find("\r\n", begin);
    if (check_field(head.substr(begin, end - begin)) == State::bad) return State::bad;
  }
  if (hosts_ != 1) return bad(hosts_ == 0 ? "no Host header" : "more than one Host header");
  if (content_lengths_ > 1) return bad("more than one Content-Length header");
  if (transfer_encodings_ > 1) return bad("more than one Transfer-Encoding header");
  if (content_lengths_ && transfer_encodings_) return bad("both Content-Length and Transfer-Encoding");
  if (transfer_encodings_ && version_1_0_) return bad("Transfer-Encoding in an HTTP/1.0 request");
  return State::complete;
}

HeadScanner::State HeadScanner::check_field(std::string_view line) {
  size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return bad("a header line without a name");
  std::string_view name = line.substr(0, colon), value = trim(line.substr(colon + 1));
  if (!std::all_of(name.begin(), name.end(), is_token_char)) {
    return bad("a header name with a space or another character that is not allowed");
  }
  if (equal_ignoring_case(name, "host")) ++hosts_;
  if (equal_ignoring_case(name, "content-length")) {
    ++content_lengths_;
    bool digits = std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (value.empty() || !digits) return bad("a Content-Length that is not a number");
  }
  if (equal_ignoring_case(name, "transfer-encoding")) {
    ++transfer_encodings_;
    if (!equal_ignoring_case(value, "chunked")) return bad("a Transfer-Encoding other than chunked");
  }
  return State::complete;
}

}  // namespace understudy
