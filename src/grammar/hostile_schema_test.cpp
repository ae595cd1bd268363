// Schemas and answers that are made to take long or to fill memory: each ends with a grammar or an Error.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/json.hpp>
#include <chrono>

#include "grammar/matcher.h"
#include "grammar/schema_compiler.h"

namespace understudy {
namespace {

namespace json = boost::json;

class HostileSchema : public testing::Test {
 protected:
  void TearDown() override {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("  %.3f s, %ld MiB at most so far\n", seconds, usage.ru_maxrss / 1024);
  }

  static std::shared_ptr<const Grammar> grammar(json::value schema) {
    auto values = compile_schema(std::move(schema));
    EXPECT_TRUE(values) << (values ? "" : values.error().message());
    return values ? std::make_shared<const Grammar>(std::move(*values)) : nullptr;
  }
  static std::shared_ptr<const Grammar> grammar(const char* text) { return grammar(json::parse(text)); }

  static ErrorCode refusal(json::value schema) {
    auto values = compile_schema(std::move(schema));
    EXPECT_FALSE(values);
    if (values) return ErrorCode::internal;
    EXPECT_FALSE(values.error().what.empty());
    return values.error().code;
  }
  static ErrorCode refusal(const char* text) { return refusal(json::parse(text)); }
  // Either is fine.
  static void end(json::value schema) {
    auto values = compile_schema(std::move(schema));
    EXPECT_TRUE(values || !values.error().what.empty());
  }

