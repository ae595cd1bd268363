// One call as a JSON object that comes byte by byte: {"name": NAME, "arguments": {...}}, in any order, with
// "parameters" for "arguments" and a "type" of "function" allowed: models mix the keys of their own format
// with those of the tools in their prompt. Any other key, value or spelling of a key is no call, which shows
// at its last byte at the latest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tool_calls/json_scanner.h"

namespace understudy {

class JsonCallScanner {
 public:
  using Step = JsonScanner::Step;

  // `names`: the only names of calls, nullptr if any will do; must outlive the scanner. `name_first`: no arguments before
  // the name.
  explicit JsonCallScanner(const std::vector<std::string>* names = nullptr, bool name_first = false)
      : names_(names), name_first_(name_first) {}

  // As JsonScanner::push, from the object's brace on; `bad` leaves the byte out of text(). After `end`,
  // valid() tells whether this is a call.
  Step push(char byte);
  bool valid() const;

  const std::string& text() const { return text_; }                 // all bytes so far
  const std::optional<std::string>& name() const { return name_; }  // once it is complete
  std::string_view arguments() const;                               // their bytes so far

 private:
  enum class Member { name, arguments, type };

  bool on_mark();
  bool begin_member();
  bool end_string();

  const std::vector<std::string>* names_;
  bool name_first_;
  JsonScanner json_;
  std::string text_;
  size_t token_ = 0;  // where the last key or string of the outer object begins
  std::optional<Member> member_;
  std::optional<std::string> name_;
  bool typed_ = false;
  size_t arguments_begin_ = 0, arguments_end_ = 0;  // a begin of 0: none yet; an end of 0: still open
};

}  // namespace understudy
