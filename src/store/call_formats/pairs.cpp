// {"request": ..., "response": ...}: what went to an OpenAI endpoint and what came back, as objects or as JSON texts.
// Beside them a row may say id (which makes a row once imported known again), timestamp, project, session, tags and
// origin; without a timestamp the response's `created` counts.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "store/call_formats/format.h"
#include "store/call_formats/raw_json.h"
#include "store/call_formats/row.h"
#include "store/iso_time.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool matches(const json::object& row) { return row.contains("request") && row.contains("response"); }

Result<std::optional<Call>> read(const json::object& row) {
  const auto request = object_at(row, {"request"});
  if (!request) return Error{ErrorCode::invalid_argument, "the request is not an object", "request", ""};
  ASSIGN_OR_RETURN(Call call, call_of_pair(*request, unwrapped(row.at("response"))));
  call.time_ms = time_ms_at(row, {"timestamp", "time", "created_at"}).value_or(call.time_ms);
  call.project = text_at(row, {"project"});
  call.session = text_at(row, {"session"});
  call.tags = texts_at(row, {"tags"});
  if (const std::string id = text_at(row, {"id"}); !id.empty()) call.import_key = "pairs:" + id;
  const std::string origin = text_at(row, {"origin"});
  const auto known = origin.empty() ? Origin::incumbent : origin_named(origin);
  if (!known || *known == Origin::person) {
    return Error{ErrorCode::invalid_argument, fmt::format("'{}' is neither incumbent nor local", origin),
                 "origin", ""};
  }
  call.origin = *known;
  return std::optional(std::move(call));
}

// A person's answer looks like the incumbent's here: it is what the answer should have been.
Result<std::string> write(const Call& call) {
  if (call.request.empty()) return Error{ErrorCode::unsupported, "the call has no request", call.id, ""};
  json::object row{{"id", call.id}, {"timestamp", iso_of_ms(call.time_ms)}};
  if (!call.project.empty()) row["project"] = call.project;
  if (!call.session.empty()) row["session"] = call.session;
  for (const std::string& tag : call.tags) {
    json::value& tags = row["tags"];
    if (!tags.is_array()) tags.emplace_array();
    tags.get_array().emplace_back(json::string(tag));
  }
  const auto origin = name_of(call.origin == Origin::person ? Origin::incumbent : call.origin);
  row["origin"] = json::string_view(origin.data(), origin.size());
  return with_bodies(row, call);
}

}  // namespace

const CallFormat kPairsFormat{"pairs", "OpenAI request and response", matches, read, write};

}  // namespace understudy
