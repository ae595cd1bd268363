// understudy calls: the ledger.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/calls_filter.h"
#include "app/calls_text.h"
#include "app/calls_transfer.h"
#include "app/commands.h"
#include "store/call_formats/format.h"
#include "store/call_id.h"
#include "store/limits.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr int kDefaultRows = 20;

struct Options {
  CallFilterOptions filter;
  std::vector<std::string> ids;
  int limit = kDefaultRows;
  std::string cursor;
  std::string format = "calls";
  std::string output;
  std::optional<int> older_than_days;
  bool json = false, yes = false;
  ImportOptions import;
};

// The call as one line of JSON: every field, bodies as they are.
Result<std::string> json_of(const Call& call) { return kCallsFormat.write(call); }

Status list_calls(const Options& options) {
  ASSIGN_OR_RETURN(const CallFilter filter, filter_of(options.filter));
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  const Bodies bodies = options.json ? Bodies::read : Bodies::leave_out;
  ASSIGN_OR_RETURN(const CallPage page, store->list(filter, options.limit, options.cursor, bodies));
  if (options.json) {
    std::string rows;
    for (const Call& call : page.calls) {
      ASSIGN_OR_RETURN(const std::string row, json_of(call));
      rows += (rows.empty() ? "" : ",") + row;
    }
    fmt::print("{{\"calls\":[{}],\"cursor\":{}}}\n", rows, json::serialize(json::value(page.cursor)));
    return Status();
  }
  if (page.calls.empty()) {
    ASSIGN_OR_RETURN(const int64_t all, store->count({}));
    fmt::print("{}\n", all > 0
                           ? fmt::format("none of the {} calls is like that", all)
                           : "no calls yet; record some with understudy serve --upstream URL, or take them "
                             "from a file: understudy calls import FILE");
    return Status();
  }
  fmt::print("{}", calls_table(page.calls, unix_ms_now()));
  if (!page.cursor.empty()) fmt::print(stderr, "there are older ones: --after {}\n", page.cursor);
  return Status();
}

// What is known of each call that was named, in the form of `text`.
Status print_calls(const Options& options,
                   std::string (*text)(const Call& call, const std::vector<Feedback>& feedback)) {
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  for (const std::string& id : options.ids) {
    ASSIGN_OR_RETURN(const Call call, store->find(id));
    ASSIGN_OR_RETURN(const auto feedback, store->feedback(call.id));
    if (options.json) {
      ASSIGN_OR_RETURN(const std::string row, json_of(call));
      fmt::print("{}\n", row);
    } else {
      fmt::print("{}{}", &id == &options.ids.front() ? "" : "\n", text(call, feedback));
    }
  }
  return Status();
}

Status export_to_file(const Options& options) {
  ASSIGN_OR_RETURN(const CallFilter filter, filter_of(options.filter));
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  ASSIGN_OR_RETURN(const ExportCount count, export_calls(*store, filter, options.format, options.output));
  fmt::print(stderr, "exported {} calls\n", count.exported);
  for (const auto& [reason, calls] : count.left_out) fmt::print(stderr, "left out {}: {}\n", calls, reason);
  return Status();
}

Status import_from_file(const Options& options) {
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  ASSIGN_OR_RETURN(const ImportCount count, import_calls(*store, options.import));
  if (options.json) {
    fmt::print("{}\n", json::serialize(json::object{{"imported", count.imported},
                                                    {"already_there", count.already_there},
                                                    {"broken", count.broken},
                                                    {"other_rows", count.other_rows}}));
    return Status();
  }
  fmt::print("imported {} calls", count.imported);
  if (count.already_there > 0) fmt::print("; {} were there already", count.already_there);
  if (count.other_rows > 0) fmt::print("; {} rows are no calls of a model", count.other_rows);
  if (count.broken > 0)
    fmt::print("; {} broken rows passed over, the first: {}", count.broken, count.first_broken);
  fmt::print("\n");
  return Status();
}

bool is_empty(const CallFilter& filter) {
  return !filter.project && !filter.task && !filter.model && !filter.session && !filter.tag &&
         !filter.origin && !filter.status && !filter.since_ms && !filter.until_ms &&
         !filter.recorded_before_ms;
}

Result<int64_t> remove_named(Store& store, const std::vector<std::string>& names) {
  std::vector<std::string> ids;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const Call call, store.find(name));
    ids.push_back(call.id);
  }
  return store.erase(ids);
}

Result<int64_t> remove_filtered(Store& store, const Options& options) {
  constexpr int64_t kMsPerDay = 86'400'000;
  ASSIGN_OR_RETURN(CallFilter filter, filter_of(options.filter));
  if (options.older_than_days)
    filter.recorded_before_ms = unix_ms_now() - *options.older_than_days * kMsPerDay;
  if (is_empty(filter)) {
    return Error{ErrorCode::invalid_argument, "no calls are chosen", "",
                 "Give ids, or options that choose calls: see --help"};
  }
  if (!options.yes) {
    ASSIGN_OR_RETURN(const int64_t calls, store.count(filter));
    return Error{ErrorCode::invalid_argument, fmt::format("this would remove {} calls for good", calls), "",
                 "Add --yes to do it"};
  }
  return store.erase(filter);
}

Status remove_calls(const Options& options) {
  ASSIGN_OR_RETURN(const CallFilter filter, filter_of(options.filter));
  if (!options.ids.empty() && !is_empty(filter)) {
    return Error{ErrorCode::invalid_argument, "ids and options that choose calls", "",
                 "Give one or the other"};
  }
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  const auto removed =
      options.ids.empty() ? remove_filtered(*store, options) : remove_named(*store, options.ids);
  if (!removed.ok()) return removed.error();
  if (options.json) {
    fmt::print("{}\n", json::serialize(json::object{{"removed", *removed}}));
  } else {
    fmt::print("removed {} calls\n", *removed);
  }
  return Status();
}

