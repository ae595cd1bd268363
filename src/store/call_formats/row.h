// Reading the JSON of others: names that differ between versions, values that are missing, texts that hold JSON.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/call.h"

namespace understudy {

using Names = std::initializer_list<std::string_view>;

// The first of these members that is there and not null; nullptr if there is none.
const boost::json::value* value_at(const boost::json::object& object, Names names);

// The first that is a text and not empty; "" if there is none.
std::string text_at(const boost::json::object& object, Names names);
// The first that is a number (or a text that spells one).
std::optional<double> number_at(const boost::json::object& object, Names names);
// A whole number from 0 on.
std::optional<int64_t> count_at(const boost::json::object& object, Names names);
// Milliseconds since 1970, of ISO 8601 or of a number: seconds, milliseconds, microseconds or nanoseconds, told apart
// by its size.
std::optional<int64_t> time_ms_at(const boost::json::object& object, Names names);
// An array of texts, or JSON text of one; others are left out.
std::vector<std::string> texts_at(const boost::json::object& object, Names names);
// The object there, or the one that a text there holds; nullopt if there is none or it is empty.
std::optional<boost::json::object> object_at(const boost::json::object& object, Names names);

// A text that holds a JSON object or array becomes that; anything else stays as it is.
boost::json::value unwrapped(const boost::json::value& value);

// The call of a request and its response, in the forms of OpenAI's or Anthropic's API: bodies, endpoint, model, usage,
// status, error. A response that is a text is the text of the answer.
Result<Call> call_of_pair(const boost::json::object& request, const boost::json::value& response);

}  // namespace understudy
