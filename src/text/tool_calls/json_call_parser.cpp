#include "text/tool_calls/json_call_parser.h"

#include <utility>

#include "text/tool_calls/json_call_scanner.h"

namespace understudy {
namespace {

using Kind = ToolCallEvent::Kind;
using Step = JsonCallScanner::Step;

constexpr std::string_view kSpace = " \t\n\r";

bool is_space(char byte) { return kSpace.find(byte) != kSpace.npos; }

class JsonCallParser final : public ToolCallParser {
 public:
  JsonCallParser(JsonCallMarks marks, ToolCallParserOptions options)
      : marks_(marks), options_(std::move(options)) {}

  std::vector<ToolCallEvent> push(std::string_view text) override {
    for (const char byte : text) take(byte);
    return std::exchange(events_, {});
  }
  std::vector<ToolCallEvent> finish(bool truncated) override;

 private:
  enum class State { text, opened, call, between };

  void take(char byte);
  void take_text(char byte);
  void take_opened(char byte);
  void take_call(char byte);
  void take_between(char byte);
  void take_in_list(char byte);
  void open_group(bool marked);
  void open_call();
  void close_call();
  void close_group();
  void give_arguments();
  void give_up();
  void leave_group(char byte);
  void emit(Kind kind, std::string_view text);
  void emit_text(std::string_view text);
  void count_lines(char byte);

  JsonCallMarks marks_;
  ToolCallParserOptions options_;
  std::vector<ToolCallEvent> events_;
  State state_ = State::text;
  // Text that is neither content nor part of a call yet: white space, a marker or its beginning, what stands
  // between calls. The call itself is in call_.
  std::string held_;
  size_t matched_ = 0;       // bytes of the marker or the closing tag that held_ ends with
  bool line_start_ = true;   // nothing but white space so far on this line
  bool after_call_ = false;  // nothing but white space since a group of calls

