#include "app/model_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>

#include "app/progress.h"

namespace understudy {
namespace {

constexpr std::string_view kPreferred = "q4_k_m";
constexpr std::string_view kWeights = "model.safetensors", kIndex = "model.safetensors.index.json";
constexpr size_t kMaxListed = 30;  // files that an error names

// Beside the weights; only config.json must be there.
constexpr const char* kFolderFiles[] = {
    "config.json",           "generation_config.json",  "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
    "modules.json",          "1_Pooling/config.json",   "sentence_bert_config.json"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return result;
}

std::string_view base_name(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

// Projectors of vision models and importance matrices are no models of their own.
bool is_gguf_model(std::string_view path) {
  const std::string name = lower(base_name(path));
  return name.ends_with(".gguf") && name.find("mmproj") == std::string::npos &&
         name.find("imatrix") == std::string::npos;
}

// GGUF models under `prefix` by address: of a split model that of its first part.
std::map<std::string, std::vector<ListedFile>> gguf_models(const std::vector<ListedFile>& files,
                                                           const std::string& prefix) {
  std::map<std::string, std::vector<ListedFile>> models;
  for (const ListedFile& file : files) {
    if (!file.path.starts_with(prefix) || !is_gguf_model(file.path)) continue;
    std::string key = file.path;
    if (auto part = numbered_part(base_name(key))) {
      key.resize(key.size() - base_name(key).size());
      key += fmt::format("{}-00001-of-{:05}{}", part->stem, part->count, part->ending);
    }
    models[key].push_back(file);
  }
  return models;
}

// All parts in order, from those of `files` that carry the name of `first`'s model.
Result<std::vector<ChosenFile>> parts_in_order(const std::vector<ListedFile>& files,
                                               const NumberedPart& first, const std::string& folder) {
  std::vector<ChosenFile> parts;
  for (int i = 1; i <= first.count; ++i) {
    const std::string name = fmt::format("{}-{:05}-of-{:05}{}", first.stem, i, first.count, first.ending);
    const auto found = std::find_if(files.begin(), files.end(),
                                    [&](const ListedFile& file) { return file.path == folder + name; });
    if (found == files.end()) {
      return Error{ErrorCode::corrupt, fmt::format("part {} of {} is missing", i, first.count), folder + name,
                   "Tell the authors of the repository, or choose another model of it"};
    }
    parts.push_back({*found, name});
  }
  return parts;
}

Result<std::vector<ChosenFile>> whole_gguf(const std::string& path, const std::vector<ListedFile>& files) {
  const std::string name(base_name(path));
  const std::string folder = path.substr(0, path.size() - name.size());
  if (auto part = numbered_part(name)) return parts_in_order(files, *part, folder);
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const ListedFile& file) { return file.path == path; });
  return std::vector<ChosenFile>{{*found, name}};
}

std::string listing(const std::vector<ListedFile>& files, const std::string& address) {
  std::string text;
  size_t listed = 0;
  for (const ListedFile& file : files) {
    if (listed++ == kMaxListed) return text + fmt::format("\n  and {} more", files.size() - kMaxListed);
    text +=
        fmt::format("\n  {}/{}{}", address, file.path, file.bytes == 0 ? "" : "  " + human_bytes(file.bytes));
  }
  return text;
}

Error several_models(const std::map<std::string, std::vector<ListedFile>>& models,
                     const std::string& address) {
  std::vector<ListedFile> choices;
  for (const auto& [path, parts] : models) {
    uint64_t bytes = 0;
    for (const ListedFile& part : parts) bytes += part.bytes;
    choices.push_back({path, bytes});
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("there are {} models and no Q4_K_M among them to prefer", models.size()), address,
               "Take one:" + listing(choices, address)};
}

}  // namespace

std::optional<NumberedPart> numbered_part(std::string_view name) {
  static const std::regex kPart(R"(^(.+)-([0-9]{5})-of-([0-9]{5})(\.[a-z]+)$)");
  std::cmatch match;
  if (name.size() > 255 || !std::regex_match(name.begin(), name.end(), match, kPart)) return std::nullopt;
  NumberedPart part{match[1], std::stoi(match[2]), std::stoi(match[3]), match[4]};
  if (part.number < 1 || part.number > part.count) return std::nullopt;
  return part;
}

Result<std::vector<ChosenFile>> model_folder_files(const std::vector<ListedFile>& files,
                                                   const std::string& prefix) {
  std::vector<ChosenFile> chosen;
  const auto find = [&](std::string_view name) {
    return std::find_if(files.begin(), files.end(), [&](const ListedFile& file) {
      return file.path.size() == prefix.size() + name.size() && file.path.starts_with(prefix) &&
             file.path.ends_with(name);
    });
  };
  for (const char* name : kFolderFiles) {
    if (auto found = find(name); found != files.end()) chosen.push_back({*found, name});
  }
  const bool has_config = !chosen.empty() && chosen[0].name == kFolderFiles[0];
  if (auto whole = find(kWeights); has_config && whole != files.end()) {
    chosen.push_back({*whole, std::string(kWeights)});
    return chosen;
  }
  if (auto index = find(kIndex); has_config && index != files.end()) {
    for (const ListedFile& file : files) {
      const auto part = numbered_part(base_name(file.path));
      if (!part || part->stem != "model" || part->ending != ".safetensors") continue;
      if (file.path != prefix + std::string(base_name(file.path))) continue;
      ASSIGN_OR_RETURN(auto shards, parts_in_order(files, *part, prefix));
      chosen.push_back({*index, std::string(kIndex)});
      chosen.insert(chosen.end(), shards.begin(), shards.end());
      return chosen;
    }
  }
  return Error{ErrorCode::not_found, "no GGUF file, and no config.json with model.safetensors", prefix, ""};
}

Result<std::vector<ChosenFile>> choose_model(const std::vector<ListedFile>& files, const std::string& wanted,
                                             const std::string& address) {
  const bool is_file =
      std::any_of(files.begin(), files.end(), [&](const ListedFile& file) { return file.path == wanted; });
  if (is_file && lower(wanted).ends_with(".gguf")) return whole_gguf(wanted, files);
  if (is_file) {
    return Error{ErrorCode::invalid_argument, "not a model file", wanted,
                 "Give a .gguf file, or the repository alone for a folder of safetensors"};
  }
  const std::string prefix = wanted.empty() ? "" : wanted + "/";
  const auto models = gguf_models(files, prefix);
  if (models.size() == 1) return whole_gguf(models.begin()->first, files);
  std::vector<std::string> preferred;
  for (const auto& [path, parts] : models) {
    if (lower(path).find(kPreferred) != std::string::npos) preferred.push_back(path);
  }
  if (preferred.size() == 1) return whole_gguf(preferred[0], files);
  if (!models.empty()) return several_models(models, address);

  auto folder = model_folder_files(files, prefix);
  if (folder.ok() || folder.error().code != ErrorCode::not_found) return folder;
  Error error = folder.error();
  const bool pickled = std::any_of(files.begin(), files.end(),
                                   [](const ListedFile& file) { return file.path.ends_with(".bin"); });
  error.where = address;
  error.hint = pickled
                   ? "Its .bin weights are pickles, which can run code and are not read; convert them with "
                     "save_pretrained(safe_serialization=True). It has:"
                   : "It has:";
  error.hint += files.empty() ? " nothing" : listing(files, address);
  return error;
}

}  // namespace understudy
