// False alarms and cost of the loop detector on clean texts, or its recall of near-repeats planted in them.
//
//   loop_detector MODEL [--plant | --check] [FIELD] < texts.jsonl     (loop_texts.py writes texts)
//
// A line of input is an object with a "text" (or FIELD), and maybe a "kind" and a "source". stdout: a line for every alarm
// (or miss), then for each kind of text and for all of them: texts, alarms with Wilson's 95 % interval, nanoseconds of the processor
// a token (detector alone, tokens' bytes at hand). With --plant each text gives one per rate: its beginning and then a span
// of it over and over, in each copy that share of its words with a letter replaced, preceded by another word of the text
// or left out. A kind is then a rate, and every alarm a find. A text that itself holds a span four times in a row, 60
// characters and more with a letter among them, is a loop by the definition that the detector's `exact` follows: it is no clean
// text, and is counted under the kind "loop". --check does both and prints a line "PASS name" or "FAIL name"
// for each bar: at most 0.5 % false alarms, at least 99 % of what is planted with 1, 2 or 4 % of its words changed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <cmath>
#include <ctime>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "engine/loop_detector.h"
#include "engine/tokenizer_from_file.h"
#include "formats/read_model.h"

namespace understudy {
namespace {

struct Counts {
  int texts = 0, alarms = 0;
  size_t tokens = 0;
  double ns = 0;

  void add(const Counts& other) {
    texts += other.texts;
    alarms += other.alarms;
    tokens += other.tokens;
    ns += other.ns;
  }
};

struct Alarm {
  Loop loop;
  size_t token;
};

// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
std::pair<double, double> wilson95(int hits, int n) {
  constexpr double kZ = 1.959964;
  const double share = static_cast<double>(hits) / n, z2 = kZ * kZ / n;
  const double middle = share + z2 / 2, spread = kZ * std::sqrt(share * (1 - share) / n + z2 / n / 4);
  return {std::max(0.0, (middle - spread) / (1 + z2)), std::min(1.0, (middle + spread) / (1 + z2))};
}

std::string string_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::string on_one_line(std::string text) {
  for (char& c : text) c = static_cast<unsigned char>(c) < ' ' ? '~' : c;
  return text.substr(0, 120);
}

const char* name_of(Loop::Kind kind) {
  return kind == Loop::Kind::exact ? "exact" : kind == Loop::Kind::stale ? "stale" : "frequent";
}

// Of this thread, so that what else runs on the machine does not count.
double cpu_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e9 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec);
}

// The first alarm; the detector reads the whole text in any case, so that every token's cost counts.
std::optional<Alarm> detect(const std::vector<TokenId>& ids, const std::vector<std::string>& bytes) {
  LoopDetector detector;
  std::optional<Alarm> first;
  for (size_t i = 0; i < ids.size(); i++) {
    const auto loop = detector.add(ids[i], bytes[i]);
    if (loop && !first) first = Alarm{*loop, i};
  }
  return first;
}

bool has_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0xC3; });
}

// Compares characters, and knows nothing of tokens or of the detector.
bool holds_a_loop(std::string_view text) {
  constexpr size_t kCopies = 4, kCharacters = 60;
  for (size_t period = 2; period * kCopies <= text.size(); period++) {
    size_t run = 0;
    for (size_t i = period; i < text.size(); i++) {
      run = text[i] == text[i - period] ? run + 1 : 0;
      if (run + period < std::max(kCharacters, kCopies * period)) continue;
      if (has_letter(text.substr(i + 1 - period, period))) return true;
    }
  }
  return false;
}

// Prints what is wrong: an alarm, or none where there is a loop.
Counts examine(const Tokenizer& tokenizer, const std::string& text, bool planted, const std::string& kind,
               const std::string& source) {
  const std::vector<TokenId> ids = tokenizer.encode(PromptText::data(text), false);
  std::vector<std::string> bytes;
  for (const TokenId id : ids) bytes.push_back(tokenizer.bytes(id, true));
  const double start = cpu_nanoseconds();
  const auto alarm = detect(ids, bytes);
  const double ns = cpu_nanoseconds() - start;
  if (!alarm && planted) fmt::print("MISSED {} {}: {}\n", kind, source, on_one_line(text));
  if (alarm && !planted) {
    std::string span;
    for (size_t i = alarm->token + 1 - static_cast<size_t>(alarm->loop.period); i <= alarm->token; i++) {
      span += bytes[i];
    }
    fmt::print("ALARM {} {} {} at token {} of {}, begun at {}, period {}: {}\n", kind,
               name_of(alarm->loop.kind), source, alarm->token, ids.size(), alarm->loop.rewind,
               alarm->loop.period, on_one_line(span));
  }
  return {1, alarm ? 1 : 0, ids.size(), ns};
}

// Each with the white space before it.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  bool in_word = false;
  for (const char c : text) {
    const bool is_space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (is_space && in_word) words.emplace_back();
    in_word = !is_space;
    words.back() += c;
  }
  return words;
}