  bool marked_ = false;     // the group has its marker
  bool in_list_ = false;    // inside a JSON list
  bool list_over_ = false;  // only the closing tag may follow
  bool separated_ = false;  // by a "," in a list, a ";" outside
  size_t calls_in_group_ = 0;
  JsonCallScanner call_;
  size_t index_ = 0;
  bool begun_ = false;  // the call's `begin` was given out
  size_t given_ = 0;    // bytes of its arguments that were
};

void JsonCallParser::emit(Kind kind, std::string_view text) {
  if (!events_.empty() && events_.back().kind == kind && (kind == Kind::text || kind == Kind::arguments)) {
    events_.back().text += text;
  } else {
    events_.push_back({kind, kind == Kind::text ? 0 : index_, std::string(text)});
  }
}

void JsonCallParser::emit_text(std::string_view text) {
  if (text.empty()) return;
  after_call_ = false;
  emit(Kind::text, text);
}

void JsonCallParser::count_lines(char byte) {
  if (byte == '\n') line_start_ = true;
  if (!is_space(byte)) line_start_ = false;
}

void JsonCallParser::take(char byte) {
  switch (state_) {
    case State::text:
      return take_text(byte);
    case State::opened:
      return take_opened(byte);
    case State::call:
      return take_call(byte);
    case State::between:
      return in_list_ ? take_in_list(byte) : take_between(byte);
  }
}

void JsonCallParser::take_text(char byte) {
  if (!marks_.marker.empty()) {
    if (byte != marks_.marker[matched_] && matched_ > 0) {
      emit_text(std::exchange(held_, ""));
      matched_ = 0;
    }
    if (byte == marks_.marker[matched_]) {
      held_ += byte;
      line_start_ = false;
      if (++matched_ == marks_.marker.size()) open_group(true);
      return;
    }
  }
  if (line_start_ && (byte == '{' || byte == '[')) {
    open_group(false);
    return take_opened(byte);
  }
  count_lines(byte);
  held_ += byte;
  if (!is_space(byte) || held_.size() > kMaxToolCallBytes) emit_text(std::exchange(held_, ""));
}

void JsonCallParser::open_group(bool marked) {
  state_ = State::opened;
  marked_ = marked;
  matched_ = calls_in_group_ = 0;
  in_list_ = list_over_ = separated_ = false;
}

void JsonCallParser::take_opened(char byte) {
  if (byte == '{') {
    open_call();
    return take_call(byte);
  }
  if ((is_space(byte) || (byte == '[' && !in_list_)) && held_.size() < kMaxToolCallBytes) {
    in_list_ = in_list_ || byte == '[';
    held_ += byte;
    return;
  }
  give_up();
  take_text(byte);
}

void JsonCallParser::open_call() {
  state_ = State::call;
  call_ = JsonCallScanner(marked_ || options_.names.empty() ? nullptr : &options_.names, options_.name_first);
  begun_ = false;
  given_ = 0;
}

void JsonCallParser::take_call(char byte) {
  const Step step = call_.text().size() < kMaxToolCallBytes ? call_.push(byte) : Step::bad;
  if (step == Step::bad) {
    give_up();
    return take_text(byte);
  }
  if (options_.stream_arguments) give_arguments();
  if (step == Step::end) close_call();
}

void JsonCallParser::give_arguments() {
  const std::string_view arguments = call_.arguments();
  if (!call_.name() || arguments.size() == given_) return;
  if (!begun_) emit(Kind::begin, *call_.name());
  begun_ = true;
  emit(Kind::arguments, arguments.substr(given_));
  given_ = arguments.size();
}

void JsonCallParser::close_call() {
  if (!call_.valid()) return give_up();
  give_arguments();
  emit(Kind::end, "");
  ++index_;
  ++calls_in_group_;
  call_ = JsonCallScanner();
  held_.clear();
  matched_ = 0;
  separated_ = false;
  begun_ = false;
  state_ = State::between;
}

// What was held is no call, but for the white space that it ends with, which may stand before one.
void JsonCallParser::give_up() {
  const std::string text = std::exchange(held_, "") + call_.text();
  call_ = JsonCallScanner();
  state_ = State::text;
  matched_ = 0;
  if (std::exchange(begun_, false)) {
    emit(Kind::incomplete, "");
    ++index_;
    return;
  }
  for (const char byte : text) count_lines(byte);
  const size_t end = text.find_last_not_of(kSpace) + 1;
  emit_text(std::string_view(text).substr(0, end));
  held_ = text.substr(end);
}

void JsonCallParser::take_between(char byte) {
  const std::string_view close = marked_ ? marks_.close : "";
  if (matched_ < close.size() && byte == close[matched_]) {
    held_ += byte;
    if (++matched_ == close.size()) close_group();
    return;
  }
  if (matched_ == 0 && byte == '{' && !list_over_) {
    open_call();
    return take_call(byte);
  }
  const bool separates = byte == ';' && !list_over_ && !separated_;
  if (matched_ > 0 || (!separates && !is_space(byte)) || held_.size() >= kMaxToolCallBytes) {
    return leave_group(byte);
  }
  separated_ = separated_ || separates;
  held_ += byte;
}

void JsonCallParser::take_in_list(char byte) {
  if (byte == ']' && !separated_) {
    in_list_ = false;
    list_over_ = true;
    held_.clear();
    if (!marked_ || marks_.close.empty()) close_group();
  } else if (byte == '{' && separated_) {
    open_call();
    take_call(byte);
  } else if ((is_space(byte) || (byte == ',' && !separated_)) && held_.size() < kMaxToolCallBytes) {
    separated_ = separated_ || byte == ',';
    held_ += byte;
  } else {
    leave_group(byte);
  }
}

void JsonCallParser::close_group() {
  held_.clear();
  matched_ = 0;
  state_ = State::text;
  line_start_ = false;
  after_call_ = true;
}

// What was held since the last call is text, and may be the beginning of another group.
void JsonCallParser::leave_group(char byte) {
  const std::string text = std::exchange(held_, "");
  close_group();
  for (const char earlier : text) take_text(earlier);
  take(byte);
}

std::vector<ToolCallEvent> JsonCallParser::finish(bool truncated) {
  if (state_ == State::opened || state_ == State::call) {
    // Without a marker, it is the name that shows a call.
    const bool is_call = marked_ || calls_in_group_ > 0 || call_.name();
    if (!truncated || !is_call || begun_) {
      give_up();
    } else {
      emit(Kind::incomplete, std::exchange(held_, "") + call_.text());
    }
  } else if (state_ == State::between) {
    held_.clear();
  }
  const bool only_space = held_.find_first_not_of(kSpace) == held_.npos;
  if (!after_call_ || !only_space) emit_text(held_);
  return std::exchange(events_, {});
}

}  // namespace

std::unique_ptr<ToolCallParser> make_json_call_parser(JsonCallMarks marks, ToolCallParserOptions options) {
  return std::make_unique<JsonCallParser>(marks, std::move(options));
}

}  // namespace understudy
