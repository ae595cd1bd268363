// understudy tasks: those that were mined.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/calls_filter.h"
#include "app/commands.h"
#include "app/home.h"
#include "flywheel/contract.h"
#include "flywheel/task_files.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct Options {
  std::string task, call, answer, from = "cli";
  bool json = false;
};

Result<std::vector<TaskRecord>> tasks_of_user() {
  ASSIGN_OR_RETURN(const std::string home, home_directory());
  return read_tasks(home + "/tasks");
}

Result<int64_t> calls_of(const Store& store, const TaskRecord& record) {
  CallFilter filter;
  filter.task = record.task.key();
  return store.count(filter);
}

json::object record_json(const TaskRecord& record, int64_t calls) {
  return {{"task", record.task.key()},
          {"title", record.task.title()},
          {"calls", calls},
          {"found_ms", record.found_ms},
          {"contract", to_json(record.task)}};
}

Status list(const Options& options) {
  ASSIGN_OR_RETURN(const auto records, tasks_of_user());
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  json::array all;
  if (!options.json && records.empty()) fmt::print("no tasks yet; understudy mine finds them\n");
  if (!options.json && !records.empty()) {
    fmt::print("{:<12}  {:>7}  {:<28}  {}\n", "TASK", "CALLS", "SLOTS", "PROMPT");
  }
  for (const TaskRecord& record : records) {
    ASSIGN_OR_RETURN(const int64_t calls, calls_of(*store, record));
    if (options.json) {
      all.push_back(record_json(record, calls));
      continue;
    }
    std::string slots;
    for (const Slot& slot : record.task.slots) slots += (slots.empty() ? "" : ", ") + slot.name;
    fmt::print("{:<12}  {:>7}  {:<28}  {}\n", record.task.key().substr(0, 12), calls, slots,
               record.task.title());
  }
  if (options.json) fmt::print("{}\n", json::serialize(all));
  return Status();
}

// The messages with their slots as {name}.
std::string shown(const Task& task) {
  std::string text;
  size_t slot = 0;
  for (const MessageSkeleton& message : task.skeleton.messages) {
    text += "---\n" + message.literals[0];
    for (size_t i = 1; i < message.literals.size(); ++i)
      text += '{' + task.slots[slot++].name + '}' + message.literals[i];
    text += '\n';
  }
  return text;
}

Status show(const Options& options) {
  ASSIGN_OR_RETURN(const auto records, tasks_of_user());
  ASSIGN_OR_RETURN(const TaskRecord record, find_task(records, options.task));
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  ASSIGN_OR_RETURN(const int64_t calls, calls_of(*store, record));
  if (options.json) {
    fmt::print("{}\n", json::serialize(record_json(record, calls)));
    return Status();
  }
  const Task& task = record.task;
  const auto hash = [](const std::string& part) {
    return part.empty() ? std::string("none") : part.substr(0, 12);
  };
  fmt::print(
      "task             {}\nproject          {}\nmodel            {}\nmessages         "
      "{}\n"
      "tools            {}\nresponse format  {}\nparameters       {}\ncalls            {}\n",
      task.key(), task.project.empty() ? "(default)" : task.project, task.parts.model, task.parts.layout,
      hash(task.parts.tools), hash(task.parts.response_format), hash(task.parts.parameters), calls);
  for (const Slot& slot : task.slots) {
    std::string values = slot.values.empty() ? "anything" : "";
    for (const std::string& value : slot.values)
      values += (values.empty() ? "" : " | ") + value.substr(0, 40);
    fmt::print("slot             {}: {}\n", slot.name, values);
  }
  fmt::print("{}", shown(task));
  return Status();
}

Status label(const Options& options) {
  ASSIGN_OR_RETURN(const auto records, tasks_of_user());
  ASSIGN_OR_RETURN(const TaskRecord record, find_task(records, options.task));
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  ASSIGN_OR_RETURN(const Call call, store->find(options.call));
  const ContractMatch found = match(record.task, call.project, read_request(call.request));
  if (!found.matches()) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the call does not belong to the task: its {} differs", name_of(*found.differs)),
                 call.id, "See: understudy calls ls --task " + record.task.key().substr(0, 12)};
  }
  Feedback feedback;
  feedback.call_id = call.id;
  feedback.from = options.from;
  feedback.correction = json::serialize(json::string(options.answer));
  ASSIGN_OR_RETURN(const Feedback stored, store->add_feedback(feedback));
  fmt::print("{}\n", stored.answer_id);
  return Status();
}

}  // namespace

void add_tasks(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("tasks", "Show the tasks that were mined, and label their calls");
  verb->require_subcommand(1);
  auto* ls = verb->add_subcommand("ls", "List the tasks");
  ls->add_flag("--json", options->json, "A JSON array");
  ls->callback([&action, options] { action = [options] { return list(*options); }; });
  auto* one = verb->add_subcommand("show", "Show a task's prompt with its slots");
  one->add_option("TASK", options->task, "The beginning of its key")->required();
  one->add_flag("--json", options->json, "A JSON object");
  one->callback([&action, options] { action = [options] { return show(*options); }; });
  auto* labels = verb->add_subcommand("label", "Say what the right answer to a call of a task is");
  labels->add_option("TASK", options->task, "The beginning of its key")->required();
  labels->add_option("CALL", options->call, "The call's id, or its beginning")->required();
  labels->add_option("ANSWER", options->answer, "The answer, in the form that the incumbent uses")
      ->required();
  labels->add_option("--from", options->from, "Who says so")->capture_default_str();
  labels->callback([&action, options] { action = [options] { return label(*options); }; });
  verb->footer(
      "Labels are feedback: they can also be given over HTTP at /feedback. A person's answer is used for "
      "training before\n"
      "the incumbent's, and is the truth that a proof compares with.\n\n"
      "Examples:\n"
      "  understudy tasks ls\n"
      "  understudy tasks show 3f2a91\n"
      "  understudy tasks label 3f2a91 0199c2 card_arrival");
}

}  // namespace understudy
