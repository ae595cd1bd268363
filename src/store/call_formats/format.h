// The forms that calls have in files: one JSON object a line (JSONL), one file of code a form.
//
//   calls      every field of a Call, as `understudy calls export` writes it
//   flywheel   {timestamp, workload_id, client_id, request, response} of NVIDIA's data flywheel
//   litellm    LiteLLM's spend logs and its StandardLoggingPayload
//   langfuse   Langfuse's observations, from its API or its export to blob storage
//   pairs      {"request": ..., "response": ...}
//   messages   {"messages": [...]}: the rows that OpenAI fine-tunes on
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/call.h"

namespace understudy {

struct CallFormat {
  std::string_view name;
  std::string_view about;
  // Whether a row has the form's marks; read() may still find it broken.
  bool (*matches)(const boost::json::object& row);
  // nullopt: a row of that form that is no call of a model (a span, an image). What the row does not say stays
  // empty: id, time_ms 0, import_key.
  Result<std::optional<Call>> (*read)(const boost::json::object& row);
  // One line, without its end; nullptr if the form is only read. Error{unsupported} if the form cannot say this call.
  Result<std::string> (*write)(const Call& call);
};

extern const CallFormat kCallsFormat, kFlywheelFormat, kLitellmFormat, kLangfuseFormat, kPairsFormat,
    kMessagesFormat;

// In the order in which a row is tried.
std::span<const CallFormat* const> call_formats();

// Error{invalid_argument} naming those that there are.
Result<const CallFormat*> call_format_named(std::string_view name);

}  // namespace understudy
