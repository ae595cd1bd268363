#include "grammar/schema_compiler.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "grammar/number_language.h"
#include "grammar/productive.h"
#include "grammar/schema_expander.h"
#include "grammar/schema_keywords.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr size_t kMaxValues = 20'000;
constexpr size_t kMaxPatterns = 10;  // of one object; their combinations are told apart
constexpr int kDeadDepth = 3;
constexpr uint32_t kSmallLength = 8;

class SchemaCompiler {
 public:
  SchemaCompiler(const SchemaDocument& document, const SchemaOptions& options)
      : budget_(options.budget), expander_(document, options.enforce_formats, budget_) {}

  Result<ValueGrammar> compile() {
    Terms root;
    add_term(root, {&expander_.document().root(), false, true});
    grammar_.root = intern(root);
    for (size_t id = 0; id < terms_.size(); id++) {
      if (terms_.size() > kMaxValues) return too_complex();
      ValueLanguage value;
      const Terms terms = terms_[id];
      for (ValueKind kind : kAllKinds) RETURN_IF_ERROR(add_kind(value, terms, kind));
      grammar_.values.push_back(std::move(value));
    }
    keep_productive(grammar_);
    if (grammar_.values[static_cast<size_t>(grammar_.root)].empty()) {
      return Error{ErrorCode::not_found, "No JSON value satisfies the schema", "#", ""};
    }
    RETURN_IF_ERROR(check_unique());
    return std::move(grammar_);
  }

 private:
  ValueId intern(const Terms& terms) {
    Terms key = terms;
    std::sort(key.begin(), key.end());
    const auto [it, fresh] = ids_.emplace(std::move(key), static_cast<ValueId>(terms_.size()));
    if (fresh) terms_.push_back(terms);
    return it->second;
  }

  Status add_kind(ValueLanguage& value, const Terms& terms, ValueKind kind) {
    ASSIGN_OR_RETURN(std::vector<SchemaBranch> branches, expander_.expand(terms, kind));
    std::vector<SchemaBranch> live;
    for (SchemaBranch& branch : branches) {
      if (branch.low > branch.high) continue;
      if (branch.unsupported) {
        ASSIGN_OR_RETURN(bool dead, expander_.surely_dead(branch, kind, kDeadDepth));
        if (!dead) return *branch.unsupported;
        continue;
      }
      live.push_back(std::move(branch));
    }
    if (live.empty()) return {};
    switch (kind) {
      case ValueKind::null:
        value.null = true;
        return {};
      case ValueKind::yes:
        value.yes = true;
        return {};
      case ValueKind::no:
        value.no = true;
        return {};
      case ValueKind::number:
        return add_numbers(value, live);
      case ValueKind::string:
        return add_strings(value, live);
      case ValueKind::array:
        for (const SchemaBranch& branch : live) RETURN_IF_ERROR(add_array(value, branch));
        return {};
      case ValueKind::object:
        for (SchemaBranch& branch : live) RETURN_IF_ERROR(add_objects(value, std::move(branch), nullptr));
        return {};
    }
    return {};
  }

  DfaResult united(const std::vector<Dfa>& parts) {
    if (parts.size() == 1) return parts[0];
    std::vector<const Dfa*> all;
    for (const Dfa& d : parts) all.push_back(&d);
    return first_of(all, budget_);
  }

  Status add_numbers(ValueLanguage& value, const std::vector<SchemaBranch>& branches) {
    std::vector<Dfa> parts;
    for (const SchemaBranch& branch : branches) {
      ASSIGN_OR_RETURN(Dfa dfa, expander_.intersection(branch, any_number()));
      parts.push_back(std::move(dfa));
    }
    ASSIGN_OR_RETURN(value.numbers, united(parts));
    return {};
  }

