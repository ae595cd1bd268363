// understudy verify: are the models' bytes still those that were pulled?
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/commands.h"
#include "app/model_store.h"
#include "app/progress.h"
#include "base/sha256.h"
#include "tensor/packed_weights.h"

namespace understudy {
namespace {

struct Options {
  std::vector<std::string> models;
  bool json = false;
};

Status check_file(const std::string& path, const std::string& sha256) {
  ASSIGN_OR_RETURN(const std::string found, sha256_of_file(path));
  if (found == sha256) return {};
  return Error{ErrorCode::corrupt, fmt::format("SHA-256 is {}, expected {}", found, sha256), path,
               "Pull the model again"};
}

// Every file and the packed copy. Error{corrupt} for the first that is not right.
Status verify_model(const ModelStore& store, const Manifest& manifest) {
  if (manifest.files.empty()) RETURN_IF_ERROR(check_file(store.model_file(manifest.name), manifest.sha256));
  for (const ModelPart& file : manifest.files)
    RETURN_IF_ERROR(check_file(store.model_folder(manifest.name) + "/" + file.path, file.sha256));
  const Status packed = PackedWeights::verify(store.packed_file(manifest.name));
  return packed.ok() || packed.error().code == ErrorCode::not_found ? Status() : packed;
}

Status verify_models(Options options) {
  ASSIGN_OR_RETURN(const ModelStore store, ModelStore::open());
  if (options.models.empty()) {
    ASSIGN_OR_RETURN(const auto manifests, store.list());
    for (const Manifest& manifest : manifests) options.models.push_back(manifest.name);
    if (manifests.empty() && !options.json)
      fmt::print("no models yet; get one with: understudy pull smollm2:135m\n");
  }
  boost::json::array results;
  size_t broken = 0;
  for (const std::string& name : options.models) {
    ASSIGN_OR_RETURN(const Manifest manifest, store.find(name));
    const uint64_t packed_bytes = store.packed_bytes(name);
    const Status status = verify_model(store, manifest);
    broken += status.ok() ? 0 : 1;
    if (options.json) {
      boost::json::object result{{"name", name}, {"ok", status.ok()}, {"packed_bytes", packed_bytes}};
      if (!status.ok()) result["error"] = status.error().message();
      results.push_back(std::move(result));
    } else if (status.ok()) {
      fmt::print("{:<28} ok, {}{}\n", name, human_bytes(manifest.bytes),
                 packed_bytes > 0 ? ", packed " + human_bytes(packed_bytes) : "");
    } else {
      fmt::print("{:<28} {}\n", name, status.error().message());
    }
    std::fflush(stdout);
  }
  if (options.json) fmt::print("{}\n", boost::json::serialize(results));
  if (broken == 0) return {};
  return Error{ErrorCode::corrupt,
               fmt::format("{} of {} models are not right", broken, options.models.size()), "", ""};
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("verify", "Check the bytes of models against their checksums");
  verb->add_option("MODEL", options->models, "Names, as in `understudy list` (default: all)");
  verb->add_flag("--json", options->json, "A JSON array");
  verb->footer(
      "Reads every file once: the pulled ones against the SHA-256 of their manifests, the packed copy "
      "against its own.\n"
      "Exit code 1 if something is not right.");
  verb->callback([&action, options] { action = [options] { return verify_models(*options); }; });
}

}  // namespace understudy
