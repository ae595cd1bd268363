#include "engine/drafts.h"

#include <algorithm>

namespace understudy {

namespace {

// Of earlier answers; with its chains an index holds about 40 bytes a token.
constexpr size_t kMostKeys = 64;
constexpr size_t kMostTokens = 8192;  // of one key; more: all are forgotten

// Of the latest guess in the chance.
constexpr double kNewShare = 1.0 / 16;
constexpr double kNewShareOfAll = 1.0 / 128;

// Place in GuessChances: by tokens alike, and the last where places disagree.
size_t level(const Guess& guess) {
  if (!guess.agreed) return 4;
  return guess.alike < 2 ? 0 : guess.alike < 4 ? 1 : guess.alike < 10 ? 2 : 3;
}

}  // namespace

std::list<Drafts::Answers>::iterator Drafts::find(const std::string& key) {
  return std::find_if(answers_.begin(), answers_.end(), [&](const Answers& a) { return a.key == key; });
}

double Drafts::plan(Sequence& s, int rows, double tokens, int most) {
  s.planned_size = s.tokens.size();
  if (most <= 0) return 0;
  if (s.text.size() == 0) s.guess_chances = chances_;
  s.text.add(std::span(s.tokens).subspan(s.text.size()));
  const auto look = [&](const DraftIndex& index) {
    std::vector<Guess> found = index.after(s.tokens, most);
    if (found.empty() || (!s.guesses.empty() && found[0].alike <= s.guesses[0].alike)) return false;
    s.guesses = std::move(found);
    return true;
  };
  s.guesses_predicted = s.prediction && look(*s.prediction);
  if (look(s.text)) s.guesses_predicted = false;
  if (const auto answers = find(s.key); answers != answers_.end() && look(answers->texts))
    s.guesses_predicted = false;
  std::vector<double> chances;
  for (const Guess& g : s.guesses) chances.push_back(s.guess_chances[level(g)]);
  s.drafted = pace_.rows_worth(rows, tokens, chances);
  double right = 1, expected = 0;
  for (int i = 0; i < s.drafted; i++) expected += right *= chances[static_cast<size_t>(i)];
  return expected;
}

void Drafts::judge(Sequence& s) {
  for (size_t i = 0; i < s.guesses.size() && s.planned_size + i < s.tokens.size(); i++) {
    const Guess& guess = s.guesses[i];
    const bool right = s.tokens[s.planned_size + i] == guess.token;
    double& own = s.guess_chances[level(guess)];
    double& all = chances_[level(guess)];
    own += kNewShare * ((right ? 1 : 0) - own);
    all += kNewShareOfAll * ((right ? 1 : 0) - all);
    if (!right) return;
  }
}

void Drafts::remember(const Sequence& s) {
  auto it = find(s.key);
  if (it == answers_.end()) it = answers_.insert(it, {s.key, {}});
  answers_.splice(answers_.begin(), answers_, it);
  if (answers_.size() > kMostKeys) answers_.pop_back();
  DraftIndex& texts = answers_.front().texts;
  if (texts.size() + s.answer().size() > kMostTokens) texts.truncate(0);
  if (s.answer().size() <= kMostTokens) texts.add_answer(s.prompt(), s.answer());
}

}  // namespace understudy
