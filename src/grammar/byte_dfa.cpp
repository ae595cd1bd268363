#include "grammar/byte_dfa.h"

#include <algorithm>
#include <atomic>
#include <deque>

namespace understudy {

namespace {

// RFC 8259, section 7: the escapes that have a letter.
constexpr std::pair<uint32_t, char> kEscapes[] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                                  {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};

// Shortest ways to a label, where leaving a boundary by anything but the quote costs one.
std::vector<uint32_t> needs(const ByteDfa& dfa) {
  struct Way {
    int32_t from;
    bool costs;
  };
  std::vector<std::vector<Way>> ways(dfa.label.size());
  for (size_t s = 0; s < ways.size(); s++) {
    for (int byte = 0; byte < 256; byte++) {
      const auto from = static_cast<int32_t>(s);
      const int32_t to = dfa.next(from, static_cast<uint8_t>(byte));
      if (to >= 0) ways[static_cast<size_t>(to)].push_back({from, dfa.boundary[s] && byte != '"'});
    }
  }
  std::vector<uint32_t> out(ways.size(), kEndless);
  std::deque<int32_t> work;
  for (size_t s = 0; s < ways.size(); s++) {
    if (!dfa.label[s]) continue;
    out[s] = 0;
    work.push_back(static_cast<int32_t>(s));
  }
  while (!work.empty()) {
    const auto to = static_cast<size_t>(work.front());
    work.pop_front();
    for (const auto& [from, costs] : ways[to]) {
      uint32_t& need = out[static_cast<size_t>(from)];
      if (out[to] + costs >= need) continue;
      need = out[to] + costs;
      costs ? work.push_back(from) : work.push_front(from);
    }
  }
  return out;
}

// The first of sorted edges that does not end before `character`.
std::vector<Dfa::Edge>::const_iterator edge_at(const std::vector<Dfa::Edge>& edges, uint32_t character) {
  return std::lower_bound(edges.begin(), edges.end(), character,
                          [](const Dfa::Edge& e, uint32_t c) { return e.high < c; });
}

}  // namespace

int32_t ByteDfaBuilder::add_state(int32_t label) {
  links_.emplace_back();
  labels_.push_back(label);
  boundary_.push_back(false);
  return static_cast<int32_t>(labels_.size()) - 1;
}

void ByteDfaBuilder::link(int32_t from, uint8_t low, uint8_t high, int32_t to) {
  links_[static_cast<size_t>(from)].push_back({low, high, to});
}

void ByteDfaBuilder::link_text(int32_t from, std::string_view text, int32_t to) {
  for (size_t i = 0; i < text.size(); i++) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const int32_t next = i + 1 == text.size() ? to : add_state(0);
    link(from, byte, byte, next);
    from = next;
  }
}

void ByteDfaBuilder::add_raw(int32_t from, const Dfa& texts) { add_characters(from, texts, false); }

std::vector<int32_t> ByteDfaBuilder::add_characters(int32_t from, const Dfa& texts, bool escaped) {
  std::vector<int32_t> states{from};
  while (states.size() < texts.states.size()) states.push_back(add_state(0));
  for (size_t s = 0; s < states.size(); s++) {
    if (!escaped) labels_[static_cast<size_t>(states[s])] = texts.states[s].label;
    std::vector<Dfa::Edge> edges = texts.states[s].edges;
    for (Dfa::Edge& e : edges) e.to = states[static_cast<size_t>(e.to)];
    for (const Dfa::Edge& e : edges) {
      for (uint32_t c = e.low; c <= std::min(e.high, 0x7fu); c++) {
        if (escaped && (c < 0x20 || c == '"' || c == '\\')) continue;
        link(states[s], static_cast<uint8_t>(c), static_cast<uint8_t>(c), e.to);
      }
    }
    add_multibyte(states[s], edges);
    if (escaped) add_escapes(states[s], texts, static_cast<int32_t>(s), states);
  }
  return states;
}

// UTF-8: the first byte says how many follow, each of which carries six bits (RFC 3629, section 3).
void ByteDfaBuilder::add_multibyte(int32_t from, std::vector<Dfa::Edge> edges) {
  std::erase_if(edges, [](const Dfa::Edge& e) { return e.high < 0x80; });
  if (edges.empty()) return;
  edges[0].low = std::max(edges[0].low, 0x80u);
  Links& own = links_[static_cast<size_t>(from)];
  if (const auto it = multibyte_.find(edges); it != multibyte_.end()) {
    own.insert(own.end(), it->second.begin(), it->second.end());
    return;
  }
  Links leads;
  constexpr struct {
    uint8_t low, high, bits;
    int following;
    uint32_t shortest;
  } kLeads[] = {{0xc2, 0xdf, 0x1f, 1, 0x80}, {0xe0, 0xef, 0x0f, 2, 0x800}, {0xf0, 0xf4, 0x07, 3, 0x10000}};
  for (const auto& lead : kLeads) {
    std::vector<Dfa::Edge> own_edges = edges;  // overlong forms are no UTF-8
    std::erase_if(own_edges, [&](const Dfa::Edge& e) { return e.high < lead.shortest; });
    if (own_edges.empty()) break;
    own_edges[0].low = std::max(own_edges[0].low, lead.shortest);
    for (uint32_t byte = lead.low; byte <= lead.high; byte++) {
      const uint32_t first = (byte & lead.bits) << (6 * lead.following);
      const int32_t to = continuation(lead.following, first, own_edges);
      if (to >= 0) leads.push_back({static_cast<uint8_t>(byte), static_cast<uint8_t>(byte), to});
    }
  }
  // continuation() may have moved the links.
  Links& links = links_[static_cast<size_t>(from)];
  links.insert(links.end(), leads.begin(), leads.end());
  multibyte_.emplace(std::move(edges), std::move(leads));
}

