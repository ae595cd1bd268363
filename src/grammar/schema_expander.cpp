#include "grammar/schema_expander.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "grammar/format_language.h"
#include "grammar/number_language.h"
#include "grammar/regex.h"
#include "grammar/schema_keywords.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr size_t kMaxBranches = 2048;  // alternatives of one value
constexpr int kProbeDepth = 3;         // how far inwards alternatives of oneOf are compared

// Of a step, which may copy the branch: parts hold names, terms and patterns.
size_t cost_of(const SchemaWork& work) {
  size_t cost =
      8 + work.todo.size() + work.done.size() + 4 * work.branch.prefix.size() + work.branch.required.size();
  for (const ObjectPart& part : work.branch.parts)
    cost += 4 + 2 * part.properties.size() + 2 * part.patterns.size();
  return cost;
}

}  // namespace

void add_term(Terms& terms, Term term) {
  if (std::find(terms.begin(), terms.end(), term) == terms.end()) terms.push_back(term);
}

Term never() {
  static const json::value impossible(false);
  return {&impossible, false, true};
}

Result<std::shared_ptr<const Dfa>> SchemaExpander::pattern(std::string_view regex) {
  if (const auto it = patterns_.find(regex); it != patterns_.end()) return it->second;
  ASSIGN_OR_RETURN(Dfa dfa, regex_dfa(regex, budget_));
  return patterns_[std::string(regex)] = std::make_shared<const Dfa>(std::move(dfa));
}

Result<std::shared_ptr<const Dfa>> SchemaExpander::not_pattern(std::string_view regex) {
  if (const auto it = negated_patterns_.find(regex); it != negated_patterns_.end()) return it->second;
  ASSIGN_OR_RETURN(auto positive, pattern(regex));
  ASSIGN_OR_RETURN(Dfa dfa, complement(*positive, budget_));
  return negated_patterns_[std::string(regex)] = std::make_shared<const Dfa>(std::move(dfa));
}

Result<std::vector<SchemaBranch>> SchemaExpander::expand(const Terms& terms, ValueKind kind) {
  // Whatever the others are, which may be much work.
  const bool impossible = std::any_of(terms.begin(), terms.end(), [](const Term& t) {
    return !t.constant && t.at->is_bool() && t.at->get_bool() != t.positive;
  });
  std::vector<SchemaBranch> out;
  if (impossible) return out;
  std::vector<SchemaWork> todo(1);
  for (const Term& term : terms) todo[0].todo.push_back({term, ""});
  std::reverse(todo[0].todo.begin(), todo[0].todo.end());
  while (!todo.empty()) {
    SchemaWork work = std::move(todo.back());
    todo.pop_back();
    if (!budget_.spend(cost_of(work)) || todo.size() + out.size() > kMaxBranches) return too_complex();
    if (work.branch.dead) continue;
    if (work.todo.empty()) {
      out.push_back(std::move(work.branch));
      continue;
    }
    const SchemaItem item = work.todo.back();
    work.todo.pop_back();
    RETURN_IF_ERROR(step(item, kind, std::move(work), todo));
  }
  return out;
}

// One item becomes what it means: constraints in the branch, further items, or several branches.
Status SchemaExpander::step(const SchemaItem& item, ValueKind kind, SchemaWork work,
                            std::vector<SchemaWork>& todo) {
  const json::value& at = *item.term.at;
  if (!item.keyword.empty()) {
    KeywordStep keyword{*this, kind, at, item.keyword, item.term.positive, work, todo};
    RETURN_IF_ERROR(apply_keyword(keyword));
    if (!work.branch.dead) todo.push_back(std::move(work));
    return {};
  }
  Term opposite = item.term;
  opposite.positive = !opposite.positive;
  if (work.done.count(opposite) > 0) return {};
  if (work.done.insert(item.term).second) {
    if (item.term.constant) {
      KeywordStep keyword{*this, kind, at, "const", item.term.positive, work, todo};
      RETURN_IF_ERROR(apply_constant(keyword, at));
    } else if (at.is_bool()) {
      work.branch.dead = at.get_bool() != item.term.positive;
    } else if (!at.is_object()) {
      return Error{ErrorCode::invalid_argument, "A JSON schema is an object, true or false",
                   document_.path_of(at), ""};
    } else {
      const std::vector<std::string_view> keywords = keywords_of(document_, at.get_object());
      if (item.term.positive) {
        for (size_t i = keywords.size(); i-- > 0;) work.todo.push_back({item.term, keywords[i]});
      } else {
        for (std::string_view name : keywords) {
          todo.push_back(work);
          todo.back().todo.push_back({item.term, name});
        }
        work.branch.dead = true;
      }
    }
  }
  if (!work.branch.dead) todo.push_back(std::move(work));
  return {};
}

