// The answers of a specialist, for comparison with other methods. usage: specialist FOLDER < ROWS
// FOLDER: one of specialists/TASK/ in a home, whose models are those of the user (UNDERSTUDY_HOME); ROWS: rows of a dataset,
// of which the slots are read. stdout: a JSON line a row, in order; "ms" is from slots to answer, one call at a time. A row
// that the specialist cannot take has the answer null.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "app/loop_models.h"
#include "flywheel/dataset.h"
#include "flywheel/specialist_files.h"

namespace understudy {
namespace {

namespace json = boost::json;

json::object answer(Specialist& specialist, const DatasetRow& row) {
  const std::vector<std::string_view> slots(row.slots.begin(), row.slots.end());
  const auto begin = std::chrono::steady_clock::now();
  const auto answered = specialist.answer(slots);
  const double ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  if (!answered.ok()) {
    return {{"call", row.call_id}, {"value", nullptr}, {"ms", ms}, {"error", answered.error().message()}};
  }
  return {{"call", row.call_id},
          {"value", answered->value},
          {"well_formed", answered->well_formed},
          {"confidence", answered->confidence},
          {"in_domain", answered->in_domain},
          {"prompt_tokens", answered->prompt_tokens},
          {"completion_tokens", answered->completion_tokens},
          {"ms", ms}};
}

Status run(const std::string& folder) {
  ASSIGN_OR_RETURN(const SpecialistManifest manifest, read_manifest(folder));
  Models models = models_of_user();
  ASSIGN_OR_RETURN(const auto specialist, load_specialist(manifest, folder, models));
  bool is_first = true;
  for (std::string line; std::getline(std::cin, line);) {
    const auto row = row_from(line);
    if (!row)
      return Error{ErrorCode::invalid_argument, "a line is no row of a dataset", line.substr(0, 80), ""};
    if (is_first) answer(*specialist, *row);  // what the first call loads is not its latency
    is_first = false;
    fmt::print("{}\n", json::serialize(answer(*specialist, *row)));
  }
  return {};
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: specialist FOLDER < ROWS\n");
    return 64;
  }
  const understudy::Status status = understudy::run(argv[1]);
  if (!status.ok()) fmt::print(stderr, "specialist: {}\n", status.error().message());
  return status.ok() ? 0 : 1;
}
