#include "engine/loop_detector.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace understudy {

namespace {

constexpr int kLags = 512;
constexpr int kExactCopies = 4, kExactCharacters = 60;
constexpr int kFillerCharacters = 800;
constexpr int kNearCopies = 10, kNearWords = 24, kNearWordsPerEdit = 14;
constexpr int kEditsPerField = 2;
constexpr int kMinCounterCopies = 12, kMaxCounterCopies = 36, kCounterLetters = 2400;
constexpr int kBareLetters = 3, kBareCounterCopies = 512;  // fewer letters a copy
constexpr int kStepsPerSurprise = 8;

// Score of an alignment: a match +1, a difference less. Where 1 token in 20 is changed, 1 in 10 differs from the copy
// before (the change, and the change back), and a score still grows. The cap lets it outlive some changes close to
// each other, and bounds how long a loop that has ended counts on: 22 tokens.
constexpr int kMismatch = -3, kGap = -3, kScoreCap = 64;
constexpr int kBurst = 4;  // differences so few tokens apart are one change: a word may be several tokens
constexpr int kShift = 8;  // tokens that insertions may have moved a place by, from one copy to the next

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
bool covers(Look period_look, int period, int64_t tokens, int characters) {
  const int64_t covered = period_look.characters * tokens / period;
  return covered >= (period_look.filler() ? kFillerCharacters : characters);
}

// The length of the run of tokens up to now that equal the one `lag` before, for every lag.
class ExactRuns {
 public:
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
      if (!covers(look_of_last(looks, lag), lag, int64_t{run} + lag, kExactCharacters)) return std::nullopt;
      return Loop{Loop::Kind::exact, index + 1 - run, lag};
    }
    return std::nullopt;
  }

 private:
  Lags run_{};
};

// The answer aligned with itself: Smith and Waterman's local alignment (J. Mol. Biol. 147, 1981), where the
// diagonals are lags and the cells of one token are computed in one pass.
class NearRuns {
 public:
  std::optional<Loop> add(const TokenId* recent, const Look* looks, int index) {
    const Cells& from = cells_[static_cast<size_t>(now_)];
    now_ = 1 - now_;
    Cells& cells = cells_[static_cast<size_t>(now_)];
    words_ += looks[0].letters > 0 ? 1 : 0;
    if (!align(recent, index, words_, from, cells)) return std::nullopt;
    int best = 0;
    for (int lag = 1; lag <= kLags; lag++) {
      const auto i = static_cast<size_t>(lag);
      const int length = index + 1 - cells.begin[i];
      if (length < lag) continue;
      if (cells.step[i] != kSame) classify_edit(recent, looks, lag, cells);
      if (length < (kNearCopies - 1) * lag || recent[lag] != recent[0]) continue;
      const int once = cells.edits[i], again = cells.fields[i];
      const int words = words_ - cells.words[i];
      if (words < kNearWords || (once + again) * kNearWordsPerEdit > words) continue;
      if (again * kEditsPerField > once) continue;
      if (best == 0 || cells.score[i] > cells.score[static_cast<size_t>(best)]) best = lag;
    }
    if (best == 0) return std::nullopt;
    const int begin = cells.begin[static_cast<size_t>(best)];
    return Loop{Loop::Kind::near, begin, best};
  }

 private:
  static constexpr int32_t kSame = 0, kOther = 1, kShifted = 2;

  // By lag, of the best alignment that ends at a token and the one `lag` before it.
  struct Cells {
    Lags score{};
    Lags begin{};    // token index; of an alignment of score 0 the next token's
    Lags words{};    // of the answer before `begin`
    Lags edits{};    // that the copy before has not at this place
    Lags fields{};   // that it has
    Lags changed{};  // token index of the last difference
    Lags step{};     // what the last step began: kSame, kOther, kShifted
  };

