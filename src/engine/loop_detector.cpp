#include "engine/loop_detector.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "engine/number_words.h"

namespace understudy {

namespace {

constexpr int kLags = 512;
constexpr int kExactCopies = 4, kExactCharacters = 60;
constexpr int kFillerCharacters = 800, kDigitCharacters = 300;
constexpr int kSpanTokens = 30, kSpanTimes = 20, kSpansApart = 64;

// Tokens that say nothing new, after the first copy: of copies that differ or are bare counts, and of copies
// where nothing but numbers differ.
// Chosen on one half of 4,726 texts and reported on the other.
constexpr int kStaleTokens = 640, kStaleCopies = 4;
constexpr int kSameTokens = 320, kSameCopies = 3;
constexpr int kAgain = 4;                             // times less where the answer has looped before
constexpr int kCountTokens = 640, kCountLetters = 3;  // of bare counts
constexpr int kTableTokens = 960, kSteps = 6;         // of computed tables
// A word that is new where the copy before has a new one too, and a number that does not follow from those before. Rows of
// 100 tokens with one field of information never add up. What else differs costs no more than its own tokens, which do
// not count.
constexpr int kFieldCost = 100, kNumberCost = 50;

// Score of an alignment: a match +1, a difference less. Where 1 word in 20 is changed, 1 in 10 differs from the copy
// before (the change, and the change back), and a score still grows. The cap lets it outlive changes close to each
// other, and bounds how long a loop that has ended counts on: 43 elements.
constexpr int kMismatch = -3, kGap = -3, kScoreCap = 128;

using Lags = std::array<int32_t, kLags + 2>;  // by lag; 0 and kLags + 1 stay 0

// The last Size values, newest first and contiguous. Values before the first are `T{}`.
template <typename T, int Size>
class Window {
 public:
  void push(T value) {
    if (begin_ == 0) {
      begin_ = static_cast<int>(values_.size()) - Size + 1;
      std::copy_n(values_.begin(), Size - 1, values_.begin() + begin_);
    }
    values_[static_cast<size_t>(--begin_)] = value;
  }
  const T* newest() const { return values_.data() + begin_; }

 private:
  std::array<T, 2 * Size> values_{};
  int begin_ = Size;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What a token or a span of tokens looks like.
struct Look {
  int characters = 0, letters = 0, digits = 0;
  int byte = -1;  // the one that it consists of; kNone: no byte, kMixed: several
  static constexpr int kNone = -1, kMixed = -2;

  void add(const Look& other) {
    characters += other.characters;
    letters += other.letters;
    digits += other.digits;
    if (byte == kNone) byte = other.byte;
    if (other.byte != kNone && other.byte != byte) byte = kMixed;
  }
  bool filler() const { return letters == 0 || byte >= 0; }
  bool one_digit() const { return digits > 0 && byte >= 0; }
};

// Counts lead bytes. Latin-1 symbols (lead byte C2) and U+2000 to U+2FFF (E2: dashes, boxes, bullets) are no letters.
Look look_of(std::string_view bytes) {
  Look look;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    const bool continuation = (byte & 0xC0) == 0x80;
    const bool ascii_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    look.characters += !continuation;
    look.letters += ascii_letter || (byte >= 0xC3 && byte != 0xE2);
    look.digits += is_digit(c);
    look.add({0, 0, 0, byte});
  }
  return look;
}

template <typename Looks>
Look look_of_last(const Looks& looks, int n) {
  Look look;
  for (int i = 0; i < n; i++) look.add(looks[i]);
  return look;
}

// `tokens` tokens or elements that repeat the last `period` of them.
bool covers(Look period_look, int period, int64_t tokens, int again) {
  const int64_t covered = period_look.characters * tokens / period;
  if (!period_look.filler()) return covered >= kExactCharacters;
  return covered >= (period_look.one_digit() ? kDigitCharacters : kFillerCharacters) / again;
}

// The length of the run of tokens up to now that equal the one `lag` before, for every lag.
class ExactRuns {
 public:
  explicit ExactRuns(int again) : again_(again) {}

  std::optional<Loop> add(const TokenId* recent, const Look* looks, int index) {
    int32_t repeated = 0;
    for (int lag = 1; lag <= kLags; lag++) {
      const auto i = static_cast<size_t>(lag);
      run_[i] = recent[lag] == recent[0] ? run_[i] + 1 : 0;
      repeated |= run_[i] >= (kExactCopies - 1) * lag;
    }
    if (!repeated) return std::nullopt;
    for (int lag = 1; lag <= kLags; lag++) {
      const int run = run_[static_cast<size_t>(lag)];
      if (run < (kExactCopies - 1) * lag) continue;
      if (!covers(look_of_last(looks, lag), lag, int64_t{run} + lag, again_)) return std::nullopt;
      return Loop{Loop::Kind::exact, index + 1 - run, lag};
    }
    return std::nullopt;
  }

