#include "flywheel/task.h"

#include <boost/json.hpp>

#include "base/sha256.h"
#include "flywheel/canonical_json.h"
#include "text/utf8.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr AnswerKind kKinds[] = {AnswerKind::none, AnswerKind::label,     AnswerKind::number,
                                 AnswerKind::json, AnswerKind::tool_call, AnswerKind::text};

json::object identity(const Task& task) {
  json::array messages;
  for (const MessageSkeleton& message : task.skeleton.messages) {
    messages.emplace_back(json::array(message.literals.begin(), message.literals.end()));
  }
  return {{"project", task.project},
          {"model", task.parts.model},
          {"layout", task.parts.layout},
          {"tools", task.parts.tools},
          {"response_format", task.parts.response_format},
          {"parameters", task.parts.parameters},
          {"skeleton", std::move(messages)}};
}

Error broken(std::string_view member) {
  return {ErrorCode::corrupt, "this is not a stored task: a member is missing or of the wrong type",
          std::string(member), "Mine again"};
}

Status read(const json::object& object, std::string_view member, std::string& into) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr || !value->is_string()) return broken(member);
  into.assign(value->get_string().data(), value->get_string().size());
  return Status();
}

Status read(const json::object& object, std::string_view member, std::vector<std::string>& into) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr || !value->is_array()) return broken(member);
  for (const json::value& each : value->get_array()) {
    if (!each.is_string()) return broken(member);
    into.emplace_back(each.get_string().data(), each.get_string().size());
  }
  return Status();
}

Status read_skeleton(const json::object& object, Skeleton& skeleton) {
  const json::value* messages = object.if_contains("skeleton");
  if (messages == nullptr || !messages->is_array()) return broken("skeleton");
  for (const json::value& each : messages->get_array()) {
    MessageSkeleton& message = skeleton.messages.emplace_back();
    RETURN_IF_ERROR(read({{"skeleton", each}}, "skeleton", message.literals));
    if (message.literals.empty()) return broken("skeleton");
    for (size_t i = 1; i + 1 < message.literals.size(); ++i) {
      if (message.literals[i].empty()) return broken("skeleton");
    }
  }
  return Status();
}

}  // namespace

std::string Task::key() const { return sha256_hex(canonical_json(identity(*this))); }

std::string Task::title(size_t bytes) const {
  std::string text;
  for (const MessageSkeleton& message : skeleton.messages) {
    for (size_t i = 0; i < message.literals.size(); ++i) {
      text += (i > 0 ? "{}" : text.empty() ? "" : " ") + message.literals[i];
      if (text.size() > 4 * bytes) break;
    }
  }
  return one_line(text, bytes);
}

json::object to_json(const Task& task) {
  json::object object = identity(task);
  json::array slots;
  for (const Slot& slot : task.slots) {
    slots.push_back({{"name", slot.name}, {"values", json::array(slot.values.begin(), slot.values.end())}});
  }
  object["slots"] = std::move(slots);
  return object;
}

json::object to_json(const Contract& contract) {
  return {{"task", to_json(contract.task)},
          {"answer_kind", name_of(contract.answer_kind)},
          {"answer_fenced", contract.answer_fenced},
          {"answer_names", json::array(contract.answer_names.begin(), contract.answer_names.end())},
          {"teacher", contract.teacher}};
}

std::string Contract::hash() const { return sha256_hex(canonical_json(to_json(*this))); }

Result<Task> task_from_json(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return broken("task");
  Task task;
  RETURN_IF_ERROR(read(*object, "project", task.project));
  RETURN_IF_ERROR(read(*object, "model", task.parts.model));
  RETURN_IF_ERROR(read(*object, "layout", task.parts.layout));
  RETURN_IF_ERROR(read(*object, "tools", task.parts.tools));
  RETURN_IF_ERROR(read(*object, "response_format", task.parts.response_format));
  RETURN_IF_ERROR(read(*object, "parameters", task.parts.parameters));
  RETURN_IF_ERROR(read_skeleton(*object, task.skeleton));
  const json::value* slots = object->if_contains("slots");
  if (slots == nullptr || !slots->is_array()) return broken("slots");
  for (const json::value& each : slots->get_array()) {
    if (!each.is_object()) return broken("slots");
    Slot& slot = task.slots.emplace_back();
    RETURN_IF_ERROR(read(each.get_object(), "name", slot.name));
    RETURN_IF_ERROR(read(each.get_object(), "values", slot.values));
  }
  if (task.slots.size() != task.skeleton.slots()) return broken("slots");
  return task;
}

Result<Contract> contract_from_json(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr || !object->contains("task")) return broken("task");
  Contract contract;
  ASSIGN_OR_RETURN(contract.task, task_from_json(object->at("task")));
  std::string kind;
  RETURN_IF_ERROR(read(*object, "answer_kind", kind));
  bool known = false;
  for (const AnswerKind each : kKinds) {
    if (name_of(each) != kind) continue;
    contract.answer_kind = each;
    known = true;
  }
  if (!known) return broken("answer_kind");
  const json::value* fenced = object->if_contains("answer_fenced");
  if (fenced == nullptr || !fenced->is_bool()) return broken("answer_fenced");
  contract.answer_fenced = fenced->get_bool();
  RETURN_IF_ERROR(read(*object, "answer_names", contract.answer_names));
  RETURN_IF_ERROR(read(*object, "teacher", contract.teacher));
  return contract;
}

}  // namespace understudy
