// False alarms and cost of the loop detector on clean texts.
//
//   loop_detector MODEL [FIELD] < texts.jsonl
//
// A line of input is an object with a "text" (or FIELD), and maybe a "kind" and a "source". stdout: a line for
// every alarm, then for each kind of text and for all of them: texts, alarms with Wilson's 95 % interval,
// nanoseconds a token (detector alone, tokens' bytes at hand).
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <iostream>
#include <map>
#include <string>
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
  return kind == Loop::Kind::exact ? "exact" : kind == Loop::Kind::near ? "near" : "counter";
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

Counts examine(const Tokenizer& tokenizer, const boost::json::object& row, const std::string& field) {
  const std::vector<TokenId> ids = tokenizer.encode(PromptText::data(string_member(row, field)), false);
  std::vector<std::string> bytes;
  for (const TokenId id : ids) bytes.push_back(tokenizer.bytes(id, true));
  const auto start = std::chrono::steady_clock::now();
  const auto alarm = detect(ids, bytes);
  const double ns =
      std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  if (alarm) {
    std::string span;
    for (size_t i = alarm->token + 1 - static_cast<size_t>(alarm->loop.period); i <= alarm->token; i++) {
      span += bytes[i];
    }
    fmt::print("ALARM {} {} {} at token {} of {}, begun at {}, period {}: {}\n", string_member(row, "kind"),
               name_of(alarm->loop.kind), string_member(row, "source"), alarm->token, ids.size(),
               alarm->loop.rewind, alarm->loop.period, on_one_line(span));
  }
  return {1, alarm ? 1 : 0, ids.size(), ns};
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

int run(const std::string& model, const std::string& field) {
  const auto tokenizer = load(model);
  if (!tokenizer) {
    fmt::print(stderr, "loop_detector: {}\n", tokenizer.error().message());
    return 1;
  }
  std::map<std::string, Counts> kinds;
  Counts all;
  for (std::string line; std::getline(std::cin, line);) {
    const auto row = parse_json(line);
    const boost::json::object* object = row.ok() ? row->if_object() : nullptr;
    if (object == nullptr) continue;
    const Counts counts = examine(**tokenizer, *object, field);
    kinds[string_member(*object, "kind")].add(counts);
    all.add(counts);
  }
  if (all.texts == 0) {
    fmt::print(stderr, "loop_detector: no texts\n");
    return 1;
  }
  for (const auto& [kind, counts] : kinds) report(kind, counts);
  report("all", all);
  return 0;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    fmt::print(stderr, "usage: loop_detector MODEL [FIELD] < texts.jsonl\n");
    return 2;
  }
  return understudy::run(argv[1], argc == 3 ? argv[2] : "text");
}
