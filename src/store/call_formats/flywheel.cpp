// Rows of NVIDIA's data flywheel (github.com/NVIDIA-AI-Blueprints/data-flywheel, docs/data-logging.md): timestamp in
// epoch seconds, workload_id (the task, as the application tagged it), client_id (the application), and request and
// response exactly as OpenAI has them.
#include "store/call_formats/format.h"
#include "store/call_formats/row.h"

namespace understudy {
namespace {

namespace json = boost::json;

bool matches(const json::object& row) {
  return row.contains("request") && row.contains("response") &&
         (row.contains("workload_id") || row.contains("client_id"));
}

Result<std::optional<Call>> read(const json::object& row) {
  const auto request = object_at(row, {"request"});
  if (!request) return Error{ErrorCode::invalid_argument, "the request is not an object", "request", ""};
  ASSIGN_OR_RETURN(Call call, call_of_pair(*request, unwrapped(row.at("response"))));
  call.time_ms = time_ms_at(row, {"timestamp"}).value_or(call.time_ms);
  call.project = text_at(row, {"client_id"});
  if (const std::string workload = text_at(row, {"workload_id"}); !workload.empty()) call.tags = {workload};
  return std::optional(std::move(call));
}

}  // namespace

const CallFormat kFlywheelFormat{"flywheel", "rows of NVIDIA's data flywheel", matches, read, nullptr};

}  // namespace understudy
