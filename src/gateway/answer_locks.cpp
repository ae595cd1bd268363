#include "gateway/answer_locks.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/routes/field_reader.h"
#include "grammar/answer_rules.h"
#include "grammar/schema_compiler.h"

namespace understudy {

namespace json = boost::json;

namespace {

Error invalid_schema(Error error, std::string_view field) {
  error.what = fmt::format("Invalid schema for '{}': {} at {}", field, error.what,
                           error.where.empty() ? "#" : error.where);
  error.where = field;
  if (error.code != ErrorCode::unsupported) error.code = ErrorCode::invalid_argument;
  return error;
}

// Where `properties` is all that a schema says of an object's members, a tool is called with no others: small models invent
// parameters that schemas let pass and functions do not know. additionalProperties: true lets them come.
void close_objects(json::value& value) {
  json::object* schema = value.if_object();
  if (!schema) return;
  if (json::value* items = schema->if_contains("items")) close_objects(*items);
  json::value* properties = schema->if_contains("properties");
  if (!properties || !properties->is_object() || properties->get_object().empty()) return;
  for (auto& property : properties->get_object()) close_objects(property.value());
  constexpr std::string_view kMembers[] = {"additionalProperties",
                                           "patternProperties",
                                           "propertyNames",
                                           "unevaluatedProperties",
                                           "minProperties",
                                           "$ref",
                                           "$dynamicRef",
                                           "allOf",
                                           "anyOf",
                                           "oneOf",
                                           "not",
                                           "if",
                                           "dependencies",
                                           "dependentRequired",
                                           "dependentSchemas"};
  const bool says_more = std::any_of(std::begin(kMembers), std::end(kMembers),
                                     [&](std::string_view word) { return schema->contains(word); });
  const json::value* required = schema->if_contains("required");
  const bool requires_others =
      required && required->is_array() &&
      std::any_of(required->get_array().begin(), required->get_array().end(), [&](const json::value& name) {
        return name.is_string() && !properties->get_object().contains(name.get_string());
      });
  if (!says_more && !requires_others) schema->emplace("additionalProperties", false);
}

std::string key_of(const ResponseFormat& format, const ToolRequest& tools) {
  json::array parts{static_cast<int>(format.kind), format.schema, format.abstain,
                    static_cast<int>(tools.choice)};
  if (tools.choice != ToolRequest::Choice::none) {
    parts.insert(parts.end(), {tools.tools, tools.named, tools.parallel});
    for (const bool strict : tools.strict) parts.emplace_back(strict);
  }
  return json::serialize(parts);
}

}  // namespace

AnswerLocks::AnswerLocks(std::shared_ptr<const Tokenizer> tokenizer, const ToolCallFormat& format,
                         size_t max_bytes)
    : tokenizer_(std::move(tokenizer)), format_(format), max_bytes_(max_bytes) {}

Result<std::shared_ptr<const AnswerGrammar>> AnswerLocks::lock(const ResponseFormat& format,
                                                               const ToolRequest& tools,
                                                               const std::optional<Thoughts>& thoughts) {
  const bool any_final = format.kind == ResponseFormat::Kind::text;
  const bool may_call = tools.choice != ToolRequest::Choice::none;
  if (any_final && !may_call) return std::shared_ptr<const AnswerGrammar>();
  // Calls without a mark of their own cannot be told from text that may be anything; and where no tool's arguments are
  // locked, there is nothing to lock.
  const bool any_strict = std::count(tools.strict.begin(), tools.strict.end(), true) > 0;
  if (any_final && tools.choice == ToolRequest::Choice::automatic &&
      (format_.spelling.marker.empty() || !any_strict)) {
    return std::shared_ptr<const AnswerGrammar>();
  }
  const std::string key = key_of(format, tools) + (thoughts ? thoughts->begun ? "|" : "?" : "");
  {
    std::lock_guard lock(mutex_);
    if (const auto it = by_key_.find(key); it != by_key_.end()) {
      entries_.splice(entries_.begin(), entries_, it->second);
      return it->second->grammar;
    }
  }
  ASSIGN_OR_RETURN(auto grammar, compile(format, tools, thoughts));
  std::lock_guard lock(mutex_);
  if (const auto it = by_key_.find(key); it != by_key_.end()) return it->second->grammar;
  entries_.push_front({key, grammar});
  by_key_[key] = entries_.begin();
  size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.bytes();
  while (bytes > max_bytes_ && entries_.size() > 1) {
    bytes -= std::min(bytes, entries_.back().bytes());
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  return grammar;
}

Result<std::shared_ptr<const AnswerGrammar>> AnswerLocks::compile(const ResponseFormat& format,
                                                                  const ToolRequest& tools,
                                                                  const std::optional<Thoughts>& thoughts) {
  AnswerRules rules;
  if (format.kind != ResponseFormat::Kind::text) {
    auto schema = compile_schema(format.schema);
    if (!schema) return invalid_schema(schema.error(), "response_format");
    rules.final_value(std::move(*schema));
    if (format.abstain) rules.final_text(kAbstention);
  }
  if (tools.choice != ToolRequest::Choice::none) {
    const ToolCallSpelling& s = format_.spelling;
    rules.spell_calls({s.list_open, s.list_close, s.separator, s.before_name, s.before_arguments,
                       s.after_arguments, s.marker});
    rules.plain_calls(!s.marker.empty() && s.before_name.ends_with(R"({"name": ")"));
    std::optional<Error> uncallable;
    bool any_call = false;
    for (size_t i = 0; i < tools.tools.size(); i++) {
      const bool named = tools.choice == ToolRequest::Choice::named;
      if (named && tools.names[i] != tools.named) continue;
      json::value parameters = json::object{{"type", "object"}};
      if (tools.strict[i]) {
        parameters = tools.tools[i].at("function").at("parameters");
        close_objects(parameters);
      }
      if (!parameters.get_object().contains("type")) parameters.get_object()["type"] = "object";
      auto arguments = compile_schema(parameters);
      if (arguments) {
        rules.add_call(tools.names[i], std::move(*arguments));
        any_call = true;
        continue;
      }
      // A tool that no arguments satisfy is not called; another one may be.
      uncallable = invalid_schema(arguments.error(), fmt::format("tools[{}].function.parameters", i));
      if (arguments.error().code != ErrorCode::not_found) return *uncallable;
      rules.add_uncallable(tools.names[i]);
    }
    if (!any_call && tools.choice != ToolRequest::Choice::automatic) return *uncallable;
    rules.several_calls(tools.parallel && tools.choice != ToolRequest::Choice::named);
    rules.calls_required(tools.choice != ToolRequest::Choice::automatic);
  }
  if (thoughts) rules.thoughts(thoughts->begun ? "" : kThoughtsBegin, kThoughtsEnd);
  auto out = std::make_shared<AnswerGrammar>();
  out->tokenizer = tokenizer_;
  ASSIGN_OR_RETURN(out->grammar, std::move(rules).build());
  std::lock_guard lock(mutex_);
  if (!masks_) masks_ = StateMasks::of(*tokenizer_);
  out->masks = masks_;
  return std::shared_ptr<const AnswerGrammar>(std::move(out));
}

}  // namespace understudy
