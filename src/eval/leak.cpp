#include "eval/leak.h"

#include <set>
#include <string_view>

namespace understudy {

std::vector<std::string> leaked_rows(const TrainManifest& manifest, std::span<const PolicyRow> rows) {
  const std::set<std::string_view> seen(manifest.groups.begin(), manifest.groups.end());
  std::vector<std::string> leaked;
  for (const PolicyRow& row : rows) {
    if (seen.contains(row.group)) leaked.push_back(row.id);
  }
  return leaked;
}

}  // namespace understudy