using Run = Status (*)(const Options& options);

// One of `calls`' own verbs, with options of its own.
CLI::App* add_verb(CLI::App* calls, Action& action, const char* name, const char* about, Run run,
                   std::shared_ptr<Options>& options) {
  options = std::make_shared<Options>();
  auto* verb = calls->add_subcommand(name, about);
  verb->callback([&action, options, run] { action = [options, run] { return run(*options); }; });
  return verb;
}

void add_readers(CLI::App* calls, Action& action) {
  std::shared_ptr<Options> options;
  auto* ls = add_verb(calls, action, "ls", "List calls, newest first", list_calls, options);
  add_filter_options(ls, options->filter);
  ls->add_option("--limit", options->limit, "At most so many (1 to 1000, default 20)")
      ->check(CLI::Range(1, kMaxPageCalls));
  ls->add_option("--after", options->cursor, "Go on after this call, as the listing before says");
  ls->add_flag("--json", options->json,
               "{\"calls\": [...], \"cursor\": \"...\"}, with requests and responses");
  ls->footer(
      "TOKENS are prompt + answer; '-' is unknown, which is not 0.\n\nExamples:\n"
      "  understudy calls ls --since 1h\n"
      "  understudy calls ls --origin local --limit 100\n"
      "  understudy calls ls --status 429 --json");

  auto* show = add_verb(
      calls, action, "show", "All that is recorded of a call",
      [](const Options& o) { return print_calls(o, call_details); }, options);
  show->add_option("ID", options->ids, "The call, or the beginning of its id")->required();
  show->add_flag("--json", options->json, "One JSON object a line");

  auto* explain = add_verb(
      calls, action, "explain", "Say in words who answered a call and why",
      [](const Options& o) { return print_calls(o, call_explained); }, options);
  explain->add_option("ID", options->ids, "The call, or the beginning of its id")->required();
}

void add_transfer(CLI::App* calls, Action& action) {
  std::string forms;
  for (const CallFormat* format : call_formats())
    forms += fmt::format("  {:<9} {}\n", format->name, format->about);

  std::shared_ptr<Options> options;
  auto* in =
      add_verb(calls, action, "import", "Take calls from a file of JSON lines", import_from_file, options);
  in->add_option("FILE", options->import.file, "JSON objects, one a line")->required();
  in->add_option("--format", options->import.format, "The form of all rows; else it is found for each");
  in->add_option("--project", options->import.project, "For rows that name no project");
  in->add_flag("--skip-broken", options->import.skip_broken, "Pass over broken rows and count them");
  in->add_flag("--json", options->json,
               "{\"imported\": n, \"already_there\": n, \"broken\": n, \"other_rows\": n}");
  in->footer(
      "Forms:\n" + forms +
      "\nA row that was imported before is not imported again. Without --skip-broken a file with a broken "
      "row "
      "is refused whole.\n\nExamples:\n"
      "  understudy calls import calls.jsonl --project support\n"
      "  zcat spend_logs.jsonl.gz | understudy calls import /dev/stdin --format litellm --skip-broken");

  auto* out = add_verb(calls, action, "export", "Write calls as JSON lines", export_to_file, options);
  add_filter_options(out, options->filter);
  out->add_option("--format", options->format, "calls (default), pairs or messages");
  out->add_option("-o,--output", options->output, "A file (readable by you only) instead of standard output");
  out->footer(
      "calls holds every field and can be imported elsewhere; messages are rows for OpenAI's fine-tuning: "
      "whole "
      "answers of the incumbent, or the better ones that people gave, never local ones.\n\nExamples:\n"
      "  understudy calls export -o calls.jsonl\n"
      "  understudy calls export --format messages --task intents --since 30d -o train.jsonl");
}

void add_removal(CLI::App* calls, Action& action) {
  std::shared_ptr<Options> options;
  auto* rm = add_verb(calls, action, "rm", "Remove calls for good", remove_calls, options);
  auto* ids = rm->add_option("ID", options->ids, "Calls, or the beginnings of their ids");
  add_filter_options(rm, options->filter);
  rm->add_option("--older-than", options->older_than_days, "Recorded more than so many days ago")
      ->check(CLI::Range(0, 36'500))
      ->excludes(ids);
  rm->add_flag("--yes", options->yes, "Do it: options that choose calls may choose many");
  rm->add_flag("--json", options->json, "{\"removed\": n}");
  rm->footer(
      "What people said of a call and their answers to it go with it; the bytes are overwritten in the "
      "ledger's "
      "file.\n\nExamples:\n"
      "  understudy calls rm call_01jxt21q00e8kbcf2tpy8vep2a\n"
      "  understudy calls rm --session 4711 --yes\n"
      "  understudy calls rm --older-than 30 --yes");
}

}  // namespace

void add_calls(CLI::App& app, Action& action) {
  auto* calls = app.add_subcommand("calls", "The ledger: calls that passed, who answered them and why");
  calls->require_subcommand(1);
  add_readers(calls, action);
  add_transfer(calls, action);
  add_removal(calls, action);
  calls->footer(
      "The ledger is $UNDERSTUDY_HOME/understudy.db (default ~/.understudy/understudy.db). It holds prompts "
      "and "
      "answers as they passed: no personal data is taken out.\n\nExamples:\n"
      "  understudy calls import calls.jsonl     take over what another program recorded\n"
      "  understudy calls ls --since 1h          what passed in the last hour\n"
      "  understudy calls explain ID             who answered and why");
}

}  // namespace understudy
