// Answers under a grammar, by networks that know nothing of it: whatever they would say, every answer is valid.
#include <gtest/gtest.h>

#include <future>

#include "engine/engine.h"
#include "engine/model.h"
#include "engine/testing/engine_client.h"
#include "engine/testing/golden_model.h"
#include "engine/testing/hash_network.h"
#include "engine/testing/small_tokenizer.h"
#include "grammar/matcher.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct Case {
  const char* schema;
  bool (*is_valid)(const json::value&);
};

bool has_only(const json::value& value, std::vector<std::string_view> keys) {
  if (!value.is_object() || value.get_object().size() != keys.size()) return false;
  for (const std::string_view key : keys) {
    if (!value.get_object().contains(key)) return false;
  }
  return true;
}
bool is_one_of(const json::value& value, std::vector<json::value> options) {
  return std::find(options.begin(), options.end(), value) != options.end();
}
bool is_between(const json::value& value, int64_t low, int64_t high) {
  return value.is_int64() && value.get_int64() >= low && value.get_int64() <= high;
}
size_t characters(const json::value& text) {
  return static_cast<size_t>(std::count_if(text.as_string().begin(), text.as_string().end(),
                                           [](char c) { return (c & 0xC0) != 0x80; }));
}
bool is_tree(const json::value& value) {
  if (!has_only(value, {"id", "left"}) || !is_between(value.at("id"), 0, 9)) return false;
  return value.at("left").is_null() || is_tree(value.at("left"));
}

const Case kCases[] = {
    {R"({"type":"boolean"})", [](const json::value& v) { return v.is_bool(); }},
    {R"({"type":"null"})", [](const json::value& v) { return v.is_null(); }},
    {R"({"type":"integer","minimum":-5,"maximum":1234})",
     [](const json::value& v) { return is_between(v, -5, 1234); }},
    {R"({"type":"integer","minimum":0,"maximum":1000,"multipleOf":7})",
     [](const json::value& v) { return is_between(v, 0, 1000) && v.get_int64() % 7 == 0; }},
    {R"({"type":"number","minimum":0,"maximum":1})",
     [](const json::value& v) {
       return v.is_number() && v.to_number<double>() >= 0 && v.to_number<double>() <= 1;
     }},
    {R"({"type":"string","maxLength":20})",
     [](const json::value& v) { return v.is_string() && characters(v) <= 20; }},
    {R"({"type":"string","minLength":3,"maxLength":3})",
     [](const json::value& v) { return v.is_string() && characters(v) == 3; }},
    {R"({"type":"string","pattern":"^[a-c]{2,5}$"})",
     [](const json::value& v) {
       return v.is_string() && v.get_string().size() >= 2 && v.get_string().size() <= 5 &&
              v.get_string().find_first_not_of("abc") == json::string::npos;
     }},
    {R"({"type":"string","format":"date"})",
     [](const json::value& v) {
       return v.is_string() && v.get_string().size() == 10 && v.get_string()[4] == '-';
     }},
    {R"({"enum":["celsius","fahrenheit",3,null,{"a":[]}]})",
     [](const json::value& v) {
       return is_one_of(v, {"celsius", "fahrenheit", 3, nullptr, json::parse(R"({"a":[]})")});
     }},
    {R"({"const":{"name":"Mary","tags":["one","two"]}})",
     [](const json::value& v) { return v == json::parse(R"({"name":"Mary","tags":["one","two"]})"); }},
    {R"({"type":"array","items":{"type":"integer","minimum":0,"maximum":99},"maxItems":5})",
     [](const json::value& v) {
       return v.is_array() && v.get_array().size() <= 5 &&
              std::all_of(v.get_array().begin(), v.get_array().end(),
                          [](const json::value& item) { return is_between(item, 0, 99); });
     }},
    {R"({"type":"array","items":{"enum":["a","b","c"]},"minItems":2,"maxItems":3,"uniqueItems":true})",
     [](const json::value& v) {
       const json::array& items = v.as_array();
       for (size_t i = 1; i < items.size(); i++) {
         if (items[i] == items[0] || (i == 2 && items[2] == items[1])) return false;
       }
       return items.size() >= 2 && items.size() <= 3;
     }},
    {R"({"type":"array","prefixItems":[{"type":"boolean"},{"enum":["x"]}],"items":false,"minItems":2})",
     [](const json::value& v) {
       return v.is_array() && v.get_array().size() == 2 && v.at(0).is_bool() && v.at(1) == "x";
     }},
    {R"({"type":"object","properties":{"name":{"type":"string","maxLength":9},"age":{"type":"integer","minimum":0,
        "maximum":150}},"required":["name","age"],"additionalProperties":false})",
     [](const json::value& v) { return has_only(v, {"name", "age"}) && is_between(v.at("age"), 0, 150); }},
    {R"({"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"boolean"},"c":{"type":"null"}},
        "required":["b"],"additionalProperties":false})",
     [](const json::value& v) {
       return v.is_object() && v.get_object().contains("b") && v.get_object().size() <= 3;
     }},
    {R"({"type":"object","patternProperties":{"^[ab]$":{"type":"integer","minimum":0,"maximum":9}},
        "additionalProperties":false})",
     [](const json::value& v) { return v.is_object() && v.get_object().size() <= 2; }},
    {R"({"anyOf":[{"type":"integer","minimum":10,"maximum":20},{"type":"object","properties":{"k":{"const":"v"}},
        "required":["k"],"additionalProperties":false}]})",
     [](const json::value& v) { return is_between(v, 10, 20) || (has_only(v, {"k"}) && v.at("k") == "v"); }},
    {R"({"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"integer","minimum":0,"maximum":9}},
        "required":["kind","x"],"additionalProperties":false})",
     [](const json::value& v) { return has_only(v, {"kind", "x"}) && v.at("kind") == "a"; }},
    {R"({"$defs":{"t":{"type":"object","properties":{"id":{"type":"integer","minimum":0,"maximum":9},
        "left":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/t"}]}},"required":["id","left"],
        "additionalProperties":false}},"$ref":"#/$defs/t"})",
     is_tree},
    {R"({"allOf":[{"type":"integer","minimum":3},{"maximum":5},{"not":{"const":4}}]})",
     [](const json::value& v) { return is_one_of(v, {3, 5}); }},
    {R"({"type":"object","properties":{"error":{"type":"object","properties":{"code":{"enum":[404,500]},
        "message":{"enum":["not found","a \"quote\"","é漢🦆"]}},"required":["code","message"],
        "additionalProperties":false}},"required":["error"],"additionalProperties":false})",
     [](const json::value& v) {
       return has_only(v, {"error"}) && has_only(v.at("error"), {"code", "message"}) &&
              is_one_of(v.at("error").at("message"), {"not found", "a \"quote\"", "é漢🦆"});
     }},
};
constexpr int kMaxTokens = 160;

