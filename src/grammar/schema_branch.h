// What a schema asks of a value of one kind, as a union of branches; a branch is a conjunction.
#pragma once

#include <boost/json.hpp>
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "grammar/dfa.h"
#include "grammar/value_language.h"

namespace understudy {

enum class ValueKind { null, yes, no, number, string, array, object };

// "The value satisfies (or not) the schema at this place", or "it equals (or not) the constant there".
struct Term {
  const boost::json::value* at = nullptr;
  bool constant = false;
  bool positive = true;
  auto operator<=>(const Term&) const = default;
};
// A conjunction, in the order in which it is said (properties are declared in it), without repetitions. Empty: any value.
using Terms = std::vector<Term>;
void add_term(Terms& terms, Term term);
Term never();  // satisfied by no value

// What one schema says of an object's properties.
struct ObjectPart {
  std::vector<std::pair<std::string, Terms>> properties;  // in their order
  std::vector<std::pair<std::string, Terms>> patterns;    // by regular expression
  std::optional<Term> additional;                         // keys that are neither named nor matched
};

// Some key is one of `keys`, and its value satisfies `value` if there is one: the opposite of what a schema says of all
// keys that it does not name.
struct SomeKey {
  std::shared_ptr<const Dfa> keys;
  std::optional<Term> value;
  Error unsupported;  // where it cannot be said
};

struct Contains {
  Term term;
  uint32_t low = 1, high = kEndless;
};

struct SchemaBranch {
  // Numbers and strings: the intersection of these.
  std::vector<std::shared_ptr<const Dfa>> languages;
  // Strings: code points; arrays: items; objects: properties.
  uint32_t low = 0, high = kEndless;

  std::vector<Terms> prefix;
  Terms rest;
  std::vector<Contains> contains;
  const boost::json::value* unique = nullptr;  // the schema that says uniqueItems

  std::vector<ObjectPart> parts;
  std::vector<std::string> required;
  Terms names;
  std::vector<SomeKey> some_keys;

  // Set when the branch means something that this version cannot say.
  std::optional<Error> unsupported;

  bool dead = false;
};

}  // namespace understudy
