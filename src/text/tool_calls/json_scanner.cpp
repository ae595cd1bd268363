#include "text/tool_calls/json_scanner.h"

namespace understudy {
namespace {

bool is_space(char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_hex(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

}  // namespace

JsonScanner::Step JsonScanner::push(char byte) {
  mark_ = Mark::none;
  if (state_ == State::string || state_ == State::escape || state_ == State::hex) return string_byte(byte);
  if (state_ == State::literal) {
    if (byte != literal_left_.front()) return Step::bad;
    literal_left_.remove_prefix(1);
    return go(literal_left_.empty() ? State::after_value : State::literal);
  }
  if (state_ >= State::minus) return in_number(byte);
  if (is_space(byte) && depth_ > 0) return Step::more;
  switch (state_) {
    case State::first_item:
      return byte == ']' ? close(true) : begin_value(byte);
    case State::first_key:
      if (byte == '}') return close(false);
      [[fallthrough]];
    case State::key:
      return byte == '"' ? begin_string(true) : Step::bad;
    case State::colon:
      return byte == ':' ? go(State::value) : Step::bad;
    case State::after_value:
      return after_value(byte);
    default:
      return begin_value(byte);
  }
}

JsonScanner::Step JsonScanner::go(State state) {
  state_ = state;
  return Step::more;
}

JsonScanner::Step JsonScanner::begin_value(char byte) {
  mark_ = Mark::value_begin;
  value_depth_ = depth_;
  if (byte == '{' || byte == '[') return open(byte == '[');
  if (depth_ == 0) return Step::bad;
  switch (byte) {
    case '"':
      return begin_string(false);
    case '-':
      return go(State::minus);
    case '0':
      return go(State::zero);
    case 't':
      literal_left_ = "rue";
      return go(State::literal);
    case 'f':
      literal_left_ = "alse";
      return go(State::literal);
    case 'n':
      literal_left_ = "ull";
      return go(State::literal);
    default:
      return is_digit(byte) ? go(State::integer) : Step::bad;
  }
}

JsonScanner::Step JsonScanner::open(bool array) {
  if (depth_ == kMaxDepth) return Step::bad;
  const uint64_t bit = uint64_t{1} << depth_;
  containers_ = array ? containers_ | bit : containers_ & ~bit;
  ++depth_;
  return go(array ? State::first_item : State::first_key);
}

JsonScanner::Step JsonScanner::close(bool array) {
  if (in_array() != array) return Step::bad;
  mark_ = Mark::value_end;
  --depth_;
  state_ = State::after_value;
  return depth_ == 0 ? Step::end : Step::more;
}

JsonScanner::Step JsonScanner::begin_string(bool key) {
  if (key) mark_ = Mark::key_begin;
  key_ = key;
  return go(State::string);
}

JsonScanner::Step JsonScanner::string_byte(char byte) {
  if (state_ == State::hex) {
    if (!is_hex(byte)) return Step::bad;
    return go(--hex_left_ > 0 ? State::hex : State::string);
  }
  if (state_ == State::escape) {
    hex_left_ = 4;
    if (byte == 'u') return go(State::hex);
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    return kEscapes.find(byte) == kEscapes.npos ? Step::bad : go(State::string);
  }
  if (byte == '\\') return go(State::escape);
  if (static_cast<unsigned char>(byte) < 0x20) return Step::bad;
  if (byte != '"') return Step::more;
  mark_ = key_ ? Mark::key_end : Mark::value_end;
  return go(key_ ? State::colon : State::after_value);
}

// A number ends with the byte behind it.
JsonScanner::Step JsonScanner::in_number(char byte) {
  const bool sign = byte == '+' || byte == '-', exponent = byte == 'e' || byte == 'E';
  switch (state_) {
    case State::minus:
      if (byte == '0') return go(State::zero);
      return is_digit(byte) ? go(State::integer) : Step::bad;
    case State::point:
      return is_digit(byte) ? go(State::fraction) : Step::bad;
    case State::exponent:
      if (sign) return go(State::exponent_sign);
      [[fallthrough]];
    case State::exponent_sign:
      return is_digit(byte) ? go(State::exponent_digits) : Step::bad;
    default:
      break;
  }
  if (is_digit(byte) && state_ != State::zero) return Step::more;
  if (exponent && state_ != State::exponent_digits) return go(State::exponent);
  if (byte == '.' && (state_ == State::zero || state_ == State::integer)) return go(State::point);
  state_ = State::after_value;
  return is_space(byte) ? Step::more : after_value(byte);
}

JsonScanner::Step JsonScanner::after_value(char byte) {
  if (byte == ',') return go(in_array() ? State::value : State::key);
  if (byte == '}' || byte == ']') return close(byte == ']');
  return Step::bad;
}

}  // namespace understudy