  static json::value pattern(std::string_view regex) { return {{"type", "string"}, {"pattern", regex}}; }

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

TEST_F(HostileSchema, PatternsThatBacktrackersFear) {
  const auto safe = grammar(pattern("^(a+)+b$"));
  Matcher matcher(safe, nullptr);
  EXPECT_TRUE(matcher.accept("\"" + std::string(20'000, 'a')));
  EXPECT_FALSE(matcher.accept("\""));
  EXPECT_TRUE(matcher.accept("b\""));
}

TEST_F(HostileSchema, PatternOfManyOptionalParts) {
  EXPECT_EQ(refusal(pattern("^(x?){10000}$")), ErrorCode::exhausted);
}

TEST_F(HostileSchema, PatternOfExponentiallyManyStates) {
  EXPECT_EQ(refusal(pattern("(a|b)*a(a|b){30}")), ErrorCode::exhausted);
}

TEST_F(HostileSchema, PatternOfCountsInsideCounts) {
  EXPECT_EQ(refusal(pattern("((a{1000}){1000}){1000}")), ErrorCode::exhausted);
}

TEST_F(HostileSchema, PatternOfManyGroups) {
  end(pattern(std::string(50'000, '(') + "a" + std::string(50'000, ')')));
  end(pattern(std::string(1'000'000, 'a')));
}

TEST_F(HostileSchema, PatternOfManyProperties) {
  std::string regex;
  for (int i = 0; i < 2'000; i++) regex += "\\p{L}";
  end(pattern("^" + regex + "$"));
  end(pattern("^[" + regex + "]$"));
}

TEST_F(HostileSchema, CountsOfABillion) {
  EXPECT_TRUE(grammar(R"({"type":"array","items":{"type":"integer"},"maxItems":1000000000})"));
  EXPECT_TRUE(grammar(R"({"type":"array","items":{"type":"integer"},"minItems":1000000000})"));
  EXPECT_TRUE(grammar(R"({"type":"array","minItems":1e300})"));
  EXPECT_TRUE(grammar(R"({"type":"string","minLength":1000000000})"));
  EXPECT_TRUE(grammar(R"({"type":"string","maxLength":1000000000})"));
  EXPECT_TRUE(grammar(R"({"type":"object","minProperties":1000000000})"));
  EXPECT_EQ(refusal(R"({"type":"string","pattern":"^(ab)*$","minLength":1000000000})"), ErrorCode::exhausted);
  EXPECT_EQ(refusal(R"({"propertyNames":{"minLength":1000000000},"type":"object"})"), ErrorCode::exhausted);
  end(json::parse(
      R"({"type":"array","items":{"type":"string","maxLength":1000000000},"uniqueItems":true,"minItems":900000000})"));
  end(json::parse(
      R"({"type":"array","contains":{"const":1},"minContains":1000000000,"maxContains":1000000001})"));
}

TEST_F(HostileSchema, SchemasInsideSchemas) {
  for (const char* word : {"items", "not", "additionalProperties", "contains", "propertyNames", "if"}) {
    json::value schema{{"type", "string"}};
    for (int i = 0; i < 60; i++) schema = json::object{{word, std::move(schema)}};
    end(std::move(schema));
  }
  for (const char* word : {"allOf", "anyOf", "oneOf"}) {
    json::value schema{{"type", "string"}};
    for (int i = 0; i < 60; i++)
      schema = json::object{{word, json::array{std::move(schema), json::object{{"minLength", i}}}}};
    end(std::move(schema));
  }
}

TEST_F(HostileSchema, ReferencesInCircles) {
  for (
      const char* text :
      {R"({"$ref":"#"})", R"({"allOf":[{"$ref":"#"}]})", R"({"anyOf":[{"$ref":"#"},{"type":"integer"}]})",
       R"({"oneOf":[{"$ref":"#"},{"$ref":"#"}]})", R"({"not":{"$ref":"#"}})",
       R"({"not":{"not":{"$ref":"#"}}})",
       R"({"if":{"$ref":"#"},"then":{"type":"integer"},"else":{"$ref":"#"}})",
       R"({"items":{"$ref":"#"},"minItems":1})", R"({"items":{"$ref":"#"},"contains":{"$ref":"#"}})",
       R"({"additionalProperties":{"not":{"$ref":"#"}}})", R"({"propertyNames":{"$ref":"#"}})",
       R"({"dependentSchemas":{"a":{"$ref":"#"}}})", R"({"unevaluatedProperties":{"$ref":"#"}})",
       R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})",
       R"({"$ref":"#/$defs/a","$defs":{"a":{"not":{"$ref":"#/$defs/b"}},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}})",
       R"({"properties":{"a":{"oneOf":[{"$ref":"#"},{"properties":{"a":{"$ref":"#"}},"required":["a"]}]}},"oneOf":[{"required":["a"]},{"$ref":"#/properties/a"}]})"}) {
    end(json::parse(text));
  }
}

TEST_F(HostileSchema, AnswersOfAnyDepth) {
  const auto list = grammar(R"({"type":"array","items":{"$ref":"#"}})");
  Matcher lists(list, nullptr);
  ASSERT_TRUE(lists.accept(std::string(10'000, '[')));
  ASSERT_TRUE(lists.accept(std::string(10'000, ']')));
  EXPECT_TRUE(lists.must_end());
  const auto object =
      grammar(R"({"type":"object","properties":{"a":{"$ref":"#"}},"additionalProperties":false})");
  Matcher objects(object, nullptr);
  std::string deep = "{";
  for (int i = 0; i < 10'000; i++) deep += "\"a\":{";
  ASSERT_TRUE(objects.accept(deep));
  ASSERT_TRUE(objects.accept(std::string(10'001, '}')));
  EXPECT_TRUE(objects.must_end());
  const auto any = grammar("true");
  Matcher anything(any, nullptr);
  ASSERT_TRUE(anything.accept(std::string(10'000, '[') + "{\"a\":1}" + std::string(10'000, ']')));
  EXPECT_TRUE(anything.can_end());
}

TEST_F(HostileSchema, LongAnswers) {
  const auto any = grammar("true");
  Matcher matcher(any, nullptr);
  ASSERT_TRUE(matcher.accept("["));
  for (int i = 0; i < 20'000; i++) ASSERT_TRUE(matcher.accept("\"text\","));
  ASSERT_TRUE(matcher.accept("1]"));
}

TEST_F(HostileSchema, AnswersOfManyKeys) {
  const auto map = grammar(R"({"type":"object","additionalProperties":{"type":"integer"}})");
  Matcher matcher(map, nullptr);
  ASSERT_TRUE(matcher.accept("{"));
  for (int i = 0; i < 300; i++) ASSERT_TRUE(matcher.accept("\"key" + std::to_string(i) + "\":1,"));
  EXPECT_FALSE(matcher.accept("\"key7\""));
  ASSERT_TRUE(matcher.accept("\"last\":1}"));
}

TEST_F(HostileSchema, AnEnumOfManyTexts) {
  json::array values;
  for (int i = 0; i < 20'000; i++)
    values.emplace_back("value number " + std::to_string(i * 7919 % 1'000'003) + " of a long list, padded");
  const json::string wanted = values[777].get_string();
  const auto many = grammar(json::value{{"enum", std::move(values)}});
  ASSERT_TRUE(many);
  Matcher matcher(many, nullptr);
  EXPECT_TRUE(matcher.accept("\"" + std::string(wanted) + "\""));
  EXPECT_TRUE(matcher.must_end());
}

TEST_F(HostileSchema, AnEnumOfManyObjects) {
  json::array values;
  for (int i = 0; i < 20'000; i++) values.push_back(json::object{{"a", i}});
  end(json::value{{"enum", std::move(values)}});
}

TEST_F(HostileSchema, ManyProperties) {
  json::object properties;
  json::array required;
  for (int i = 0; i < 10'000; i++) {
    properties["property_" + std::to_string(i)] = json::object{{"type", "integer"}};
    required.emplace_back("property_" + std::to_string(i));
  }
  end(json::value{{"type", "object"}, {"properties", properties}});
  end(json::value{{"type", "object"},
                  {"properties", properties},
                  {"required", required},
                  {"additionalProperties", false}});
}

TEST_F(HostileSchema, ManyAlternatives) {
  json::array any, one, kinds;
  for (int i = 0; i < 1'000; i++) {
    any.push_back(json::object{{"type", "object"}, {"properties", {{"k" + std::to_string(i), true}}}});
    one.push_back(json::object{{"type", "string"}, {"minLength", i}});
    kinds.push_back(
        json::object{{"type", "object"}, {"properties", {{"k", {{"const", i}}}}}, {"required", {"k"}}});
  }
  end(json::value{{"anyOf", std::move(any)}});
  end(json::value{{"oneOf", std::move(one)}});
  end(json::value{{"oneOf", std::move(kinds)}});
}

// Eight alternatives that differ behind what they hold: five levels can be read in 32,768 ways, all of them open.
// An object within it multiplies the ways to read an answer by eight.
json::object eight_readings() {
  json::array alternatives;
  for (int i = 0; i < 8; i++) {
    const json::object properties{{"a", json::object{{"$ref", "#"}}}};
    alternatives.push_back(json::object{{"type", "object"},
                                        {"properties", properties},
                                        {"required", json::array{"a"}},
                                        {"additionalProperties", json::object{{"const", i}}}});
  }
  alternatives.push_back(json::object{{"type", "integer"}});
  return {{"anyOf", std::move(alternatives)}};
}

TEST_F(HostileSchema, AnswersOfTooManyReadings) {
  Matcher matcher(grammar(eight_readings()), nullptr);
  EXPECT_TRUE(matcher.accept(R"({"a":{"a":{"a":)"));
  EXPECT_FALSE(matcher.is_overloaded());
  EXPECT_FALSE(matcher.accept(R"({"a":{"a":)"));
  EXPECT_TRUE(matcher.is_overloaded());
}

TEST_F(HostileSchema, MasksOfTooMuchWork) {
  std::vector<std::string> tokens{"{", "}"};
  for (char first = 'a'; first <= 'z'; first++) {
    for (char second = 'a'; second <= 'z'; second++)
      tokens.push_back(std::string("\"") + first + second + "\":0");
  }
  const auto masks = std::make_shared<StateMasks>(tokens);
  for (const auto& [answer, too_much] : {std::pair(R"({"a":0,)", false), {R"({"a":{"a":{"a":0,)", true}}) {
    Matcher matcher(grammar(eight_readings()), masks);
    EXPECT_TRUE(matcher.accept(answer));
    EXPECT_NE(matcher.mask().allows(2), too_much);
    EXPECT_EQ(matcher.is_overloaded(), too_much);
  }
}

TEST_F(HostileSchema, ManyDependencies) {
  json::object dependencies;
  for (int i = 0; i < 30; i++) dependencies["a" + std::to_string(i)] = json::array{"b" + std::to_string(i)};
  EXPECT_EQ(refusal(json::value{{"type", "object"}, {"dependentRequired", std::move(dependencies)}}),
            ErrorCode::exhausted);
}

TEST_F(HostileSchema, ManyConjunctions) {
  json::array all;
  for (int i = 0; i < 200; i++) {
    all.push_back(
        json::object{{"anyOf", json::array{json::object{{"minLength", i}},
                                           json::object{{"pattern", "a{" + std::to_string(i) + "}"}}}}});
  }
  end(json::value{{"type", "string"}, {"allOf", std::move(all)}});
}

}  // namespace
}  // namespace understudy
