// Hostile templates: each is an Error with a hint, soon, whatever it tries.
#include "text/jinja/limits.h"

#include <gtest/gtest.h>

#include "text/chat_template.h"

namespace understudy {
namespace {

using jinja::kMaxSourceBytes;

std::string repeat(std::string_view text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += text;
  return result;
}

Result<PromptText> render(std::string_view source) {
  ChatTemplateInput input;
  input.messages = {{{"role", "user"}, {"content", std::string(100'000, 'a')}}};
  ASSIGN_OR_RETURN(const auto parsed, ChatTemplate::parse(source));
  return parsed->render(input);
}

void expect_limit(const std::string& source, std::string_view what) {
  SCOPED_TRACE(source.substr(0, 100));
  const auto result = render(source);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message().find(what), std::string::npos) << result.error().message();
}

TEST(JinjaLimits, LongStrings) {
  expect_limit("{{ 'a' * 10 ** 9 }}", "more than");
  expect_limit("{{ ('%1000s' * 9000) % (('x',) * 9000) }}", "more than");
  expect_limit(
      "{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
      "more than");
  expect_limit(
      "{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s.replace('a', 'aa') %}{% "
      "endfor %}",
      "more than");
  expect_limit("{% set a = 'x' * 1000000 %}{{ ([a] * 1000) | join }}", "more than");
  expect_limit("{% set a = ['x' * 1000000] * 1000 %}{{ a | tojson }}", "more than");
  expect_limit("{% set a = ['x' * 1000000] * 1000 %}{{ a }}", "more than");
  expect_limit("{% for i in range(1000) %}{{ messages[0].content }}{% endfor %}", "more than");
}

TEST(JinjaLimits, LongLists) {
  expect_limit("{{ range(10 ** 12) }}", "100000");
  expect_limit("{{ range(-9223372036854775807, 9223372036854775807) }}", "100000");
  expect_limit("{{ [1] * 10 ** 10 }}", "steps");
  expect_limit(
      "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
      "steps");
  expect_limit("{% for i in range(99) %}{% set x = messages[0].content | list %}{% endfor %}", "steps");
}

TEST(JinjaLimits, LongLoops) {
  expect_limit("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "steps");
  expect_limit("{% for a in range(9999) %}{% set x = messages[0].content.replace('b', 'c') %}{% endfor %}",
               "steps");
  expect_limit("{% for a in range(99999) %}{% set x = messages[0].content | length %}{% endfor %}", "steps");
  expect_limit(
      "{% for a in range(99999) %}{% set x = messages[0].content == messages[0].content ~ '' %}{% endfor %}",
      "steps");
  expect_limit("{% for a in range(99999) %}{% set x = namespace() %}{% endfor %}", "steps");
  expect_limit("{% for a in range(99999) %}{% set x = {}[messages[0].content] %}{% endfor %}", "steps");
  expect_limit("{% for a in range(99999) %}{% set x = messages[0].content.startswith('b') %}{% endfor %}",
               "steps");
}

// Searching for 50,000 a's and a b in 100,000 a's takes 5e9 comparisons done naively; here it is linear, or
// refused.
TEST(JinjaLimits, RepetitiveSearches) {
  EXPECT_TRUE(render("{{ ('a' * 50000 ~ 'b') in messages[0].content }}").ok());
  EXPECT_TRUE(render("{{ messages[0].content.split('a' * 50000 ~ 'b') | length }}").ok());
  expect_limit("{{ messages[0].content.rsplit('a' * 50000 ~ 'b') }}", "steps");
  expect_limit("{{ messages[0].content.rfind('a' * 50000 ~ 'b') }}", "steps");
}

TEST(JinjaLimits, Recursion) {
  expect_limit("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "deep");
  expect_limit("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
               "deep");
  expect_limit("{% set ns = namespace(l=[]) %}{% for i in range(1000) %}{% set ns.l = [ns.l] %}{% endfor %}",
               "nested");
  expect_limit(
      "{% set ns = namespace(l={}) %}{% for i in range(1000) %}{% set ns.l = {'a': ns.l} %}{% endfor %}",
      "nested");
  // 2^90 leaves, reached from 90 tuples
  const std::string tuples =
      "{% set ns = namespace(t=()) %}{% for i in range(90) %}{% set ns.t = (ns.t, ns.t) %}{% endfor %}";
  expect_limit(tuples + "{{ ns.t }}", "more than");
  expect_limit(tuples + "{{ ns.t | tojson }}", "more than");
  expect_limit(tuples + "{{ ns.t == (ns.t[0], ns.t[0]) }}", "steps");
  expect_limit(tuples + "{{ {ns.t: 1} }}", "dict key");
  expect_limit("{{ 'ab' | map(" + repeat("'map', ", 5000) + "'upper') | list }}", "deep");
}

TEST(JinjaLimits, NestedSyntax) {
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{{"(", ")"},
                                                                                    {"[", "]"},
                                                                                    {"{1:", "}"},
                                                                                    {"-", ""},
                                                                                    {"not ", ""},
                                                                                    {"a[", "]"},
                                                                                    {"f(", ")"},
                                                                                    {"1 if 1 else ", ""}}) {
    expect_limit("{{ " + repeat(open, 8'000) + "1" + repeat(close, 8'000) + " }}", "deep");
  }
  expect_limit(repeat("{% if 1 %}", 8'000) + repeat("{% endif %}", 8'000), "deep");
  expect_limit(repeat("{% for x in y %}", 8'000), "deep");
  expect_limit("{% set " + repeat("(", 8'000) + "a" + repeat(")", 8'000) + " = 1 %}", "deep");
  expect_limit("{{ x is in " + repeat("[", 8'000) + repeat("]", 8'000) + " }}", "deep");
}

// Chains are flat in the source but deep in the tree: parsed, refused when evaluated, and freed without
// recursion.
TEST(JinjaLimits, LongChains) {
  expect_limit("{{ 1" + repeat("+1", 30'000) + " }}", "deep");
  expect_limit("{{ 1" + repeat(" and 1", 30'000) + " }}", "deep");
  expect_limit("{{ a" + repeat(".b", 30'000) + " }}", "deep");
  expect_limit("{{ a" + repeat("|upper", 30'000) + " }}", "deep");
  expect_limit("{{ 1" + repeat(" if 1", 30'000) + " }}", "deep");
  EXPECT_TRUE(render("{{ 1" + repeat("+1", 300) + " }}").ok());
  EXPECT_TRUE(render("{{ 1" + repeat("~1", 10'000) + " }}").ok());
  EXPECT_TRUE(render("{% if 0 %}" + repeat("{% elif 0 %}", 10'000) + "{% endif %}").ok());
}

TEST(JinjaLimits, Numbers) {
  for (const char* expression :
       {"9223372036854775807 + 1", "-9223372036854775807 - 2", "9223372036854775807 * 2", "10 ** 19",
        "-(-9223372036854775807 - 1)", "(-9223372036854775807 - 1) // -1", "10.0 ** 400", "(2.0 ** 70) | int",
        "9223372036854775808", "1 % 0", "0 ** -1", "'%d' % 1e30"}) {
    const auto result = render("{{ " + std::string(expression) + " }}");
    EXPECT_FALSE(result.ok()) << expression;
  }
  EXPECT_TRUE(
      render(
          "{{ 'abc'[::9223372036854775807] }}{{ [1][::-9223372036854775807] }}{{ 'a'[9223372036854775807] }}")
          .ok());
  EXPECT_TRUE(render("{{ 'abc'[-9223372036854775807:9223372036854775807] }}{{ '' * 9223372036854775807 }}{{ "
                     "[] * 10 ** 18 }}")
                  .ok());
}

TEST(JinjaLimits, SourceSize) {
  EXPECT_TRUE(ChatTemplate::parse(std::string(kMaxSourceBytes, 'a')).ok());
  const auto parsed = ChatTemplate::parse(std::string(kMaxSourceBytes + 1, 'a'));
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, ErrorCode::unsupported);
}

TEST(JinjaLimits, DeepInput) {
  boost::json::value nested = 1;
  for (int i = 0; i < 5000; ++i) nested = boost::json::array{std::move(nested)};
  ChatTemplateInput input;
  input.extra["x"] = std::move(nested);
  const auto result = (*ChatTemplate::parse("a"))->render(input);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
}

// Circles through namespaces and macros are released (the address sanitizer's leak check sees them
// otherwise).
TEST(JinjaLimits, Circles) {
  EXPECT_TRUE(
      render("{% set ns = namespace() %}{% set ns.a = ns %}{% set ns.b = [ns] %}{{ ns.a is defined }}").ok());
  EXPECT_TRUE(
      render(
          "{% set ns = namespace() %}{% for x in [1] %}{% macro m() %}{{ x }}{% endmacro %}{% set ns.m = m %}"
          "{% set ns.l = loop %}{% endfor %}{{ ns.m() }}")
          .ok());
  EXPECT_FALSE(render("{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}").ok());
  EXPECT_FALSE(render("{% set ns = namespace() %}{% set ns.a = ns %}{{ [ns] | tojson }}").ok());
}

}  // namespace
}  // namespace understudy
