// Keywords that speak of values of any kind.
#include <fmt/format.h>

#include <algorithm>

#include "grammar/number_language.h"
#include "grammar/schema_keywords.h"

namespace understudy {

namespace json = boost::json;

namespace {

// A list of schemas that is not empty.
Result<const json::array*> schemas_of(const KeywordStep& step) {
  const json::array* list = step.value().if_array();
  if (!list || list->empty()) return step.wrong("a list of schemas");
  return list;
}

// Exactly one of the schemas.
Status apply_one_of(const KeywordStep& step) {
  ASSIGN_OR_RETURN(const json::array* list, schemas_of(step));
  std::vector<KeywordStep::Way> ways;
  if (step.positive) {
    for (size_t i = 0; i < list->size(); i++) {
      Terms terms{{&(*list)[i], false, true}};
      for (size_t j = 0; j < list->size(); j++) {
        if (i == j) continue;
        const Term other{&(*list)[j], false, true};
        ASSIGN_OR_RETURN(bool apart, step.expander.disjoint(terms[0], other, step.kind));
        if (!apart) terms.push_back({&(*list)[j], false, false});
      }
      ways.push_back([terms](SchemaWork& w) {
        for (const Term& t : terms) w.todo.push_back({t, ""});
      });
    }
  } else {
    ways.push_back([list](SchemaWork& w) {
      for (const json::value& s : *list) w.todo.push_back({{&s, false, false}, ""});
    });
    for (size_t i = 0; i < list->size(); i++) {
      for (size_t j = i + 1; j < list->size(); j++) {
        ways.push_back([list, i, j](SchemaWork& w) {
          w.todo.push_back({{&(*list)[i], false, true}, ""});
          w.todo.push_back({{&(*list)[j], false, true}, ""});
        });
      }
    }
  }
  step.fork(ways);
  return {};
}

Status apply_if(const KeywordStep& step) {
  const json::value* then = step.schema().if_contains("then");
  const json::value* otherwise = step.schema().if_contains("else");
  if (!then && !otherwise) {
    if (!step.positive) step.die();
    return {};
  }
  const json::value* condition = &step.value();
  std::vector<KeywordStep::Way> ways;
  for (const bool met : {true, false}) {
    const json::value* consequence = met ? then : otherwise;
    if (!consequence && !step.positive) continue;
    ways.push_back([=, positive = step.positive](SchemaWork& w) {
      if (consequence) w.todo.push_back({{consequence, false, positive}, ""});
      w.todo.push_back({{condition, false, met}, ""});
    });
  }
  step.fork(ways);
  return {};
}

std::vector<std::string_view> types_of(const json::value& value) {
  std::vector<std::string_view> out;
  if (value.is_string()) out.emplace_back(value.get_string());
  if (value.is_array()) {
    for (const json::value& name : value.get_array()) {
      if (!name.is_string()) return {};
      out.emplace_back(name.get_string());
    }
  }
  constexpr std::string_view kNames[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
  for (std::string_view name : out) {
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames)) return {};
  }
  return out;
}

std::string_view type_name(ValueKind kind) {
  switch (kind) {
    case ValueKind::null:
      return "null";
    case ValueKind::yes:
    case ValueKind::no:
      return "boolean";
    case ValueKind::number:
      return "number";
    case ValueKind::string:
      return "string";
    case ValueKind::array:
      return "array";
    case ValueKind::object:
      return "object";
  }
  return "";
}

ValueKind kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return ValueKind::null;
    case json::kind::bool_:
      return value.get_bool() ? ValueKind::yes : ValueKind::no;
    case json::kind::string:
      return ValueKind::string;
    case json::kind::array:
      return ValueKind::array;
    case json::kind::object:
      return ValueKind::object;
    default:
      return ValueKind::number;
  }
}

void add_language(const KeywordStep& step, Dfa dfa) {
  step.branch().languages.push_back(std::make_shared<const Dfa>(std::move(dfa)));
}

void apply_constant_array(const KeywordStep& step, const json::array& items) {
  const auto size = static_cast<uint32_t>(items.size());
  if (step.positive) {
    step.branch().low = std::max(step.branch().low, size);
    step.branch().high = std::min(step.branch().high, size);
    std::vector<Terms>& prefix = step.branch().prefix;
    if (prefix.size() < items.size()) prefix.resize(items.size(), step.branch().rest);
    for (size_t i = 0; i < items.size(); i++) add_term(prefix[i], {&items[i], true, true});
    return;
  }
  std::vector<KeywordStep::Way> ways;
  if (size > 0) {
    ways.push_back([size](SchemaWork& w) { w.branch.high = std::min(w.branch.high, size - 1); });
  }
  ways.push_back([size](SchemaWork& w) { w.branch.low = std::max(w.branch.low, size + 1); });
  for (size_t i = 0; i < items.size(); i++) {
    ways.push_back([&items, i, size](SchemaWork& w) {
      w.branch.low = std::max(w.branch.low, size);
      w.branch.high = std::min(w.branch.high, size);
      if (w.branch.prefix.size() <= i) w.branch.prefix.resize(i + 1, w.branch.rest);
      add_term(w.branch.prefix[i], {&items[i], true, false});
    });
  }
  step.fork(ways);
}

