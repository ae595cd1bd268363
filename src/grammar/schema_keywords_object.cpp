// Keywords of objects.
#include <fmt/format.h>

#include <algorithm>

#include "grammar/schema_keywords.h"

namespace understudy {

namespace json = boost::json;

namespace {

Result<const json::object*> members_of(const KeywordStep& step, std::string_view keyword) {
  const json::value* value = step.schema().if_contains(keyword);
  if (!value) return nullptr;
  if (!value->is_object()) {
    Error error = step.expander.document().refuse(step.place, keyword, "must be an object");
    error.code = ErrorCode::invalid_argument;
    return error;
  }
  return &value->get_object();
}

// Checked here, so that property_terms() cannot meet a bad one.
Status check_pattern(const KeywordStep& step, std::string_view regex) {
  auto dfa = step.expander.pattern(regex);
  if (dfa) return {};
  Error error = dfa.error();
  error.where = fmt::format("{}/patternProperties/{}", step.expander.document().path_of(step.place), regex);
  return error;
}

Result<ObjectPart> part_of(const KeywordStep& step) {
  ObjectPart part;
  ASSIGN_OR_RETURN(const json::object* properties, members_of(step, "properties"));
  ASSIGN_OR_RETURN(const json::object* patterns, members_of(step, "patternProperties"));
  if (properties) {
    for (const auto& m : *properties) part.properties.emplace_back(m.key(), Terms{{&m.value(), false, true}});
  }
  if (patterns) {
    for (const auto& m : *patterns) {
      RETURN_IF_ERROR(check_pattern(step, m.key()));
      part.patterns.emplace_back(m.key(), Terms{{&m.value(), false, true}});
    }
  }
  if (const json::value* additional = step.schema().if_contains("additionalProperties")) {
    part.additional = Term{additional, false, true};
  }
  return part;
}

bool says_nothing(const json::value& schema) {
  return (schema.is_bool() && schema.get_bool()) || (schema.is_object() && schema.get_object().empty());
}

// The keys that a part neither names nor matches.
DfaResult other_keys(SchemaExpander& expander, const ObjectPart& part) {
  std::vector<std::vector<uint32_t>> names;
  for (const auto& [name, terms] : part.properties) names.push_back(code_points(name));
  const Dfa named = texts_dfa(names);
  std::vector<const Dfa*> known{&named};
  std::vector<std::shared_ptr<const Dfa>> kept;
  for (const auto& [regex, terms] : part.patterns) {
    ASSIGN_OR_RETURN(auto dfa, expander.pattern(regex));
    known.push_back(dfa.get());
    kept.push_back(std::move(dfa));
  }
  ASSIGN_OR_RETURN(Dfa all, first_of(known, expander.budget()));
  return complement(all, expander.budget());
}

KeywordStep::Way some_key(const KeywordStep& step, std::string_view keyword, std::shared_ptr<const Dfa> keys,
                          std::optional<Term> value) {
  Error unsupported = step.expander.document().refuse(
      step.place, keyword,
      "is not supported where its opposite is needed (not, oneOf, if) of few keys, or twice");
  return [=](SchemaWork& w) { w.branch.some_keys.push_back({keys, value, unsupported}); };
}

// The names of a list of strings.
Result<std::vector<std::string_view>> names_of(const KeywordStep& step, const json::value& value) {
  std::vector<std::string_view> names;
  if (!value.is_array()) return step.wrong("a list of names");
  for (const json::value& name : value.get_array()) {
    if (!name.is_string()) return step.wrong("a list of names");
    names.emplace_back(name.get_string());
  }
  return names;
}

Status apply_required(const KeywordStep& step) {
  ASSIGN_OR_RETURN(auto names, names_of(step, step.value()));
  if (step.positive) {
    for (std::string_view name : names) require(step.branch(), name);
    return {};
  }
  std::vector<KeywordStep::Way> ways;
  for (std::string_view name : names) {
    ways.push_back([name](SchemaWork& w) { w.branch.parts.push_back(only_property(name, never())); });
  }
  step.fork(ways);
  return {};
}

// Items that are evaluated whatever they are.
struct SeenItems {
  bool all = false, rest = false;
  size_t prefix = 0;

