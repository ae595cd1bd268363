#include "gateway/routes/shown_format.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

namespace json = boost::json;

namespace {

// Each is looked for in all that the messages say, before the schema's own bounds are checked; nobody writes more by hand.
constexpr size_t kMostWords = 200;

// What a schema says that its grammar cannot make a model know.
struct Words {
  std::vector<std::string_view> names, values;
  bool descriptions = false;

  void add(const json::value& schema) {
    if (const json::array* schemas = schema.if_array()) {
      for (const json::value& each : *schemas) add(each);
    }
    const json::object* object = schema.if_object();
    if (!object) return;
    for (const auto& [keyword, value] : *object) {
      if (keyword == "properties" && value.is_object()) {
        for (const auto& [name, property] : value.get_object()) {
          names.push_back(name);
          add(property);
        }
      } else if (keyword == "enum" || keyword == "const") {
        add_strings(value);
      } else if (keyword == "description") {
        descriptions = true;
      } else if (keyword != "default" && keyword != "examples") {
        add(value);
      }
    }
  }

 private:
  void add_strings(const json::value& value) {
    if (value.is_string()) values.push_back(value.get_string());
    if (const json::array* array = value.if_array()) {
      for (const json::value& each : *array) add_strings(each);
    }
  }
};

bool stands_quoted(std::string_view name, std::string_view text) {
  for (size_t at = 0; (at = text.find(name, at)) != std::string_view::npos; at++) {
    const size_t end = at + name.size();
    if (at == 0 || end == text.size()) continue;
    const char quote = text[at - 1];
    if ((quote == '"' || quote == '\'' || quote == '`') && text[end] == quote) return true;
  }
  return false;
}

// With a space behind each comma and colon, as Python's json.dumps writes.
std::string serialize_spaced(const json::value& value) {
  std::string out;
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      out += (out.empty() ? "{" : ", ") + json::serialize(member.key()) + ": " +
             serialize_spaced(member.value());
    }
    return out.empty() ? "{}" : out + "}";
  }
  if (const json::array* array = value.if_array()) {
    for (const json::value& item : *array) out += (out.empty() ? "[" : ", ") + serialize_spaced(item);
    return out.empty() ? "[]" : out + "]";
  }
  return json::serialize(value);
}

std::string words_for(const json::array& messages, const ResponseFormat& format) {
  switch (format.kind) {
    case ResponseFormat::Kind::text:
      return "";
    case ResponseFormat::Kind::json_object:
      return "Answer with one JSON object and nothing else.";
    case ResponseFormat::Kind::json_schema:
      if (shows_form(messages, format.schema)) return "";
      return "Answer with JSON that follows this JSON schema, and nothing else:\n" +
             serialize_spaced(format.schema);
  }
  return "";
}

}  // namespace

bool shows_form(const json::array& messages, const json::value& schema) {
  Words words;
  words.add(schema);
  if (words.descriptions || words.names.empty() || words.names.size() + words.values.size() > kMostWords)
    return false;
  std::string text;
  for (const json::value& message : messages) {
    const json::value& role = message.at("role");
    if (role != "system" && role != "user") continue;
    text += message.at("content").get_string();
    text += '\n';
  }
  return std::all_of(words.names.begin(), words.names.end(),
                     [&](std::string_view name) { return stands_quoted(name, text); }) &&
         std::all_of(words.values.begin(), words.values.end(),
                     [&](std::string_view value) { return text.find(value) != std::string::npos; });
}

void show_format(json::array& messages, const ResponseFormat& format) {
  std::string text = words_for(messages, format);
  if (format.abstain) {
    text +=
        (text.empty() ? "" : "\n") + ("If you cannot know the answer, write: " + std::string(kAbstention));
  }
  if (text.empty()) return;
  if (!messages.empty() && messages[0].at("role") == "system") {
    json::value& content = messages[0].at("content");
    content = text + "\n\n" + std::string(content.get_string());
  } else {
    messages.insert(messages.begin(), json::object{{"role", "system"}, {"content", text}});
  }
}

}  // namespace understudy