// Near-repeats of one text: spans of 6 to 150 words and up to 1,100 bytes, most of them with letters, and up to 480 tokens
// (the contract is 512, and a copy with words put in is longer); 16 copies, or 900 words of short ones. "" where the text
// has no such span.
std::string plant(const Tokenizer& tokenizer, const std::string& text, double rate, uint64_t seed) {
  constexpr size_t kBytes = 1100, kTokens = 480, kCopies = 16, kWords = 900;
  std::mt19937_64 random(seed);
  const std::vector<std::string> words = words_of(text);
  const size_t period = 6 + random() % std::clamp<size_t>(words.size() / 3, 1, 145);
  if (words.size() < period + 20) return "";
  const auto first = words.begin() + static_cast<ptrdiff_t>(random() % (words.size() - period));
  const std::vector<std::string> span(first, first + static_cast<ptrdiff_t>(period));
  const auto lettered = static_cast<size_t>(std::count_if(span.begin(), span.end(), has_letter));
  std::vector<std::string> others;
  std::copy_if(words.begin(), words.end(), std::back_inserter(others), has_letter);
  const std::string whole = fmt::format("{}", fmt::join(span, ""));
  if (whole.size() > kBytes || lettered * 10 < period * 6 || others.size() < 50) return "";
  if (tokenizer.encode(PromptText::data(whole), false).size() > kTokens) return "";
  std::string planted;
  for (size_t i = 0, n = random() % std::min<size_t>(words.size(), 120); i < n; i++) planted += words[i];
  for (size_t copy = 0; copy < std::max(kCopies, kWords / period); copy++) {
    for (const std::string& word : span) {
      const bool change = has_letter(word) && static_cast<double>(random() % 1000000) < rate * 1e6;
      const size_t how = change ? random() % 3 : 3;  // another word, another before it, none, as it was
      if (how <= 1) planted += others[random() % others.size()];
      if (how == 1 || how == 3) planted += word;
    }
  }
  return planted;
}

void report(const std::string& kind, const Counts& counts) {
  const auto [low, high] = wilson95(counts.alarms, counts.texts);
  fmt::print("{:<14} n {:>5}  alarms {:>3}  {:.2f} % [{:.2f}, {:.2f}]  tokens {:>8}  {:.0f} ns/token\n", kind,
             counts.texts, counts.alarms, 100.0 * counts.alarms / counts.texts, 100 * low, 100 * high,
             counts.tokens, counts.ns / static_cast<double>(std::max<size_t>(counts.tokens, 1)));
}

Result<std::shared_ptr<const Tokenizer>> load(const std::string& path) {
  ASSIGN_OR_RETURN(const ModelFile file, read_model(path));
  ASSIGN_OR_RETURN(TokenizerSpec spec, tokenizer_spec(file));
  return Tokenizer::create(std::move(spec));
}

// Whether a share is on the right side of its bar, at least or at most so many percent.
bool check(const std::string& name, const Counts& counts, double bar, bool at_least) {
  const double percent = 100.0 * counts.alarms / counts.texts;
  const bool passed = at_least ? percent >= bar : percent <= bar;
  const auto [low, high] = wilson95(counts.alarms, counts.texts);
  fmt::print("{} {}: {} of {}, {:.2f} % [{:.2f}, {:.2f}], bar {} {} %\n", passed ? "PASS" : "FAIL", name,
             counts.alarms, counts.texts, percent, 100 * low, 100 * high, at_least ? ">=" : "<=", bar);
  return passed;
}

enum class Mode { clean, plant, check };

int run(const std::string& model, const std::string& field, Mode mode) {
  const auto tokenizer = load(model);
  if (!tokenizer) {
    fmt::print(stderr, "loop_detector: {}\n", tokenizer.error().message());
    return 1;
  }
  std::map<std::string, Counts> kinds, rates;
  Counts all;
  uint64_t number = 0;
  for (std::string line; std::getline(std::cin, line); number++) {
    const auto row = parse_json(line);
    const boost::json::object* object = row.ok() ? row->if_object() : nullptr;
    if (object == nullptr) continue;
    const std::string text = string_member(*object, field), kind = string_member(*object, "kind");
    if (mode != Mode::plant) {
      const bool clean = !holds_a_loop(text);
      const std::string name = clean ? kind : "loop";
      const Counts counts = examine(**tokenizer, text, false, name, string_member(*object, "source"));
      kinds[name].add(counts);
      if (clean) all.add(counts);
    }
    for (const double rate : {0.01, 0.02, 0.04, 0.07}) {
      if (mode == Mode::clean || (mode == Mode::check && rate > 0.04)) continue;
      const std::string planted = plant(**tokenizer, text, rate, number);
      const std::string name = fmt::format("{:.0f} %", 100 * rate);
      if (!planted.empty()) rates[name].add(examine(**tokenizer, planted, true, name, kind));
    }
  }
  if (all.texts == 0 && rates.empty()) {
    fmt::print(stderr, "loop_detector: no texts\n");
    return 1;
  }
  for (const auto& [kind, counts] : kinds) report(kind, counts);
  for (const auto& [rate, counts] : rates) report(rate, counts);
  if (all.texts > 0) report("all", all);
  if (mode != Mode::check) return 0;
  const std::string name = model.substr(model.rfind('/') + 1);
  bool passed = check(fmt::format("false alarms ({})", name), all, 0.5, false);
  for (const auto& [rate, counts] : rates) {
    passed &= check(fmt::format("near-repeats, {} of words changed ({})", rate, name), counts, 99, true);
  }
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  using understudy::Mode;
  const std::string_view option = argc > 2 ? argv[2] : "";
  const Mode mode = option == "--plant" ? Mode::plant : option == "--check" ? Mode::check : Mode::clean;
  const int field = mode == Mode::clean ? 2 : 3;
  if (argc < 2 || argc > field + 1) {
    fmt::print(stderr, "usage: loop_detector MODEL [--plant | --check] [FIELD] < texts.jsonl\n");
    return 2;
  }
  return understudy::run(argv[1], argc > field ? argv[field] : "text", mode);
}
