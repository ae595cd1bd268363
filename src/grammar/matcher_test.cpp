#include "grammar/matcher.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "grammar/regex.h"
#include "grammar/schema_compiler.h"

namespace understudy {
namespace {

ValueGrammar values_of(const char* schema) {
  auto values = compile_schema(boost::json::parse(schema));
  EXPECT_TRUE(values) << schema;
  return std::move(*values);
}

std::shared_ptr<const Grammar> grammar_of(const char* schema) {
  return std::make_shared<const Grammar>(values_of(schema));
}

Rule text(std::string_view fixed) {
  Rule rule;
  rule.text = texts_dfa({code_points(fixed)});
  return rule;
}

Rule joined(Rule::Kind kind, std::vector<RuleId> parts) {
  Rule rule;
  rule.kind = kind;
  rule.parts = std::move(parts);
  return rule;
}

Rule value(ValueId id) {
  Rule rule;
  rule.kind = Rule::Kind::value;
  rule.value = id;
  return rule;
}

TEST(Matcher, KnowsWhenAnAnswerMayAndMustEnd) {
  Matcher number(grammar_of(R"({"type":"integer","maximum":99,"minimum":1})"), nullptr);
  EXPECT_FALSE(number.can_end());
  ASSERT_TRUE(number.accept("1"));
  EXPECT_TRUE(number.can_end());
  EXPECT_FALSE(number.must_end());
  ASSERT_TRUE(number.accept("2"));
  EXPECT_TRUE(number.must_end());
  EXPECT_FALSE(number.accept("3"));
  EXPECT_FALSE(number.accept(" "));
}

// Schemas lie in memory where the document's text has them; what comes first is what was said first.
TEST(Matcher, MembersComeInTheOrderInWhichSchemasSayThem) {
  const std::string z =
      R"("z":{"properties":{"o":{"type":"object","properties":{"z":{"type":"null"}},"required":["z"]}}})";
  const std::string a =
      R"("a":{"properties":{"o":{"properties":{"a":{"type":"null"}},"required":["a"],"additionalProperties":true}}})";
  const std::string uses =
      R"("type":"object","required":["o"],"additionalProperties":false,"properties":{"o":true},)"
      R"("allOf":[{"$ref":"#/definitions/z"},{"$ref":"#/definitions/a"}])";
  for (const std::string& definitions : {z + "," + a, a + "," + z}) {
    for (const bool before : {true, false}) {
      const std::string defined = R"("definitions":{)" + definitions + "}";
      const std::string schema = "{" + (before ? defined + "," + uses : uses + "," + defined) + "}";
      Matcher matcher(grammar_of(schema.c_str()), nullptr);
      EXPECT_FALSE(matcher.accept(R"({"o":{"a":null,"z":null}})")) << schema;
      EXPECT_TRUE(matcher.accept(R"({"o":{"z":null,"a":null}})")) << schema;
      EXPECT_TRUE(matcher.must_end());
    }
  }
}

TEST(Matcher, ARefusedTextChangesNothing) {
  Matcher matcher(grammar_of(R"({"type":"array","items":{"type":"integer"}})"), nullptr);
  ASSERT_TRUE(matcher.accept("[1"));
  EXPECT_FALSE(matcher.accept(",2,x"));
  EXPECT_EQ(matcher.position(), 1u);
  ASSERT_TRUE(matcher.accept("0]"));
  EXPECT_TRUE(matcher.can_end());
}

TEST(Matcher, RewindsToMarks) {
  Matcher matcher(grammar_of(R"({"type":"object","additionalProperties":{"type":"integer"}})"), nullptr);
  ASSERT_TRUE(matcher.accept("{\"a\":1"));
  const size_t mark = matcher.position();
  ASSERT_TRUE(matcher.accept(",\"b\":2"));
  EXPECT_FALSE(matcher.accept(",\"b\""));
  matcher.rewind(mark);
  ASSERT_TRUE(matcher.accept(",\"b\":3}"));
  EXPECT_TRUE(matcher.must_end());
  matcher.rewind(0);
  EXPECT_FALSE(matcher.can_end());
  EXPECT_TRUE(matcher.accept("{}"));
}

TEST(Matcher, ForcedBytesStopWhereThereIsAChoice) {
  const char* schema = R"({"type":"object","properties":{"name":{"const":"x"},"on":{"type":"boolean"}},
                           "required":["name","on"],"additionalProperties":false})";
  Matcher matcher(grammar_of(schema), nullptr);
  EXPECT_EQ(matcher.forced(), R"({"name":"x","on":)");
  EXPECT_EQ(matcher.forced(3), R"({"n)");
  ASSERT_TRUE(matcher.accept(matcher.forced()));
  ASSERT_TRUE(matcher.accept("t"));
  EXPECT_EQ(matcher.forced(), "rue}");
  ASSERT_TRUE(matcher.accept("rue}"));
  EXPECT_EQ(matcher.forced(), "");
  Matcher number(grammar_of(R"({"enum":[1,10]})"), nullptr);
  EXPECT_EQ(number.forced(), "1");  // it may end behind it
}

