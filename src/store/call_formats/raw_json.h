// Bodies inside a line of JSON, byte for byte where that is possible.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "store/call.h"

namespace understudy {

// {..., "request": R, "response": R} on one line: a body that is a JSON object or array stands there as its own text
// (blanks for line ends), any other as a string, with U+FFFD for bytes that are not UTF-8.
std::string with_bodies(const boost::json::object& row, const Call& call);

}  // namespace understudy
