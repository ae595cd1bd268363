#include "grammar/schema_keywords.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace understudy {

namespace json = boost::json;

namespace {

constexpr unsigned bit(ValueKind kind) { return 1u << static_cast<unsigned>(kind); }
constexpr unsigned kAny = 0x7f, kText = bit(ValueKind::string), kNumber = bit(ValueKind::number),
                   kArray = bit(ValueKind::array), kObject = bit(ValueKind::object);

Status not_known(const KeywordStep& step) {
  step.unsupported("is not supported");
  return {};
}

struct Keyword {
  std::string_view name;
  unsigned kinds;  // of values that it says anything about
  Status (*apply)(const KeywordStep&);
  std::string_view group = {};  // applied under this name, once
};

// Cheap ones first: a branch that dies early costs nothing.
constexpr Keyword kKeywords[] = {
    {"type", kAny, apply_type},
    {"const", kAny, apply_const},
    {"enum", kAny, apply_enum},
    {"minLength", kText, apply_string},
    {"maxLength", kText, apply_string},
    {"pattern", kText, apply_string},
    {"format", kText, apply_string},
    {"minimum", kNumber, apply_number},
    {"maximum", kNumber, apply_number},
    {"exclusiveMinimum", kNumber, apply_number},
    {"exclusiveMaximum", kNumber, apply_number},
    {"multipleOf", kNumber, apply_number},
    {"minItems", kArray, apply_array},
    {"maxItems", kArray, apply_array},
    {"items", kArray, apply_array},
    {"prefixItems", kArray, apply_array, "items"},
    {"additionalItems", kArray, apply_array, "items"},
    {"contains", kArray, apply_array},
    {"uniqueItems", kArray, apply_array},
    {"minProperties", kObject, apply_object},
    {"maxProperties", kObject, apply_object},
    {"required", kObject, apply_object},
    {"properties", kObject, apply_properties},
    {"patternProperties", kObject, apply_properties, "properties"},
    {"additionalProperties", kObject, apply_properties, "properties"},
    {"propertyNames", kObject, apply_object},
    {"$ref", kAny, apply_composition},
    {"allOf", kAny, apply_composition},
    {"not", kAny, apply_composition},
    {"anyOf", kAny, apply_composition},
    {"oneOf", kAny, apply_composition},
    {"if", kAny, apply_composition},
    {"dependentRequired", kObject, apply_dependencies},
    {"dependentSchemas", kObject, apply_dependencies},
    {"dependencies", kObject, apply_dependencies},
    {"unevaluatedProperties", kObject, apply_unevaluated},
    {"unevaluatedItems", kArray, apply_unevaluated},
    {"$dynamicRef", kAny, not_known},
    {"$recursiveRef", kAny, not_known},
};

const Keyword* find(std::string_view name) {
  for (const Keyword& k : kKeywords) {
    if (k.name == name) return &k;
  }
  return nullptr;
}

}  // namespace

void KeywordStep::fork(const std::vector<Way>& ways) const {
  for (size_t i = ways.size(); i-- > 0;) {
    todo.push_back(work);
    ways[i](todo.back());
  }
  die();
}

void KeywordStep::unsupported(std::string_view why) const {
  if (branch().unsupported) return;
  branch().unsupported = expander.document().refuse(
      place, keyword,
      positive ? std::string(why) : fmt::format("{} where its opposite is needed (not, oneOf, if)", why));
}

Error KeywordStep::wrong(std::string_view expected) const {
  Error error = expander.document().refuse(place, keyword, fmt::format("must be {}", expected));
  error.code = ErrorCode::invalid_argument;
  return error;
}

std::vector<std::string_view> keywords_of(const SchemaDocument& document, const json::object& schema) {
  using Dialect = SchemaDocument::Dialect;
  if (document.ref_hides_others() && schema.contains("$ref")) return {"$ref"};
  std::vector<std::string_view> out;
  for (const Keyword& k : kKeywords) {
    if (!schema.contains(k.name)) continue;
    if (k.name == "dependencies" && document.dialect() == Dialect::draft_2019) continue;
    const bool is_newer =
        k.name == "if" || k.name == "const" || k.name == "contains" || k.name == "propertyNames";
    if (is_newer && document.dialect() == Dialect::draft_4) continue;
    const std::string_view name = k.group.empty() ? k.name : k.group;
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  }
  return out;
}

Status apply_keyword(const KeywordStep& step) {
  const Keyword* keyword = find(step.keyword);
  if (!(keyword->kinds & bit(step.kind))) {
    if (!step.positive) step.die();  // true of every such value
    return {};
  }
  return keyword->apply(step);
}

Result<uint32_t> count_of(const KeywordStep& step, std::string_view keyword) {
  const json::value& value = step.schema().at(keyword);
  const double number = value.is_number() ? value.to_number<double>() : -1;
  if (!(number >= 0) || number != std::floor(number)) {
    Error error =
        step.expander.document().refuse(step.place, keyword, "must be a whole number of at least 0");
    error.code = ErrorCode::invalid_argument;
    return error;
  }
  return number >= kEndless ? kEndless - 1 : static_cast<uint32_t>(number);
}

ObjectPart only_property(std::string_view name, Term term) {
  ObjectPart part;
  part.properties.emplace_back(name, Terms{term});
  return part;
}

void require(SchemaBranch& branch, std::string_view name) {
  if (std::find(branch.required.begin(), branch.required.end(), name) == branch.required.end()) {
    branch.required.emplace_back(name);
  }
}

}  // namespace understudy
