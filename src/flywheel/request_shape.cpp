#include "flywheel/request_shape.h"

#include <boost/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "flywheel/canonical_json.h"
#include "flywheel/limits.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr std::string_view kWithoutMeaning[] = {"stream",
                                                "stream_options",
                                                "user",
                                                "metadata",
                                                "store",
                                                "service_tier",
                                                "safety_identifier",
                                                "prompt_cache_key",
                                                "prompt_cache_retention",
                                                "seed",
                                                "prediction",
                                                "drafts"};
constexpr std::string_view kToolKeys[] = {"tools", "tool_choice", "parallel_tool_calls", "functions",
                                          "function_call"};
constexpr std::string_view kOwnPart[] = {"model",           "messages",    "prompt",
                                         "response_format", "temperature", "top_p"};

template <size_t N>
bool is_one_of(std::string_view key, const std::string_view (&keys)[N]) {
  for (const std::string_view each : keys) {
    if (key == each) return true;
  }
  return false;
}

double number_or(const json::value* value, double otherwise) {
  return value != nullptr && value->is_number() ? value->to_number<double>() : otherwise;
}

// Whether the API does the same without this parameter.
bool is_default(std::string_view key, const json::value& value) {
  if (value.is_null()) return true;
  if (key == "n" || key == "best_of") return number_or(&value, 0) == 1;
  if (key == "presence_penalty" || key == "frequency_penalty") return number_or(&value, 1) == 0;
  if (key == "logprobs" || key == "echo") return value.is_bool() && !value.get_bool();
  if (key == "suffix") return value.is_string() && value.get_string().empty();
  if (value.is_array()) return value.get_array().empty();
  return value.is_object() && value.get_object().empty();
}

std::string hash_of(const json::object& members) {
  return members.empty() ? std::string() : sha256_hex(canonical_json(members));
}

void read_parameters(const json::object& request, RequestShape& shape) {
  json::object parameters, tools;
  for (const auto& [key, value] : request) {
    const std::string_view name(key.data(), key.size());
    if (is_one_of(name, kWithoutMeaning) || is_one_of(name, kOwnPart) || is_default(name, value)) continue;
    if (is_one_of(name, kToolKeys)) {
      tools[key] = value;
    } else {
      parameters[name == "max_completion_tokens" ? json::string_view("max_tokens") : json::string_view(key)] =
          value;
    }
  }
  if (number_or(request.if_contains("temperature"), 1) == 0) parameters["temperature"] = "greedy";
  shape.parts.parameters = hash_of(parameters);
  shape.parts.tools = hash_of(tools);
  if (const json::value* format = request.if_contains("response_format");
      format != nullptr && !format->is_null()) {
    const json::value* type = format->is_object() ? format->get_object().if_contains("type") : nullptr;
    if (type != nullptr && *type == "text") return;  // the default
    shape.parts.response_format = sha256_hex(canonical_json(*format));
    shape.has_schema = type != nullptr && *type == "json_schema";
  }
}

// Members of a message or part that are not listed: nobody knows what they do, so they belong to the layout.
template <size_t N>
void append_others(const json::object& object, const std::string_view (&listed)[N], std::string& layout) {
  json::object others;
  for (const auto& [key, value] : object) {
    const std::string_view name(key.data(), key.size());
    if (!is_one_of(name, listed) && !is_default(name, value)) others[key] = value;
  }
  if (!others.empty()) layout += canonical_json(others);
}

// A message's content: a string, or parts that are all text. Parts stay apart in `texts`.
std::optional<Stays> read_content(const json::value* content, RequestShape& shape) {
  static constexpr std::string_view kListed[] = {"type", "text"};
  if (content == nullptr) return Stays::unreadable;
  if (const json::string* text = content->if_string()) {
    shape.texts.emplace_back(text->data(), text->size());
    return std::nullopt;
  }
  const json::array* parts = content->if_array();
  if (parts == nullptr || parts->empty()) return Stays::unreadable;
  shape.parts.layout += '[' + std::to_string(parts->size()) + ']';
  for (const json::value& part : *parts) {
    const json::object* object = part.if_object();
    const json::value* type = object != nullptr ? object->if_contains("type") : nullptr;
    if (type == nullptr || !type->is_string()) return Stays::unreadable;
    if (*type != "text") return Stays::media;
    const json::value* text = object->if_contains("text");
    if (text == nullptr || !text->is_string()) return Stays::unreadable;
    shape.texts.emplace_back(text->get_string().data(), text->get_string().size());
    append_others(*object, kListed, shape.parts.layout);
  }
  return std::nullopt;
}

