// understudy list: the models on this machine.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/commands.h"
#include "app/model_store.h"
#include "app/progress.h"

namespace understudy {
namespace {

Status list_models(bool as_json) {
  ASSIGN_OR_RETURN(ModelStore store, ModelStore::open());
  ASSIGN_OR_RETURN(auto manifests, store.list());
  if (as_json) {
    boost::json::array models;
    for (const Manifest& manifest : manifests) {
      boost::json::object model = boost::json::parse(to_json(manifest)).as_object();
      model["packed_bytes"] = store.packed_bytes(manifest.name);
      models.push_back(std::move(model));
    }
    fmt::print("{}\n", boost::json::serialize(models));
    return Status();
  }
  if (manifests.empty()) {
    fmt::print("no models yet; get one with: understudy pull smollm2:135m\n");
    return Status();
  }
  fmt::print("{:<28} {:>9} {:>9}  {:<20}  {}\n", "NAME", "SIZE", "PACKED", "PULLED", "LICENCE");
  for (const Manifest& manifest : manifests) {
    const uint64_t packed = store.packed_bytes(manifest.name);
    fmt::print("{:<28} {:>9} {:>9}  {:<20}  {}\n", manifest.name, human_bytes(manifest.bytes),
               packed > 0 ? human_bytes(packed) : "-", manifest.pulled_at,
               manifest.licence.empty() ? "unknown" : manifest.licence);
  }
  return Status();
}

}  // namespace

void add_list(CLI::App& app, Action& action) {
  auto as_json = std::make_shared<bool>(false);
  auto* verb = app.add_subcommand("list", "List the models on this machine")->alias("ls");
  verb->add_flag("--json", *as_json, "A JSON array of manifests");
  verb->footer(
      "Models live in $UNDERSTUDY_HOME/models (default ~/.understudy/models).\n"
      "PACKED is the copy of the weights as the engine lays them out: written by a model's first load, read "
      "by the next.");
  verb->callback([&action, as_json] { action = [as_json] { return list_models(*as_json); }; });
}

}  // namespace understudy
