// Numbers as automata over their JSON text, so that ranges and multiples of any size are exact.
//
// Canonical spelling: a whole number is written without fraction or exponent when its schema says integer
// ("-0" is no integer's spelling), and numbers whose value a schema looks at have no exponent.
#pragma once

#include <boost/json.hpp>
#include <optional>

#include "grammar/dfa.h"

namespace understudy {

// A number's exact decimal value, as the shortest text that gives the same double.
struct Decimal {
  bool negative = false;
  std::string whole;     // at least one digit, no leading zeros
  std::string fraction;  // no trailing zeros

  static Decimal of(const boost::json::value& number);  // is_number()
  std::string text() const;
  bool operator==(const Decimal&) const = default;
};

struct NumberOrder {
  bool less = false, equal = false, greater = false;
};

const Dfa& any_number();    // JSON's, exponents too
const Dfa& any_integer();   // canonical
const Dfa& any_fraction();  // decimals whose value is not whole
// Decimals that stand to `bound` as `wanted` says.
Dfa compared_numbers(const Decimal& bound, NumberOrder wanted);
// Decimals that are multiples of `divisor` (> 0), or that are not; nullopt: too many remainders.
std::optional<Dfa> multiples(const Decimal& divisor, bool wanted);
Dfa exact_number(const Decimal& value);  // one text: the canonical one

}  // namespace understudy
