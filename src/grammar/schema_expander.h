// SchemaExpander: from terms about a value to branches, one kind of value at a time. Negation is pushed
// inwards (the negation of a conjunction of keywords is a union of negated keywords), so that `not`, `oneOf`
// and if/then/else are exact. The method is that of analytic tableaux (Smullyan, "First-Order Logic", 1968).
//
// Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grammar/dfa.h"
#include "grammar/schema_branch.h"
#include "grammar/schema_document.h"

namespace understudy {

struct SchemaItem;
struct SchemaWork;

class SchemaExpander {
 public:
  // `enforce_formats`: `format` names we know restrict strings; others are annotations.
  SchemaExpander(const SchemaDocument& document, bool enforce_formats, Budget& budget)
      : document_(document), enforce_formats_(enforce_formats), budget_(budget) {}

  // The branches of a value of this kind; dead ones are left out. Errors: those of a schema that breaks its
  // own rules, and exhausted.
  Result<std::vector<SchemaBranch>> expand(const Terms& terms, ValueKind kind);

  // Texts of the strings that satisfy `terms`. Errors: as expand, and unsupported.
  DfaResult strings(const Terms& terms);
  // The languages of a branch of strings or numbers, intersected; `all` if there is none. Lengths are left.
  DfaResult intersection(const SchemaBranch& branch, const Dfa& all);
  // What a branch of objects says of the property `name`.
  Result<Terms> property_terms(const SchemaBranch& branch, std::string_view name);
  // No value is in the branch, as far as `depth` steps inwards show it.
  Result<bool> surely_dead(const SchemaBranch& branch, ValueKind kind, int depth);
  // No value of this kind satisfies both. False may mean that it was not found out.
  Result<bool> disjoint(const Term& a, const Term& b, ValueKind kind);

  // The automaton of a regular expression or of all it does not match, kept.
  Result<std::shared_ptr<const Dfa>> pattern(std::string_view regex);
  Result<std::shared_ptr<const Dfa>> not_pattern(std::string_view regex);

  const SchemaDocument& document() const { return document_; }
  bool enforce_formats() const { return enforce_formats_; }
  Budget& budget() { return budget_; }

 private:
  using Patterns = std::map<std::string, std::shared_ptr<const Dfa>, std::less<>>;

  Status step(const SchemaItem& item, ValueKind kind, SchemaWork work, std::vector<SchemaWork>& todo);
  Result<bool> surely_empty(const Terms& terms, ValueKind kind, int depth);

  const SchemaDocument& document_;
  const bool enforce_formats_;
  Budget& budget_;
  Patterns patterns_, negated_patterns_;
  int probing_ = 0;  // disjoint() inside itself
};

}  // namespace understudy
