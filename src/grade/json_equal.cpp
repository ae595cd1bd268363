#include "grade/json_equal.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "grade/limits.h"
#include "grade/read.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool is_integer(const json::value& value) { return value.is_int64() || value.is_uint64(); }

bool same_integer(const json::value& a, const json::value& b) {
  if (a.is_int64() && b.is_int64()) return a.get_int64() == b.get_int64();
  if (a.is_uint64() && b.is_uint64()) return a.get_uint64() == b.get_uint64();
  return a.is_int64() ? std::cmp_equal(a.get_int64(), b.get_uint64())
                      : std::cmp_equal(a.get_uint64(), b.get_int64());
}

// Whether a double is exactly this integer.
bool is_exactly(double number, const json::value& integer) {
  if (std::trunc(number) != number) return false;
  if (number >= -0x1p63 && number < 0x1p63)
    return same_integer(json::value(static_cast<int64_t>(number)), integer);
  return number >= 0 && number < 0x1p64 && same_integer(json::value(static_cast<uint64_t>(number)), integer);
}

bool same_number(const json::value& a, const json::value& b) {
  if (is_integer(a)) return is_integer(b) ? same_integer(a, b) : is_exactly(b.get_double(), a);
  return is_integer(b) ? is_exactly(a.get_double(), b) : a.get_double() == b.get_double();
}

// Differences of two values in document order. Depth is that of the values, which the parser bounds.
class Comparison {
 public:
  explicit Comparison(size_t limit) : limit_(limit) {}

  void compare(const std::string& path, const json::value& answer, const json::value& truth) {
    if (full()) return;
    if (answer.is_number() && truth.is_number()) {
      if (!same_number(answer, truth)) differ(path, answer, truth);
    } else if (answer.is_object() && truth.is_object()) {
      compare_objects(path, answer.get_object(), truth.get_object());
    } else if (answer.is_array() && truth.is_array()) {
      compare_arrays(path, answer.get_array(), truth.get_array());
    } else if (answer != truth) {
      differ(path, answer, truth);
    }
  }

  std::vector<JsonDifference> take() { return std::move(found_); }

 private:
  bool full() const { return found_.size() >= limit_; }

  void add(std::string path, std::string what) {
    if (!full()) found_.push_back({std::move(path), std::move(what)});
  }

  void differ(const std::string& path, const json::value& answer, const json::value& truth) {
    add(path, fmt::format("expected {}, found {}", shown_value(truth), shown_value(answer)));
  }

  void compare_objects(const std::string& path, const json::object& answer, const json::object& truth) {
    for (const auto& [key, expected] : truth) {
      if (full()) return;
      const std::string at = json_pointer(path, key);
      if (const json::value* found = answer.if_contains(key)) {
        compare(at, *found, expected);
      } else {
        add(at, "is missing");
      }
    }
    for (const auto& [key, found] : answer) {
      if (full()) return;
      if (!truth.contains(key)) add(json_pointer(path, key), "is extra");
    }
  }

  void compare_arrays(const std::string& path, const json::array& answer, const json::array& truth) {
    if (answer.size() != truth.size()) {
      return add(path, fmt::format("expected {} elements, found {}", truth.size(), answer.size()));
    }
    for (size_t i = 0; i < truth.size() && !full(); i++) {
      compare(json_pointer(path, std::to_string(i)), answer[i], truth[i]);
    }
  }

  size_t limit_;
  std::vector<JsonDifference> found_;
};

}  // namespace

std::string json_pointer(std::string_view path, std::string_view key) {
  std::string pointer = std::string(path) + "/";
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

std::vector<JsonDifference> json_differences(const json::value& answer, const json::value& truth,
                                             size_t limit) {
  Comparison comparison(limit);
  comparison.compare("", answer, truth);
  return comparison.take();
}

std::string differences_text(const std::vector<JsonDifference>& differences) {
  std::string text;
  for (const JsonDifference& difference : differences) {
    const bool sentence = difference.what.starts_with("is ");
    text += fmt::format("{}{}{}{}", text.empty() ? "" : "; ",
                        difference.path.empty() ? "the value" : difference.path, sentence ? " " : ": ",
                        difference.what);
  }
  return text;
}

Result<Grade> grade_json(std::string_view answer, std::string_view truth, const GradeOptions&) {
  auto expected = read_graded_json(truth);
  if (!expected.ok())
    return Error{ErrorCode::invalid_argument, "the truth: " + expected.error().message(), "", ""};
  auto found = read_graded_json(answer);
  if (!found.ok()) return malformed_answer(found.error().message());
  const auto differences = json_differences(*found, *expected, kMaxNamedDifferences);
  return differences.empty() ? right_answer() : wrong_answer(differences_text(differences));
}

}  // namespace understudy
