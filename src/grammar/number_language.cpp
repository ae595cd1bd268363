#include "grammar/number_language.h"

#include <array>
#include <charconv>
#include <map>

#include "grammar/regex.h"

namespace understudy {

namespace {

constexpr uint64_t kMaxRemainders = 20'000;

enum Order : int32_t { less = 1, equal = 2, greater = 3 };

Dfa fixed(std::string_view pattern) {
  Budget budget(100'000);
  return std::move(regex_dfa(pattern, budget)).value();  // our own patterns
}

// Texts of decimals without a sign, labelled by their order to a constant of these digits. A state is what is
// known after some digits.
class MagnitudeBuilder {
 public:
  MagnitudeBuilder(const std::string& whole, const std::string& fraction)
      : whole_(whole), fraction_(fraction) {}

  Dfa build() {
    const int32_t start = add(0);
    for (char d = '0'; d <= '9'; d++) {
      // A first zero ends the whole part.
      const int32_t to = d == '0' ? whole_state(1, order_of('0', whole_[0]), true)
                                  : whole_state(1, order_of(d, whole_[0]), false);
      link(start, d, to);
    }
    return minimal(std::move(dfa_));
  }

 private:
  static Order order_of(char a, char b) { return a < b ? less : a > b ? greater : equal; }

  int32_t add(int32_t label) {
    dfa_.states.push_back({label, {}});
    return static_cast<int32_t>(dfa_.states.size()) - 1;
  }
  void link(int32_t from, char digit, int32_t to) {
    const auto c = static_cast<uint32_t>(digit);
    auto& edges = dfa_.states[static_cast<size_t>(from)].edges;
    edges.push_back({c, c, to});
  }

  // After `digits` digits of the whole part (at most one more than the constant has), `sofar` the order of
  // as many digits of both.
  int32_t whole_state(size_t digits, Order sofar, bool closed) {
    const auto key = std::tuple(digits, sofar, closed);
    if (const auto it = whole_states_.find(key); it != whole_states_.end()) return it->second;
    const Order order = digits < whole_.size() ? less : digits > whole_.size() ? greater : sofar;
    const int32_t state = add(order == equal && !fraction_.empty() ? less : order);
    whole_states_[key] = state;
    link(state, '.', point_state(order));
    for (char d = '0'; !closed && d <= '9'; d++) {
      const bool beyond = digits >= whole_.size();
      const Order next = beyond ? greater : sofar != equal ? sofar : order_of(d, whole_[digits]);
      link(state, d, whole_state(std::min(digits + 1, whole_.size() + 1), next, false));
    }
    return state;
  }

  int32_t point_state(Order order) {
    int32_t& state = points_[order];
    if (!state) {
      state = add(0);
      const int32_t self = state;
      for (char d = '0'; d <= '9'; d++) link(self, d, order == equal ? fraction_state(1, d) : settled(order));
    }
    return state;
  }

  // After the digit number `digits` of the fraction; those before were equal.
  int32_t fraction_state(size_t digits, char digit) {
    const char constant = digits <= fraction_.size() ? fraction_[digits - 1] : '0';
    const Order order = order_of(digit, constant);
    if (order != equal) return settled(order);
    const size_t place = std::min(digits, fraction_.size() + 1);
    if (const auto it = fractions_.find(place); it != fractions_.end()) return it->second;
    const int32_t state = add(digits < fraction_.size() ? less : equal);
    fractions_[place] = state;
    for (char d = '0'; d <= '9'; d++) link(state, d, fraction_state(place + 1, d));
    return state;
  }

  int32_t settled(Order order) {
    int32_t& state = settled_[order];
    if (!state) {
      state = add(order);
      const int32_t self = state;
      for (char d = '0'; d <= '9'; d++) link(self, d, self);
    }
    return state;
  }

  const std::string& whole_;
  const std::string& fraction_;
  Dfa dfa_;
  std::map<std::tuple<size_t, Order, bool>, int32_t> whole_states_;
  std::map<size_t, int32_t> fractions_;
  std::array<int32_t, 4> points_{}, settled_{};
};

// '-' in front of one language, nothing in front of the other; labels of both.
Dfa with_signs(Dfa plain, const Dfa& negative) {
  const auto shift = static_cast<int32_t>(plain.states.size());
  for (const Dfa::State& s : negative.states) {
    plain.states.push_back(s);
    for (Dfa::Edge& e : plain.states.back().edges) e.to += shift;
  }
  auto& edges = plain.states[0].edges;
  edges.insert(edges.begin(), {'-', '-', shift});  // '-' comes before the digits
  return minimal(std::move(plain));
}

Dfa mapped(Dfa dfa, const std::array<int32_t, 4>& labels) {
  for (Dfa::State& s : dfa.states) s.label = labels[static_cast<size_t>(s.label)];
  return minimal(std::move(dfa));
}

}  // namespace

Decimal Decimal::of(const boost::json::value& number) {
  std::array<char, 1100> text;  // a double has at most 309 digits before its point and 1,074 behind
  std::to_chars_result end;
  if (number.is_int64()) {
    end = std::to_chars(text.data(), text.data() + text.size(), number.get_int64());
  } else if (number.is_uint64()) {
    end = std::to_chars(text.data(), text.data() + text.size(), number.get_uint64());
  } else {
    end =
        std::to_chars(text.data(), text.data() + text.size(), number.get_double(), std::chars_format::fixed);
  }
  std::string_view digits(text.data(), static_cast<size_t>(end.ptr - text.data()));
  Decimal out;
  out.negative = digits.starts_with('-');
  if (out.negative) digits.remove_prefix(1);
  const size_t point = std::min(digits.find('.'), digits.size());
  out.whole = digits.substr(0, point);
  out.fraction = digits.substr(std::min(point + 1, digits.size()));
  while (out.fraction.ends_with('0')) out.fraction.pop_back();
  if (out.whole == "0" && out.fraction.empty()) out.negative = false;
  return out;
}

std::string Decimal::text() const {
  return (negative ? "-" : "") + whole + (fraction.empty() ? "" : "." + fraction);
}

const Dfa& any_number() {
  static const Dfa dfa = fixed(R"(^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$)");
  return dfa;
}

const Dfa& any_integer() {
  static const Dfa dfa = fixed(R"(^(0|-?[1-9][0-9]*)$)");
  return dfa;
}

const Dfa& any_fraction() {
  static const Dfa dfa = fixed(R"(^-?(0|[1-9][0-9]*)\.0*[1-9][0-9]*$)");
  return dfa;
}

Dfa compared_numbers(const Decimal& bound, NumberOrder wanted) {
  const Dfa magnitude = MagnitudeBuilder(bound.whole, bound.fraction).build();
  const std::array<int32_t, 4> as_is{0, wanted.less, wanted.equal, wanted.greater};
  const std::array<int32_t, 4> flipped{0, wanted.greater, wanted.equal, wanted.less};
  const bool is_zero = bound.whole == "0" && bound.fraction.empty();
  // On the other side of zero all magnitudes stand alike.
  const auto all = [&](bool yes) { return std::array<int32_t, 4>{0, yes, yes, yes}; };
  const Dfa plain = mapped(magnitude, bound.negative ? all(wanted.greater) : as_is);
  const Dfa negative = mapped(magnitude, bound.negative || is_zero ? flipped : all(wanted.less));
  return with_signs(plain, negative);
}

std::optional<Dfa> multiples(const Decimal& divisor, bool wanted) {
  const size_t places = divisor.fraction.size();
  uint64_t p = 0;
  for (const char d : divisor.whole + divisor.fraction) {
    p = p * 10 + static_cast<uint64_t>(d - '0');
    if (p > kMaxRemainders) return std::nullopt;
  }
  if (p == 0 || p * (places + 2) > kMaxRemainders) return std::nullopt;
  // Remainders of the digits so far; those behind the point by their number, up to `places`; further ones
  // must be zeros.
  std::vector<uint64_t> scale(places + 1, 1 % p);  // [j]: of j digits that are missing
  for (size_t j = 1; j <= places; j++) scale[j] = scale[j - 1] * 10 % p;
  const auto accepts = [&](uint64_t remainder, size_t digits) {
    return ((remainder * scale[places - digits] % p) == 0) == wanted ? 1 : 0;
  };
  const auto size = static_cast<int32_t>(p);
  const int32_t first = 1, zero = 2, whole = 3, behind = whole + size;
  const int32_t beyond = behind + size * static_cast<int32_t>(places + 1), points = beyond + 1;
  Dfa dfa;
  dfa.states.resize(static_cast<size_t>(points + size));
  const auto link = [&](int32_t from, char digit, int32_t to) {
    const auto c = static_cast<uint32_t>(digit);
    dfa.states[static_cast<size_t>(from)].edges.push_back({c, c, to});
  };
  const auto digits_from = [&](int32_t from, char low, auto&& to) {
    for (char d = low; d <= '9'; d++) link(from, d, to(static_cast<uint64_t>(d - '0')));
  };
  const auto after_point = [&](size_t digits, uint64_t r) {
    return behind + static_cast<int32_t>(digits * p + r);
  };
  // One more digit behind the point, when there are `digits`.
  const auto fraction_digit = [&](size_t digits, uint64_t r, uint64_t d) {
    if (digits < places) return after_point(digits + 1, (r * 10 + d) % p);
    return d == 0 ? after_point(places, r) : beyond;
  };
  link(0, '-', first);
  for (const int32_t start : {0, first}) {
    link(start, '0', zero);
    digits_from(start, '1', [&](uint64_t d) { return whole + static_cast<int32_t>(d % p); });
  }
  dfa.states[static_cast<size_t>(zero)].label = accepts(0, 0);
  link(zero, '.', points);
  dfa.states[static_cast<size_t>(beyond)].label = !wanted;
  digits_from(beyond, '0', [&](uint64_t) { return beyond; });
  for (uint64_t r = 0; r < p; r++) {
    const int32_t state = whole + static_cast<int32_t>(r);
    dfa.states[static_cast<size_t>(state)].label = accepts(r, 0);
    link(state, '.', points + static_cast<int32_t>(r));
    digits_from(state, '0', [&](uint64_t d) { return whole + static_cast<int32_t>((r * 10 + d) % p); });
    digits_from(points + static_cast<int32_t>(r), '0', [&](uint64_t d) { return fraction_digit(0, r, d); });
    for (size_t digits = 0; digits <= places; digits++) {
      const int32_t fraction = after_point(digits, r);
      dfa.states[static_cast<size_t>(fraction)].label = accepts(r, digits);
      digits_from(fraction, '0', [&](uint64_t d) { return fraction_digit(digits, r, d); });
    }
  }
  return minimal(std::move(dfa));
}

Dfa exact_number(const Decimal& value) { return texts_dfa({code_points(value.text())}); }

}  // namespace understudy
