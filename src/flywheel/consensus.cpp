#include "flywheel/consensus.h"

#include <algorithm>
#include <set>
#include <string>

#include "flywheel/align.h"
#include "flywheel/limits.h"
#include "flywheel/tokens.h"

namespace understudy {
namespace {

bool most(size_t count, size_t of) { return count * kAgreeingOf >= of * kAgreeing; }

// How many texts have each token of the seed, and each pair of neighbours as neighbours. joined[i] is for the
// place before token i; the start and the end of the text are places too.
struct Support {
  std::vector<size_t> held, joined;
};

Support support_of(std::span<const Token> seed, const std::vector<std::string_view>& texts) {
  Support support{std::vector<size_t>(seed.size()), std::vector<size_t>(seed.size() + 1)};
  for (const std::string_view text : texts) {
    const std::vector<Token> tokens = tokens_of(text);
    const std::vector<int32_t> to = align(seed, tokens);
    int32_t last = -1;
    for (size_t i = 0; i < to.size(); ++i) {
      if (to[i] < 0) continue;
      ++support.held[i];
      const bool neighbour = i == 0 ? to[i] == 0 : to[i - 1] >= 0 && to[i] == last + 1;
      if (neighbour) ++support.joined[i];
      last = to[i];
    }
    const bool at_end =
        seed.empty() ? tokens.empty() : to.back() >= 0 && static_cast<size_t>(to.back()) + 1 == tokens.size();
    if (at_end) ++support.joined[seed.size()];
  }
  return support;
}

// A run of constant tokens [begin, end) of the seed.
struct Run {
  size_t begin, end;
  bool at_start, at_end;
  bool full;  // in every text
};

std::vector<Run> constant_runs(const Support& support, size_t texts) {
  const size_t size = support.held.size();
  std::vector<Run> runs;
  for (size_t i = 0; i < size;) {
    if (!most(support.held[i], texts)) {
      ++i;
      continue;
    }
    Run run{i, i + 1, i == 0 && most(support.joined[0], texts), false, support.held[i] == texts};
    while (run.end < size && most(support.held[run.end], texts) && most(support.joined[run.end], texts)) {
      run.full = run.full && support.held[run.end] == texts && support.joined[run.end] == texts;
      ++run.end;
    }
    run.at_end = run.end == size && most(support.joined[size], texts);
    if (run.at_start) run.full = run.full && support.joined[0] == texts;
    if (run.at_end) run.full = run.full && support.joined[size] == texts;
    i = run.end;
    runs.push_back(run);
  }
  return runs;
}

bool keep(const Run& run, std::string_view literal, size_t texts) {
  if (holds_for_itself(literal, run.at_start || run.at_end)) return true;
  return run.full && texts >= (run.at_start ? kMinCalls : kMinCallsForWeakLiteral);
}

// Takes out literals between slots that do not say where the slots end.
void drop_ambiguous(MessageSkeleton& skeleton, const std::vector<std::string_view>& texts) {
  while (skeleton.literals.size() > 2) {
    std::vector<size_t> ambiguous(skeleton.literals.size());
    for (const std::string_view text : texts) {
      const SkeletonMatch match = match_message(skeleton, text);
      if (match.outcome == SkeletonMatch::Outcome::ambiguous) ++ambiguous[match.literal];
    }
    const auto worst = std::max_element(ambiguous.begin(), ambiguous.end());
    if (*worst * kAgreeingOf <= texts.size()) return;
    skeleton.literals.erase(skeleton.literals.begin() + (worst - ambiguous.begin()));
  }
}

MessageSkeleton message_consensus(std::string_view seed, const std::vector<std::string_view>& texts) {
  const bool constant =
      std::all_of(texts.begin(), texts.end(), [&](std::string_view text) { return text == seed; });
  if (constant) return {{std::string(seed)}};
  const std::vector<Token> tokens = tokens_of(seed);
  const std::vector<Run> runs = constant_runs(support_of(tokens, texts), texts.size());
  if (runs.size() == 1 && runs[0].at_start && runs[0].at_end) return {{std::string(seed)}};
  std::string front, back;
  std::vector<std::string> inner;
  for (const Run& run : runs) {
    const std::string literal(
        seed.substr(tokens[run.begin].begin, tokens[run.end - 1].end - tokens[run.begin].begin));
    if (!keep(run, literal, texts.size())) continue;
    if (run.at_start) {
      front = literal;
    } else if (run.at_end) {
      back = literal;
    } else {
      inner.push_back(literal);
    }
  }
  MessageSkeleton skeleton;
  skeleton.literals.push_back(std::move(front));
  for (std::string& literal : inner) skeleton.literals.push_back(std::move(literal));
  skeleton.literals.push_back(std::move(back));
  drop_ambiguous(skeleton, texts);
  return skeleton;
}

}  // namespace

bool holds_for_itself(std::string_view literal, bool at_end_of_message) {
  const size_t words = count_words(literal);
  if (words == 0) return false;
  return at_end_of_message || words >= kStrongWords ||
         literal.find_first_of("\n:=<>{}[]|#") != std::string_view::npos;
}

Skeleton consensus(PromptTexts seed, const std::vector<PromptTexts>& prompts) {
  Skeleton skeleton;
  for (size_t i = 0; i < seed.size(); ++i) {
    std::vector<std::string_view> texts;
    for (const PromptTexts& prompt : prompts) texts.push_back(prompt[i]);
    skeleton.messages.push_back(message_consensus(seed[i], texts));
  }
  return skeleton;
}

}  // namespace understudy
