// understudy loop measure: how often does a model repeat itself without end?
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "app/commands.h"
#include "app/model_store.h"
#include "app/progress.h"
#include "base/json.h"
#include "engine/ask.h"
#include "engine/model.h"
#include "eval/proportion.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct Options {
  std::string model, prompts, texts;
  int max_tokens = 1024, streams = 16, limit = 0;
  float temperature = 0;
  uint64_t seed = 1;
  bool guard = false, json = false;
};

// What became of one prompt.
struct Outcome {
  std::string text;
  int tokens = 0;
  size_t incidents = 0;
  bool repeated = false, ngram = false, capped = false, stale = false, broken_off = false, named = false,
       runaway = false;
};

// A line is a prompt, or a JSON object with "prompt" or "messages".
Result<std::vector<json::array>> read_prompts(const Options& options) {
  std::ifstream file(options.prompts, std::ios::binary);
  if (!file) return Error{ErrorCode::not_found, "there is no such file", options.prompts, ""};
  std::vector<json::array> prompts;
  size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    number++;
    if (line.empty() || (options.limit > 0 && static_cast<int>(prompts.size()) == options.limit)) continue;
    if (line[0] != '{') {
      prompts.push_back({json::object{{"role", "user"}, {"content", line}}});
      continue;
    }
    ASSIGN_OR_RETURN(const json::value value, parse_json(line));
    const json::value* messages = value.get_object().if_contains("messages");
    const json::value* prompt = value.get_object().if_contains("prompt");
    if (messages && messages->is_array()) {
      prompts.push_back(messages->get_array());
    } else if (prompt && prompt->is_string()) {
      prompts.push_back({json::object{{"role", "user"}, {"content", *prompt}}});
    } else {
      return Error{ErrorCode::invalid_argument, "neither \"prompt\" nor \"messages\"",
                   fmt::format("{}, line {}", options.prompts, number), ""};
    }
  }
  if (prompts.empty()) return Error{ErrorCode::invalid_argument, "there are no prompts", options.prompts, ""};
  return prompts;
}

// The text ends with a span that stands there at least four times in a row, 60 characters or more together
// (Antidoom's definition). Spans of white space or of one character do not count.
bool ends_in_repetition(std::string_view text) {
  constexpr size_t kCopies = 4, kCharacters = 60, kLongest = 2000;
  for (size_t period = 1; period * kCopies <= text.size() && period <= kLongest; period++) {
    size_t matched = 0;  // bytes that equal those one period before
    while (matched + period < text.size() &&
           text[text.size() - 1 - matched] == text[text.size() - 1 - matched - period]) {
      matched++;
    }
    const size_t covered = matched + period;
    if (covered < kCopies * period || covered < kCharacters) continue;
    const std::string_view span = text.substr(text.size() - period);
    if (span.find_first_not_of(" \t\r\n-=_*.#|") != std::string_view::npos) return true;
  }
  return false;
}

// Some sequence of 30 tokens stands in the answer 20 times.
bool has_frequent_ngram(const std::vector<TokenId>& tokens) {
  constexpr size_t kTokens = 30;
  constexpr int kTimes = 20;
  std::map<std::vector<TokenId>, int> seen;
  for (size_t i = 0; i + kTokens <= tokens.size(); i++) {
    const auto begin = tokens.begin() + static_cast<ptrdiff_t>(i);
    if (++seen[{begin, begin + static_cast<ptrdiff_t>(kTokens)}] >= kTimes) return true;
  }
  return false;
}

// Letters or digits in a row.
std::vector<std::string_view> words_of(std::string_view text) {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  auto is_letter = [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte >= 0x80;
  };
  std::vector<std::string_view> words;
  for (auto it = text.begin(); it != text.end();) {
    const auto begin = it;
    it = std::find_if_not(it, text.end(), is_digit);
    if (it == begin) it = std::find_if_not(it, text.end(), is_letter);
    if (it == begin) {
      it++;
    } else {
      words.emplace_back(begin, it);
    }
  }
  return words;
}

// The last number is one of the eight before it, or as far from it as that one from the one as far before.
bool follows(const std::vector<int64_t>& numbers) {
  const size_t last = numbers.size() - 1;
  for (size_t k = 1; k <= 8 && k <= last; k++) {
    const int64_t step = numbers[last] - numbers[last - k];
    if (step == 0 || (2 * k <= last && step == numbers[last - k] - numbers[last - 2 * k])) return true;
  }
  return false;
}

