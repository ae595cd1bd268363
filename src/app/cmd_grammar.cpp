// understudy grammar check: can answers be locked to this schema, and what will that be like?
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <set>
#include <sstream>

#include "app/commands.h"
#include "app/model_store.h"
#include "base/json.h"
#include "engine/tokenizer_from_file.h"
#include "formats/read_model.h"
#include "grammar/matcher.h"
#include "grammar/schema_compiler.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct Options {
  std::string schema, model;
  int samples = 0;
  bool json = false;
};

struct Walk {
  std::string text;
  std::vector<double> mask_us;
};

Result<json::value> read_schema(const std::string& path) {
  std::stringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    if (!file)
      return Error{ErrorCode::not_found, "there is no such file", path, "Give a JSON file, or - for stdin"};
    text << file.rdbuf();
  }
  auto value = parse_json(text.str(), {.max_depth = 256});
  if (value) return value;
  Error error = value.error();
  error.where = path + ", " + error.where;
  return error;
}

// Required properties that cannot be null: what a text does not say, a model has to invent.
std::vector<std::string> forced_inventions(const ValueGrammar& grammar) {
  std::vector<std::string> paths;
  std::set<ValueId> seen;
  std::vector<std::pair<ValueId, std::string>> work{{grammar.root, "$"}};
  while (!work.empty()) {
    const auto [id, path] = std::move(work.back());
    work.pop_back();
    if (id < 0 || !seen.insert(id).second) continue;
    const ValueLanguage& value = grammar.values[static_cast<size_t>(id)];
    for (const ObjectLanguage& object : value.objects) {
      for (const PropertyLanguage& p : object.properties) {
        if (p.value < 0) continue;
        const std::string name = path + "." + p.name;
        const ValueLanguage& inner = grammar.values[static_cast<size_t>(p.value)];
        // A list may be empty and an object is judged by what it holds.
        const bool scalar = !inner.strings.empty() || !inner.numbers.empty();
        if (p.required && !inner.null && scalar) paths.push_back(name);
        work.emplace_back(p.value, name);
      }
    }
    for (const ArrayLanguage& array : value.arrays) {
      for (const ItemOption& option : array.rest) work.emplace_back(option.value, path + "[]");
      for (const auto& options : array.prefix) {
        for (const ItemOption& option : options) work.emplace_back(option.value, path + "[]");
      }
    }
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

Result<std::shared_ptr<StateMasks>> load_masks(const std::string& model) {
  ASSIGN_OR_RETURN(const ModelLocation location, find_model(model));
  ASSIGN_OR_RETURN(const ModelFile file, read_model(location.path));
  ASSIGN_OR_RETURN(TokenizerSpec spec, tokenizer_spec(file));
  ASSIGN_OR_RETURN(auto tokenizer, Tokenizer::create(std::move(spec)));
  return StateMasks::of(*tokenizer);
}

// A random text of the grammar: tokens drawn evenly from the masks, then the shortest way to the end.
Walk random_walk(const std::shared_ptr<const Grammar>& grammar, const std::shared_ptr<StateMasks>& masks,
                 std::mt19937_64& random) {
  constexpr int kFreeTokens = 40;
  Matcher matcher(grammar, masks);
  Walk walk;
  for (int i = 0; i < kFreeTokens && !matcher.must_end(); i++) {
    if (matcher.can_end() && random() % 4 == 0) break;
    const auto start = std::chrono::steady_clock::now();
    const TokenMask& mask = matcher.mask();
    walk.mask_us.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    std::vector<TokenId> allowed;
    for (TokenId id = 0; id < static_cast<TokenId>(masks->tokens()); id++) {
      if (mask.allows(id)) allowed.push_back(id);
    }
    const std::string& bytes = masks->bytes_of(allowed[random() % allowed.size()]);
    matcher.accept(bytes);
    walk.text += bytes;
  }
  walk.text += matcher.closing();
  return walk;
}

double quantile(std::vector<double> sorted, double q) {
  std::sort(sorted.begin(), sorted.end());
  return sorted.empty() ? 0 : sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))];
}