 private:
  const int again_;
  Lags run_{};
};

// How often the last kSpanTokens tokens have stood in the answer, each time soon after the time before.
class FrequentSpans {
 public:
  explicit FrequentSpans(int again) : times_(kSpanTimes / again) {}

  std::optional<Loop> add(const TokenId* recent, const Look* looks, int index) {
    // M. O. Rabin, "Fingerprinting by random polynomials", 1981; modulo 2^64.
    hash_ = hash_ * kBase + static_cast<uint64_t>(recent[0]) -
            static_cast<uint64_t>(recent[kSpanTokens]) * kBaseToTheSpan;
    Span span{hash_, index, 1};
    int apart = kSpanTokens;  // less, and it would overlap itself
    while (apart <= kSpansApart && spans_.newest()[apart - 1].hash != hash_) apart++;
    if (apart <= kSpansApart) {
      const Span& before = spans_.newest()[apart - 1];
      span = {hash_, before.first, before.times + 1};
    }
    spans_.push(span);
    if (span.times < times_ || look_of_last(looks, kSpanTokens).filler()) return std::nullopt;
    return Loop{Loop::Kind::frequent, span.first + 1, apart};
  }

 private:
  static constexpr uint64_t kBase = 0x9E3779B97F4A7C15u;
  static constexpr uint64_t kBaseToTheSpan = [] {
    uint64_t power = 1;
    for (int i = 0; i < kSpanTokens; i++) power *= kBase;
    return power;
  }();

  struct Span {
    uint64_t hash = 0;
    int first = 0, times = 0;  // first: index of the last token of the first one
  };

  const int times_;
  uint64_t hash_ = 0;
  Window<Span, kSpansApart> spans_;
};

bool is_letter(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte >= 0x80;
}

// A word, a number or what stands between them: a token, with those after it that go on with its word or its number.
struct Element {
  uint32_t hash = 0;   // FNV-1a of the bytes, a number counting as one digit; never 0
  uint64_t value = 0;  // of the digits, or of the number's word
  Look look;
  int begin = 0, tokens = 0;
};

class ElementReader {
 public:
  // Token `index` of the answer. The element before it, if it begins another.
  std::optional<Element> add(std::string_view bytes, int index) {
    const size_t size = bytes.size();
    if (ends_in_digit_) {
      while (!bytes.empty() && is_digit(bytes.front())) {
        add_digit(bytes.front());
        bytes.remove_prefix(1);
      }
      if (std::find(kSuffixes.begin(), kSuffixes.end(), bytes) != kSuffixes.end()) bytes = {};
    } else if (goes_on_with(bytes)) {
      const int before = word_bytes_;
      add(bytes);
      word_bytes_ = before + static_cast<int>(bytes.size());
      bytes = {};
    }
    if (bytes.empty()) {
      element_.tokens += size > 0 ? 1 : 0;
      return std::nullopt;
    }
    const Element done = finished();
    ends_in_digit_ = false;
    word_bytes_ = 0;
    text_.clear();
    element_ = {2166136261u, 0, {}, index, 1};
    add(bytes);
    return done.tokens > 0 ? std::optional(done) : std::nullopt;
  }

 private:
  // Scripts without spaces have no words to merge; tokens of parts of characters come in dozens a word.
  static constexpr int kWordBytes = 24;
  static constexpr std::array<std::string_view, 4> kSuffixes{"st", "nd", "rd", "th"};  // of "21st"

  bool goes_on_with(std::string_view bytes) const {
    if (bytes.empty() || word_bytes_ == 0 || word_bytes_ >= kWordBytes) return false;
    if (bytes.starts_with('-') && is_word_of_tens(word())) bytes.remove_prefix(1);
    return std::all_of(bytes.begin(), bytes.end(), is_letter);
  }

  // Without the space before it.
  std::string_view word() const { return std::string_view(text_).substr(text_.starts_with(' ') ? 1 : 0); }

  // A number's word counts as one digit.
  Element finished() const {
    Element done = element_;
    if (const auto value = value_of_number_word(word())) {
      done.hash = text_.starts_with(' ') ? 2 : 3;
      done.value = *value;
      done.look.letters = 0;
      done.look.digits = 1;
    }
    return done;
  }

  void add_digit(char digit) { element_.value = element_.value * 10 + static_cast<uint64_t>(digit - '0'); }

