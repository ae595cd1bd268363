// JSON values as text that is equal exactly when the values are: keys in order of their bytes, no white space.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace understudy {

// Numbers keep their kind: 1 and 1.0 differ. The depth of `value` is that of its parser's limit.
std::string canonical_json(const boost::json::value& value);

}  // namespace understudy
