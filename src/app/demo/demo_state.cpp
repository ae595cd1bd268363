#include "app/demo/demo_state.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/file_descriptor.h"
#include "base/json.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kStateFile = "demo.json";
constexpr mode_t kPrivateFolder = 0700;

json::object options_json(const DemoOptions& options) {
  return {{"upstream", options.upstream},
          {"model", options.model},
          {"teacher_error", options.teacher_error},
          {"delta", options.delta},
          {"seed", options.seed}};
}

Error not_a_demo(const std::string& folder) {
  return Error{ErrorCode::invalid_argument, "the folder holds something else than a demo", folder,
               "Name another one with --folder"};
}

}  // namespace

Result<DemoState> DemoState::open(const std::string& folder, const DemoOptions& options) {
  DemoState state;
  state.folder_ = folder;
  const std::string file = state.path(kStateFile);
  std::error_code code;
  const bool is_demo = fs::exists(file, code),
             is_used = fs::exists(folder, code) && !fs::is_empty(folder, code);
  if (is_used && !is_demo) return not_a_demo(folder);
  if (is_demo && options.fresh) {
    fs::remove_all(folder, code);
    if (code) return Error{ErrorCode::io, "cannot remove the old demo: " + code.message(), folder, ""};
  }
  fs::create_directories(folder, code);
  if (code) return Error{ErrorCode::io, "cannot create the folder: " + code.message(), folder, ""};
  ::chmod(folder.c_str(), kPrivateFolder);
  if (is_demo && !options.fresh) {
    std::stringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    auto value = parse_json(bytes.str());
    const json::value* stored =
        value.ok() && value->is_object() ? value->get_object().if_contains("options") : nullptr;
    if (stored == nullptr)
      return Error{ErrorCode::corrupt, "cannot read the demo's state", file, "Start over with --fresh"};
    if (*stored != json::value(options_json(options))) {
      return Error{ErrorCode::invalid_argument, "the folder holds a demo with other options", folder,
                   "Give the same options to go on, --fresh to start over, or another --folder"};
    }
    state.state_ = std::move(value->get_object());
    return state;
  }
  state.state_ = {{"options", options_json(options)}, {"stages", json::object()}};
  RETURN_IF_ERROR(state.save());
  return state;
}

const json::object* DemoState::done(const std::string& stage) const {
  const json::value* stages = state_.if_contains("stages");
  const json::object* all = stages != nullptr ? stages->if_object() : nullptr;
  const json::value* result = all != nullptr ? all->if_contains(stage) : nullptr;
  return result != nullptr ? result->if_object() : nullptr;
}

Status DemoState::finish(const std::string& stage, json::object result) {
  json::value& stages = state_["stages"];
  if (!stages.is_object()) stages = json::object();
  stages.get_object()[stage] = std::move(result);
  return save();
}

double DemoState::number(const char* key) const {
  const json::value* value = state_.if_contains(key);
  json::error_code code;
  return value != nullptr ? value->to_number<double>(code) : 0;
}

Status DemoState::set_times(double seconds, double cpu_seconds) {
  state_["seconds"] = seconds;
  state_["cpu_seconds"] = cpu_seconds;
  return save();
}

Status DemoState::save() const {
  const std::string file = path(kStateFile), partial = file + "~";
  {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    if (!(out << json::serialize(state_) << '\n').flush())
      return system_error("cannot write the file", partial);
  }
  std::error_code code;
  fs::rename(partial, file, code);
  if (code) return Error{ErrorCode::io, "cannot replace the file: " + code.message(), file, ""};
  return Status();
}

}  // namespace understudy