  // True if any alignment is as long as its lag.
  static bool align(const TokenId* __restrict recent, int index, int words_now, const Cells& __restrict from,
                    Cells& __restrict to) {
    int32_t aligned = 0;
    for (size_t i = 1; i <= kLags; i++) {
      const int32_t differs = recent[i] != recent[0] ? 1 : 0;
      const int32_t gain = differs ? kMismatch : 1;
      const int32_t straight = from.score[i] + gain;
      const int32_t inserted = from.score[i - 1] + kGap;
      const int32_t left_out = from.score[i + 1] + kGap + gain;
      const bool insert = inserted > straight;
      int32_t score = insert ? inserted : straight;
      const bool leave_out = left_out > score;
      score = leave_out ? left_out : score;
      int32_t begin = insert ? from.begin[i - 1] : from.begin[i];
      int32_t words = insert ? from.words[i - 1] : from.words[i];
      int32_t edits = insert ? from.edits[i - 1] : from.edits[i];
      int32_t fields = insert ? from.fields[i - 1] : from.fields[i];
      int32_t changed = insert ? from.changed[i - 1] : from.changed[i];
      int32_t step = insert ? kShifted : differs;
      begin = leave_out ? from.begin[i + 1] : begin;
      words = leave_out ? from.words[i + 1] : words;
      edits = leave_out ? from.edits[i + 1] : edits;
      fields = leave_out ? from.fields[i + 1] : fields;
      changed = leave_out ? from.changed[i + 1] : changed;
      step = leave_out ? kShifted : step;
      const bool goes_on = index - changed <= kBurst;
      changed = step != kSame ? index : changed;
      step = goes_on ? kSame : step;
      edits += step != kSame ? 1 : 0;
      const bool dead = score <= 0;
      begin = dead ? index + 1 : begin;
      to.words[i] = dead ? words_now : words;
      to.score[i] = dead ? 0 : std::min(score, kScoreCap);
      to.begin[i] = begin;
      to.edits[i] = dead ? 0 : edits;
      to.fields[i] = dead ? 0 : fields;
      to.changed[i] = dead ? index - kBurst - 1 : changed;
      to.step[i] = step;
      aligned |= index + 1 - begin >= static_cast<int32_t>(i) ? 1 : 0;
    }
    return aligned != 0;
  }

  // A token that is as it was two copies before ends a change and is none. A change where the copy before has
  // changed too, or of one number to another, makes a field. Insertions of either copy move the copy before by some
  // tokens, so that it is looked for.
  static void classify_edit(const TokenId* recent, const Look* looks, int lag, Cells& cells) {
    const auto i = static_cast<size_t>(lag);
    const TokenId *copy = recent + lag, *copy_before = copy + lag;
    const bool numbers = cells.step[i] == kOther && looks[0].digits > 0 && looks[lag].digits > 0;
    const bool back = !numbers && is_near(recent, copy_before, lag);
    const bool field = !back && (numbers || !is_near(copy, copy_before, lag));
    if (back) cells.changed[i] -= kBurst + 1;  // the next difference counts
    cells.edits[i] -= back || field ? 1 : 0;
    cells.fields[i] += field ? 1 : 0;
  }

  // The token and the two before it, up to kShift from `place` but within its copy.
  static bool is_near(const TokenId* tokens, const TokenId* place, int lag) {
    const int shift = std::min(kShift, lag - 1);
    for (int d = -shift; d <= shift; d++) {
      if (std::equal(tokens, tokens + 3, place + d)) return true;
    }
    return false;
  }

  std::array<Cells, 2> cells_;
  int now_ = 0;
  int words_ = 0;  // of the answer: tokens with a letter
};

// Runs over elements: tokens in which a number counts as one digit, however many digits or tokens it has.
class CounterRuns {
 public:
  // Token `index` of the answer.
  std::optional<Loop> add(std::string_view bytes, int index) {
    if (number_open_) {
      while (!bytes.empty() && is_digit(bytes.front())) {
        extend_number(bytes.front());
        bytes.remove_prefix(1);
      }
    }
    if (bytes.empty()) return std::nullopt;
    std::optional<Loop> loop;
    if (open_) loop = close(index);
    open(bytes, index);
    return loop;
  }

 private:
  void extend_number(char digit) { value_ = value_ * 10 + static_cast<uint64_t>(digit - '0'); }

