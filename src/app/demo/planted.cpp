#include "app/demo/planted.h"

#include <boost/json.hpp>
#include <fstream>

#include "base/sha256.h"
#include "flywheel/specialist_files.h"
#include "train/heads/linear_head_file.h"

namespace understudy {

namespace json = boost::json;

Result<size_t> swap_answers(const std::string& folder) {
  ASSIGN_OR_RETURN(SpecialistManifest manifest, read_manifest(folder));
  ASSIGN_OR_RETURN(const std::string bytes, read_part(manifest.spec, "head", folder));
  json::value* part = manifest.spec.if_contains("head");
  const json::value* file = part->get_object().if_contains("file");
  const std::string path = folder + "/" + std::string(file->get_string());
  ASSIGN_OR_RETURN(const LinearHead head, read_linear_head(std::as_bytes(std::span(bytes)), path));
  std::vector<std::string> labels = head.labels();
  size_t swapped = 0;
  for (size_t i = 0; i + 1 < labels.size(); i += kSwapEvery, swapped += 2)
    std::swap(labels[i], labels[i + 1]);
  const LinearHead spoilt(head.embedder(), std::move(labels), {head.weights().begin(), head.weights().end()},
                          {head.biases().begin(), head.biases().end()}, head.temperature(), head.gate());
  const std::string spoilt_bytes = linear_head_bytes(spoilt);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  if (!(out << spoilt_bytes).flush()) return Error{ErrorCode::io, "cannot write the file", path, ""};
  part->get_object()["sha256"] = sha256_hex(spoilt_bytes);
  RETURN_IF_ERROR(write_manifest(manifest, folder));
  return swapped;
}

}  // namespace understudy
