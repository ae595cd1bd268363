// What each keyword of JSON Schema means for a value of one kind. schema_keywords_*.cpp hold one handler a
// keyword; a new keyword is a handler and a line in the table of schema_keywords.cpp.
#pragma once

#include <functional>
#include <set>
#include <string_view>
#include <vector>

#include "grammar/schema_branch.h"
#include "grammar/schema_expander.h"

namespace understudy {

inline constexpr ValueKind kAllKinds[] = {ValueKind::null,   ValueKind::yes,    ValueKind::no,
                                          ValueKind::number, ValueKind::string, ValueKind::array,
                                          ValueKind::object};

// Something that is still to be said of a branch's value: a whole schema, or one keyword of it.
struct SchemaItem {
  Term term;
  std::string_view keyword;  // empty: all of them
};

struct SchemaWork {
  SchemaBranch branch;
  std::vector<SchemaItem> todo;
  std::set<Term> done;
};

// One keyword (or its negation) and the branch it is said of.
struct KeywordStep {
  SchemaExpander& expander;
  ValueKind kind;
  const boost::json::value& place;  // the schema
  std::string_view keyword;
  bool positive;
  SchemaWork& work;
  std::vector<SchemaWork>& todo;

  const boost::json::object& schema() const { return place.get_object(); }
  const boost::json::value& value() const { return schema().at(keyword); }
  SchemaBranch& branch() const { return work.branch; }

  void die() const { work.branch.dead = true; }
  void add(Term term) const { work.todo.push_back({term, ""}); }
  void add(const boost::json::value& sub_schema, bool satisfied) const {
    add(Term{&sub_schema, false, satisfied});
  }
  // One branch for each way; the step's own ends.
  using Way = std::function<void(SchemaWork&)>;
  void fork(const std::vector<Way>& ways) const;
  // The branch says more than we can; it counts only if it is not dead anyway.
  void unsupported(std::string_view why) const;
  Error wrong(std::string_view expected) const;  // the keyword's own value breaks the rules
};

// Keywords that say something, groups (items, properties) under one name. Annotations and words that are no
// keywords are left out.
std::vector<std::string_view> keywords_of(const SchemaDocument& document, const boost::json::object& schema);
// Errors: invalid_argument (the schema breaks its rules), unsupported, exhausted.
Status apply_keyword(const KeywordStep& step);
// The value equals `constant`, or not.
Status apply_constant(const KeywordStep& step, const boost::json::value& constant);

// Handlers, by file.
Status apply_composition(const KeywordStep& step);  // $ref allOf anyOf oneOf not if
Status apply_enum(const KeywordStep& step);
Status apply_const(const KeywordStep& step);
Status apply_type(const KeywordStep& step);
Status apply_string(const KeywordStep& step);
Status apply_number(const KeywordStep& step);
Status apply_array(const KeywordStep& step);
Status apply_properties(const KeywordStep& step);
Status apply_object(const KeywordStep& step);
Status apply_dependencies(const KeywordStep& step);
Status apply_unevaluated(const KeywordStep& step);

// A whole number >= 0; larger ones than 32 bits hold become the largest. Error: wrong().
Result<uint32_t> count_of(const KeywordStep& step, std::string_view keyword);
// An object part in which only `name` is named.
ObjectPart only_property(std::string_view name, Term term);
void require(SchemaBranch& branch, std::string_view name);

}  // namespace understudy