  void add(std::string_view bytes) {
    for (const char c : bytes) {
      if (text_.size() < kWordBytes) text_ += static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
      const bool goes_on = ends_in_digit_ && is_digit(c);
      ends_in_digit_ = is_digit(c);
      if (ends_in_digit_) add_digit(c);
      if (!goes_on)
        element_.hash = (element_.hash ^ static_cast<uint8_t>(ends_in_digit_ ? '0' : c)) * 16777619u;
    }
    if (element_.hash == 0) element_.hash = 1;
    element_.look.add(look_of(bytes));
    word_bytes_ = is_letter(bytes.back()) ? word_bytes_ + static_cast<int>(bytes.size()) : 0;
  }

  Element element_;
  bool ends_in_digit_ = false;
  int word_bytes_ = 0;  // of an element that ends in a letter
  std::string text_;    // its first bytes, in small letters
};

// Which words came after which: a table of hashes that newer ones overwrite.
class WordMemory {
 public:
  // Whether the word has not come after its three words, or three of the four before it, in the last kWords words.
  // The one that may be missing lets a word be known behind another that was changed.
  bool is_new(uint32_t word) {
    now_++;
    const uint32_t* before = words_.newest();
    bool known = false;
    for (int skipped = 0; skipped < 4; skipped++) {
      uint32_t hash = word;
      for (int i = 0; i < 4; i++) {
        if (i != skipped) hash = (hash ^ before[i]) * 0x9E3779B1u, hash ^= hash >> 15;
      }
      Slot& slot = slots_[hash % slots_.size()];
      // Not what this word itself has left: two equal words before it give one hash twice.
      known |= slot.hash == hash && slot.when != now_ && now_ - slot.when <= kWords;
      slot = {hash, now_};
    }
    words_.push(word);
    return !known;
  }

 private:
  static constexpr int kWords = 512;
  struct Slot {
    uint32_t hash = 0;
    int when = 0;
  };
  std::array<Slot, 8192> slots_;
  Window<uint32_t, 4> words_;
  int now_ = kWords;
};

// The answer aligned with itself: Smith and Waterman's local alignment (J. Mol. Biol. 147, 1981) of elements, where
// the diagonals are lags and the cells of one element are computed in one pass. An alignment counts its tokens that
// say nothing new, less what the new ones are worth: Page's cumulative sum (Biometrika 41, 1954), which begins anew
// where it falls below 0.
class StaleRuns {
 public:
  // All that counts is divided by `again`.
  explicit StaleRuns(int again) : again_(again), field_cost_(kFieldCost / again) {}

  // Token `index` of the answer.
  std::optional<Loop> add(std::string_view bytes, int index) {
    const std::optional<Element> element = elements_.add(bytes, index);
    return element ? close(*element, index) : std::nullopt;
  }

 private:
  // By lag, of the best alignment that ends at an element and the one `lag` before it.
  struct Cells {
    Lags score{};
    Lags begin{};  // token index; of an alignment of score 0 the next token's
    Lags stale{};  // tokens
  };

  // `end` is the index of the token after the element.
  std::optional<Loop> close(const Element& element, int end) {
    const bool says = element.look.letters + element.look.digits > 0;
    const bool is_new = says && memory_.is_new(element.hash) && element.look.letters > 0;
    hashes_.push(element.hash);
    values_.push(element.value);
    new_.push(is_new ? 1 : 0);
    begins_.push(element.begin);
    looks_.push(element.look);
    const Cells& from = cells_[static_cast<size_t>(now_)];
    now_ = 1 - now_;
    Cells& cells = cells_[static_cast<size_t>(now_)];
    const int32_t most =
        align(hashes_.newest(), new_.newest(), is_new ? field_cost_ : 0, element.tokens, end, from, cells);
    if (element.look.digits > 0) charge_numbers(cells, end);
    return most < kSameTokens / again_ ? std::nullopt : loop_of(cells, end);
  }

  std::optional<Loop> loop_of(const Cells& cells, int end) const {
    const uint32_t* hashes = hashes_.newest();
    for (int lag = 1; lag <= kLags; lag++) {
      const auto i = static_cast<size_t>(lag);
      const int begin = cells.begin[i], stale = cells.stale[i], period = end - begins_.newest()[lag - 1];
      const bool same = stale == end - begin;
      const int copies = same ? kSameCopies : kStaleCopies;
      const int least = std::max((same ? kSameTokens : kStaleTokens) / again_, copies * period);
      if (stale < least || hashes[lag] != hashes[0]) continue;
      // The shortest period decides: a longer one is several of its copies.
      return stale < least_tokens(lag) / again_ ? std::nullopt
                                                : std::optional(Loop{Loop::Kind::stale, begin, period});
    }
    return std::nullopt;
  }

