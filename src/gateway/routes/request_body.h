// The JSON object that a request carries.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "gateway/http/message.h"

namespace understudy {

// Errors: another content type, not strict JSON, not an object.
Result<boost::json::object> read_body(const HttpRequest& request);

}  // namespace understudy
