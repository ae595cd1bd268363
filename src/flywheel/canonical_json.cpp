#include "flywheel/canonical_json.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <vector>

namespace understudy {
namespace {

namespace json = boost::json;

void append(const json::value& value, std::string& text) {
  if (const json::array* array = value.if_array()) {
    text += '[';
    for (size_t i = 0; i < array->size(); ++i) {
      if (i > 0) text += ',';
      append((*array)[i], text);
    }
    text += ']';
  } else if (const json::object* object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    for (const json::key_value_pair& member : *object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
    text += '{';
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) text += ',';
      text += json::serialize(members[i]->key());
      text += ':';
      append(members[i]->value(), text);
    }
    text += '}';
  } else {
    text += json::serialize(value);
  }
}

}  // namespace

std::string canonical_json(const json::value& value) {
  std::string text;
  append(value, text);
  return text;
}

}  // namespace understudy
