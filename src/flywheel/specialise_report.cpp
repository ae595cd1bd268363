// What a specialisation needs and what came of it, as text and JSON.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "eval/report_text.h"
#include "eval/threshold.h"
#include "flywheel/specialise.h"

namespace understudy {
namespace {

namespace json = boost::json;

json::object needs_json(const ProofNeeds& needs) {
  return {{"calls", needs.calls},
          {"train", needs.train},
          {"dev", needs.dev},
          {"benchmark", needs.benchmark},
          {"sealed", needs.sealed},
          {"labelled", needs.labelled},
          {"truth", name_of(needs.truth)},
          {"delta", needs.delta},
          {"discordant_share", needs.discordant_share},
          {"sealed_needed", needs.sealed_needed},
          {"sealed_missing", needs.sealed_missing},
          {"dev_needed", needs.dev_needed},
          {"dev_missing", needs.dev_missing}};
}

json::object share_json(const Share& share) {
  return {{"right", share.hits}, {"n", share.n}, {"low", share.interval.low}, {"high", share.interval.high}};
}

}  // namespace

std::string needs_text(const ProofNeeds& needs) {
  std::string text = fmt::format(
      "rows     {} train, {} dev, {} benchmark, {} sealed, from {} calls; {} labelled by people\n"
      "truth    {}\n"
      "proof    needs {} sealed rows at a margin of {:g} points if {:g} % of them differ: {}\n"
      "dev      needs {} rows before any threshold can hold: {}\n",
      needs.train, needs.dev, needs.benchmark, needs.sealed, needs.calls, needs.labelled,
      needs.truth == Truth::labels ? "labels of people"
                                   : "agreement with the incumbent only: label calls, or nothing can pass",
      needs.sealed_needed, 100 * needs.delta, 100 * needs.discordant_share,
      needs.sealed_missing == 0 ? "enough" : fmt::format("{} are missing", needs.sealed_missing),
      needs.dev_needed, needs.dev_missing == 0 ? "enough" : fmt::format("{} are missing", needs.dev_missing));
  return text;
}

std::string report_text(const SpecialiseReport& report) {
  std::string text = fmt::format("{:<34} {:<34} {:>7} {:>7} {:>8}\n", "RUNG", "RIGHT ON BENCHMARK ROWS",
                                 "TAU", "LOCAL", "CPU");
  for (size_t i = 0; i < report.rungs.size(); ++i) {
    const RungOutcome& rung = report.rungs[i];
    if (!rung.left_out.empty()) {
      text += fmt::format("{:<34} left out: {}\n", rung.rung, rung.left_out);
      continue;
    }
    text += fmt::format(
        "{:<34} {:<34} {:>7} {:>6.1f}% {:>6.0f} s{}{}\n", rung.rung, share_text(rung.benchmark_right),
        rung.tau ? fmt::format("{:.4g}", *rung.tau) : "none", 100 * rung.local_share, rung.cpu_seconds,
        report.chosen == i ? "  <- chosen on dev" : "", rung.kept ? "  (made before)" : "");
  }
  if (!report.chosen) {
    text += fmt::format(
        "No specialist answers {:g} % of the dev rows at a threshold that holds: everything stays with the "
        "incumbent.\n",
        100 * kMinLocalShare);
  }
  return text;
}

json::object to_json(const SpecialiseReport& report) {
  json::array rungs;
  for (const RungOutcome& rung : report.rungs) {
    rungs.push_back({{"rung", rung.rung},
                     {"folder", rung.folder},
                     {"left_out", rung.left_out},
                     {"kept", rung.kept},
                     {"specialist", rung.specialist_hash},
                     {"tau", rung.tau ? json::value(*rung.tau) : json::value()},
                     {"local_share", rung.local_share},
                     {"discordant_share", rung.discordant_share},
                     {"dev", share_json(rung.dev_right)},
                     {"benchmark", share_json(rung.benchmark_right)},
                     {"seconds", rung.seconds},
                     {"cpu_seconds", rung.cpu_seconds}});
  }
  return {{"task", report.task},
          {"dataset", report.dataset_folder},
          {"needs", needs_json(report.needs)},
          {"rungs", std::move(rungs)},
          {"chosen", report.chosen ? json::value(*report.chosen) : json::value()}};
}

}  // namespace understudy
