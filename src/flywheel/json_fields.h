// Members of stored JSON objects, where a missing or wrong one is a damaged file.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

// Reads members one after the other and remembers the first that is missing or of the wrong type; what is read after it
// is empty. `what` names the kind of file ("a specialist's manifest").
class JsonFields {
 public:
  JsonFields(const boost::json::value& value, std::string what);

  std::string text(std::string_view member);
  double number(std::string_view member);
  int64_t integer(std::string_view member);
  std::optional<double> number_or_null(std::string_view member);
  boost::json::object object(std::string_view member);
  boost::json::array array(std::string_view member);
  // Marks a member as wrong although it could be read.
  void refuse(std::string_view member);

  // Error{corrupt} naming the member.
  Status status() const;

 private:
  const boost::json::value* find(std::string_view member);

  boost::json::object object_;
  std::string what_;
  std::optional<std::string> wrong_;
};

}  // namespace understudy