  // The most stale tokens of any alignment.
  static int32_t align(const uint32_t* __restrict recent, const int32_t* __restrict are_new,
                       int32_t field_cost, int tokens, int end, const Cells& __restrict from,
                       Cells& __restrict to) {
    int32_t most = 0;
    for (size_t i = 1; i <= kLags; i++) {
      const bool differs = recent[i] != recent[0];
      const int32_t gain = differs ? kMismatch : 1;
      const int32_t straight = from.score[i] + gain;
      const int32_t inserted = from.score[i - 1] + kGap;
      const int32_t left_out = from.score[i + 1] + kGap + gain;
      const bool insert = inserted > straight;
      int32_t score = insert ? inserted : straight;
      const bool leave_out = left_out > score;
      score = leave_out ? left_out : score;
      int32_t begin = insert ? from.begin[i - 1] : from.begin[i];
      int32_t stale = insert ? from.stale[i - 1] : from.stale[i];
      begin = leave_out ? from.begin[i + 1] : begin;
      stale = leave_out ? from.stale[i + 1] : stale;
      const bool matched = !differs && (leave_out || !insert);
      stale += matched ? tokens : -field_cost * are_new[i];
      stale -= leave_out ? 1 : 0;  // no longer the same
      const bool anew = score <= 0 || stale < 0;
      to.score[i] = std::clamp(score, 0, kScoreCap);
      to.begin[i] = anew ? end : begin;
      to.stale[i] = anew ? 0 : stale;
      most = std::max(most, to.stale[i]);
    }
    return most;
  }

  // A number is new unless it is the one of the copy before or follows from the two before, by the step of now or, behind a
  // gap, the one before it.
  void charge_numbers(Cells& cells, int end) const {
    const uint64_t* values = values_.newest();
    const uint32_t* hashes = hashes_.newest();
    const int32_t* begins = begins_.newest();
    for (int lag = 1; lag <= kLags; lag++) {
      const auto i = static_cast<size_t>(lag);
      const uint64_t step = values[0] - values[lag], step_before = values[lag] - values[2 * lag];
      const uint64_t earlier_step = values[2 * lag] - values[3 * lag];
      const bool second_copy = cells.begin[i] > begins[lag];
      const bool follows =
          step == 0 || step == step_before || step == earlier_step || second_copy || hashes[lag] != hashes[0];
      const int32_t stale = cells.stale[i] - (follows ? 0 : kNumberCost / again_);
      cells.begin[i] = stale < 0 ? end : cells.begin[i];
      cells.stale[i] = std::max(stale, 0);
    }
  }

  // More of a copy that has hardly a letter and one number at most (a count, or a rule of dashes), or whose numbers go in many
  // different steps (a multiplication table, block by block).
  int least_tokens(int lag) const {
    int letters = 0, numbers = 0, steps = 0;
    uint64_t step_before = 0;
    for (int i = 0; i < lag; i++) {
      letters += looks_.newest()[i].letters;
      if (looks_.newest()[i].digits == 0) continue;
      const uint64_t step = values_.newest()[i] - values_.newest()[i + lag];
      steps += step != 0 && step != step_before ? 1 : 0;
      step_before = step;
      numbers++;
    }
    if (steps > kSteps) return kTableTokens;
    return letters < kCountLetters && numbers < 2 ? kCountTokens : kSameTokens;
  }

  const int again_;
  const int field_cost_;
  ElementReader elements_;
  WordMemory memory_;
  Window<uint32_t, kLags + 1> hashes_;
  Window<uint64_t, 3 * kLags + 1> values_;
  Window<int32_t, kLags + 1> new_, begins_;
  Window<Look, kLags> looks_;
  std::array<Cells, 2> cells_;
  int now_ = 0;
};

}  // namespace

struct LoopDetector::State {
  explicit State(int again) : exact(again), frequent(again), stale(again) {}

  int tokens = 0;
  Window<TokenId, kLags + 1> recent;  // id + 1: 0 is no token
  Window<Look, kLags + 1> looks;
  ExactRuns exact;
  FrequentSpans frequent;
  StaleRuns stale;
};

LoopDetector::LoopDetector(bool looped_before)
    : state_(std::make_unique<State>(looped_before ? kAgain : 1)) {}
LoopDetector::~LoopDetector() = default;
LoopDetector::LoopDetector(LoopDetector&&) noexcept = default;
LoopDetector& LoopDetector::operator=(LoopDetector&&) noexcept = default;

std::optional<Loop> LoopDetector::add(TokenId id, std::string_view bytes) {
  State& s = *state_;
  const int index = s.tokens++;
  s.recent.push(id + 1);
  s.looks.push(look_of(bytes));
  const auto exact = s.exact.add(s.recent.newest(), s.looks.newest(), index);
  const auto frequent = s.frequent.add(s.recent.newest(), s.looks.newest(), index);
  const auto stale = s.stale.add(bytes, index);
  return exact ? exact : frequent ? frequent : stale;
}

}  // namespace understudy