  // Lengths become part of the automaton unless counting characters is enough to see that an end can be reached. A small
  // least length does in any case: what is left is free text, whose masks are shared.
  Status add_strings(ValueLanguage& value, const std::vector<SchemaBranch>& branches) {
    std::vector<Dfa> parts;
    for (const SchemaBranch& branch : branches) {
      ASSIGN_OR_RETURN(Dfa dfa, expander_.intersection(branch, any_text()));
      if (branch.low > 0 || branch.high < kEndless) {
        const bool is_small =
            branch.high == kEndless && branch.low <= kSmallLength && dfa.states.size() <= kSmallLength;
        if (branches.size() == 1 && !is_small && can_count_lengths(dfa, branch.low)) {
          if (shortest_text(dfa) <= branch.high)
            value.strings.push_back({std::move(dfa), branch.low, branch.high});
          return {};
        }
        ASSIGN_OR_RETURN(dfa, with_length(dfa, branch.low, branch.high, budget_));
      }
      parts.push_back(std::move(dfa));
    }
    ASSIGN_OR_RETURN(Dfa all, united(parts));
    if (!all.empty()) value.strings.push_back({std::move(all), 0, kEndless});
    return {};
  }

  Status add_array(ValueLanguage& value, const SchemaBranch& branch) {
    ArrayLanguage array;
    array.low = branch.low;
    array.high = branch.high;
    array.unique = branch.unique && branch.high > 1;
    if (array.unique) unique_.emplace_back(static_cast<ValueId>(grammar_.values.size()), branch.unique);
    if (branch.contains.size() > 1) {
      return expander_.document().refuse(*branch.contains[1].term.at, "contains",
                                         "can be asked for only once");
    }
    if (!branch.contains.empty()) {
      array.counted_low = branch.contains[0].low;
      array.counted_high = branch.contains[0].high;
    }
    const auto options = [&](const Terms& terms) {
      std::vector<ItemOption> out;
      Terms others = terms;
      if (!branch.contains.empty()) {
        Term term = branch.contains[0].term;
        Terms counted = terms;
        add_term(counted, term);
        out.push_back({intern(counted), true});
        term.positive = !term.positive;
        // Without an upper bound an item that is not counted may as well be one that could be.
        if (array.counted_high < kEndless) add_term(others, term);
      }
      out.push_back({intern(others), false});
      return out;
    };
    for (size_t i = 0; i < branch.prefix.size() && i < branch.high; i++) {
      array.prefix.push_back(options(branch.prefix[i]));
    }
    if (array.prefix.size() < branch.high) array.rest = options(branch.rest);
    value.arrays.push_back(std::move(array));
    return {};
  }

  // The key that a branch asks for is one of those that have a name, one branch each, or `other`.
  Status add_objects(ValueLanguage& value, SchemaBranch branch, const SomeKey* other) {
    if (branch.some_keys.empty()) return add_object(value, branch, other);
    const SomeKey asked = std::move(branch.some_keys.back());
    branch.some_keys.pop_back();
    for (const std::string& name : names_of(branch)) {
      if (!asked.keys->label_of(code_points(name))) continue;
      if (!budget_.spend(16 + 4 * branch.parts.size())) return too_complex();
      SchemaBranch with = branch;
      require(with, name);
      if (asked.value) with.parts.push_back(only_property(name, *asked.value));
      RETURN_IF_ERROR(add_objects(value, std::move(with), other));
    }
    if (!other) return add_objects(value, std::move(branch), &asked);
    ObjectLanguage object;
    RETURN_IF_ERROR(add_classes(object, branch, std::nullopt, &asked));
    return object.needs_witness ? Status(asked.unsupported) : Status();
  }

  static std::set<std::string> names_of(const SchemaBranch& branch) {
    std::set<std::string> names(branch.required.begin(), branch.required.end());
    for (const ObjectPart& part : branch.parts) {
      for (const auto& [name, terms] : part.properties) names.insert(name);
    }
    return names;
  }

