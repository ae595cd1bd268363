// Members of a JSON object that may be missing, null or of another type: then there is nothing.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "formats/limits.h"

namespace understudy {

// A member that is there and not null.
const boost::json::value* member_of(const boost::json::object& object, std::string_view key);
const boost::json::object* object_of(const boost::json::object& object, std::string_view key);
std::string_view text_of(const boost::json::object& object, std::string_view key);
bool flag_of(const boost::json::object& object, std::string_view key, bool fallback);

// For messages: the JSON text, cut; "none" for nothing.
std::string shown_json(const boost::json::value* value);

}  // namespace understudy
