// understudy bench: tokens a second of a model on this machine, beside the limit that the machine sets.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "app/machine_limits.h"
#include "app/model_store.h"
#include "app/network_driver.h"
#include "base/mapped_file.h"
#include "engine/model.h"
#include "kernels/dispatch.h"

namespace understudy {
namespace {

struct Options {
  std::string work, model, text;
  int tokens = 0, depth = 0, streams = 0, threads = 0;
  bool json = false;
};

constexpr int kDecodeTokens = 128, kPrefillTokens = 512, kBatchStreams = 16;

struct Work {
  double weight_bytes = 0;          // read once a step
  double multiply_adds = 0;         // a token, linear layers up to the last with state
  double output_multiply_adds = 0;  // behind that, of a token whose logits are wanted
  double state_bytes = 0;           // read by one token at the depth of the run
  double key_multiply_adds = 0;
};

// `greedy`: of the outputs the largest alone is wanted.
Work work_of(const Network& network, int depth, bool greedy) {
  Work work;
  for (const Cost& cost : network.costs()) {
    const double keys = cost.window > 0 ? std::min(depth, cost.window) : depth;
    if (cost.kind != "embedding") work.weight_bytes += static_cast<double>(cost.weight_bytes);
    if (greedy) work.weight_bytes -= static_cast<double>(cost.bytes_of_others);
    work.output_multiply_adds += static_cast<double>(cost.multiply_adds);
    if (cost.paged_bytes_a_token + cost.snapshot_bytes > 0)
      work.multiply_adds += std::exchange(work.output_multiply_adds, 0);
    work.state_bytes += keys * static_cast<double>(cost.paged_bytes_a_token);
    work.key_multiply_adds += keys * static_cast<double>(cost.key_multiply_adds);
  }
  return work;
}

// Tokens a second if memory or arithmetic, whichever is slower, were the only cost.
double limit_tokens_per_s(const Options& options, const Network& network, ThreadPool& pool,
                          const KernelTable& kernels, int tokens) {
  const bool is_prefill = options.work == "prefill";
  const int mean_depth = options.depth + tokens / 2;
  const Work work = work_of(network, mean_depth, !options.text.empty() && options.streams == 1);
  const double rate = multiply_adds_per_s(pool, kernels, is_prefill);
  if (is_prefill) return rate / (work.multiply_adds + work.key_multiply_adds);
  const double bytes = work.weight_bytes + work.state_bytes * options.streams;
  const double memory_s = bytes / read_bytes_per_s(pool, kernels, static_cast<size_t>(bytes));
  const double arithmetic_s =
      options.streams * (work.multiply_adds + work.output_multiply_adds + work.key_multiply_adds) / rate;
  return options.streams / std::max(memory_s, arithmetic_s);
}

// The tokens of a file; sets the depth to all of them if none is asked for.
Result<std::vector<TokenId>> read_text(Options& options, const Tokenizer& tokenizer) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(options.text));
  const std::string text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  std::vector<TokenId> tokens = tokenizer.encode(PromptText::data(text), /*add_special=*/true);
  const auto count = static_cast<int>(tokens.size());
  if (options.depth == 0) options.depth = count;
  if (options.depth > count || count == 0) {
    return Error{ErrorCode::invalid_argument, fmt::format("the text has {} tokens", count), "--text",
                 "Give a longer text, or a smaller --depth"};
  }
  return tokens;
}