  // `some` other key than those with a name, if it is given.
  Status add_object(ValueLanguage& value, const SchemaBranch& branch, const SomeKey* some) {
    ObjectLanguage object;
    object.low = branch.low;
    object.high = branch.high;
    std::optional<Dfa> names;
    if (!branch.names.empty()) {
      ASSIGN_OR_RETURN(names, expander_.strings(branch.names));
    }
    std::set<std::string_view> known;
    const auto add = [&](const std::string& name) -> Status {
      if (!known.insert(name).second) return {};
      ASSIGN_OR_RETURN(Terms terms, expander_.property_terms(branch, name));
      if (names && !names->label_of(code_points(name))) add_term(terms, never());
      const bool required =
          std::find(branch.required.begin(), branch.required.end(), name) != branch.required.end();
      object.properties.push_back({name, intern(terms), required});
      return {};
    };
    for (const ObjectPart& part : branch.parts) {
      for (const auto& [name, terms] : part.properties) RETURN_IF_ERROR(add(name));
    }
    for (const std::string& name : branch.required) RETURN_IF_ERROR(add(name));
    RETURN_IF_ERROR(add_classes(object, branch, names, some));
    if (some && !object.needs_witness) return {};
    if (some && branch.high < kEndless) return some->unsupported;
    value.objects.push_back(std::move(object));
    return {};
  }

  // Keys without a name of their own, told apart by the patterns that they match. With `some`, those that it asks for may
  // be witnesses.
  Status add_classes(ObjectLanguage& object, const SchemaBranch& branch, const std::optional<Dfa>& names,
                     const SomeKey* some) {
    std::vector<std::string_view> regexes;
    for (const ObjectPart& part : branch.parts) {
      for (const auto& [regex, terms] : part.patterns) {
        if (std::find(regexes.begin(), regexes.end(), regex) == regexes.end()) regexes.push_back(regex);
      }
    }
    if (regexes.size() > kMaxPatterns) return too_complex();
    std::vector<std::shared_ptr<const Dfa>> kept;
    std::vector<const Dfa*> patterns;
    for (std::string_view regex : regexes) {
      ASSIGN_OR_RETURN(auto dfa, expander_.pattern(regex));
      patterns.push_back(dfa.get());
      kept.push_back(std::move(dfa));
    }
    ASSIGN_OR_RETURN(Dfa sets, match_sets(patterns, budget_));
    std::set<int32_t> labels;
    for (const Dfa::State& s : sets.states) {
      if (s.label) labels.insert(s.label);
    }
    for (const int32_t label : labels) {
      Terms terms;
      for (const ObjectPart& part : branch.parts) {
        bool matched = false;
        for (const auto& [regex, more] : part.patterns) {
          const auto bit = std::find(regexes.begin(), regexes.end(), regex) - regexes.begin();
          if (!((label - 1) >> bit & 1)) continue;
          matched = true;
          for (const Term& t : more) add_term(terms, t);
        }
        if (!matched && part.additional) add_term(terms, *part.additional);
      }
      const auto is_never = [](const Term& t) { return !t.constant && t.positive && *t.at == false; };
      if (std::any_of(terms.begin(), terms.end(), is_never)) continue;
      Dfa keys = restricted(sets, [&](int32_t l) { return l == label; });
      keys = relabelled(std::move(keys), 1);
      if (names) {
        ASSIGN_OR_RETURN(keys, intersect(keys, *names, budget_));
      }
      if (some) {
        ASSIGN_OR_RETURN(Dfa asked, intersect(keys, *some->keys, budget_));
        Terms witness = terms;
        if (some->value) add_term(witness, *some->value);
        if (!asked.empty() && !is_endless(asked)) return some->unsupported;
        RETURN_IF_ERROR(add_class(object, std::move(asked), terms, &witness));
        ASSIGN_OR_RETURN(Dfa not_asked, complement(*some->keys, budget_));
        ASSIGN_OR_RETURN(keys, intersect(keys, not_asked, budget_));
      }
      RETURN_IF_ERROR(add_class(object, std::move(keys), terms, nullptr));
    }
    return {};
  }

  static bool is_endless(const Dfa& keys) { return count_texts(keys, kEndless)[0] == kEndless; }

