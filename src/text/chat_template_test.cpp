// The suite of tests/templates/*.test (expectations written by jinja2, see bench/quality/templates.py fill),
// and the interface of ChatTemplate.
#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace understudy {
namespace {

struct Case {
  std::string title;
  std::map<std::string, std::string> sections;
};

// A section is the lines between two markers, without the last line break.
std::vector<Case> read_cases(const std::filesystem::path& path) {
  std::vector<Case> cases;
  std::string* section = nullptr;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}});
      section = nullptr;
    } else if (line.starts_with("--- ")) {
      section = &cases.back().sections[line.substr(4)];
    } else if (section) {
      *section += line + '\n';
    }
  }
  for (auto& one : cases) {
    for (auto& [name, text] : one.sections) {
      if (!text.empty()) text.pop_back();
    }
  }
  return cases;
}

ChatTemplateInput read_input(std::string_view json) {
  ChatTemplateInput input;
  const boost::json::value given = boost::json::parse(json);
  for (const auto& member : given.as_object()) {
    const std::string_view name = member.key();
    const auto& value = member.value();
    if (name == "messages") {
      input.messages = value.as_array();
    } else if (name == "tools") {
      input.tools = value;
    } else if (name == "add_generation_prompt") {
      input.add_generation_prompt = value.as_bool();
    } else if (name == "bos_token") {
      input.bos_token = value.as_string();
    } else if (name == "eos_token") {
      input.eos_token = value.as_string();
    } else if (name == "now") {
      input.now = value.as_int64();
    } else {
      input.extra[name] = value;
    }
  }
  return input;
}

Result<PromptText> render(std::string_view source, const ChatTemplateInput& input) {
  ASSIGN_OR_RETURN(const auto parsed, ChatTemplate::parse(source));
  return parsed->render(input);
}

void check(const Case& one) {
  const auto section = [&](const std::string& name) -> const std::string* {
    const auto found = one.sections.find(name);
    return found == one.sections.end() ? nullptr : &found->second;
  };
  ASSERT_TRUE(section("template"));
  const auto result = render(*section("template"), read_input(section("input") ? *section("input") : "{}"));
  if (const std::string* expect = section("expect")) {
    ASSERT_TRUE(result.ok()) << result.error().message();
    EXPECT_EQ(result->text, *expect);
    return;
  }
  const std::string* error = section("unsupported") ? section("unsupported") : section("error");
  ASSERT_TRUE(error) << "a case needs one of expect, error, unsupported";
  ASSERT_FALSE(result.ok()) << result->text;
  EXPECT_NE(result.error().message().find(*error), std::string::npos) << result.error().message();
  EXPECT_TRUE(!section("unsupported") || result.error().code == ErrorCode::unsupported);
}

TEST(ChatTemplate, RendersTheSuite) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(UNDERSTUDY_SOURCE_DIR "/tests/templates")) {
    if (entry.path().extension() != ".test") continue;
    for (const Case& one : read_cases(entry.path())) {
      SCOPED_TRACE(entry.path().filename().string() + ": " + one.title);
      check(one);
      ++count;
    }
  }
  EXPECT_GE(count, 150u);
}

TEST(ChatTemplate, CarriageReturnsInTheSourceAreLineBreaks) {
  const auto result = render("a\r\nb{% if true %}\rc{% endif %}\r\n", {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->text, "a\nbc");
}

TEST(ChatTemplate, MarksWhatTheRequestSupplied) {
  const auto input = read_input(R"({"messages": [{"role": "user", "content": "hi"}], "bos_token": "<s>"})");
  const auto result = render(
      "{{ bos_token }}<{{ messages[0].role }}>{{ messages[0].content }}{{ messages[0].role }}!", input);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->text, "<s><user>hiuser!");
  ASSERT_EQ(result->untrusted.size(), 2u);  // adjacent spans are one
  EXPECT_EQ(result->untrusted[0].begin, 4u);
  EXPECT_EQ(result->untrusted[0].end, 8u);
  EXPECT_EQ(result->untrusted[1].begin, 9u);
  EXPECT_EQ(result->untrusted[1].end, 15u);
}

TEST(ChatTemplate, RaiseExceptionIsTheCallersError) {
  const auto result = render("\n  {{ raise_exception('no system role') }}", {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(result.error().what, "no system role");
  EXPECT_EQ(result.error().where, "line 2, column 6 of the chat template");
}

TEST(ChatTemplate, SyntaxErrorsAreFoundWhenParsing) {
  for (const char* source :
       {"{% if %}", "{{ }}", "{{ 1 +", "{% for x %}{% endfor %}", "{# open", "{% raw %}", "{{ [1, }}",
        "{% set %}", "{% macro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{{ a.1b }}", "{{ a[] }}",
        "{{ f(a=1, 2) }}", "{% else %}", "{% if a %}{% endfor %}", "{{ '\\x4' }}", "{%", "{{"}) {
    const auto parsed = ChatTemplate::parse(source);
    ASSERT_FALSE(parsed.ok()) << source;
    EXPECT_EQ(parsed.error().code, ErrorCode::corrupt) << source;
    EXPECT_NE(parsed.error().where.find("line 1"), std::string::npos) << source;
  }
}

TEST(ChatTemplate, UnsupportedTagsAreNamedWhenParsing) {
  for (const char* tag :
       {"include 'a'", "import 'a' as b", "extends 'a'", "block a", "autoescape true", "do x"}) {
    const auto parsed = ChatTemplate::parse("{% " + std::string(tag) + " %}");
    ASSERT_FALSE(parsed.ok()) << tag;
    EXPECT_EQ(parsed.error().code, ErrorCode::unsupported) << tag;
  }
}

// Every byte string is a template or an Error: a walk over truncations and one-byte changes of a template
// that uses everything.
TEST(ChatTemplate, DamagedTemplatesAreErrorsOrTemplates) {
  std::ifstream file(UNDERSTUDY_SOURCE_DIR "/tests/templates/statements.test", std::ios::binary);
  std::stringstream all;
  all << file.rdbuf();
  std::string source = all.str().substr(0, 3000);
  const auto input = read_input(R"({"messages": [{"role": "user", "content": "hi"}]})");
  size_t rendered = 0;
  for (size_t i = 0; i < source.size(); i += 41) {
    rendered += render(source.substr(0, i), input).ok();
    for (const char c : {'%', '}', '\'', '(', '\xff'}) {
      std::string damaged = source.substr(i / 2, 600);
      damaged[i % damaged.size()] = c;
      rendered += render(damaged, input).ok();
    }
  }
  EXPECT_GT(rendered, 0u);
}

TEST(PlainChatTemplate, WritesTurns) {
  const auto input = read_input(
      R"({"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]})");
  const auto result = render(plain_chat_template(), input);
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_EQ(result->text, "system: Be kind.\nuser: Hi\nassistant:");
}

}  // namespace
}  // namespace understudy