Status bench(Options options) {
  const bool is_prefill = options.work == "prefill";
  if (is_prefill && !options.text.empty()) {
    return Error{ErrorCode::invalid_argument, "a text is answered, not only read", "--text",
                 "Bench decode or batch with it"};
  }
  if (options.tokens == 0) options.tokens = is_prefill ? kPrefillTokens : kDecodeTokens;
  if (options.streams == 0) options.streams = options.work == "batch" ? kBatchStreams : 1;
  ASSIGN_OR_RETURN(const ModelLocation location, find_model(options.model));
  ASSIGN_OR_RETURN(const KernelTable* kernels, select_kernels());
  ASSIGN_OR_RETURN(const auto model, Model::load(location, {.threads = options.threads}));
  std::vector<TokenId> text;
  if (!options.text.empty()) {
    ASSIGN_OR_RETURN(text, read_text(options, *model->tokenizer()));
  }
  const int capacity = options.depth + options.tokens + 1;
  if (model->trained_context() > 0 && capacity > model->trained_context()) {
    return Error{
        ErrorCode::context_overflow,
        fmt::format("{} tokens do not fit the model's context of {}", capacity, model->trained_context()),
        "--tokens, --depth", "Ask for fewer"};
  }

  NetworkDriver run(model->network(), options.threads, options.streams, capacity, std::move(text));
  // Once untimed: a server has touched every weight and has its working memory long before most calls.
  is_prefill ? run.prefill(0, options.tokens) : run.decode(0, 2);
  if (options.depth > 0) run.prefill(0, options.depth);
  const auto start = std::chrono::steady_clock::now();
  is_prefill ? run.prefill(options.depth, options.tokens) : run.decode(options.depth, options.tokens);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double rate = options.tokens * options.streams / seconds;
  const double limit = limit_tokens_per_s(options, model->network(), run.pool(), *kernels, options.tokens);

  if (options.json) {
    const std::string text_name = std::filesystem::path(options.text).filename().string();
    fmt::print("{}\n", boost::json::serialize(boost::json::object{{"work", options.work},
                                                                  {"model", options.model},
                                                                  {"kernels", kernels->name},
                                                                  {"threads", run.pool().size()},
                                                                  {"tokens", options.tokens},
                                                                  {"depth", options.depth},
                                                                  {"streams", options.streams},
                                                                  {"text", text_name},
                                                                  {"seconds", seconds},
                                                                  {"tokens_per_s", rate},
                                                                  {"limit_tokens_per_s", limit},
                                                                  {"fraction", rate / limit}}));
    return {};
  }
  fmt::print("{} {}: {:.1f} tokens/s  ({} tokens, depth {}, {} stream{}, {} thread{}, {})\n", options.work,
             options.model, rate, options.tokens, options.depth, options.streams,
             options.streams == 1 ? "" : "s", run.pool().size(), run.pool().size() == 1 ? "" : "s",
             kernels->name);
  fmt::print("limit of this machine, measured now: {:.1f} tokens/s; reached {:.0f} %\n", limit,
             100 * rate / limit);
  return {};
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("bench", "Measure tokens a second beside the machine's limit");
  verb->add_option("WORK", options->work,
                   "decode: one stream; prefill: a prompt; batch: many streams decode at once")
      ->required()
      ->check(CLI::IsMember({"decode", "prefill", "batch"}));
  verb->add_option("MODEL", options->model, "Name of a pulled model, or a .gguf file")->required();
  verb->add_option("--tokens", options->tokens, "Tokens to time, a stream (decode, batch: 128; prefill: 512)")
      ->check(CLI::Range(1, 1 << 20));
  verb->add_option("--depth", options->depth, "Tokens already in the context")->check(CLI::Range(0, 1 << 20));
  verb->add_option(
          "--text", options->text,
          "decode, batch: read this file's first --depth tokens (else all of it) and answer as a request at "
          "temperature 0 does")
      ->type_name("FILE");
  verb->add_option("--streams", options->streams, "Sequences a step (batch: 16)")->check(CLI::Range(1, 1024));
  verb->add_option("--threads", options->threads, "Threads; default: all that this process may use")
      ->check(CLI::Range(1, 1024));
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "The limit is what memory (bytes a step / measured read bandwidth) or arithmetic (multiply-adds / "
      "measured int8 peak)\n"
      "allows, whichever is slower. Example:\n  understudy bench decode smollm2:135m --depth 1024");
  verb->callback([&action, options] { action = [options] { return bench(*options); }; });
}

}  // namespace understudy