// Fewer than one in ten of the words and numbers after the first `known` are new: words that have not come after the same
// two before, numbers that do not follow from those before. Not the guard's own measure, which goes by tokens and periods.
// Answers of SmolLM2 135M that reach a limit of 1,024 tokens are far from the border: of 257 unguarded ones 254 hold less
// than 2 % of new words, numbers apart, in their last 256 tokens.
bool ends_without_news(const std::vector<std::string_view>& words, size_t known) {
  std::set<std::array<std::string_view, 3>> seen;
  std::vector<int64_t> numbers;
  std::array<std::string_view, 3> last;
  size_t news = 0;
  for (size_t i = 0; i < words.size(); i++) {
    const bool is_number = words[i][0] >= '0' && words[i][0] <= '9';
    last = {last[1], last[2], is_number ? "0" : words[i]};
    bool is_new = seen.insert(last).second;
    if (is_number) {
      int64_t value = 0;
      for (const char digit : words[i].substr(0, 18)) value = value * 10 + (digit - '0');
      numbers.push_back(value);
      is_new = !follows(numbers);
    }
    if (i >= known) news += is_new;
  }
  return words.size() <= known || news * 10 < words.size() - known;
}

class Measurement {
 public:
  Measurement(const Options& options, std::shared_ptr<const Model> model, Engine& engine)
      : options_(options), model_(std::move(model)), engine_(engine) {}

  Result<Outcome> answer(const json::array& messages, size_t number) const {
    const Tokenizer& tokenizer = *model_->tokenizer();
    ASSIGN_OR_RETURN(ToolPrompt prepared, model_->tool_call_format().prepare(messages, {}));
    ChatTemplateInput input;
    input.messages = std::move(prepared.messages);
    if (const auto bos = tokenizer.bos()) input.bos_token = tokenizer.bytes(*bos, true);
    if (const auto eos = tokenizer.eos()) input.eos_token = tokenizer.bytes(*eos, true);
    input.now = std::time(nullptr);
    ASSIGN_OR_RETURN(const PromptText prompt, model_->chat_template()->render(input));
    EngineRequest request;
    request.prompt = tokenizer.encode(prompt, true);
    request.max_tokens =
        std::min(options_.max_tokens, engine_.context() - static_cast<int>(request.prompt.size()));
    request.sampling.temperature = options_.temperature;
    request.sampling.seed = options_.seed + number;
    if (options_.guard) request.loop_guard = LoopGuard{model_->tokenizer()};
    const int most = request.max_tokens;
    ASSIGN_OR_RETURN(const TextAnswer answer, ask_text(engine_, std::move(request)));
    Outcome out;
    out.text = tokenizer.decode(answer.tokens);
    out.tokens = static_cast<int>(answer.tokens.size());
    out.incidents = answer.usage.loops.size();
    for (const LoopIncident& loop : answer.usage.loops) {
      const bool named = loop.action == LoopIncident::Action::cut;
      out.named = out.named || named;
      out.broken_off = out.broken_off || (!named && loop.action != LoopIncident::Action::rewound);
    }
    out.capped = answer.reason == FinishReason::length && out.tokens >= most;
    out.repeated = !out.broken_off && ends_in_repetition(out.text);
    out.ngram = has_frequent_ngram(answer.tokens);
    const auto tail = std::min<ptrdiff_t>(kTail, std::ssize(answer.tokens));
    const std::string head = tokenizer.decode({answer.tokens.begin(), answer.tokens.end() - tail});
    out.stale = out.capped && ends_without_news(words_of(out.text), words_of(head).size());
    out.runaway = !out.broken_off && !out.named && (out.repeated || out.ngram || out.stale);
    return out;
  }

 private:
  static constexpr ptrdiff_t kTail = 256;  // tokens of an answer's end

  const Options& options_;
  const std::shared_ptr<const Model> model_;
  Engine& engine_;
};

