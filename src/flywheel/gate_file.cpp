#include "flywheel/gate_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "flywheel/durable_file.h"
#include "flywheel/json_fields.h"
#include "flywheel/specialist_files.h"
#include "train/heads/limits.h"

namespace understudy {
namespace {
constexpr char kGateFile[] = "gate.f32";
}  // namespace

Result<boost::json::object> write_gate(const DomainGate& gate, const std::string& folder) {
  const std::span<const float> rows = gate.unit_rows();
  const std::string bytes(reinterpret_cast<const char*>(rows.data()), rows.size_bytes());
  RETURN_IF_ERROR(replace_file(folder + '/' + kGateFile, bytes));
  return boost::json::object{{"file", kGateFile},
                             {"sha256", sha256_hex(bytes)},
                             {"width", static_cast<int64_t>(gate.width())},
                             {"max_distance", gate.max_distance()}};
}

Result<DomainGate> read_gate(const boost::json::object& spec, const std::string& folder) {
  JsonFields outer(spec, "a specialist's description");
  JsonFields fields(outer.object("gate"), "a specialist's description");
  const int64_t width = fields.integer("width");
  const double max_distance = fields.number("max_distance");
  RETURN_IF_ERROR(outer.status());
  RETURN_IF_ERROR(fields.status());
  ASSIGN_OR_RETURN(const std::string bytes, read_part(spec, "gate", folder));
  const size_t row_bytes = static_cast<size_t>(std::max<int64_t>(width, 0)) * sizeof(float);
  const bool fits = width > 0 && static_cast<size_t>(width) <= kMaxHeadInputs && !bytes.empty() &&
                    bytes.size() % row_bytes == 0 && bytes.size() / row_bytes <= kMaxNeighbourRows;
  std::vector<float> rows(fits ? bytes.size() / sizeof(float) : 0);
  if (fits) std::memcpy(rows.data(), bytes.data(), bytes.size());
  if (!fits || !std::all_of(rows.begin(), rows.end(), [](float value) { return std::isfinite(value); }))
    return Error{ErrorCode::corrupt, "this is not a domain gate of that width", folder + '/' + kGateFile, ""};
  return DomainGate(static_cast<size_t>(width), std::move(rows), max_distance);
}

}  // namespace understudy