  // Unless there are no such keys.
  Status add_class(ObjectLanguage& object, Dfa keys, const Terms& terms, const Terms* witness) {
    if (keys.empty()) return {};
    if (!is_endless(keys)) {  // counted, so the names must not be among them
      std::vector<std::vector<uint32_t>> named;
      for (const PropertyLanguage& p : object.properties) named.push_back(code_points(p.name));
      ASSIGN_OR_RETURN(Dfa others, complement(texts_dfa(named), budget_));
      ASSIGN_OR_RETURN(keys, intersect(keys, others, budget_));
    }
    if (keys.empty()) return {};
    object.classes.push_back({std::move(keys), intern(terms), witness ? intern(*witness) : -1});
    object.needs_witness = object.needs_witness || witness;
    return {};
  }

  // Items are told apart by their texts, which needs one text a value.
  Status check_unique() {
    for (const auto& [id, place] : unique_) {
      for (const ArrayLanguage& array : grammar_.values[static_cast<size_t>(id)].arrays) {
        if (!array.unique) continue;
        std::vector<ItemOption> options = array.rest;
        for (const auto& more : array.prefix) options.insert(options.end(), more.begin(), more.end());
        for (const ItemOption& option : options) {
          const ValueLanguage& item = grammar_.values[static_cast<size_t>(option.value)];
          ASSIGN_OR_RETURN(Dfa whole, intersect(item.numbers, any_integer(), budget_));
          const bool plain_numbers =
              whole == relabelled(item.numbers, 1) || count_texts(item.numbers, kEndless)[0] < kEndless;
          if (item.arrays.empty() && item.objects.empty() && plain_numbers) continue;
          return expander_.document().refuse(
              *place, "uniqueItems", "is supported for items that are strings, integers or constants");
        }
        ASSIGN_OR_RETURN(const bool enough, has_enough_items(array));
        if (enough) continue;
        return expander_.document().refuse(
            *place, "uniqueItems", "is supported where each item has as many values as there must be items");
      }
    }
    return {};
  }

  // Whatever items there are already, at each place that must be filled one is left.
  Result<bool> has_enough_items(const ArrayLanguage& array) {
    for (size_t i = 0; i <= array.prefix.size() && i < array.high; i++) {
      const std::vector<ItemOption>& options = array.at(i);
      const bool only_counted =
          std::all_of(options.begin(), options.end(), [](const ItemOption& o) { return o.counted; });
      for (const ItemOption& option : options) {
        uint32_t needed = option.counted ? array.counted_low : 0;
        if (i < array.low && (only_counted || !option.counted)) needed = std::max(needed, array.low);
        ASSIGN_OR_RETURN(const bool enough,
                         has_texts(grammar_.values[static_cast<size_t>(option.value)], needed));
        if (!enough) return false;
      }
    }
    return true;
  }

  // Whether a scalar has at least so many texts.
  Result<bool> has_texts(const ValueLanguage& value, uint32_t wanted) {
    uint64_t texts = value.null + value.yes + value.no + uint64_t{count_texts(value.numbers, wanted)[0]};
    for (const StringLanguage& strings : value.strings) {
      Dfa contents = strings.texts;
      if (strings.low > 0 || strings.high < kEndless) {
        const uint32_t least = std::max(strings.low, shortest_text(contents));
        if (has_all_lengths(contents) && strings.high - least >= wanted) return true;  // one of each length
        ASSIGN_OR_RETURN(contents, with_length(contents, strings.low, strings.high, budget_));
      }
      texts += count_texts(contents, wanted)[0];
    }
    return texts >= wanted;
  }

  Budget budget_;
  SchemaExpander expander_;
  ValueGrammar grammar_;
  std::map<Terms, ValueId> ids_;
  std::vector<Terms> terms_;                                    // by id
  std::vector<std::pair<ValueId, const json::value*>> unique_;  // values with unique arrays, and who says so
};

}  // namespace

Result<ValueGrammar> compile_schema(json::value schema, const SchemaOptions& options) {
  ASSIGN_OR_RETURN(SchemaDocument document, SchemaDocument::create(std::move(schema)));
  return SchemaCompiler(document, options).compile();
}

}  // namespace understudy