Status measure(const Options& options) {
  ASSIGN_OR_RETURN(const auto prompts, read_prompts(options));
  ASSIGN_OR_RETURN(const ModelLocation location, find_model(options.model));
  ASSIGN_OR_RETURN(auto model, Model::load(location));
  if (!model->tokenizer())
    return Error{ErrorCode::unsupported, "the model has no tokenizer", options.model, ""};
  EngineOptions engine_options;
  engine_options.max_running = options.streams;
  ASSIGN_OR_RETURN(auto engine, Engine::create(model, engine_options));
  const Measurement measurement(options, model, *engine);
  std::vector<Outcome> outcomes(prompts.size());
  std::atomic<size_t> next{0}, done{0};
  std::mutex mutex;
  std::optional<Error> failure;
  {
    Progress progress("answers", prompts.size(), 0, "prompts");
    std::vector<std::jthread> threads;
    for (int t = 0; t < options.streams; t++) {
      threads.emplace_back([&] {
        for (size_t i = next++; i < prompts.size(); i = next++) {
          auto outcome = measurement.answer(prompts[i], i);
          std::lock_guard lock(mutex);
          if (!outcome) {
            failure = outcome.error();
            next = prompts.size();
            return;
          }
          outcomes[i] = std::move(*outcome);
          progress.update(++done);
        }
      });
    }
  }
  if (failure) return *failure;
  if (!options.texts.empty()) {
    std::ofstream file(options.texts, std::ios::binary);
    for (const Outcome& o : outcomes) {
      file << json::serialize(json::object{{"text", o.text},
                                           {"tokens", o.tokens},
                                           {"incidents", o.incidents},
                                           {"repeated", o.repeated},
                                           {"ngram", o.ngram},
                                           {"capped", o.capped},
                                           {"stale", o.stale},
                                           {"broken_off", o.broken_off},
                                           {"named", o.named},
                                           {"runaway", o.runaway}})
           << "\n";
    }
    if (!file) return Error{ErrorCode::io, "cannot write", options.texts, ""};
  }
  struct Row {
    std::string_view key, meaning;
    bool Outcome::* member;
  };
  constexpr Row kRows[] = {
      {"repeated", "ends with a span 4 times in a row, 60 characters or more", &Outcome::repeated},
      {"ngram", "holds a sequence of 30 tokens 20 times", &Outcome::ngram},
      {"capped", "reached the limit of tokens without an end", &Outcome::capped},
      {"stale", "did so with nothing new in the last 256 tokens", &Outcome::stale},
      {"broken_off", "broken off by the loop guard", &Outcome::broken_off},
      {"named", "named a loop by the guard when the limit cut it short", &Outcome::named},
      {"runaway", "runaways: of the first, second or fourth kind, and neither broken off nor named",
       &Outcome::runaway}};
  const auto n = static_cast<int64_t>(outcomes.size());
  int64_t guarded = 0;
  for (const Outcome& o : outcomes) guarded += o.incidents > 0;
  json::object report{{"model", options.model},           {"n", n},
                      {"max_tokens", options.max_tokens}, {"temperature", options.temperature},
                      {"guard", options.guard},           {"with_incidents", guarded}};
  if (!options.json) {
    fmt::print("{}, {} prompts, at most {} tokens, temperature {}{}\n", options.model, n, options.max_tokens,
               options.temperature, options.guard ? ", loop guard on" : "");
  }
  for (const Row& row : kRows) {
    int64_t hits = 0;
    for (const Outcome& o : outcomes) hits += o.*row.member;
    const Interval interval = wilson(hits, n, 0.95);
    report[row.key] = {{"count", hits}, {"low", interval.low}, {"high", interval.high}};
    if (options.json) continue;
    fmt::print("{:>5} of {} ({:5.1f} % [{:.1f}, {:.1f}])  {}\n", hits, n,
               100.0 * static_cast<double>(hits) / static_cast<double>(n), 100 * interval.low,
               100 * interval.high, row.meaning);
  }
  if (options.json) fmt::print("{}\n", json::serialize(report));
  if (!options.json && options.guard)
    fmt::print("{:>5} of {} met the loop guard at least once\n", guarded, n);
  return {};
}

}  // namespace

void add_loop(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("loop", "Answers that repeat themselves without end");
  verb->require_subcommand(1);
  auto* sub =
      verb->add_subcommand("measure", "How often a model loops on some prompts, by three definitions");
  sub->add_option("MODEL", options->model, "A pulled model or a file")->required();
  sub->add_option("--prompts", options->prompts,
                  "A file: a prompt a line, or JSON lines with \"prompt\" or \"messages\"")
      ->required();
  sub->add_option("--max-tokens", options->max_tokens, "Of an answer")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  sub->add_option("--temperature", options->temperature, "0: the most likely token")
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  sub->add_option("--seed", options->seed)->capture_default_str();
  sub->add_option("--limit", options->limit, "Only the first so many prompts (0: all)")
      ->check(CLI::Range(0, 1 << 30));
  sub->add_option("--streams", options->streams, "Answers at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  sub->add_option("--texts", options->texts, "Write each answer and what was found in it, as JSON lines");
  sub->add_flag("--guard", options->guard, "With the loop guard, as `serve` answers");
  sub->add_flag("--json", options->json, "One JSON object");
  sub->footer(
      "Intervals are Wilson's at 95 %. A runaway says nothing new and nobody is told: it repeats a span, a "
      "sequence of\n"
      "tokens, or what it said before up to the limit. An answer that the limit cuts short while it says "
      "something\n"
      "new is none.\n\n"
      "  understudy loop measure smollm2:135m --prompts hard.txt\n"
      "  understudy loop measure smollm2:135m --prompts hard.txt --guard");
  sub->callback([&action, options] { action = [options] { return measure(*options); }; });
}

}  // namespace understudy
