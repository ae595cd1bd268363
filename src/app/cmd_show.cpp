// understudy show: what a model file says about itself.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <memory>

#include "app/commands.h"
#include "app/model_store.h"
#include "app/progress.h"
#include "formats/gguf.h"
#include "formats/hf/checkpoint.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct Options {
  std::string model;
  bool json = false;
};

// What the weights are, whatever the format: their number, their bytes in all and by element type.
void add_tensors(json::object& about, const std::vector<TensorView>& tensors) {
  int64_t parameters = 0;
  uint64_t bytes = 0;
  std::map<std::string, uint64_t> bytes_of_type;
  for (const TensorView& tensor : tensors) {
    parameters += tensor.elements();
    bytes += tensor.bytes.size();
    bytes_of_type[std::string(info(tensor.dtype).name)] += tensor.bytes.size();
  }
  json::object mix;
  for (const auto& [type, type_bytes] : bytes_of_type) mix[type] = type_bytes;
  about["parameters"] = parameters;
  about["tensors"] = tensors.size();
  about["tensor_bytes"] = bytes;
  about["quantisation"] = mix;
}

json::object describe(const ModelFile& file) {
  json::object about{{"path", file.path}, {"architecture", file.architecture}};
  add_tensors(about, file.tensors);
  about["chat_template"] = file.metadata.has("tokenizer.chat_template");
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

// A folder in Hugging Face's layout, of any family, also of one that cannot run here.
Result<json::object> describe_folder(const std::string& folder) {
  ASSIGN_OR_RETURN(const HfCheckpoint checkpoint, read_hf_checkpoint(folder));
  json::object about{{"path", folder}};
  auto copy = [&](const char* name, const char* key) {
    if (const json::value* value = checkpoint.config.if_contains(key)) about[name] = *value;
  };
  copy("architecture", "model_type");
  add_tensors(about, checkpoint.tensors);
  about["chat_template"] = has_hf_file(folder, "chat_template.jinja");
  copy("context", "max_position_embeddings");
  copy("layers", "num_hidden_layers");
  copy("width", "hidden_size");
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
  ASSIGN_OR_RETURN(const ModelLocation location, find_model(options.model));
  json::object about;
  if (const std::string folder = hf_folder(location.path); !folder.empty()) {
    ASSIGN_OR_RETURN(about, describe_folder(folder));
  } else {
    ASSIGN_OR_RETURN(const ModelFile file, read_gguf(location.path));
    about = describe(file);
  }
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
