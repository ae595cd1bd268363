#include "text/tool_calls/json_call_scanner.h"

#include <algorithm>

#include "base/json.h"

namespace understudy {

JsonCallScanner::Step JsonCallScanner::push(char byte) {
  const Step step = json_.push(byte);
  if (step == Step::bad) return step;
  text_ += byte;
  if (on_mark()) return step;
  text_.pop_back();
  return Step::bad;
}

// Looks at the members of the outer object only. False: this is no call.
bool JsonCallScanner::on_mark() {
  using Mark = JsonScanner::Mark;
  if (json_.depth() != 1) return true;
  switch (json_.mark()) {
    case Mark::key_begin:
      token_ = text_.size() - 1;
      return true;
    case Mark::key_end:
      return begin_member();
    case Mark::value_begin:
      token_ = text_.size() - 1;
      if (member_ != Member::arguments) return text_.back() == '"';
      arguments_begin_ = token_;
      return text_.back() == '{';
    case Mark::value_end:
      if (member_ != Member::arguments) return end_string();
      arguments_end_ = text_.size();
      return true;
    case Mark::none:
      return true;
  }
  return true;
}

bool JsonCallScanner::begin_member() {
  const std::string_view key = std::string_view(text_).substr(token_);
  if (key == "\"name\"") {
    member_ = Member::name;
    return !name_;
  }
  if (key == "\"arguments\"" || key == "\"parameters\"") {
    member_ = Member::arguments;
    return arguments_begin_ == 0 && (name_ || !name_first_);
  }
  member_ = Member::type;
  return key == "\"type\"" && !typed_;
}

bool JsonCallScanner::end_string() {
  auto value = parse_json(std::string_view(text_).substr(token_));
  if (!value) return false;
  const std::string_view string(value->get_string());
  if (member_ == Member::type) {
    typed_ = true;
    return string == "function";
  }
  name_ = string;
  return !string.empty() && (!names_ || std::find(names_->begin(), names_->end(), string) != names_->end());
}

bool JsonCallScanner::valid() const { return name_ && arguments_end_ > 0 && parse_json(text_).ok(); }

std::string_view JsonCallScanner::arguments() const {
  if (arguments_begin_ == 0) return {};
  const size_t end = arguments_end_ > 0 ? arguments_end_ : text_.size();
  return std::string_view(text_).substr(arguments_begin_, end - arguments_begin_);
}

}  // namespace understudy
