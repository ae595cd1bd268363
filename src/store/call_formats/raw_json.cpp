#include "store/call_formats/raw_json.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "text/utf8.h"

namespace understudy {
namespace {

std::string body_text(const std::string& body) {
  const auto parsed = parse_json(body);
  if (!parsed.ok() || !parsed.value().is_structured()) {
    return boost::json::serialize(boost::json::string(to_valid_utf8(body)));
  }
  // JSON has line ends only between its tokens.
  std::string line = body;
  std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

}  // namespace

std::string with_bodies(const boost::json::object& row, const Call& call) {
  std::string line = boost::json::serialize(row);
  line.pop_back();
  if (!row.empty()) line += ',';
  return line + "\"request\":" + body_text(call.request) + ",\"response\":" + body_text(call.response) + "}";
}

}  // namespace understudy
