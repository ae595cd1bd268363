// What a model is told about the form that its answer must have.
#pragma once

#include <boost/json.hpp>

#include "gateway/routes/response_format.h"

namespace understudy {

// Whether the messages, in the form of read_messages, show the form already: each property of the schema, at any depth, stands
// in quotes in what system or user say, and each string of an enum or const stands somewhere there. A schema that has
// descriptions says more than that, and one of more than 200 such words is not looked for.
bool shows_form(const boost::json::array& messages, const boost::json::value& schema);

// Says in a system message, before what the caller's says, which form the answer must have, unless the messages show it.
// docs/design/locked-output.md has the reasons.
void show_format(boost::json::array& messages, const ResponseFormat& format);

}  // namespace understudy
