// understudy profile: where models' parameters, bytes and time go, and how that fits this machine.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "app/commands.h"
#include "app/config_costs.h"
#include "app/machine_limits.h"
#include "app/model_profile.h"
#include "app/model_store.h"
#include "app/network_driver.h"
#include "app/profile_plot.h"
#include "app/profile_report.h"
#include "base/mapped_file.h"
#include "engine/model.h"
#include "kernels/dispatch.h"

namespace understudy {
namespace {

struct Options {
  std::vector<std::string> models, configs;
  std::string plot;
  int depth = 1024, threads = 0;
  double bits = 4.5;
  bool json = false, no_measure = false;
};

constexpr int kPrefillTokens = 256, kDecodeTokens = 32, kWarmUpTokens = 2;
constexpr size_t kMaxConfigBytes = 1 << 20;
constexpr double kMostBytesRead = 1e9;  // larger than any cache, smaller than any memory

template <typename Work>
double seconds_of(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// One prompt and its continuation, one stream.
ModelProfile measure(const std::string& name, const Network& network, int threads) {
  NetworkDriver run(network, threads, 1, kPrefillTokens + kDecodeTokens + kWarmUpTokens);
  run.prefill(0, kWarmUpTokens);  // touches every weight once
  run.decode(kWarmUpTokens, kWarmUpTokens);
  run.take_part_seconds();
  const double prefill_s = seconds_of([&] { run.prefill(0, kPrefillTokens); });
  const std::vector<double> prefill = run.take_part_seconds();
  const double decode_s = seconds_of([&] { run.decode(kPrefillTokens, kDecodeTokens); });
  ModelProfile profile = make_profile(name, network.costs(), run.take_part_seconds(), prefill);
  profile.measured = {kDecodeTokens / decode_s, kPrefillTokens / prefill_s};
  return profile;
}

Result<ModelProfile> profile_of_model(const std::string& name, const Options& options) {
  ASSIGN_OR_RETURN(const ModelLocation location, find_model(name));
  ASSIGN_OR_RETURN(const auto model, Model::load(location, {.threads = options.threads}));
  const std::string shown = name.substr(name.find_last_of('/') + 1);
  if (options.no_measure) return make_profile(shown, model->network().costs());
  return measure(shown, model->network(), options.threads);
}

// A config is called like the folder that it is in, as repositories are.
std::string name_of_config(const std::string& path) {
  const std::filesystem::path file = std::filesystem::absolute(path);
  return file.filename() == "config.json" ? file.parent_path().filename().string() : file.stem().string();
}

Result<ModelProfile> profile_of_config(const std::string& path, double bits) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  if (file->bytes().size() > kMaxConfigBytes) {
    return Error{ErrorCode::corrupt, "larger than 1 MiB", path, "Give a model's config.json"};
  }
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  ASSIGN_OR_RETURN(const ConfigCosts config, config_costs(text, path, bits));
  ModelProfile profile = make_profile(name_of_config(path), config.costs);
  profile.assumed_bits = bits;
  return profile;
}

// How fast this machine reads as many bytes as the largest of the models needs for a token.
Status measure_machine(const std::vector<ModelProfile>& profiles, const Options& options,
                       ProfileSetting& setting) {
  ASSIGN_OR_RETURN(const KernelTable* kernels, select_kernels());
  ThreadPool pool(options.threads);
  double bytes = 0;
  for (const ModelProfile& profile : profiles) {
    bytes = std::max(bytes, bytes_read(profile, options.depth).total());
  }
  setting.read_bytes_per_s =
      read_bytes_per_s(pool, *kernels, static_cast<size_t>(std::min(bytes, kMostBytesRead)));
  setting.threads = pool.size();
  return Status();
}

Status profile(const Options& options) {
  if (options.models.empty() && options.configs.empty()) {
    return Error{ErrorCode::invalid_argument, "there is nothing to profile", "",
                 "Name models, or config files with --config"};
  }
  std::vector<ModelProfile> profiles;
  for (const std::string& name : options.models) {
    ASSIGN_OR_RETURN(ModelProfile one, profile_of_model(name, options));
    profiles.push_back(std::move(one));
  }
  for (const std::string& path : options.configs) {
    ASSIGN_OR_RETURN(ModelProfile one, profile_of_config(path, options.bits));
    profiles.push_back(std::move(one));
  }
  ProfileSetting setting{.depth = options.depth};
  if (!options.no_measure) RETURN_IF_ERROR(measure_machine(profiles, options, setting));

  if (options.json) {
    boost::json::array list;
    for (const ModelProfile& each : profiles) list.push_back(profile_json(each, setting));
    fmt::print("{}\n", boost::json::serialize(list.size() == 1 ? list[0] : boost::json::value(list)));
  } else {
    fmt::print("{}", profiles.size() == 1 ? profile_table(profiles[0], setting)
                                          : comparison_table(profiles, setting));
  }
  if (options.plot.empty()) return Status();
  std::ofstream file(options.plot);
  file << profile_svg(profiles, setting);
  file.close();
  if (!file) return Error{ErrorCode::io, "cannot write the file", options.plot, ""};
  return Status();
}

}  // namespace

void add_profile(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("profile", "Show where models' parameters, bytes and time go");
  verb->add_option("MODEL", options->models, "Names of pulled models, or .gguf files; several are compared");
  verb->add_option("--config", options->configs,
                   "A published config.json, without weights (may be given again)")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--bits", options->bits, "Bits a weight that a --config is taken to have")
      ->check(CLI::Range(1.0, 32.0))
      ->capture_default_str();
  verb->add_option("--depth", options->depth, "Tokens of context whose state a token reads")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  verb->add_option("--plot", options->plot, "Draw the bytes that a token reads into this SVG file");
  verb->add_flag("--no-measure", options->no_measure, "Count only: no time and no speeds");
  verb->add_option("--threads", options->threads, "Threads (default: all that the process may use)")
      ->check(CLI::Range(1, 1024));
  verb->add_flag("--json", options->json, "A JSON object, or an array of them for several models");
  verb->footer(
      "Decoding reads every weight but the embedding once a token, and the state of all tokens before: bytes "
      "a token\n"
      "and the memory's speed bound tokens/s. Vocabulary tables are most of a very small model; state grows "
      "with the\n"
      "context in attention, and stays small with windows, short convolutions and gated delta layers.\n"
      "Shares of time are those of 256 prompt tokens and of 32 tokens after them, one stream.\n\n"
      "Examples:\n"
      "  understudy profile gemma3:270m\n"
      "  understudy profile smollm2:135m gemma3:270m --plot models.svg\n"
      "  understudy profile --config Qwen3.5-0.8B/config.json --config LFM2-1.2B/config.json --no-measure");
  verb->callback([&action, options] { action = [options] { return profile(*options); }; });
}

}  // namespace understudy