DfaResult SchemaExpander::intersection(const SchemaBranch& branch, const Dfa& all) {
  if (branch.languages.empty()) return all;
  Dfa dfa = *branch.languages[0];
  for (size_t i = 1; i < branch.languages.size(); i++) {
    ASSIGN_OR_RETURN(dfa, intersect(dfa, *branch.languages[i], budget_));
  }
  return dfa;
}

DfaResult SchemaExpander::strings(const Terms& terms) {
  ASSIGN_OR_RETURN(std::vector<SchemaBranch> branches, expand(terms, ValueKind::string));
  std::vector<Dfa> parts;
  for (const SchemaBranch& branch : branches) {
    if (branch.unsupported) return *branch.unsupported;
    ASSIGN_OR_RETURN(Dfa dfa, intersection(branch, any_text()));
    if (branch.low > 0 || branch.high < kEndless) {
      ASSIGN_OR_RETURN(dfa, with_length(dfa, branch.low, branch.high, budget_));
    }
    parts.push_back(std::move(dfa));
  }
  if (parts.empty()) return no_text();
  if (parts.size() == 1) return std::move(parts[0]);
  std::vector<const Dfa*> all;
  for (const Dfa& d : parts) all.push_back(&d);
  return first_of(all, budget_);
}

Result<bool> SchemaExpander::surely_empty(const Terms& terms, ValueKind kind, int depth) {
  ASSIGN_OR_RETURN(std::vector<SchemaBranch> branches, expand(terms, kind));
  for (const SchemaBranch& branch : branches) {
    ASSIGN_OR_RETURN(bool dead, surely_dead(branch, kind, depth));
    if (!dead) return false;
  }
  return true;
}

Result<bool> SchemaExpander::surely_dead(const SchemaBranch& branch, ValueKind kind, int depth) {
  if (branch.low > branch.high) return true;
  if (kind == ValueKind::string || kind == ValueKind::number) {
    ASSIGN_OR_RETURN(Dfa dfa, intersection(branch, kind == ValueKind::string ? any_text() : any_number()));
    if (can_count_lengths(dfa, branch.low)) return dfa.empty() || shortest_text(dfa) > branch.high;
    if (branch.low > 0 || branch.high < kEndless) {
      ASSIGN_OR_RETURN(dfa, with_length(dfa, branch.low, branch.high, budget_));
    }
    return dfa.empty();
  }
  const auto no_value = [&](const Terms& terms) -> Result<bool> {
    if (depth == 0) return false;
    for (ValueKind inner : kAllKinds) {
      ASSIGN_OR_RETURN(bool empty, surely_empty(terms, inner, depth - 1));
      if (!empty) return false;
    }
    return true;
  };
  if (kind == ValueKind::array) {
    for (size_t i = 0; i < branch.low && i <= branch.prefix.size(); i++) {
      ASSIGN_OR_RETURN(bool empty, no_value(i < branch.prefix.size() ? branch.prefix[i] : branch.rest));
      if (empty) return true;
    }
  }
  if (kind == ValueKind::object) {
    if (branch.required.size() > branch.high) return true;
    for (const std::string& name : branch.required) {
      ASSIGN_OR_RETURN(Terms terms, property_terms(branch, name));
      ASSIGN_OR_RETURN(bool empty, no_value(terms));
      if (empty) return true;
    }
  }
  return false;
}

Result<bool> SchemaExpander::disjoint(const Term& a, const Term& b, ValueKind kind) {
  if (probing_ >= kProbeDepth) return false;
  Terms both;
  add_term(both, a);
  add_term(both, b);
  probing_++;
  Result<bool> empty = surely_empty(both, kind, kProbeDepth - probing_ + 1);
  probing_--;
  return empty;
}

Result<Terms> SchemaExpander::property_terms(const SchemaBranch& branch, std::string_view name) {
  Terms terms;
  const std::vector<uint32_t> text = code_points(name);
  for (const ObjectPart& part : branch.parts) {
    bool known = false;
    const auto take = [&](const Terms& more) {
      known = true;
      for (const Term& t : more) add_term(terms, t);
    };
    for (const auto& [property, more] : part.properties) {
      if (property == name) take(more);
    }
    for (const auto& [regex, more] : part.patterns) {
      ASSIGN_OR_RETURN(auto dfa, pattern(regex));
      if (dfa->label_of(text)) take(more);
    }
    if (!known && part.additional) add_term(terms, *part.additional);
  }
  return terms;
}

}  // namespace understudy
