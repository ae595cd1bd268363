// Task: calls that do the same narrow thing, and the contract under which a specialist may answer them.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flywheel/answer.h"
#include "flywheel/request_shape.h"
#include "flywheel/skeleton.h"

namespace understudy {

// An input of a task. `values` lists what it may be if it is closed (slot_rules.h), and is empty if it is open.
struct Slot {
  std::string name;
  std::vector<std::string> values;
  friend bool operator==(const Slot&, const Slot&) = default;
};

struct Task {
  std::string project;
  RequestParts parts;
  Skeleton skeleton;
  std::vector<Slot> slots;  // one for each of the skeleton's, in order

  // SHA-256 (hex) of all of this but the slots' names and values: mining more calls of the task finds the same key.
  std::string key() const;
  // Its constant text from the start, at most `bytes`, on one line: for people.
  std::string title(size_t bytes = 60) const;

  friend bool operator==(const Task&, const Task&) = default;
};

// What a specialist was trained and proven for. A call that differs in any part goes up.
struct Contract {
  Task task;
  AnswerKind answer_kind = AnswerKind::text;
  bool answer_fenced = false;
  std::vector<std::string> answer_names;  // keys of the object, functions of the tool calls
  std::string teacher;                    // the model that answered, in its own words

  // SHA-256 (hex) of everything in it.
  std::string hash() const;
};

boost::json::object to_json(const Task& task);
boost::json::object to_json(const Contract& contract);
// Error{corrupt} names the member that is missing or wrong.
Result<Task> task_from_json(const boost::json::value& value);
Result<Contract> contract_from_json(const boost::json::value& value);

}  // namespace understudy