TEST(Matcher, ClosingCompletesTheAnswer) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {R"({"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false})", "{\"a\":1",
       "}"},
      {R"({"type":"array","items":{"type":"integer"},"uniqueItems":true,"minItems":2})", "[1", ",0]"},
      {R"({"type":"array","items":{"type":"string","minLength":2},"minItems":1})", "[\"\\", nullptr},
      {R"({"type":"integer"})", "7", ""},
      {R"({"type":"array","items":{"type":"integer","minimum":0,"maximum":30},"contains":{"minimum":20}})",
       "[0", ",20]"},
  };
  for (const auto& [schema, begun, expected] : cases) {
    Matcher matcher(grammar_of(schema), nullptr);
    ASSERT_TRUE(matcher.accept(begun));
    const std::string closing = matcher.closing();
    if (expected) {
      EXPECT_EQ(closing, expected) << schema;
    }
    EXPECT_TRUE(closing.empty() || matcher.accept(closing)) << closing;
    EXPECT_TRUE(matcher.can_end()) << schema;
  }
}

TEST(Matcher, RulesJoinTextsAndValues) {
  //  root = "<" value ">" (root | "" | "!" value)
  ValueGrammar values = values_of(R"({"type":"array","items":{"type":"integer"},"maxItems":1})");
  const ValueId list = values.root;
  const std::vector<Rule> rules{joined(Rule::Kind::sequence, {1, 2, 3, 4}),
                                text("<"),
                                value(list),
                                text(">"),
                                joined(Rule::Kind::choice, {0, 5, 6}),
                                joined(Rule::Kind::sequence, {}),
                                joined(Rule::Kind::sequence, {7, 2}),
                                text("!")};
  Matcher matcher(std::make_shared<const Grammar>(std::move(values), rules, 0), nullptr);
  EXPECT_EQ(matcher.forced(), "<[");
  ASSERT_TRUE(matcher.accept("<[1]>"));
  EXPECT_TRUE(matcher.can_end());
  EXPECT_FALSE(matcher.must_end());
  ASSERT_TRUE(matcher.accept("<[]>"));
  ASSERT_TRUE(matcher.accept("![2]"));
  EXPECT_TRUE(matcher.must_end());
}

TEST(Matcher, ReadsTextsInAllWaysAtOnce) {
  //  root = any text | "{" value
  Budget budget(10'000);
  Rule free;
  free.text = *regex_dfa("^[^]+$", budget);
  ValueGrammar values =
      values_of(R"({"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false})");
  const ValueId object = values.root;
  const std::vector<Rule> rules{joined(Rule::Kind::choice, {1, 2}), value(object), free};
  Matcher matcher(std::make_shared<const Grammar>(std::move(values), rules, 0), nullptr);
  ASSERT_TRUE(matcher.accept("{\"a\":1"));
  EXPECT_TRUE(matcher.can_end());
  ASSERT_TRUE(matcher.accept("}"));
  EXPECT_FALSE(matcher.must_end());
  EXPECT_TRUE(matcher.accept("é, and more"));
}

TEST(Matcher, TokensOfSeveralKeysAreAllowedOnlyIfAllOfThemAre) {
  const auto masks = std::make_shared<StateMasks>(std::vector<std::string>{
      "a\":1,\"b\":1", "a\":1,\"a\":1", "b\":1,\"a\":1", "\"", "{", "", "}", "a\":1,\"b\":1}", "a\":1}"});
  Matcher matcher(
      grammar_of(
          R"({"type":"object","additionalProperties":{"const":1},"minProperties":2,"maxProperties":2})"),
      masks);
  ASSERT_TRUE(matcher.accept("{\""));
  const auto allowed = [&] {
    std::vector<TokenId> out;
    for (TokenId id = 0; id < static_cast<TokenId>(masks->tokens()); id++) {
      if (matcher.mask().allows(id)) out.push_back(id);
    }
    return out;
  };
  EXPECT_EQ(allowed(), (std::vector<TokenId>{0, 2, 3, 4, 6, 7}));  // { and } are characters of a key here
  ASSERT_TRUE(matcher.accept("a\":1,\""));
  EXPECT_EQ(allowed(),
            (std::vector<TokenId>{3, 4, 6}));  // a third key is one too many, and a second "a" none
  ASSERT_TRUE(matcher.accept("c\":1"));
  EXPECT_EQ(allowed(), (std::vector<TokenId>{6}));
}

}  // namespace
}  // namespace understudy