// The state that reads the last `bytes` bytes of the characters from `first` on; -1 if none can come.
int32_t ByteDfaBuilder::continuation(int bytes, uint32_t first, const std::vector<Dfa::Edge>& edges) {
  const uint32_t span = 1u << (6 * bytes);
  const auto at = edge_at(edges, first);
  if (at == edges.end() || at->low > first + span - 1) return -1;
  if (at->low <= first && at->high >= first + span - 1) return any_continuation(bytes, at->to);
  Links links;
  const uint32_t step = span / 64;
  for (uint32_t i = 0; i < 64; i++) {
    const uint32_t begin = first + i * step;
    int32_t to = -1;
    if (bytes > 1) {
      to = continuation(bytes - 1, begin, edges);
    } else {
      const auto edge = edge_at(edges, begin);
      if (edge != edges.end() && edge->low <= begin) to = edge->to;
    }
    const auto byte = static_cast<uint8_t>(0x80 | i);
    if (to < 0) continue;
    if (!links.empty() && links.back().to == to && links.back().high + 1 == byte) {
      links.back().high = byte;
    } else {
      links.push_back({byte, byte, to});
    }
  }
  return links.empty() ? -1 : shared(std::move(links));
}

int32_t ByteDfaBuilder::any_continuation(int bytes, int32_t to) {
  if (bytes == 0) return to;
  const auto key = std::pair(bytes, to);
  if (const auto it = any_continuation_.find(key); it != any_continuation_.end()) return it->second;
  const int32_t state = shared({{0x80, 0xbf, any_continuation(bytes - 1, to)}});
  any_continuation_.emplace(key, state);
  return state;
}

void ByteDfaBuilder::add_escapes(int32_t from, const Dfa& texts, int32_t state,
                                 const std::vector<int32_t>& states) {
  const auto target = [&](uint32_t character) {
    const int32_t to = texts.next(state, character);
    return to < 0 ? -1 : states[static_cast<size_t>(to)];
  };
  Links letters, tens[2];
  for (const auto& [character, letter] : kEscapes) {
    const auto byte = static_cast<uint8_t>(letter);
    if (const int32_t to = target(character); to >= 0) letters.push_back({byte, byte, to});
  }
  for (uint32_t c = 0; c < 0x20; c++) {
    const bool has_letter =
        std::any_of(std::begin(kEscapes), std::end(kEscapes), [&](auto& e) { return e.first == c; });
    const auto digit = static_cast<uint8_t>("0123456789abcdef"[c % 16]);
    if (const int32_t to = target(c); to >= 0 && !has_letter) tens[c / 16].push_back({digit, digit, to});
  }
  Links ten;
  for (uint8_t i : {0, 1}) {
    const auto digit = static_cast<uint8_t>('0' + i);
    if (!tens[i].empty()) ten.push_back({digit, digit, shared(std::move(tens[i]))});
  }
  if (!ten.empty()) {
    const int32_t second = shared({{'0', '0', shared(std::move(ten))}});
    letters.push_back({'u', 'u', shared({{'0', '0', second}})});
  }
  if (!letters.empty()) link(from, '\\', '\\', shared(std::move(letters)));
}

int32_t ByteDfaBuilder::shared(Links links) {
  const auto it = shared_.find(links);
  if (it != shared_.end()) return it->second;
  const int32_t state = add_state(0);
  links_[static_cast<size_t>(state)] = links;
  shared_.emplace(std::move(links), state);
  return state;
}

ByteDfa ByteDfaBuilder::build(uint32_t low, uint32_t high) && {
  // A byte's class: where links begin anew in some state.
  std::array<bool, 257> cut{};
  for (const Links& links : links_) {
    for (const Link& l : links) cut[l.low] = cut[l.high + 1] = true;
  }
  ByteDfa out;
  out.low = low;
  out.high = high;
  int32_t current = 0;
  for (size_t byte = 0; byte < 256; byte++) {
    if (byte > 0 && cut[byte]) current++;
    out.class_of[byte] = static_cast<uint8_t>(current);
  }
  out.classes = current + 1;
  out.table.assign(links_.size() * static_cast<size_t>(out.classes), ByteDfa::kDead);
  for (size_t s = 0; s < links_.size(); s++) {
    int32_t* row = &out.table[s * static_cast<size_t>(out.classes)];
    for (const Link& l : links_[s]) {
      for (int32_t c = out.class_of[l.low]; c <= out.class_of[l.high]; c++) row[c] = l.to;
    }
    out.goes_on.push_back(!links_[s].empty());
  }
  out.label = std::move(labels_);
  out.boundary = std::move(boundary_);
  if (out.counted()) out.needs = needs(out);
  constexpr int kFreeBytes = 48;
  int most = kFreeBytes;
  for (size_t s = 0; s < links_.size(); s++) {
    int loops = 0;
    for (const Link& l : links_[s]) loops += l.to == static_cast<int32_t>(s) ? l.high - l.low + 1 : 0;
    if (loops <= most) continue;
    most = loops;
    out.free_text = static_cast<int32_t>(s);
  }
  static std::atomic<uint64_t> serials{0};
  out.serial = ++serials;
  return out;
}

}  // namespace understudy
