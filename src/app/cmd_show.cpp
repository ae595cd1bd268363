// understudy show: what a model file says about itself.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <memory>

#include "app/commands.h"
#include "app/model_store.h"
#include "app/progress.h"
#include "formats/read_model.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct Options {
  std::string model;
  bool json = false;
};

// Bytes by element type.
std::map<std::string, uint64_t> quantisation_mix(const ModelFile& file) {
  std::map<std::string, uint64_t> mix;
  for (const TensorView& tensor : file.tensors)
    mix[std::string(info(tensor.dtype).name)] += tensor.bytes.size();
  return mix;
}

json::object describe(const ModelFile& file) {
  int64_t parameters = 0;
  uint64_t bytes = 0;
  for (const TensorView& tensor : file.tensors) {
    parameters += tensor.elements();
    bytes += tensor.bytes.size();
  }
  json::object mix;
  for (const auto& [type, type_bytes] : quantisation_mix(file)) mix[type] = type_bytes;

  json::object about{{"path", file.path},
                     {"architecture", file.architecture},
                     {"parameters", parameters},
                     {"tensors", file.tensors.size()},
                     {"tensor_bytes", bytes},
                     {"quantisation", mix},
                     {"chat_template", file.metadata.has("tokenizer.chat_template")}};
  auto text = [&](const char* name, const std::string& key) {
    if (auto value = file.metadata.get<std::string>(key); value.ok()) about[name] = *value;
  };
  auto number = [&](const char* name, const std::string& key) {
    if (auto value = file.metadata.get<int64_t>(file.architecture + key); value.ok()) about[name] = *value;
  };
  text("title", "general.name");
  text("tokenizer", "tokenizer.ggml.model");
  number("context", ".context_length");
  number("layers", ".block_count");
  number("width", ".embedding_length");
  return about;
}

void print(const json::object& about) {
  for (const auto& [key, value] : about) {
    std::string text = value.is_string() ? std::string(value.as_string()) : json::serialize(value);
    if (value.is_bool()) text = value.as_bool() ? "yes" : "no";
    if (key == "parameters") text = fmt::format("{} ({:.1f} M)", text, value.to_number<double>() / 1e6);
    if (key == "quantisation") {
      text.clear();
      for (const auto& [type, bytes] : value.as_object()) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", std::string_view(type),
                            human_bytes(bytes.to_number<uint64_t>()));
      }
    }
    fmt::print("{:<14} {}\n", std::string_view(key), text);
  }
}

Status show_model(const Options& options) {
  ASSIGN_OR_RETURN(std::string path, model_path(options.model));
  ASSIGN_OR_RETURN(ModelFile file, read_model(path));
  json::object about = describe(file);
  if (options.model.find('/') == std::string::npos && !options.model.ends_with(".gguf")) {
    ASSIGN_OR_RETURN(const ModelStore store, ModelStore::open());
    ASSIGN_OR_RETURN(const Manifest manifest, store.find(options.model));
    about["manifest"] = json::parse(to_json(manifest));
  }
  if (options.json) {
    fmt::print("{}\n", json::serialize(about));
    return Status();
  }
  if (const json::value* manifest = about.if_contains("manifest")) {
    json::object fields = manifest->as_object();
    if (json::value* files = fields.if_contains("files")) *files = files->as_array().size();
    about.erase("manifest");
    print(fields);
  }
  print(about);
  return Status();
}

}  // namespace

void add_show(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("show", "Show what a model is");
  verb->add_option("MODEL", options->model,
                   "A pulled model's name, or the path of a GGUF file or model folder")
      ->required();
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "Example:\n  understudy show smollm2:135m\n\n`understudy profile MODEL` says where its bytes and time "
      "go.");
  verb->callback([&action, options] { action = [options] { return show_model(*options); }; });
}

}  // namespace understudy
