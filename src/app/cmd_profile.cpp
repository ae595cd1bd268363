// understudy profile: where a model's parameters, bytes and multiply-adds are.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <vector>

#include "app/commands.h"
#include "app/model_store.h"
#include "engine/model.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct Options {
  std::string model;
  bool json = false;
};

struct Part {
  Cost cost;
  int blocks = 0;
};

// Blocks of a kind (and window) summed, in the model's order.
std::vector<Part> parts_of(const std::vector<Cost>& costs) {
  std::vector<Part> parts;
  for (const Cost& cost : costs) {
    auto part = std::find_if(parts.begin(), parts.end(), [&](const Part& p) {
      return p.cost.kind == cost.kind && p.cost.window == cost.window;
    });
    if (part == parts.end())
      part = parts.insert(parts.end(), {Cost{.kind = cost.kind, .window = cost.window}, 0});
    Cost& sum = part->cost;
    sum.parameters += cost.parameters;
    sum.weight_bytes += cost.weight_bytes;
    sum.multiply_adds += cost.multiply_adds;
    sum.key_multiply_adds += cost.key_multiply_adds;
    sum.paged_bytes_a_token += cost.paged_bytes_a_token;
    sum.snapshot_bytes += cost.snapshot_bytes;
    part->blocks++;
  }
  return parts;
}

struct Totals {
  int64_t parameters = 0, table_parameters = 0, bytes_a_token = 0, multiply_adds = 0, state_bytes_a_token = 0,
          snapshot_bytes = 0;
};

Totals total(const std::vector<Cost>& costs) {
  Totals totals;
  for (const Cost& cost : costs) {
    const bool table = cost.kind == "embedding" || cost.kind == "head";
    totals.parameters += cost.parameters;
    if (table) totals.table_parameters += cost.parameters;
    if (cost.kind != "embedding")
      totals.bytes_a_token += cost.weight_bytes;  // a token reads one row of the table
    totals.multiply_adds += cost.multiply_adds;
    totals.state_bytes_a_token += cost.paged_bytes_a_token;
    totals.snapshot_bytes += cost.snapshot_bytes;
  }
  return totals;
}

json::object to_json(const std::string& name, const std::vector<Part>& parts, const Totals& totals) {
  json::array list;
  for (const auto& [cost, blocks] : parts) {
    list.push_back({{"kind", cost.kind},
                    {"window", cost.window},
                    {"blocks", blocks},
                    {"parameters", cost.parameters},
                    {"weight_bytes", cost.weight_bytes},
                    {"multiply_adds", cost.multiply_adds},
                    {"key_multiply_adds", cost.key_multiply_adds},
                    {"state_bytes_a_token", cost.paged_bytes_a_token},
                    {"snapshot_bytes", cost.snapshot_bytes}});
  }
  return {{"model", name},
          {"parts", list},
          {"parameters", totals.parameters},
          {"embedding_share",
           static_cast<double>(totals.table_parameters) / static_cast<double>(totals.parameters)},
          {"effective_parameters", totals.parameters - totals.table_parameters},
          {"bytes_a_token", totals.bytes_a_token},
          {"multiply_adds_a_token", totals.multiply_adds},
          {"state_bytes_a_token", totals.state_bytes_a_token},
          {"snapshot_bytes", totals.snapshot_bytes}};
}

void print(const std::string& name, const std::vector<Part>& parts, const Totals& totals) {
  auto share = [](int64_t part, int64_t whole) {
    return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  };
  fmt::print("{:<24} {:>6} {:>12} {:>6} {:>10} {:>6} {:>12} {:>12}\n", name, "blocks", "parameters", "",
             "MB read", "", "M mult-adds", "state B/tok");
  for (const auto& [cost, blocks] : parts) {
    std::string kind(cost.kind);
    if (cost.window > 0) kind += fmt::format(" (window {})", cost.window);
    fmt::print("{:<24} {:>6} {:>12} {:>5.1f}% {:>10.1f} {:>5.1f}% {:>12.1f} {:>12}\n", kind, blocks,
               cost.parameters, share(cost.parameters, totals.parameters),
               static_cast<double>(cost.weight_bytes) / 1e6, share(cost.weight_bytes, totals.bytes_a_token),
               static_cast<double>(cost.multiply_adds) / 1e6, cost.paged_bytes_a_token);
  }
  fmt::print("\nparameters            {:.1f} M, of which {:.1f} M ({:.1f} %) in the vocabulary tables\n",
             static_cast<double>(totals.parameters) / 1e6, static_cast<double>(totals.table_parameters) / 1e6,
             share(totals.table_parameters, totals.parameters));
  fmt::print("effective parameters  {:.1f} M (all but the vocabulary tables)\n",
             static_cast<double>(totals.parameters - totals.table_parameters) / 1e6);
  fmt::print("bytes a token         {:.1f} MB of packed weights are read to decode one token\n",
             static_cast<double>(totals.bytes_a_token) / 1e6);
  fmt::print("multiply-adds a token {:.1f} M, besides attention\n",
             static_cast<double>(totals.multiply_adds) / 1e6);
  fmt::print("state                 {} bytes a token, {} bytes a sequence\n", totals.state_bytes_a_token,
             totals.snapshot_bytes);
}

Status profile(const Options& options) {
  ASSIGN_OR_RETURN(const std::string path, model_path(options.model));
  ASSIGN_OR_RETURN(const auto model, Model::load(path));
  const std::vector<Cost> costs = model->network().costs();
  const std::vector<Part> parts = parts_of(costs);
  const Totals totals = total(costs);
  if (options.json) {
    fmt::print("{}\n", json::serialize(to_json(options.model, parts, totals)));
  } else {
    print(options.model, parts, totals);
  }
  return {};
}

}  // namespace

void add_profile(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("profile", "Show where a model's parameters, bytes and work are");
  verb->add_option("MODEL", options->model, "Name of a pulled model, or a .gguf file")->required();
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer("Example:\n  understudy profile gemma3:270m");
  verb->callback([&action, options] { action = [options] { return profile(*options); }; });
}

}  // namespace understudy
