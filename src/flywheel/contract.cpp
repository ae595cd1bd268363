#include "flywheel/contract.h"

#include <algorithm>

namespace understudy {
namespace {

ContractMatch differing(ContractPart part, std::string detail = "") { return {part, std::move(detail), {}}; }

std::optional<ContractPart> differing_part(const RequestParts& a, const RequestParts& b) {
  if (a.model != b.model) return ContractPart::model;
  if (a.layout != b.layout) return ContractPart::layout;
  if (a.tools != b.tools) return ContractPart::tools;
  if (a.response_format != b.response_format) return ContractPart::response_format;
  if (a.parameters != b.parameters) return ContractPart::parameters;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(ContractPart part) {
  switch (part) {
    case ContractPart::request:
      return "request";
    case ContractPart::project:
      return "project";
    case ContractPart::model:
      return "model";
    case ContractPart::layout:
      return "layout";
    case ContractPart::tools:
      return "tools";
    case ContractPart::response_format:
      return "response_format";
    case ContractPart::parameters:
      return "parameters";
    case ContractPart::skeleton:
      return "skeleton";
    case ContractPart::ambiguous:
      return "ambiguous";
    case ContractPart::slot_value:
      return "slot_value";
  }
  return "";
}

ContractMatch match(const Task& task, std::string_view project, const RequestShape& request) {
  if (request.stays) return differing(ContractPart::request, std::string(name_of(*request.stays)));
  if (project != task.project) return differing(ContractPart::project);
  if (const auto part = differing_part(task.parts, request.parts)) return differing(*part);
  const std::vector<std::string_view> texts(request.texts.begin(), request.texts.end());
  SkeletonMatch found = match_skeleton(task.skeleton, texts);
  if (!found.matched()) {
    const bool ambiguous = found.outcome == SkeletonMatch::Outcome::ambiguous;
    return differing(
        ambiguous ? ContractPart::ambiguous : ContractPart::skeleton,
        "message " + std::to_string(found.message + 1) + ", text " + std::to_string(found.literal + 1));
  }
  for (size_t i = 0; i < task.slots.size(); ++i) {
    const std::vector<std::string>& values = task.slots[i].values;
    if (!values.empty() && std::find(values.begin(), values.end(), found.slots[i]) == values.end()) {
      return differing(ContractPart::slot_value, task.slots[i].name);
    }
  }
  return {std::nullopt, "", std::move(found.slots)};
}

std::string parts_key(std::string_view project, const RequestParts& parts) {
  std::string key(project);
  for (const std::string* part :
       {&parts.model, &parts.layout, &parts.tools, &parts.response_format, &parts.parameters}) {
    key += '\0';
    key += *part;
  }
  return key;
}

size_t TaskIndex::add(Task task) {
  const size_t index = tasks_.size();
  std::vector<size_t>& alike = alike_[parts_key(task.project, task.parts)];
  const size_t bytes = task.skeleton.constant_bytes();
  const auto place = std::find_if(alike.begin(), alike.end(), [&](size_t other) {
    return tasks_[other].skeleton.constant_bytes() < bytes;
  });
  alike.insert(place, index);
  tasks_.push_back(std::move(task));
  return index;
}

std::optional<TaskIndex::Found> TaskIndex::find(std::string_view project, const RequestShape& request) const {
  if (request.stays) return std::nullopt;
  const auto alike = alike_.find(parts_key(project, request.parts));
  if (alike == alike_.end()) return std::nullopt;
  for (const size_t index : alike->second) {
    ContractMatch found = match(tasks_[index], project, request);
    if (found.matches()) return Found{index, std::move(found)};
  }
  return std::nullopt;
}

}  // namespace understudy