  void open(std::string_view bytes, int index) {
    open_ = true;
    number_open_ = false;
    has_number_ = false;
    value_ = 0;
    begin_ = index;
    look_ = look_of(bytes);
    hash_ = 2166136261u;  // FNV-1a
    for (const char c : bytes) {
      const bool goes_on = number_open_ && is_digit(c);
      number_open_ = is_digit(c);
      has_number_ |= number_open_;
      if (number_open_) extend_number(c);
      if (!goes_on) hash_ = (hash_ ^ (number_open_ ? uint8_t{'0'} : static_cast<uint8_t>(c))) * 16777619u;
    }
  }

  // `end` is the index of the token after the element.
  std::optional<Loop> close(int end) {
    hashes_.push(hash_ == 0 ? 1 : hash_);  // 0 is no element
    values_.push(value_);
    looks_.push(look_);
    begins_.push(begin_);
    const uint32_t* hashes = hashes_.newest();
    const int begin = begin_;
    int32_t repeated = 0;
    for (int lag = 1; lag <= kLags; lag++) {
      const auto i = static_cast<size_t>(lag);
      const bool same = hashes[lag] == hashes[0];
      const int32_t run = same ? run_[i] + 1 : 0;
      begin_of_run_[i] = run == 1 ? begin : begin_of_run_[i];
      steps_[i] = same ? steps_[i] : 0;
      surprises_[i] = same ? surprises_[i] : 0;
      repeated |= run > lag ? 1 : 0;
      run_[i] = run;
    }
    if (!repeated) return std::nullopt;
    if (has_number_) compare_numbers();
    for (int lag = 1; lag <= kLags; lag++) {
      if (is_counter(lag)) {
        const auto i = static_cast<size_t>(lag);
        return Loop{Loop::Kind::counter, begin_of_run_[i], end - begins_.newest()[lag - 1]};
      }
    }
    return std::nullopt;
  }

  void compare_numbers() {
    const uint64_t* values = values_.newest();
    for (int lag = 1; lag <= kLags; lag++) {
      const auto i = static_cast<size_t>(lag);
      if (run_[i] <= lag) continue;
      const uint64_t step = values[0] - values[lag], step_before = values[lag] - values[2 * lag];
      steps_[i] += step != 0;
      surprises_[i] += step != step_before;
    }
  }

  bool is_counter(int lag) const {
    const auto i = static_cast<size_t>(lag);
    if (run_[i] < (kMinCounterCopies - 1) * lag || steps_[i] == 0) return false;
    if (surprises_[i] * kStepsPerSurprise > steps_[i]) return false;
    const int letters = look_of_last(looks_.newest(), lag).letters;
    const int copies = letters < kBareLetters
                           ? kBareCounterCopies
                           : std::clamp(kCounterLetters / letters, kMinCounterCopies, kMaxCounterCopies);
    return run_[i] >= (copies - 1) * lag;
  }

  bool open_ = false, number_open_ = false, has_number_ = false;
  uint32_t hash_ = 0;
  uint64_t value_ = 0;
  int begin_ = 0;  // token index
  Look look_;
  Window<uint32_t, kLags + 1> hashes_;
  Window<uint64_t, 2 * kLags + 1> values_;
  Window<Look, kLags> looks_;
  Window<int, kLags> begins_;
  Lags run_{}, begin_of_run_{}, steps_{}, surprises_{};
};

}  // namespace

struct LoopDetector::State {
  int tokens = 0;
  Window<TokenId, 2 * kLags + kShift + 3> recent;  // id + 1: 0 is no token
  Window<Look, kLags + 1> looks;
  ExactRuns exact;
  NearRuns near;
  CounterRuns counters;
};

LoopDetector::LoopDetector() : state_(std::make_unique<State>()) {}
LoopDetector::~LoopDetector() = default;
LoopDetector::LoopDetector(LoopDetector&&) noexcept = default;
LoopDetector& LoopDetector::operator=(LoopDetector&&) noexcept = default;

std::optional<Loop> LoopDetector::add(TokenId id, std::string_view bytes) {
  State& s = *state_;
  const int index = s.tokens++;
  s.recent.push(id + 1);
  s.looks.push(look_of(bytes));
  const TokenId* recent = s.recent.newest();
  const Look* looks = s.looks.newest();
  const auto exact = s.exact.add(recent, looks, index);
  const auto counter = s.counters.add(bytes, index);
  const auto near = s.near.add(recent, looks, index);
  if (exact) return exact;
  return counter ? counter : near;
}

}  // namespace understudy
