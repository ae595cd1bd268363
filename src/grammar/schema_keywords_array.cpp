// Keywords of arrays.
#include <algorithm>

#include "grammar/schema_keywords.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr size_t kMaxPrefix = 4096;

// Schemas by place, then that of all further items.
struct Items {
  const json::array* prefix = nullptr;
  const json::value* rest = nullptr;
  size_t size() const { return prefix ? prefix->size() : 0; }
};

// 2020-12 says prefixItems and items; before, items may be a list and additionalItems the rest.
Result<Items> items_of(const KeywordStep& step) {
  Items out;
  const json::value* prefix = step.schema().if_contains("prefixItems");
  const json::value* items = step.schema().if_contains("items");
  if (prefix) {
    if (!prefix->is_array()) return step.wrong("a list of schemas (prefixItems)");
    out.prefix = &prefix->get_array();
    out.rest = items;
  } else if (items && items->is_array()) {
    out.prefix = &items->get_array();
    out.rest = step.schema().if_contains("additionalItems");
  } else {
    out.rest = items;
  }
  if (out.size() > kMaxPrefix) return too_complex();
  return out;
}

void at_least(SchemaBranch& branch, uint32_t count) { branch.low = std::max(branch.low, count); }
void at_most(SchemaBranch& branch, uint32_t count) { branch.high = std::min(branch.high, count); }

void grow_prefix(SchemaBranch& branch, size_t size) {
  if (branch.prefix.size() < size) branch.prefix.resize(size, branch.rest);
}

void say_of_rest(SchemaBranch& branch, size_t from, Term term) {
  for (size_t i = from; i < branch.prefix.size(); i++) add_term(branch.prefix[i], term);
  add_term(branch.rest, term);
}

Status apply_items(const KeywordStep& step) {
  ASSIGN_OR_RETURN(Items items, items_of(step));
  SchemaBranch& branch = step.branch();
  if (step.positive) {
    grow_prefix(branch, items.size());
    for (size_t i = 0; i < items.size(); i++) add_term(branch.prefix[i], {&(*items.prefix)[i], false, true});
    if (items.rest) say_of_rest(branch, items.size(), {items.rest, false, true});
    return {};
  }
  std::vector<KeywordStep::Way> ways;
  for (size_t i = 0; i < items.size(); i++) {
    ways.push_back([=](SchemaWork& w) {
      at_least(w.branch, static_cast<uint32_t>(i + 1));
      grow_prefix(w.branch, i + 1);
      add_term(w.branch.prefix[i], {&(*items.prefix)[i], false, false});
    });
  }
  if (items.rest && items.rest->is_bool() && !items.rest->get_bool()) {
    ways.push_back([=](SchemaWork& w) { at_least(w.branch, static_cast<uint32_t>(items.size() + 1)); });
  } else if (items.rest && items.size() == 0) {
    ways.push_back([=](SchemaWork& w) { w.branch.contains.push_back({{items.rest, false, false}}); });
  } else if (items.rest && !items.rest->is_bool()) {
    step.unsupported("behind a list of schemas is not supported");
    return {};
  }
  step.fork(ways);
  return {};
}

Status apply_contains(const KeywordStep& step) {
  Contains contains{{&step.value(), false, true}};
  if (step.schema().contains("minContains")) {
    ASSIGN_OR_RETURN(contains.low, count_of(step, "minContains"));
  }
  if (step.schema().contains("maxContains")) {
    ASSIGN_OR_RETURN(contains.high, count_of(step, "maxContains"));
  }
  if (step.positive) {
    if (contains.low > 0 || contains.high < kEndless) step.branch().contains.push_back(contains);
    return {};
  }
  std::vector<KeywordStep::Way> ways;
  if (contains.low == 1) {
    ways.push_back(
        [term = contains.term](SchemaWork& w) { say_of_rest(w.branch, 0, {term.at, false, false}); });
  } else if (contains.low > 1) {
    ways.push_back([=](SchemaWork& w) { w.branch.contains.push_back({contains.term, 0, contains.low - 1}); });
  }
  if (contains.high < kEndless) {
    ways.push_back(
        [=](SchemaWork& w) { w.branch.contains.push_back({contains.term, contains.high + 1, kEndless}); });
  }
  step.fork(ways);
  return {};
}

}  // namespace

Status apply_array(const KeywordStep& step) {
  if (step.keyword == "items") return apply_items(step);
  if (step.keyword == "contains") return apply_contains(step);
  if (step.keyword == "uniqueItems") {
    if (!step.value().is_bool()) return step.wrong("true or false");
    if (!step.value().get_bool()) {
      if (!step.positive) step.die();
    } else if (step.positive) {
      step.branch().unique = &step.place;
    } else {
      step.unsupported("is not supported");
    }
    return {};
  }
  ASSIGN_OR_RETURN(uint32_t count, count_of(step, step.keyword));
  const bool least = step.keyword == "minItems";
  if (!step.positive && least && count == 0) {
    step.die();
  } else if (least == step.positive) {
    at_least(step.branch(), step.positive ? count : count + 1);
  } else {
    at_most(step.branch(), step.positive ? count : count - 1);
  }
  return {};
}

}  // namespace understudy
