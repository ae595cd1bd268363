#include "grammar/matcher.h"

#include <algorithm>
#include <utility>

#include "grammar/productive.h"

namespace understudy {

namespace {

constexpr size_t kFewPlaces = 48;     // compared one by one
constexpr size_t kMostPlaces = 4096;  // ways to read an answer at the same time
// Places that are followed by a byte for one mask before it is given up: 90 ms where each of them branches (450 ns).
constexpr size_t kMostMaskWork = 200'000;

constexpr uint64_t kLackingCost =
    1 << 10;  // of an item that `contains` still asks for, on the way to the end

const std::string kUnknownText = "\xff";  // no text of a key or item

size_t hash_of(std::initializer_list<uint64_t> parts) {
  uint64_t h = 0xcbf29ce484222325;  // FNV-1a over words
  for (const uint64_t p : parts) h = (h ^ p) * 0x100000001b3;
  return static_cast<size_t>(h ^ (h >> 29));
}

// The characters of a string without its quotes, canonical escapes undone.
std::string unescaped(std::string_view text) {
  constexpr std::string_view kLetters = "bfnrt", kMeanings = "\b\f\n\r\t";
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    i++;
    const size_t letter = kLetters.find(text[i]);
    if (letter != std::string_view::npos) {
      out += kMeanings[letter];
    } else if (text[i] == 'u') {  // \u00XX
      const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
      out += static_cast<char>(digit(text[i + 3]) * 16 + digit(text[i + 4]));
      i += 4;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

Matcher::Matcher(std::shared_ptr<const Grammar> grammar, std::shared_ptr<StateMasks> masks)
    : grammar_(std::move(grammar)), masks_(std::move(masks)), mask_(masks_ ? masks_->tokens() : 0) {
  Configurations start;
  start_rule(start, grammar_->root(), -1);
  history_.emplace_back(std::move(start), 0);
}

bool Matcher::can_end() const {
  const Configurations& now = history_.back().first;
  return std::any_of(now.begin(), now.end(), [](const Configuration& c) { return !c.terminal; });
}

bool Matcher::must_end() const {
  const Configurations& now = history_.back().first;
  return std::all_of(now.begin(), now.end(), [](const Configuration& c) { return !c.terminal; });
}

int32_t Matcher::intern(const Frame& f) {
  const size_t hash = hash_of({static_cast<uint64_t>(f.kind), static_cast<uint64_t>(f.what),
                               static_cast<uint64_t>(f.alternative), f.progress, f.count,
                               static_cast<uint64_t>(f.used), static_cast<uint64_t>(f.parent), f.witnessed});
  const auto [begin, end] = frame_numbers_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (frames_[static_cast<size_t>(it->second)] == f) return it->second;
  }
  frames_.push_back(f);
  frame_numbers_.emplace(hash, static_cast<int32_t>(frames_.size()) - 1);
  return static_cast<int32_t>(frames_.size()) - 1;
}

int32_t Matcher::intern(const Used& used) {
  const auto it = std::find(used_.begin(), used_.end(), used);
  if (it != used_.end()) return static_cast<int32_t>(it - used_.begin());
  used_.push_back(used);
  return static_cast<int32_t>(used_.size()) - 1;
}

Grammar::Used Matcher::texts_of(int32_t used) {
  Grammar::Used out;
  for (; used >= 0; used = used_[static_cast<size_t>(used)].parent) {
    const std::string& text = used_[static_cast<size_t>(used)].text;
    if (text == kUnknownText) {
      needs_text_ = true;
    } else {
      out.push_back(text);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

void Matcher::add(Configurations& to, const Configuration& c) const {
  if (to.size() > kFewPlaces || std::find(to.begin(), to.end(), c) == to.end()) to.push_back(c);
}

// add() compares few places only.
void Matcher::deduplicate(Configurations& places) {
  if (places.size() <= kFewPlaces) return;
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  if (places.size() <= kMostPlaces) return;
  overloaded_ = true;
  places.clear();
}

void Matcher::start_rule(Configurations& to, RuleId id, int32_t frame) {
  const Rule& rule = grammar_->rule(id);
  switch (rule.kind) {
    case Rule::Kind::text:
      return add(to, {&grammar_->text_terminal(id), 0, 0, frame, -1, 0});
    case Rule::Kind::value:
      return start_value(to, rule.value, frame, -1);
    case Rule::Kind::choice:
      for (const RuleId part : rule.parts) start_rule(to, part, frame);
      return;
    case Rule::Kind::sequence:
      if (rule.parts.empty()) return proceed(to, frame);
      return start_rule(to, rule.parts[0], intern(Frame{Frame::Kind::sequence, id, 0, 1, 0, -1, frame}));
  }
}

void Matcher::start_value(Configurations& to, ValueId value, int32_t frame, int32_t used) {
  const uint32_t begin =
      used >= 0 || (frame >= 0 && frames_[static_cast<size_t>(frame)].kind == Frame::Kind::array)
          ? static_cast<uint32_t>(text_.size())
          : 0;
  const ByteDfa& terminal = grammar_->value_terminal(value, texts_of(used));
  if (terminal.goes_on[0]) add(to, {&terminal, 0, 0, frame, value, begin});  // else all its texts are used
}

// The options of the item with which `array` goes on, as far as the array can end with them.
void Matcher::start_item(Configurations& to, const Frame& f) {
  const Frame frame = f;  // intern() moves frames
  const ArrayLanguage& array = grammar_->value(frame.what).arrays[static_cast<size_t>(frame.alternative)];
  if (frame.progress >= array.high) return;
  const bool counts = array.counted_low > 0 || array.counted_high < kEndless;
  for (const ItemOption& option : array.at(frame.progress)) {
    const bool enough = array.counted_high == kEndless && frame.count >= array.counted_low;
    if (option.counted && enough) continue;  // the other option says the same
    Frame next = frame;
    next.progress++;
    if (array.high == kEndless) {  // more of the same
      next.progress =
          std::min(next.progress, std::max(static_cast<uint32_t>(array.prefix.size()), array.low));
    }
    next.count += option.counted;
    if (counts) {
      if (next.count > array.counted_high) continue;
      const uint32_t more = countable_items(array, next.progress);
      if (more != kEndless && next.count + more < array.counted_low) continue;
      if (array.counted_high < kEndless &&
          next.count + forced_counts(array, next.progress) > array.counted_high)
        continue;
    }
    const int32_t parent = intern(next);
    start_value(to, option.value, parent, array.unique ? frame.used : -1);
  }
}

void Matcher::start_key(Configurations& to, const Frame& f, bool first) {
  const Frame frame = f;
  const ByteDfa& terminal = grammar_->key_terminal(
      {frame.what, frame.alternative, frame.progress, frame.count, first, frame.witnessed},
      texts_of(frame.used));
  add(to, {&terminal, 0, 0, intern(frame), -1, static_cast<uint32_t>(text_.size())});
}

// Something inside `frame` is complete.
void Matcher::proceed(Configurations& to, int32_t number) {
  if (number < 0) return add(to, {});
  const Frame frame = frames_[static_cast<size_t>(number)];
  switch (frame.kind) {
    case Frame::Kind::object:
      return start_key(to, frame, false);
    case Frame::Kind::sequence: {
      const std::vector<RuleId>& parts = grammar_->rule(frame.what).parts;
      if (frame.progress == parts.size()) return proceed(to, frame.parent);
      Frame next = frame;
      next.progress++;
      // The last part needs no frame of its own, so that a rule that ends in itself does not grow a stack.
      const int32_t parent = next.progress == parts.size() ? frame.parent : intern(next);
      return start_rule(to, parts[frame.progress], parent);
    }
    case Frame::Kind::array: {
      const ArrayLanguage& array = grammar_->value(frame.what).arrays[static_cast<size_t>(frame.alternative)];
      Configurations items;
      const bool needed_text = needs_text_;
      start_item(items, frame);
      // Free text cannot run out, whatever the last item's text is.
      const bool is_free = std::any_of(items.begin(), items.end(), [](const Configuration& c) {
        return c.terminal->free_text >= 0 && !c.terminal->counted();
      });
      if (is_free) needs_text_ = needed_text;
      const bool may_close = frame.progress >= array.low && frame.count >= array.counted_low;
      return add(to, {&grammar_->separator_terminal(!items.empty(), may_close), 0, 0, number, -1, 0});
    }
  }
}

// `c` has just read its terminal completely.
void Matcher::complete(Configurations& to, const Configuration& c, int32_t label) {
  switch (label) {
    case Grammar::text_done:
    case ByteDfa::kLast:
      return proceed(to, c.frame);
    case Grammar::value_done: {
      if (c.frame < 0 || frames_[static_cast<size_t>(c.frame)].kind != Frame::Kind::array)
        return proceed(to, c.frame);
      Frame frame = frames_[static_cast<size_t>(c.frame)];
      if (!grammar_->value(frame.what).arrays[static_cast<size_t>(frame.alternative)].unique)
        return proceed(to, c.frame);
      std::string item = text_is_known_ ? text_.substr(c.begin) : kUnknownText;
      if (item[0] == '"') item = '"' + unescaped(std::string_view(item).substr(1, item.size() - 2)) + '"';
      frame.used = intern(Used{std::move(item), frame.used});
      return proceed(to, intern(frame));
    }
    case Grammar::object_begin: {
      const auto& objects = grammar_->value(c.value).objects;
      for (size_t i = 0; i < objects.size(); i++) {
        start_key(to, {Frame::Kind::object, c.value, static_cast<int32_t>(i), 0, 0, -1, c.frame}, true);
      }
      return;
    }
    case Grammar::array_begin: {
      const auto& arrays = grammar_->value(c.value).arrays;
      for (size_t i = 0; i < arrays.size(); i++) {
        const Frame frame{Frame::Kind::array, c.value, static_cast<int32_t>(i), 0, 0, -1, c.frame};
        start_item(to, frame);
        if (arrays[i].low == 0 && arrays[i].counted_low == 0) {
          add(to, {&grammar_->separator_terminal(false, true), 0, 0, intern(frame), -1, 0});
        }
      }
      return;
    }
    case Grammar::close:
      return proceed(to, frames_[static_cast<size_t>(c.frame)].parent);
    case Grammar::comma:
      return start_item(to, frames_[static_cast<size_t>(c.frame)]);
    default:
      break;
  }
  Frame frame = frames_[static_cast<size_t>(c.frame)];
  const ObjectLanguage& object = grammar_->value(frame.what).objects[static_cast<size_t>(frame.alternative)];
  const auto index = static_cast<size_t>(label - Grammar::first_key);
  const bool named = index < object.properties.size();
  if (object.low > 0 || object.high < kEndless) frame.count++;
  if (grammar_->order() == KeyOrder::declared) {
    frame.progress = static_cast<uint32_t>(named ? index + 1 : object.properties.size());
  }
  if (!named || grammar_->order() == KeyOrder::any) {
    // What stands between the quotes, without escapes: a key is compared by its characters.
    const size_t begin = text_.find('"', c.begin) + 1, end = text_.rfind('"');
    frame.used = intern(
        Used{text_is_known_ ? unescaped(std::string_view(text_).substr(begin, end - begin)) : kUnknownText,
             frame.used});
  }
  if (named) return start_value(to, object.properties[index].value, intern(frame), -1);
  const KeyClass& keys = object.classes[index - object.properties.size()];
  start_value(to, keys.value, intern(frame), -1);
  if (!object.needs_witness || frame.witnessed || keys.witness < 0) return;
  frame.witnessed = true;
  start_value(to, keys.witness, intern(frame), -1);
}

void Matcher::step(const Configurations& from, uint8_t byte, Configurations& to) {
  work_ += from.size();
  text_ += static_cast<char>(byte);
  for (const Configuration& c : from) {
    if (!c.terminal) continue;
    Configuration next = c;
    next.state = c.terminal->next(c.state, byte);
    if (next.state == ByteDfa::kDead) continue;
    if (c.terminal->counted()) {
      if (c.terminal->boundary[static_cast<size_t>(c.state)]) {
        if (byte == '"' && c.characters < c.terminal->low) continue;
        next.characters += byte != '"';
      }
      // Also inside a character, whose bytes say one by one where it leads.
      if (uint64_t{next.characters} + c.terminal->needs[static_cast<size_t>(next.state)] > c.terminal->high)
        continue;
      // Beyond the least length only an upper bound needs the count.
      if (c.terminal->high == kEndless) next.characters = std::min(next.characters, c.terminal->low);
    }
    const int32_t label = c.terminal->label[static_cast<size_t>(next.state)];
    if (label) complete(to, c, label);
    if (c.terminal->goes_on[static_cast<size_t>(next.state)]) add(to, next);
  }
  deduplicate(to);
}

// The places after `bytes`; none if they cannot come. text_ is what it was.
Matcher::Configurations Matcher::after(std::string_view bytes) {
  Configurations now = history_.back().first, next;
  const std::string before = std::exchange(text_, text_.substr(0, history_.back().second));
  for (const char byte : bytes) {
    next.clear();
    step(now, static_cast<uint8_t>(byte), next);
    std::swap(now, next);
    if (now.empty()) break;
  }
  text_ = before;
  return now;
}

bool Matcher::accept(std::string_view bytes) {
  Configurations now = after(bytes);
  if (now.empty()) return false;
  text_ += bytes;
  history_.emplace_back(std::move(now), text_.size());
  return true;
}

void Matcher::rewind(size_t position) {
  history_.resize(position + 1);
  text_.resize(history_.back().second);
  overloaded_ = false;
}

std::string Matcher::forced(size_t limit) {
  std::string out;
  Configurations now = history_.back().first;
  const size_t before = text_.size();
  while (out.size() < limit) {
    int only = -1;
    for (const Configuration& c : now) {
      if (!c.terminal) only = -2;  // the answer may end here
      for (int byte = 0; byte < 256 && c.terminal; byte++) {
        if (c.terminal->next(c.state, static_cast<uint8_t>(byte)) == ByteDfa::kDead || only == byte) continue;
        only = only == -1 ? byte : -2;
      }
    }
    if (only < 0) break;
    Configurations next;
    step(now, static_cast<uint8_t>(only), next);
    if (next.empty()) break;
    out += static_cast<char>(only);
    now = std::move(next);
  }
  text_.resize(before);
  return out;
}

// Bytes that the label's consequences take at least, roughly.
uint64_t Matcher::cost_after(const Configuration& c, int32_t label) const {
  const auto shortest = [&](const auto& languages, auto&& of) {
    uint64_t least = Grammar::kUnreachable;
    for (const auto& language : languages) least = std::min(least, of(language));
    return least;
  };
  if (label == Grammar::object_begin) {
    return shortest(grammar_->value(c.value).objects, [&](const auto& o) { return grammar_->shortest(o); });
  }
  if (label == Grammar::array_begin) {
    return shortest(grammar_->value(c.value).arrays, [&](const auto& a) { return grammar_->shortest(a); });
  }
  if (label == Grammar::comma) return 1;
  if (label < Grammar::first_key) return 0;
  const Frame& frame = frames_[static_cast<size_t>(c.frame)];
  const ObjectLanguage& object = grammar_->value(frame.what).objects[static_cast<size_t>(frame.alternative)];
  const auto index = static_cast<size_t>(label - Grammar::first_key);
  const size_t named = object.properties.size();
  return 1 + grammar_->shortest(index < named ? object.properties[index].value
                                              : object.classes[index - named].value);
}

// The bytes that can follow, each with what completing its terminal by it costs, cheapest first.
std::vector<std::pair<uint64_t, uint8_t>> Matcher::ways_out(const Configuration& c) const {
  const ByteDfa& dfa = *c.terminal;
  // What is complete goes on elsewhere: digits could be added to a number for ever.
  if (dfa.label[static_cast<size_t>(c.state)]) return {};
  std::vector<uint64_t> cost(dfa.label.size(), Grammar::kUnreachable);
  for (size_t s = 0; s < cost.size(); s++) {
    if (dfa.label[s]) cost[s] = cost_after(c, dfa.label[s]);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t s = cost.size(); s-- > 0;) {
      for (int32_t k = 0; k < dfa.classes; k++) {
        const int32_t to = dfa.table[s * static_cast<size_t>(dfa.classes) + static_cast<size_t>(k)];
        if (to < 0 || cost[static_cast<size_t>(to)] + 1 >= cost[s]) continue;
        cost[s] = cost[static_cast<size_t>(to)] + 1;
        changed = true;
      }
    }
  }
  // An item or a property that is asked for may be longer than others.
  uint64_t lacking = 0;
  if (c.frame >= 0) {
    const Frame& frame = frames_[static_cast<size_t>(c.frame)];
    const auto alternative = static_cast<size_t>(frame.alternative);
    if (frame.kind == Frame::Kind::array) {
      const ArrayLanguage& array = grammar_->value(frame.what).arrays[alternative];
      lacking = array.counted_low - std::min(array.counted_low, frame.count);
    } else if (frame.kind == Frame::Kind::object) {
      lacking = grammar_->value(frame.what).objects[alternative].needs_witness && !frame.witnessed;
    }
  }
  std::vector<std::pair<uint64_t, uint8_t>> ways;
  for (int byte = 0; byte < 256; byte++) {
    const int32_t to = dfa.next(c.state, static_cast<uint8_t>(byte));
    if (to < 0) continue;
    ways.emplace_back(cost[static_cast<size_t>(to)] + lacking * kLackingCost, static_cast<uint8_t>(byte));
  }
  std::sort(ways.begin(), ways.end());
  return ways;
}

std::string Matcher::closing(size_t limit) {
  std::string out;
  Configurations now = history_.back().first;
  const size_t before = text_.size();
  const auto is_complete = [](const Configuration& c) { return !c.terminal; };
  while (std::none_of(now.begin(), now.end(), is_complete)) {
    std::vector<std::pair<uint64_t, uint8_t>> ways;
    for (const Configuration& c : now) {
      const auto more = ways_out(c);
      ways.insert(ways.end(), more.begin(), more.end());
    }
    std::sort(ways.begin(), ways.end());
    Configurations next;
    for (const auto& [cost, byte] : ways) {
      step(now, byte, next);
      if (!next.empty()) {
        out += static_cast<char>(byte);
        break;
      }
      text_.pop_back();
    }
    if (next.empty() || out.size() > limit) {
      out.clear();
      break;
    }
    now = std::move(next);
  }
  text_.resize(before);
  return out;
}

void Matcher::try_each(std::span<const ByteTrie::Entry> tokens) {
  for (const ByteTrie::Entry& token : tokens) {
    if (work_ > kMostMaskWork) return;
    if (!after(masks_->bytes_of(token.id)).empty()) mask_.set(token.id);
  }
}

// Tokens whose bytes behind the terminal of `from` are in `trie`, from the places `start`.
void Matcher::walk(const ByteTrie& trie, const Configuration& from, const Configurations& start,
                   const std::vector<TokenId>& except) {
  const bool counted = from.terminal->counted();
  const auto allow = [&](const ByteTrie::Entry& entry) {
    if (counted && entry.characters != ByteTrie::kUncounted) {
      const uint64_t characters = uint64_t{from.characters} + entry.characters;
      if (characters < from.terminal->low || characters > from.terminal->high) return;
    }
    if (!std::binary_search(except.begin(), except.end(), entry.id)) mask_.set(entry.id);
  };
  for (size_t e = 0; e < trie.roots(); e++) allow(trie.entries()[e]);
  if (levels_.size() < trie.depth() + 1u) levels_.resize(trie.depth() + 1u);
  levels_[0] = start;
  const size_t length = text_.size();
  const auto& nodes = trie.nodes();
  for (size_t n = 0; n < nodes.size() && work_ <= kMostMaskWork;) {
    const ByteTrie::Node& node = nodes[n];
    Configurations& to = levels_[node.depth];
    to.clear();
    text_.resize(length + node.depth - 1u);
    needs_text_ = false;
    step(levels_[node.depth - 1u], node.byte, to);
    if (needs_text_) {
      try_each(std::span(trie.entries()).subspan(node.first, nodes[node.end - 1].last - node.first));
      n = node.end;
      continue;
    }
    if (to.empty()) {
      n = node.end;
      continue;
    }
    for (uint32_t e = node.first; e < node.last; e++) allow(trie.entries()[e]);
    n++;
  }
  text_.resize(length);
}

void Matcher::add_state(const Configuration& c) {
  const std::shared_ptr<const PlacedMask> placed = masks_->of(*c.terminal, c.state);
  const StateMask& own = *placed->mask;
  const auto add_ends = [&](const PlacedMask& from, const std::vector<TokenId>& except) {
    for (const auto& [place, trie] : from.mask->ends) {
      Configurations start;
      text_is_known_ = false;
      needs_text_ = false;
      complete(start, c, from.labels[static_cast<size_t>(place)]);
      text_is_known_ = true;
      if (needs_text_) {
        try_each(trie.entries());
      } else {
        walk(trie, c, start, except);
      }
    }
  };
  if (placed->base) {
    const StateMask& base = *placed->base->mask;
    if (base.many) mask_.add(*base.many, own.not_inside);
    for (const TokenId id : base.some) {
      if (!std::binary_search(own.not_inside.begin(), own.not_inside.end(), id)) mask_.set(id);
    }
    add_ends(*placed->base, own.not_ends);
  }
  if (own.many) mask_.add(*own.many, {});
  for (const TokenId id : own.some) mask_.set(id);
  const uint64_t room = c.terminal->high == kEndless ? kEndless : c.terminal->high - c.characters;
  for (const auto& [characters, id] : own.by_characters) {
    if (characters > room) break;
    mask_.set(id);
  }
  add_ends(*placed, {});
}

const TokenMask& Matcher::mask() {
  mask_.clear();
  work_ = 0;
  const Configurations now = history_.back().first;
  for (const Configuration& c : now) {
    if (c.terminal) add_state(c);
  }
  if (work_ > kMostMaskWork) {
    overloaded_ = true;
    mask_.clear();
  }
  return mask_;
}

}  // namespace understudy
