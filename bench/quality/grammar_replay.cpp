// Replays texts through the grammars of JSON schemas, token by token: the C++ side of maskbench.py and
// schema_suite.py.
//
//   grammar_replay MODEL.gguf [--any-order] [--spaced] [--annotate-formats] [--oracle N] [--sample N] < jobs.jsonl
//
// A line of input is {"id", "schema", "tests": [{"text", "valid"}]}; a line of output is {"id", "compile_us",
// "error": null or text, "tests": [{"accepted", "mask_us": [one a token]}]}. A token's time is that of its
// mask and of taking it; "accepted_in_any_order" says of a refused text whether only the order of its members is
// not the declared one. --oracle N compares every N-th mask with one made by trying each token alone
// ("states", "missing", "extra" in the output; tests then are not stopped by it). --sample N adds "samples":
// texts that random walks over the masks wrote.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <random>

#include "base/json.h"
#include "engine/tokenizer_from_file.h"
#include "formats/read_model.h"
#include "grammar/matcher.h"
#include "grammar/schema_compiler.h"

using namespace understudy;
namespace json = boost::json;

namespace {

struct Options {
  KeyOrder order = KeyOrder::declared;
  Layout layout = Layout::compact;
  SchemaOptions schema;
  int oracle = 0, samples = 0;
};

struct Oracle {
  int seen = 0, states = 0, missing = 0, extra = 0;
};

Result<std::shared_ptr<const Tokenizer>> load(const std::string& path) {
  ASSIGN_OR_RETURN(const ModelFile file, read_model(path));
  ASSIGN_OR_RETURN(TokenizerSpec spec, tokenizer_spec(file));
  return Tokenizer::create(std::move(spec));
}

double microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

// Each token alone, from the matcher's place.
void compare(Matcher& matcher, const StateMasks& masks, const TokenMask& mask, Oracle& oracle) {
  const TokenMask fast = mask;
  const size_t place = matcher.position();
  oracle.states++;
  for (TokenId id = 0; id < static_cast<TokenId>(masks.tokens()); id++) {
    const std::string& bytes = masks.bytes_of(id);
    const bool can_come = !bytes.empty() && matcher.accept(bytes);
    if (can_come) matcher.rewind(place);
    oracle.missing += can_come && !fast.allows(id);
    oracle.extra += !can_come && fast.allows(id);
  }
}

json::object replay(Matcher matcher, const std::vector<TokenId>& ids, const StateMasks& masks,
                    const Options& options, Oracle& oracle) {
  json::array times;
  bool accepted = true;
  for (const TokenId id : ids) {
    const auto start = std::chrono::steady_clock::now();
    const TokenMask& mask = matcher.mask();
    const bool allowed = mask.allows(id);
    double us = microseconds_since(start);
    if (options.oracle > 0 && oracle.seen++ % options.oracle == 0) compare(matcher, masks, mask, oracle);
    const auto taking = std::chrono::steady_clock::now();
    accepted = allowed && matcher.accept(masks.bytes_of(id));
    us += microseconds_since(taking);
    times.emplace_back(std::round(us * 10) / 10);
    if (!accepted) break;
  }
  return {{"accepted", accepted && matcher.can_end()}, {"mask_us", std::move(times)}};
}

// A text of the grammar: some tokens drawn evenly from the masks, then a short way to the end.
std::string sample(Matcher matcher, const StateMasks& masks, std::mt19937_64& random) {
  constexpr size_t kFree = 60;
  std::string text;
  for (size_t i = 0; i < kFree && !matcher.must_end(); i++) {
    if (matcher.can_end() && random() % 4 == 0) return text;
    const TokenMask& mask = matcher.mask();
    std::vector<TokenId> ids;
    for (TokenId id = 0; id < static_cast<TokenId>(masks.tokens()); id++) {
      if (mask.allows(id)) ids.push_back(id);
    }
    if (ids.empty()) return text + "<stuck>";
    const std::string& bytes = masks.bytes_of(ids[random() % ids.size()]);
    text += bytes;
    if (!matcher.accept(bytes)) return text + "<refused>";
  }
  const std::string rest = matcher.closing();
  return matcher.can_end() || !rest.empty() ? text + rest : "";
}

json::object run(const json::object& job, const Tokenizer& tokenizer,
                 const std::shared_ptr<StateMasks>& masks, const Options& options) {
  json::object out{{"id", job.at("id")}};
  const auto start = std::chrono::steady_clock::now();
  auto values = compile_schema(job.at("schema"), options.schema);
  std::shared_ptr<const Grammar> grammar;
  std::shared_ptr<const Grammar> any_order;
  if (values) any_order = std::make_shared<const Grammar>(*values, KeyOrder::any, options.layout);
  if (values) grammar = std::make_shared<const Grammar>(std::move(*values), options.order, options.layout);
  out["compile_us"] = std::round(microseconds_since(start) * 10) / 10;
  out["error"] = nullptr;
  if (!grammar) {
    out["error"] = values.error().message();
    out["tests"] = json::array();
    return out;
  }
  json::array tests;
  Oracle oracle;
  for (const json::value& test : job.at("tests").as_array()) {
    const std::string_view text = test.at("text").as_string();
    const std::vector<TokenId> ids = tokenizer.encode(PromptText::data(std::string(text)), false);
    json::object result = replay(Matcher(grammar, masks), ids, *masks, options, oracle);
    if (!result["accepted"].get_bool()) {
      Matcher free(any_order, nullptr);
      result["accepted_in_any_order"] = free.accept(text) && free.can_end();
    }
    tests.push_back(std::move(result));
  }
  out["tests"] = std::move(tests);
  if (options.oracle > 0) {
    out["states"] = oracle.states;
    out["missing"] = oracle.missing;
    out["extra"] = oracle.extra;
  }
  std::mt19937_64 random(1);
  json::array samples;
  for (int i = 0; i < options.samples; i++) {
    if (std::string text = sample(Matcher(grammar, masks), *masks, random); !text.empty())
      samples.emplace_back(text);
  }
  if (options.samples > 0) out["samples"] = std::move(samples);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 2; i < argc; i++) {
    const std::string_view argument = argv[i];
    if (argument == "--any-order") options.order = KeyOrder::any;
    if (argument == "--spaced") options.layout = Layout::spaced;
    if (argument == "--annotate-formats") options.schema.enforce_formats = false;
    if (argument == "--oracle" && i + 1 < argc) options.oracle = std::atoi(argv[++i]);
    if (argument == "--sample" && i + 1 < argc) options.samples = std::atoi(argv[++i]);
  }
  if (argc < 2) {
    fmt::print(stderr,
               "usage: grammar_replay MODEL.gguf [--any-order] [--spaced] [--annotate-formats] [--oracle N] "
               "[--sample N]\n");
    return 2;
  }
  const auto tokenizer = load(argv[1]);
  if (!tokenizer) {
    fmt::print(stderr, "grammar_replay: {}\n", tokenizer.error().message());
    return 1;
  }
  const auto masks = StateMasks::of(**tokenizer);
  for (std::string line; std::getline(std::cin, line);) {
    auto job = parse_json(line, {.max_depth = 512});
    if (!job) {
      fmt::print(stderr, "grammar_replay: {}\n", job.error().message());
      return 1;
    }
    std::cout << json::serialize(run(job->get_object(), **tokenizer, masks, options)) << std::endl;
  }
  return 0;
}