void apply_constant_object(const KeywordStep& step, const json::object& members) {
  if (step.positive) {
    ObjectPart part;
    for (const auto& m : members) {
      part.properties.emplace_back(m.key(), Terms{{&m.value(), true, true}});
      require(step.branch(), m.key());
    }
    part.additional = never();
    step.branch().parts.push_back(std::move(part));
    return;
  }
  std::vector<KeywordStep::Way> ways;
  const auto more = static_cast<uint32_t>(members.size() + 1);
  ways.push_back([more](SchemaWork& w) { w.branch.low = std::max(w.branch.low, more); });
  for (const auto& m : members) {
    ways.push_back([&m](SchemaWork& w) { w.branch.parts.push_back(only_property(m.key(), never())); });
    ways.push_back([&m](SchemaWork& w) {
      w.branch.parts.push_back(only_property(m.key(), {&m.value(), true, false}));
      require(w.branch, m.key());
    });
  }
  step.fork(ways);
}

}  // namespace

Status apply_composition(const KeywordStep& step) {
  const json::value& value = step.value();
  if (step.keyword == "oneOf") return apply_one_of(step);
  if (step.keyword == "if") return apply_if(step);
  if (step.keyword == "not") {
    step.add(value, !step.positive);
    return {};
  }
  if (step.keyword == "$ref") {
    if (!value.is_string()) return step.wrong("a string");
    ASSIGN_OR_RETURN(const json::value* target,
                     step.expander.document().resolve(step.place, value.get_string()));
    step.add(*target, step.positive);
    return {};
  }
  ASSIGN_OR_RETURN(const json::array* list, schemas_of(step));
  if ((step.keyword == "allOf") == step.positive) {
    for (size_t i = list->size(); i-- > 0;) step.add((*list)[i], step.positive);
    return {};
  }
  std::vector<KeywordStep::Way> ways;
  for (const json::value& s : *list) {
    ways.push_back(
        [&s, positive = step.positive](SchemaWork& w) { w.todo.push_back({{&s, false, positive}, ""}); });
  }
  step.fork(ways);
  return {};
}

Status apply_type(const KeywordStep& step) {
  const auto types = types_of(step.value());
  if (types.empty()) return step.wrong("the name of a type or a list of such names");
  const auto has = [&](std::string_view name) {
    return std::find(types.begin(), types.end(), name) != types.end();
  };
  if (step.kind == ValueKind::number && !has("number") && has("integer")) {
    add_language(step, step.positive ? any_integer() : any_fraction());
  } else if (has(type_name(step.kind)) != step.positive) {
    step.die();
  }
  return {};
}

Status apply_const(const KeywordStep& step) { return apply_constant(step, step.value()); }

Status apply_constant(const KeywordStep& step, const json::value& constant) {
  if (kind_of(constant) != step.kind) {
    if (step.positive) step.die();
    return {};
  }
  switch (step.kind) {
    case ValueKind::string: {
      Dfa text = texts_dfa({code_points(constant.get_string())});
      if (!step.positive) {
        ASSIGN_OR_RETURN(text, complement(text, step.expander.budget()));
      }
      add_language(step, std::move(text));
      break;
    }
    case ValueKind::number: {
      const Decimal number = Decimal::of(constant);
      add_language(step,
                   step.positive ? exact_number(number) : compared_numbers(number, {true, false, true}));
      break;
    }
    case ValueKind::array:
      apply_constant_array(step, constant.get_array());
      break;
    case ValueKind::object:
      apply_constant_object(step, constant.get_object());
      break;
    default:
      if (!step.positive) step.die();
  }
  return {};
}

Status apply_enum(const KeywordStep& step) {
  if (!step.value().is_array()) return step.wrong("a list of values");
  std::vector<const json::value*> values;  // of this kind
  for (const json::value& v : step.value().get_array()) {
    if (kind_of(v) == step.kind) values.push_back(&v);
  }
  if (values.empty()) {
    if (step.positive) step.die();
    return {};
  }
  const bool scalar = step.kind == ValueKind::string || (step.kind == ValueKind::number && step.positive);
  if (scalar) {
    std::vector<std::vector<uint32_t>> texts;
    for (const json::value* v : values) {
      texts.push_back(code_points(v->is_string() ? std::string(v->get_string()) : Decimal::of(*v).text()));
    }
    Dfa dfa = relabelled(texts_dfa(texts), 1);
    if (!step.expander.budget().spend(dfa.states.size())) return too_complex();
    if (!step.positive) {
      ASSIGN_OR_RETURN(dfa, complement(dfa, step.expander.budget()));
    }
    add_language(step, std::move(dfa));
    return {};
  }
  if (!step.positive || step.kind == ValueKind::null || step.kind == ValueKind::yes ||
      step.kind == ValueKind::no) {
    for (const json::value* v : values) step.add(Term{v, true, step.positive});
    return {};
  }
  std::vector<KeywordStep::Way> ways;
  for (const json::value* v : values) {
    ways.push_back([v](SchemaWork& w) { w.todo.push_back({{v, true, true}, ""}); });
  }
  step.fork(ways);
  return {};
}

}  // namespace understudy
