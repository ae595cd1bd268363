#include "base/json.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace understudy {

namespace {

namespace json = boost::json;
using boost::system::error_code;

constexpr size_t kMaxShownKeyBytes = 100;

// A key for an error message: quoted, escaped, cut between UTF-8 characters.
std::string shown(std::string_view key) {
  if (key.size() <= kMaxShownKeyBytes) return json::serialize(json::string_view(key.data(), key.size()));
  size_t end = kMaxShownKeyBytes;
  while (end > 0 && (static_cast<unsigned char>(key[end]) & 0xC0) == 0x80) --end;
  return json::serialize(json::string_view(key.data(), end)) + "...";
}

// Builds the value as Boost's own handler does, and refuses what it lets pass. The names and sizes are those
// of the Handler concept of json::basic_parser.
class StrictHandler {
 public:
  static constexpr size_t max_object_size = json::object::max_size();
  static constexpr size_t max_array_size = json::array::max_size();
  static constexpr size_t max_key_size = json::string::max_size();
  static constexpr size_t max_string_size = json::string::max_size();

  bool on_document_begin(error_code&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code&) {
    open_objects_.emplace_back();
    return true;
  }
  bool on_object_end(size_t size, error_code&) {
    open_objects_.pop_back();
    stack_.push_object(size);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(size_t size, error_code&) {
    stack_.push_array(size);
    return true;
  }

  bool on_key_part(json::string_view part, size_t, error_code&) {
    key_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, size_t, error_code& ec) {
    key_.append(part.data(), part.size());
    if (!open_objects_.back().insert(key_).second) {
      return refuse(fmt::format("duplicate key {}", shown(key_)), ec);
    }
    key_.clear();
    stack_.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, size_t, error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, size_t, error_code&) {
    stack_.push_string(part);
    return true;
  }

  // The text is never split, so a number has no parts.
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(int64_t value, json::string_view, error_code&) {
    stack_.push_int64(value);
    return true;
  }
  bool on_uint64(uint64_t value, json::string_view, error_code&) {
    stack_.push_uint64(value);
    return true;
  }
  bool on_double(double, json::string_view digits, error_code& ec) {
    double value = 0;
    if (std::from_chars(digits.begin(), digits.end(), value).ec != std::errc()) {
      return refuse("a number outside the range of a double", ec);
    }
    stack_.push_double(value);
    return true;
  }
  bool on_bool(bool value, error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  const std::optional<std::string>& refusal() const { return refusal_; }
  json::value release() { return stack_.release(); }

 private:
  bool refuse(std::string what, error_code& ec) {
    refusal_ = std::move(what);
    ec = json::make_error_code(json::error::exception);
    return false;
  }

  json::value_stack stack_;
  // Keys seen so far in every object that is open. Ordered, so that nobody can flood a hash table.
  std::vector<std::set<std::string>> open_objects_;
  std::string key_;
  std::optional<std::string> refusal_;
};

Result<json::value> parse(std::string_view text, JsonLimits limits) {
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::basic_parser<StrictHandler> parser(options);
  error_code ec;
  size_t end = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && end < text.size()) ec = json::error::extra_data;
  if (!ec) return parser.handler().release();

  std::string what = parser.handler().refusal().value_or(ec.message());
  if (ec == json::error::too_deep) what = fmt::format("nested deeper than {} levels", limits.max_depth);
  return Error{ErrorCode::invalid_argument, "invalid JSON: " + what, fmt::format("byte {}", end), ""};
}

}  // namespace

Result<json::value> parse_json(std::string_view text, JsonLimits limits) {
  try {
    return parse(text, limits);
  } catch (const std::exception& e) {  // out of memory, or a size limit of Boost.JSON
    return Error{ErrorCode::exhausted, std::string("cannot hold this JSON: ") + e.what(), "", ""};
  }
}

}  // namespace understudy
