#include "gateway/ledger/stream_assembler.h"

#include <boost/json.hpp>

namespace understudy {
namespace {

namespace json = boost::json;

// Adds a part of a message to what is there of it: texts are joined, lists with "index" merged by it, objects member by
// member; anything else is replaced. Names that every part repeats are no text to join.
void join(json::object& into, const json::object& part);

void join_list(json::array& into, const json::array& part) {
  for (const json::value& entry : part) {
    json::object* same = nullptr;
    const json::value* index = entry.is_object() ? entry.get_object().if_contains("index") : nullptr;
    for (json::value& old : into) {
      if (index && old.is_object() && old.get_object().if_contains("index") &&
          *old.get_object().if_contains("index") == *index)
        same = &old.get_object();
    }
    if (same) {
      join(*same, entry.get_object());
    } else {
      into.push_back(entry);
    }
  }
}

bool is_whole(std::string_view name) {
  return name == "role" || name == "id" || name == "type" || name == "finish_reason" || name == "index";
}

void join(json::object& into, const json::object& part) {
  for (const auto& [name, value] : part) {
    json::value* old = into.if_contains(name);
    if (value.is_null() && old) continue;
    if (old && old->is_string() && value.is_string() && !is_whole(name)) {
      old->get_string().append(value.get_string());
    } else if (old && old->is_object() && value.is_object()) {
      join(old->get_object(), value.get_object());
    } else if (old && old->is_array() && value.is_array()) {
      join_list(old->get_array(), value.get_array());
    } else {
      into[name] = value;
    }
  }
}

// The message of a choice knows its tool calls by their order.
void drop_indexes(json::object& message) {
  json::value* calls = message.if_contains("tool_calls");
  if (!calls || !calls->is_array()) return;
  for (json::value& call : calls->get_array()) {
    if (call.is_object()) call.get_object().erase("index");
  }
}

}  // namespace

void StreamAssembler::add(std::string_view bytes) {
  for (const char c : bytes) {
    if (c != '\n') {
      line_ += c;
      continue;
    }
    if (line_.ends_with('\r')) line_.pop_back();
    take_line(line_);
    line_.clear();
  }
}

void StreamAssembler::take_line(std::string_view line) {
  if (line.empty()) return take_event();
  constexpr std::string_view kData = "data:";
  if (!line.starts_with(kData)) return;  // comments, event names and ids
  line.remove_prefix(kData.size());
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (!data_.empty()) data_ += '\n';
  data_ += line;
}

void StreamAssembler::take_event() {
  if (data_.empty()) return;
  const std::string data = std::exchange(data_, "");
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  boost::system::error_code error;
  const json::value event = json::parse(data, error);
  if (error || !event.is_object()) return;
  const json::value* kind = event.get_object().if_contains("object");
  if (kind && (*kind == "chat.completion.chunk" || *kind == "text_completion")) {
    merge(event.get_object());
  } else {
    others_.push_back(event);
  }
}

void StreamAssembler::merge(const json::object& chunk) {
  for (const auto& [name, value] : chunk) {
    if (name != "choices") {
      if (!value.is_null() || !whole_.contains(name)) whole_[name] = value;
      continue;
    }
    if (!value.is_array()) continue;
    json::value& choices = whole_.emplace("choices", json::array()).first->value();
    if (choices.is_array()) join_list(choices.get_array(), value.get_array());
  }
}

std::string StreamAssembler::response() {
  if (!line_.empty()) take_line(std::exchange(line_, ""));
  take_event();
  if (whole_.empty()) {
    if (others_.empty()) return "";
    return json::serialize(others_.size() == 1 ? others_[0] : json::value(json::object{{"events", others_}}));
  }
  if (json::value* kind = whole_.if_contains("object"); kind && *kind == "chat.completion.chunk")
    *kind = "chat.completion";
  json::value* choices = whole_.if_contains("choices");
  for (json::value& choice : choices && choices->is_array() ? choices->get_array() : others_) {
    if (!choice.is_object()) continue;
    json::object& object = choice.get_object();
    const json::value* delta = object.if_contains("delta");
    if (!delta || !delta->is_object()) continue;
    json::object message = delta->get_object();
    drop_indexes(message);
    object["message"] = std::move(message);
    object.erase("delta");
  }
  return json::serialize(whole_);
}

}  // namespace understudy
