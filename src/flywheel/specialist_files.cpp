#include "flywheel/specialist_files.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>

#include "base/json.h"
#include "base/sha256.h"
#include "flywheel/canonical_json.h"
#include "flywheel/durable_file.h"
#include "flywheel/json_fields.h"
#include "flywheel/specialist_head.h"
#include "flywheel/specialist_lora.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr char kManifest[] = "/manifest.json";
constexpr Truth kTruths[] = {Truth::labels, Truth::adjudicated, Truth::agreement};

std::string text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

std::string SpecialistManifest::rung() const { return text_of(spec, "rung"); }

std::string SpecialistManifest::hash() const { return sha256_hex(canonical_json(spec)); }

TrainManifest SpecialistManifest::train_manifest() const {
  std::string list = dataset.open + '\n';
  for (const std::string& group : groups) list += group + '\n';
  return {sha256_hex(list), groups};
}

PolicyIdentity SpecialistManifest::policy() const {
  PolicyIdentity policy{"",     contract.task.key(), contract.hash(), rung(),
                        hash(), contract.teacher,    tau.value_or(1)};
  policy.hash = sha256_hex(canonical_json(json::object{{"task", policy.task},
                                                       {"contract", policy.contract_hash},
                                                       {"rung", policy.rung},
                                                       {"specialist", policy.specialist_hash},
                                                       {"incumbent", policy.incumbent},
                                                       {"tau", policy.tau}}));
  return policy;
}

json::object to_json(const SpecialistManifest& manifest) {
  const DatasetHashes& dataset = manifest.dataset;
  return {{"hash", manifest.hash()},
          {"spec", manifest.spec},
          {"contract", to_json(manifest.contract)},
          {"dataset",
           {{"folder", manifest.dataset_folder},
            {"all", dataset.all},
            {"open", dataset.open},
            {"sealed", dataset.sealed}}},
          {"groups", json::array(manifest.groups.begin(), manifest.groups.end())},
          {"seconds", manifest.seconds},
          {"cpu_seconds", manifest.cpu_seconds},
          {"truth", name_of(manifest.truth)},
          {"margin", {{"delta", manifest.margin.delta}, {"reason", manifest.margin.reason}}},
          {"tau", manifest.tau ? json::value(*manifest.tau) : json::value()},
          {"dev_local_share", manifest.dev_local_share},
          {"dev_discordant_share", manifest.dev_discordant_share},
          {"dev", manifest.dev},
          {"benchmark", manifest.benchmark}};
}

Result<SpecialistManifest> manifest_from_json(const json::value& value) {
  JsonFields fields(value, "a specialist's manifest");
  SpecialistManifest manifest;
  manifest.spec = fields.object("spec");
  const std::string hash = fields.text("hash");
  const json::object contract = fields.object("contract");
  JsonFields dataset(fields.object("dataset"), "a specialist's manifest");
  manifest.dataset_folder = dataset.text("folder");
  manifest.dataset = {dataset.text("all"), dataset.text("open"), dataset.text("sealed")};
  for (const json::value& group : fields.array("groups")) {
    if (group.is_string()) manifest.groups.emplace_back(group.get_string());
  }
  manifest.seconds = fields.number("seconds");
  manifest.cpu_seconds = fields.number("cpu_seconds");
  const std::string truth = fields.text("truth");
  const auto found = std::find_if(std::begin(kTruths), std::end(kTruths),
                                  [&](Truth each) { return name_of(each) == truth; });
  if (found == std::end(kTruths)) {
    fields.refuse("truth");
  } else {
    manifest.truth = *found;
  }
  JsonFields margin(fields.object("margin"), "a specialist's manifest");
  manifest.margin = {margin.number("delta"), margin.text("reason")};
  manifest.tau = fields.number_or_null("tau");
  if (manifest.tau && !(*manifest.tau >= 0 && *manifest.tau <= 1)) fields.refuse("tau");
  manifest.dev_local_share = fields.number("dev_local_share");
  manifest.dev_discordant_share = fields.number("dev_discordant_share");
  manifest.dev = fields.object("dev");
  manifest.benchmark = fields.object("benchmark");
  RETURN_IF_ERROR(fields.status());
  RETURN_IF_ERROR(dataset.status());
  RETURN_IF_ERROR(margin.status());
  ASSIGN_OR_RETURN(manifest.contract, contract_from_json(contract));
  if (manifest.hash() != hash)
    return Error{ErrorCode::corrupt, "the manifest's spec does not have its hash", "spec", ""};
  return manifest;
}

Status write_manifest(const SpecialistManifest& manifest, const std::string& folder) {
  return replace_file(folder + kManifest, json::serialize(to_json(manifest)) + '\n');
}

Result<SpecialistManifest> read_manifest(const std::string& folder) {
  const std::string path = folder + kManifest;
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  auto parsed = parse_json(text);
  auto manifest = parsed.ok() ? manifest_from_json(*parsed) : Result<SpecialistManifest>(parsed.error());
  if (manifest.ok()) return manifest;
  Error error = manifest.error();
  return Error{ErrorCode::corrupt, error.what, path + (error.where.empty() ? "" : ", " + error.where),
               "Run understudy specialise again"};
}

Result<std::string> read_part(const json::object& spec, std::string_view part, const std::string& folder) {
  const json::value* entry = spec.if_contains(part);
  const std::string name = entry != nullptr && entry->is_object() ? text_of(entry->get_object(), "file") : "";
  if (name.empty() || name.find('/') != std::string::npos) {
    return Error{ErrorCode::corrupt, "the specialist names no file", std::string(part), ""};
  }
  const std::string path = folder + '/' + name;
  ASSIGN_OR_RETURN(std::string bytes, read_file(path));
  if (sha256_hex(bytes) != text_of(entry->get_object(), "sha256")) {
    return Error{ErrorCode::corrupt, "the file is not the one that was proven", path,
                 "Run understudy specialise again"};
  }
  return bytes;
}

Result<std::unique_ptr<Specialist>> load_specialist(const SpecialistManifest& manifest,
                                                    const std::string& folder, Models& models) {
  const std::string kind = text_of(manifest.spec, "kind");
  if (kind == kHeadKind) return load_head_specialist(manifest, folder, models);
  if (kind == kLoraKind) return load_lora_specialist(manifest, folder, models);
  return Error{ErrorCode::unsupported, "a specialist of kind '" + kind + "' is not known", folder, ""};
}

}  // namespace understudy
