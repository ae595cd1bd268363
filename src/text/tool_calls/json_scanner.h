// JSON that comes byte by byte: says at once which byte breaks it and which one ends it. For text whose end
// is not known; parse_json() has the last word on what only the whole shows (duplicate keys, UTF-8,
// surrogates, the range of numbers). No recursion; O(1) per byte and in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace understudy {

class JsonScanner {
 public:
  static constexpr size_t kMaxDepth = 64;  // JsonLimits' default

  enum class Step { more, end, bad };
  enum class Mark { none, key_begin, key_end, value_begin, value_end };

  // The next byte of an object or array, from its bracket on. `end`: it closes it. `bad`: no JSON goes on
  // like this. Nothing may be pushed after either.
  Step push(char byte);
  // What the last byte was. Quotes belong to keys and strings; scalars other than strings have no value_end.
  Mark mark() const { return mark_; }
  // Containers open before the last byte when it was a value_begin, after it when a value_end.
  size_t depth() const { return mark_ == Mark::value_begin ? value_depth_ : depth_; }

 private:
  enum class State {
    value,
    first_item,  // or the end of the array
    first_key,   // or the end of the object
    key,
    colon,
    after_value,
    string,
    escape,
    hex,
    literal,
    minus,
    zero,
    integer,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
  };

  Step go(State state);
  Step begin_value(char byte);
  Step open(bool array);
  Step close(bool array);
  Step begin_string(bool key);
  Step string_byte(char byte);
  Step in_number(char byte);
  Step after_value(char byte);
  bool in_array() const { return containers_ >> (depth_ - 1) & 1; }

  State state_ = State::value;
  Mark mark_ = Mark::none;
  uint64_t containers_ = 0;  // bit d - 1: whether the container of depth d is an array
  size_t depth_ = 0, value_depth_ = 0;
  bool key_ = false;  // the string is a key
  int hex_left_ = 0;
  std::string_view literal_left_;
};

}  // namespace understudy