Status check(const Options& options) {
  ASSIGN_OR_RETURN(json::value schema, read_schema(options.schema));
  const auto start = std::chrono::steady_clock::now();
  auto compiled = compile_schema(std::move(schema));
  const double ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  if (!compiled) {
    Error error = compiled.error();
    if (error.code == ErrorCode::not_found) error.code = ErrorCode::invalid_argument;  // no file is missing
    error.hint = "Answers cannot be locked to this schema; requests with it get a 400 with this message";
    return error;
  }
  const std::vector<std::string> inventions = forced_inventions(*compiled);
  const size_t values = compiled->values.size();
  const auto grammar =
      std::make_shared<const Grammar>(std::move(*compiled), KeyOrder::declared, Layout::spaced);
  json::object report{{"ok", true}, {"compile_ms", ms}, {"values", values}};
  json::array warnings, samples;
  for (const std::string& path : inventions) warnings.emplace_back(path);
  std::vector<double> mask_us;
  if (!options.model.empty() || options.samples > 0) {
    if (options.model.empty())
      return Error{ErrorCode::invalid_argument, "--sample needs --model, whose tokens it draws", "--sample",
                   ""};
    ASSIGN_OR_RETURN(const auto masks, load_masks(options.model));
    std::mt19937_64 random(1);
    for (int i = 0; i < std::max(options.samples, 8); i++) {
      Walk walk = random_walk(grammar, masks, random);
      mask_us.insert(mask_us.end(), walk.mask_us.begin(), walk.mask_us.end());
      if (i < options.samples) samples.emplace_back(std::move(walk.text));
    }
    report["mask_us"] = {
        {"n", mask_us.size()}, {"p50", quantile(mask_us, 0.5)}, {"p99", quantile(mask_us, 0.99)}};
  }
  report["required_without_null"] = warnings;
  if (options.samples > 0) report["samples"] = samples;
  if (options.json) {
    fmt::print("{}\n", json::serialize(report));
    return {};
  }
  fmt::print("ok: answers can be locked to this schema ({} kinds of values, compiled in {:.1f} ms)\n", values,
             ms);
  if (!mask_us.empty()) {
    fmt::print("masks of {}: p50 {:.1f} us, p99 {:.1f} us (n {})\n", options.model, quantile(mask_us, 0.5),
               quantile(mask_us, 0.99), mask_us.size());
  }
  for (const std::string& path : inventions) {
    fmt::print(
        "warning: {} is required and cannot be null: where the text does not say it, a model must invent "
        "it\n",
        path);
  }
  for (const json::value& sample : samples) fmt::print("{}\n", std::string_view(sample.get_string()));
  return {};
}

}  // namespace

void add_grammar(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("grammar", "Schemas that answers can be locked to");
  verb->require_subcommand(1);
  auto* sub =
      verb->add_subcommand("check", "Whether a JSON schema is supported, and what it asks of a model");
  sub->add_option("SCHEMA", options->schema, "A file with a JSON schema, or - for stdin")->required();
  sub->add_option("--model", options->model, "Time the masks of this model's tokens");
  sub->add_option("--sample", options->samples, "Print so many random texts of the schema")
      ->check(CLI::Range(0, 10000));
  sub->add_flag("--json", options->json, "One JSON object");
  sub->footer(
      "A schema is taken exactly or not at all: what is not supported is named with its keyword and place.\n"
      "Answers have a space behind each comma and colon, and properties in the order in which the schema "
      "declares them.\n\n"
      "  understudy grammar check invoice.json --model qwen2.5-coder:0.5b --sample 3\n\n"
      "Exit codes: 0 supported, 64 not valid as a schema, 1 not supported.");
  sub->callback([&action, options] { action = [options] { return check(*options); }; });
}

}  // namespace understudy