std::unique_ptr<Engine> start(std::shared_ptr<const Network> network) {
  EngineOptions options{.threads = 2, .context = 512, .max_running = 16, .kv_bytes = 64 << 20};
  auto engine = Engine::create(EngineModel{std::move(network), {kSmallEnd}, 0, "digest"}, options);
  EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().message());
  return std::move(*engine);
}

std::shared_ptr<HashNetwork> hash_network() {
  return std::make_shared<HashNetwork>(kSmallVocabulary, std::vector<int>{0, 40}, false);
}

EngineRequest request_of(std::shared_ptr<const AnswerGrammar> grammar, uint64_t seed, float temperature) {
  EngineRequest request;
  request.prompt = random_tokens(5 + seed % 40, seed / 2, kSmallVocabulary);
  request.max_tokens = kMaxTokens;
  request.sampling.temperature = temperature;
  request.sampling.seed = seed;
  request.grammar = std::move(grammar);
  return request;
}

// A whole answer is valid; one that was cut is the beginning of a valid one.
void check(const Case& tested, const EngineRequest& request, const Answer& answer) {
  const std::string text = small_text(answer.tokens());
  EXPECT_LE(answer.events.size(), static_cast<size_t>(request.max_tokens));
  EXPECT_EQ(answer.usage.completion_tokens, static_cast<int>(answer.events.size()));
  Matcher matcher(request.grammar->grammar, nullptr);
  ASSERT_TRUE(matcher.accept(text)) << text << " of " << tested.schema;
  if (answer.reason == FinishReason::length) {
    EXPECT_EQ(answer.events.size(), static_cast<size_t>(request.max_tokens)) << text;
    EXPECT_FALSE(matcher.must_end()) << text;
    return;
  }
  EXPECT_EQ(answer.reason, FinishReason::stop);
  EXPECT_TRUE(matcher.can_end()) << text;
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  ASSERT_FALSE(error) << text << " of " << tested.schema;
  EXPECT_TRUE(tested.is_valid(value)) << text << " of " << tested.schema;
}

