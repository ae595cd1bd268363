// FieldReader: typed access to the fields of a JSON request, with OpenAI's rules: null means absent, a wrong
// type or a value out of range is an error that names the field, and so is a field that nobody asked for.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy {

// Error{invalid_argument} about one field.
Error field_error(std::string_view field, std::string what);

class FieldReader {
 public:
  struct Range {
    double low = 0, high = 0;
    bool low_excluded = false;
  };

  // `prefix` stands before field names in errors ("messages[2]."). `object` must outlive the reader.
  explicit FieldReader(const boost::json::object& object, std::string prefix = "")
      : object_(object), prefix_(std::move(prefix)) {}

  // nullptr when absent or null. The field counts as known from now on.
  const boost::json::value* find(std::string_view field);
  std::string path(std::string_view field) const { return prefix_ + std::string(field); }

  Result<bool> boolean(std::string_view field, bool fallback);
  Result<double> number(std::string_view field, double fallback, Range range);
  // Whole numbers only; 1.0 is not one.
  Result<int64_t> integer(std::string_view field, int64_t fallback, int64_t low, int64_t high);
  Result<std::string> string(std::string_view field, std::string fallback);

  // These fields may be present with any value.
  void ignore(const std::vector<std::string_view>& fields);
  // Error{unsupported} if one of these is present and says something.
  Status refuse(const std::vector<std::string_view>& fields);
  // Error if a field was present that none of the calls above named.
  Status finish() const;

 private:
  const boost::json::object& object_;
  std::string prefix_;
  std::set<std::string_view> known_;
};

}  // namespace understudy
