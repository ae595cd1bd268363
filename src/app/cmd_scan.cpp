// understudy scan: what of a log could move, without a server and without a ledger.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/progress.h"
#include "app/scan_report.h"
#include "store/call_formats/reader.h"
#include "store/prices.h"

namespace understudy {
namespace {

struct Options {
  std::string file;
  std::string format;
  std::string calls_file;
  std::vector<std::string> prices;
  ScanAssumptions assumptions;
  bool json = false;
};

// "gpt-4o=2.50/10": USD for a million tokens of prompt and answer.
Status add_price(const std::string& text, PriceTable& prices) {
  Price price;
  const size_t equals = text.rfind('='), slash = text.find('/', equals == std::string::npos ? 0 : equals);
  const Error wrong{ErrorCode::invalid_argument, "a price is MODEL=INPUT/OUTPUT", text,
                    "For example: --price gpt-4o=2.50/10, in USD for a million tokens"};
  if (equals == std::string::npos || slash == std::string::npos) return wrong;
  try {
    price.input = price.cached_input = std::stod(text.substr(equals + 1, slash - equals - 1));
    price.output = std::stod(text.substr(slash + 1));
  } catch (const std::exception&) {
    return wrong;
  }
  return prices.set(text.substr(0, equals), price);
}

struct Log {
  std::vector<Call> calls;
  int64_t broken_rows = 0;
  Error first_broken;
};

Result<Log> read_log(const Options& options, const PriceTable& prices) {
  Log log;
  ASSIGN_OR_RETURN(CallReader reader, CallReader::open(options.file, options.format));
  std::error_code unknown;
  const auto size = std::filesystem::file_size(options.file, unknown);
  Progress progress("reading", unknown ? 0 : size, 0);
  while (true) {
    auto call = reader.next();
    progress.update(reader.bytes_read());
    if (!call.ok()) {
      if (call.error().code == ErrorCode::io) return call.error();
      if (log.broken_rows++ == 0) log.first_broken = call.error();
      continue;
    }
    if (!*call) break;
    if (!(*call)->cost_usd) (*call)->cost_usd = upstream_cost_usd(**call, prices);
    log.calls.push_back(std::move(**call));
  }
  if (!log.calls.empty()) return log;
  Error none{
      ErrorCode::invalid_argument, "there are no calls in the file", options.file,
      "A call is a line of JSON: {\"request\": ..., \"response\": ...}; see understudy calls import --help"};
  if (log.broken_rows > 0)
    none.what += "; the first line that is not understood: " + log.first_broken.message();
  return none;
}

// One line a call: its id and its task, or why it stays.
Status write_placements(const std::string& path, const std::vector<Call>& calls, const Mining& mining) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return Error{ErrorCode::io, "cannot write the file", path, ""};
  std::vector<std::string> keys;
  for (const Task& task : mining.tasks) keys.push_back(task.key());
  for (size_t i = 0; i < calls.size(); ++i) {
    const Placement& placement = mining.placements[i];
    boost::json::object line{{"call", calls[i].id}};
    if (placement.task) {
      line["task"] = keys[*placement.task];
    } else {
      line["stays"] = name_of(placement.stays);
    }
    fmt::print(file, "{}\n", boost::json::serialize(line));
  }
  const bool failed = std::ferror(file) != 0;
  if (std::fclose(file) != 0 || failed) return Error{ErrorCode::io, "cannot write the file", path, ""};
  return Status();
}

Status scan(const Options& options) {
  PriceTable prices = PriceTable::defaults();
  for (const std::string& price : options.prices) RETURN_IF_ERROR(add_price(price, prices));
  ASSIGN_OR_RETURN(const Log log, read_log(options, prices));
  std::vector<ReadCall> read;
  for (const Call& call : log.calls) read.push_back(read_call(call));
  const Mining mining = mine(log.calls, read);
  const ScanFigures figures = scan_figures(mining, log.calls, read, options.assumptions);
  if (!options.calls_file.empty()) RETURN_IF_ERROR(write_placements(options.calls_file, log.calls, mining));
  if (options.json) {
    boost::json::object report = scan_json(figures, mining, options.assumptions);
    report["broken_rows"] = log.broken_rows;
    fmt::print("{}\n", boost::json::serialize(report));
  } else {
    fmt::print("{}", scan_table(figures, mining, options.assumptions));
  }
  if (log.broken_rows > 0) {
    fmt::print(stderr, "{} lines were not understood; the first: {}\n", log.broken_rows,
               log.first_broken.message());
  }
  return Status();
}

}  // namespace

void add_scan(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("scan", "Show what of a call log could move to a specialist");
  verb->add_option("FILE", options->file, "JSON lines, or /dev/stdin")->required();
  verb->add_option("--format", options->format, "Form of the rows, if it is not to be found by their marks");
  verb->add_option("--price", options->prices,
                   "MODEL=INPUT/OUTPUT: USD for a million tokens (may be given again)")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--discordant", options->assumptions.discordant_share,
                   "d: share of rows on which specialist and incumbent are not both right or both wrong")
      ->check(CLI::Range(0.001, 1.0))
      ->capture_default_str();
  verb->add_option("--margin", options->assumptions.margin, "delta: how much worse a policy may be")
      ->check(CLI::Range(0.001, 0.5))
      ->capture_default_str();
  verb->add_option("--cpu-hour", options->assumptions.cpu_hour_usd, "USD for an hour of one CPU")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  verb->add_option("--training-minutes", options->assumptions.training_cpu_minutes,
                   "CPU-minutes of training a task")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  verb->add_option("--calls", options->calls_file,
                   "Write the task of each call, or why it stays, as JSON lines");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "Needs no server and no ledger, and writes nothing. A task is at least 20 calls with the same constant "
      "text\n"
      "around what varies, one model, the same tools, response format and parameters; its key is the same in "
      "every\n"
      "log. Rows are read in the forms of `calls import`. Shares are of cost where every call's is known "
      "(its own,\n"
      "or list prices and its tokens), else of tokens, else of calls.\n\n"
      "Examples:\n"
      "  understudy scan calls.jsonl\n"
      "  understudy scan calls.jsonl --price my-model=2.50/10 --json\n"
      "  zcat calls.jsonl.gz | understudy scan /dev/stdin --calls placed.jsonl");
  verb->callback([&action, options] { action = [options] { return scan(*options); }; });
}

}  // namespace understudy