std::optional<Stays> read_message(const json::value& message, RequestShape& shape) {
  static constexpr std::string_view kListed[] = {"role", "content"};
  const json::object* object = message.if_object();
  const json::value* role = object != nullptr ? object->if_contains("role") : nullptr;
  if (role == nullptr || !role->is_string()) return Stays::unreadable;
  const std::string_view name(role->get_string().data(), role->get_string().size());
  if (name != "system" && name != "developer" && name != "user") return Stays::multi_turn;
  if (!shape.parts.layout.empty()) shape.parts.layout += ',';
  shape.parts.layout += name;
  append_others(*object, kListed, shape.parts.layout);
  return read_content(object->if_contains("content"), shape);
}

// Reads all messages, so that a call of several turns is counted as such even if one of them has an image.
std::optional<Stays> read_messages(const json::value& messages, RequestShape& shape) {
  const json::array* array = messages.if_array();
  if (array == nullptr || array->empty()) return Stays::unreadable;
  std::optional<Stays> stays;
  for (const json::value& message : *array) {
    const auto reason = read_message(message, shape);
    if (reason == Stays::multi_turn) return reason;
    if (!stays) stays = reason;
  }
  if (!stays && shape.texts.size() > kMaxMessages) stays = Stays::unreadable;
  return stays;
}

}  // namespace

std::string_view name_of(Stays reason) {
  switch (reason) {
    case Stays::unreadable:
      return "unreadable";
    case Stays::other_route:
      return "other_route";
    case Stays::multi_turn:
      return "multi_turn";
    case Stays::media:
      return "media";
    case Stays::several_answers:
      return "several_answers";
    case Stays::no_answer:
      return "no_answer";
    case Stays::repeated:
      return "repeated";
    case Stays::open_ended:
      return "open_ended";
    case Stays::wider:
      return "wider";
    case Stays::alone:
      return "alone";
  }
  return "";
}

std::string_view describe(Stays reason) {
  switch (reason) {
    case Stays::unreadable:
      return "unreadable: not a request that is understood";
    case Stays::other_route:
      return "other routes: neither chat nor a single prompt";
    case Stays::multi_turn:
      return "multi-turn: assistant or tool messages in the prompt";
    case Stays::media:
      return "media: images, sound or files in the prompt";
    case Stays::several_answers:
      return "several answers: n or best_of above 1";
    case Stays::no_answer:
      return "no answer: failed or not recorded";
    case Stays::repeated:
      return "repeated: the same prompt every time, nothing varies";
    case Stays::open_ended:
      return "open-ended: free answers without a narrow task";
    case Stays::wider:
      return "wider: like a task, but other text where its prompt is constant";
    case Stays::alone:
      return "alone: too few calls with the same skeleton";
  }
  return "";
}

RequestShape read_request(std::string_view request_json) {
  RequestShape shape;
  const auto parsed = parse_json(request_json);
  const json::object* request = parsed.ok() ? parsed->if_object() : nullptr;
  if (request == nullptr) {
    shape.stays = Stays::unreadable;
    return shape;
  }
  if (const json::value* model = request->if_contains("model"); model != nullptr && model->is_string()) {
    shape.parts.model.assign(model->get_string().data(), model->get_string().size());
  }
  if (const json::value* messages = request->if_contains("messages")) {
    shape.stays = read_messages(*messages, shape);
  } else if (const json::value* prompt = request->if_contains("prompt");
             prompt != nullptr && prompt->is_string()) {
    shape.parts.layout = "prompt";
    shape.texts.emplace_back(prompt->get_string().data(), prompt->get_string().size());
  } else {
    shape.stays = Stays::other_route;
  }
  if (shape.stays) return shape;
  if (number_or(request->if_contains("n"), 1) > 1 || number_or(request->if_contains("best_of"), 1) > 1) {
    shape.stays = Stays::several_answers;
    return shape;
  }
  read_parameters(*request, shape);
  return shape;
}

}  // namespace understudy