class LockedAnswers : public testing::TestWithParam<const char*> {
 protected:
  LockedAnswers() {
    if (std::string_view(GetParam()) == "hash") {
      network_ = hash_network();
    } else {
      network_ = Model::from_file(read_golden(golden_path(GetParam())).file).value()->shared_network();
    }
  }
  std::shared_ptr<const Network> network_;
};

TEST_P(LockedAnswers, AreValidWhateverTheModelWouldSay) {
  const auto engine = start(network_);
  for (const Case& tested : kCases) {
    const auto grammar = small_grammar(tested.schema);
    int whole = 0;
    for (const float temperature : {0.0f, 1.0f}) {
      std::vector<EngineRequest> requests;
      std::vector<std::future<Answer>> answers;
      for (uint64_t seed = 0; seed < 16; seed++) {
        requests.push_back(request_of(grammar, seed, temperature));
        answers.push_back(submit(*engine, requests.back()));
      }
      for (size_t i = 0; i < answers.size(); i++) {
        const Answer answer = answers[i].get();
        check(tested, requests[i], answer);
        whole += answer.reason == FinishReason::stop;
      }
    }
    EXPECT_GT(whole, 0) << tested.schema;
  }
}

TEST_P(LockedAnswers, ForcedTokensAtOnceOrOneByOneAreTheSame) {
  const auto engine = start(network_);
  for (const Case& tested : kCases) {
    const auto grammar = small_grammar(tested.schema);
    for (const float temperature : {0.0f, 1.0f}) {
      EngineRequest request = request_of(grammar, 7, temperature);
      const Answer at_once = submit(*engine, request).get();
      request.fast_forward = request.drafts = false;
      const Answer one_by_one = submit(*engine, request).get();
      request.fast_forward = request.drafts = true;
      request.logprobs = 0;
      const Answer scored = submit(*engine, request).get();
      EXPECT_EQ(at_once.tokens(), one_by_one.tokens()) << tested.schema;
      EXPECT_EQ(at_once.tokens(), scored.tokens()) << tested.schema;
      EXPECT_EQ(at_once.reason, one_by_one.reason) << tested.schema;
      for (const TokenEvent& event : scored.events) EXPECT_TRUE(event.logprob.has_value());
    }
  }
}

