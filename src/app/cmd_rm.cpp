// understudy rm: remove models from this machine.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/commands.h"
#include "app/model_store.h"

namespace understudy {
namespace {

struct Options {
  std::vector<std::string> models;
  bool json = false;
};

Status remove_models(const Options& options) {
  ASSIGN_OR_RETURN(ModelStore store, ModelStore::open());
  boost::json::array removed;
  for (const std::string& name : options.models) {
    RETURN_IF_ERROR(store.remove(name));
    removed.push_back(boost::json::string(name));
    if (!options.json) fmt::print("removed {}\n", name);
  }
  if (options.json) fmt::print("{}\n", boost::json::serialize(boost::json::object{{"removed", removed}}));
  return Status();
}

}  // namespace

void add_rm(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("rm", "Remove models from this machine");
  verb->add_option("MODEL", options->models, "Names, as in `understudy list`")->required();
  verb->add_flag("--json", options->json, "{\"removed\": [...]}");
  verb->footer(
      "A running server keeps the model that it has loaded.\n\nExample:\n  understudy rm gemma3:270m");
  verb->callback([&action, options] { action = [options] { return remove_models(*options); }; });
}

}  // namespace understudy
