// `response_format` of a chat request.
// Source: https://platform.openai.com/docs/guides/structured-outputs
#pragma once

#include <boost/json.hpp>
#include <string>

#include "base/result.h"
#include "gateway/routes/field_reader.h"

namespace understudy {

struct ResponseFormat {
  enum class Kind { text, json_object, json_schema };
  Kind kind = Kind::text;
  // Of json_schema:
  std::string name;
  boost::json::value schema;
  bool strict = false;
  // Ours: the model may say instead that it does not know; the answer then is a refusal.
  bool abstain = false;
};

// What a model writes where `abstain` lets it.
inline constexpr std::string_view kAbstention = "I don't know.";

// Errors name the field. With strict, OpenAI's further rules hold: every object says additionalProperties: false and
// requires all its properties.
Result<ResponseFormat> read_response_format(FieldReader& fields);

// OpenAI's rules for a strict schema; `field` is what holds it.
Status check_strict_schema(const boost::json::value& schema, std::string_view field);

}  // namespace understudy