TEST_P(LockedAnswers, AreTheSameWhateverElseRuns) {
  const auto engine = start(network_);
  std::vector<EngineRequest> requests;
  for (uint64_t i = 0; i < std::size(kCases); i++) {
    requests.push_back(request_of(small_grammar(kCases[i].schema), i, i % 3 == 0 ? 0.0f : 1.0f));
    requests.back().fast_forward = i % 2 == 0;
  }
  std::vector<Answer> alone;
  for (const EngineRequest& request : requests) alone.push_back(submit(*engine, request).get());
  std::vector<std::future<Answer>> together;
  for (const EngineRequest& request : requests) together.push_back(submit(*engine, request));
  for (size_t i = 0; i < requests.size(); i++) {
    const Answer answer = together[i].get();
    EXPECT_EQ(answer.tokens(), alone[i].tokens()) << kCases[i].schema;
    EXPECT_EQ(answer.reason, alone[i].reason);
    ASSERT_EQ(answer.events.size(), alone[i].events.size());
    for (size_t t = 0; t < answer.events.size(); t++)
      EXPECT_EQ(answer.events[t].share, alone[i].events[t].share);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, LockedAnswers, testing::Values("hash", "qwen2", "lfm2"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(ForcedTokens, AreThoseOfTheTokenizer) {
  const auto engine = start(hash_network());
  for (const char* schema :
       {R"({"const":{"name":"Mary","tags":["one","two"],"note":null}})", R"({"const":"the answer"})",
        R"({"const":{"text":"He said \"no\"\né漢🦆","nested":[[1,2],[3,4]]}})"}) {
    const EngineRequest request = request_of(small_grammar(schema), 1, 1.0f);
    const Answer answer = submit(*engine, request).get();
    const std::string text = json::serialize(json::parse(schema).at("const"));
    EXPECT_EQ(small_text(answer.tokens()), text);
    EXPECT_EQ(answer.tokens(), small_tokenizer()->encode(PromptText::data(text), false)) << text;
    EXPECT_EQ(answer.usage.forced_tokens, answer.usage.completion_tokens);
  }
  // Before a choice: as the tokenizer divides the text with what came, up to where what comes could change it.
  const auto grammar = small_grammar(
      R"({"type":"object","properties":{"name":{"const":"Mary"},"city":{"enum":["Paris","London","Rome"]}},
          "required":["name","city"],"additionalProperties":false})");
  for (uint64_t seed = 0; seed < 8; seed++) {
    const Answer answer = submit(*engine, request_of(grammar, seed, 1.0f)).get();
    const auto expected = small_tokenizer()->encode(PromptText::data(small_text(answer.tokens())), false);
    const auto same =
        std::mismatch(expected.begin(), expected.end(), answer.events.begin(), answer.events.end(),
                      [](TokenId id, const TokenEvent& event) { return id == event.id; });
    std::vector<TokenId> common(expected.begin(), same.first);
    EXPECT_TRUE(small_text(common).starts_with(R"({"name":"Mary","city)")) << small_text(common);
  }
}

TEST(ForcedTokens, EndAtMaxTokens) {
  const auto engine = start(hash_network());
  const auto grammar = small_grammar(R"({"const":{"name":"Mary","tags":["one","two"]}})");
  EngineRequest request = request_of(grammar, 3, 0.0f);
  const Answer whole = submit(*engine, request).get();
  const auto length = static_cast<int>(whole.events.size());
  ASSERT_GT(length, 4);
  for (const bool fast_forward : {true, false}) {
    request.fast_forward = fast_forward;
    for (request.max_tokens = 1; request.max_tokens <= length; request.max_tokens++) {
      const Answer answer = submit(*engine, request).get();
      EXPECT_EQ(static_cast<int>(answer.events.size()), request.max_tokens);
      const bool complete = request.max_tokens == length;  // nothing can follow, so it was not cut
      EXPECT_EQ(answer.reason, complete ? FinishReason::stop : FinishReason::length);
    }
  }
}

TEST(LockedEnds, EndTokensComeOnlyWhereTheAnswerMayEnd) {
  const auto engine = start(hash_network());
  EngineRequest request = request_of(small_grammar(R"({"type":"integer"})"), 2, 1.0f);
  const TokenId stop = *small_tokenizer()->find("x");
  request.stop_tokens = {stop};
  request.sampling.logit_bias = {{kSmallEnd, 50.0f}, {stop, 60.0f}};
  const Answer answer = submit(*engine, request).get();
  ASSERT_TRUE(answer.end);
  EXPECT_EQ(answer.end->id, stop);
  EXPECT_TRUE(json::parse(small_text(answer.tokens())).is_number()) << small_text(answer.tokens());
  // With ignore_end they are passed over and the answer is still of the grammar.
  request.stop_tokens.clear();
  request.ignore_end = true;
  request.max_tokens = 20;
  const Answer on = submit(*engine, request).get();
  EXPECT_EQ(on.reason, FinishReason::length);
  EXPECT_TRUE(Matcher(request.grammar->grammar, nullptr).accept(small_text(on.tokens())));
}

TEST(LockedAnswers, WhatCannotBeFollowedIsRefused) {
  const auto engine = [](int vocabulary) {
    EngineOptions options{.threads = 1, .context = 256, .kv_bytes = 4 << 20};
    const auto network = std::make_shared<HashNetwork>(vocabulary, std::vector{0}, false);
    return std::move(*Engine::create(EngineModel{network, {kSmallEnd}, 0, "digest"}, options));
  };
  const auto refused = [](Engine& to, EngineRequest request) {
    const auto id = to.submit(std::move(request));
    EXPECT_FALSE(id.ok());
    return id.ok() ? "" : id.error().where;
  };
  EngineRequest request;
  request.prompt = {1};
  request.max_tokens = 8;
  request.grammar = small_grammar(R"({"type":"boolean"})");
  EXPECT_EQ(refused(*engine(kSmallVocabulary - 1), request), "grammar");
  const auto whole = engine(kSmallVocabulary);
  EngineRequest both = request;
  both.choices = std::make_shared<const Choices>(Choices{{{1}, {2}}});
  EXPECT_EQ(refused(*whole, both), "grammar");
  EngineRequest thoughts = request;
  thoughts.reasoning = ReasoningBudget{1, 2, true, 4, {kSmallVocabulary}};
  EXPECT_EQ(refused(*whole, thoughts), "reasoning.closing");
  thoughts.reasoning = ReasoningBudget{1, 2, true, -1, {2}};
  EXPECT_EQ(refused(*whole, thoughts), "reasoning.tokens");
}

}  // namespace
}  // namespace understudy