  void look_at(const json::object& schema) {
    const json::value* list = schema.if_contains("prefixItems");
    const json::value* items = schema.if_contains("items");
    if (!list && items && items->is_array()) {
      list = items;
      items = schema.if_contains("additionalItems");
    }
    if (list && list->is_array()) prefix = std::max(prefix, list->get_array().size());
    rest = rest || items;
  }
};

}  // namespace

Status apply_properties(const KeywordStep& step) {
  ASSIGN_OR_RETURN(ObjectPart part, part_of(step));
  if (step.positive) {
    step.branch().parts.push_back(std::move(part));
    return {};
  }
  std::vector<KeywordStep::Way> ways;
  for (const auto& [name, terms] : part.properties) {
    if (says_nothing(*terms[0].at)) continue;
    ways.push_back([name = name, at = terms[0].at](SchemaWork& w) {
      w.branch.parts.push_back(only_property(name, {at, false, false}));
      require(w.branch, name);
    });
  }
  for (const auto& [regex, terms] : part.patterns) {
    if (says_nothing(*terms[0].at)) continue;
    ASSIGN_OR_RETURN(auto keys, step.expander.pattern(regex));
    ways.push_back(some_key(step, "patternProperties", std::move(keys), Term{terms[0].at, false, false}));
  }
  if (part.additional && !says_nothing(*part.additional->at)) {
    ASSIGN_OR_RETURN(Dfa others, other_keys(step.expander, part));
    ways.push_back(some_key(step, "additionalProperties", std::make_shared<const Dfa>(std::move(others)),
                            Term{part.additional->at, false, false}));
  }
  step.fork(ways);
  return {};
}

Status apply_object(const KeywordStep& step) {
  SchemaBranch& branch = step.branch();
  if (step.keyword == "required") return apply_required(step);
  if (step.keyword == "propertyNames") {
    if (step.positive) {
      add_term(branch.names, {&step.value(), false, true});
    } else if (says_nothing(step.value())) {
      step.die();
    } else {
      ASSIGN_OR_RETURN(Dfa names, step.expander.strings({{&step.value(), false, true}}));
      ASSIGN_OR_RETURN(Dfa others, complement(names, step.expander.budget()));
      some_key(step, "propertyNames", std::make_shared<const Dfa>(std::move(others)),
               std::nullopt)(step.work);
    }
    return {};
  }
  ASSIGN_OR_RETURN(uint32_t count, count_of(step, step.keyword));
  const bool least = step.keyword == "minProperties";
  if (!step.positive && least && count == 0) {
    step.die();
  } else if (least == step.positive) {
    branch.low = std::max(branch.low, step.positive ? count : count + 1);
  } else {
    branch.high = std::min(branch.high, step.positive ? count : count - 1);
  }
  return {};
}

Status apply_dependencies(const KeywordStep& step) {
  if (!step.value().is_object()) return step.wrong("an object");
  std::vector<SchemaWork> works{step.work};
  std::vector<SchemaWork> violated;
  for (const auto& m : step.value().get_object()) {
    const std::string_view name = m.key();
    std::vector<std::string_view> names;
    const bool list = m.value().is_array() || step.keyword == "dependentRequired";
    if (list) {
      ASSIGN_OR_RETURN(names, names_of(step, m.value()));
      if (names.empty()) continue;
    } else if (m.value().is_string()) {  // draft 3
      names.emplace_back(m.value().get_string());
    } else if (says_nothing(m.value())) {
      continue;
    }
    if (!step.positive) {
      SchemaWork with = step.work;
      require(with.branch, name);
      if (names.empty()) with.todo.push_back({{&m.value(), false, false}, ""});
      for (size_t i = 0; i < std::max<size_t>(names.size(), 1); i++) {
        violated.push_back(with);
        if (!names.empty()) violated.back().branch.parts.push_back(only_property(names[i], never()));
      }
      continue;
    }
    std::vector<SchemaWork> next;
    for (SchemaWork& w : works) {
      if (!step.expander.budget().spend(2)) return too_complex();
      next.push_back(w);
      next.back().branch.parts.push_back(only_property(name, never()));
      require(w.branch, name);
      for (std::string_view other : names) require(w.branch, other);
      if (names.empty()) w.todo.push_back({{&m.value(), false, true}, ""});
      next.push_back(std::move(w));
    }
    works = std::move(next);
    if (works.size() > 1024) return too_complex();
  }
  std::vector<SchemaWork>& ways = step.positive ? works : violated;
  for (size_t i = ways.size(); i-- > 0;) step.todo.push_back(std::move(ways[i]));
  step.die();
  return {};
}

// Known only where what is evaluated does not depend on the value: beside properties and items, and through
// allOf and $ref.
Status apply_unevaluated(const KeywordStep& step) {
  if (says_nothing(step.value())) {
    if (!step.positive) step.die();
    return {};
  }
  const bool of_items = step.keyword == "unevaluatedItems";
  ObjectPart part;
  SeenItems seen;
  std::vector<const json::value*> work{&step.place};
  std::set<const json::value*> visited;
  while (!work.empty()) {
    const json::value* at = work.back();
    work.pop_back();
    if (!at->is_object() || !visited.insert(at).second) continue;
    const json::object& schema = at->get_object();
    for (std::string_view depends : {"anyOf", "oneOf", "if", "not", "dependentSchemas", "dependencies",
                                     "$dynamicRef", "$recursiveRef", "contains"}) {
      if (schema.contains(depends) && !(depends == "contains" && !of_items) && depends != "not") {
        step.unsupported(fmt::format("beside '{}' is not supported", depends));
        return {};
      }
    }
    if (at != &step.place && schema.contains(step.keyword)) seen.all = true;
    seen.look_at(schema);
    KeywordStep inner{step.expander, step.kind, *at, "properties", true, step.work, step.todo};
    ASSIGN_OR_RETURN(ObjectPart more, part_of(inner));
    for (auto& [name, terms] : more.properties) part.properties.emplace_back(name, Terms{});
    for (auto& [regex, terms] : more.patterns) part.patterns.emplace_back(regex, Terms{});
    seen.all = seen.all || (!of_items && more.additional.has_value());
    if (const json::value* list = schema.if_contains("allOf"); list && list->is_array()) {
      for (const json::value& s : list->get_array()) work.push_back(&s);
    }
    if (const json::value* reference = schema.if_contains("$ref"); reference && reference->is_string()) {
      ASSIGN_OR_RETURN(const json::value* target,
                       step.expander.document().resolve(*at, reference->get_string()));
      work.push_back(target);
    }
  }
  if (seen.all || (of_items && seen.rest)) {
    if (!step.positive) step.die();
    return {};
  }
  if (!step.positive) {
    step.unsupported("is not supported");
    return {};
  }
  const Term term{&step.value(), false, true};
  if (!of_items) {
    part.additional = term;
    step.branch().parts.push_back(std::move(part));
    return {};
  }
  SchemaBranch& branch = step.branch();
  if (branch.prefix.size() < seen.prefix) branch.prefix.resize(seen.prefix, branch.rest);
  for (size_t i = seen.prefix; i < branch.prefix.size(); i++) add_term(branch.prefix[i], term);
  add_term(branch.rest, term);
  return {};
}

}  // namespace understudy
