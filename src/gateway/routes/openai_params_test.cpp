// Every parameter with every kind of nonsense: 400 that names the parameter.
#include "gateway/routes/openai_params.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

namespace json = boost::json;

constexpr int kVocabulary = 257;

Result<GenerationParams> read_chat(const std::string& body) {
  json::object object = json::parse(body).as_object();
  FieldReader fields(object);
  ASSIGN_OR_RETURN(GenerationParams params, read_shared_params(fields, kVocabulary));
  RETURN_IF_ERROR(read_chat_limits(fields, params));
  RETURN_IF_ERROR(fields.finish());
  return params;
}

Result<GenerationParams> read_text(const std::string& body, bool echo) {
  json::object object = json::parse(body).as_object();
  FieldReader fields(object);
  ASSIGN_OR_RETURN(GenerationParams params, read_shared_params(fields, kVocabulary));
  RETURN_IF_ERROR(read_text_limits(fields, echo, params));
  RETURN_IF_ERROR(fields.finish());
  return params;
}

TEST(OpenAiParams, DefaultsAreOpenAis) {
  GenerationParams params = read_chat("{}").value();
  EXPECT_EQ(params.sampling.temperature, 1.0f);
  EXPECT_EQ(params.sampling.top_p, 1.0f);
  EXPECT_EQ(params.choices, 1);
  EXPECT_EQ(params.max_tokens, -1);
  EXPECT_EQ(params.logprobs, -1);
  EXPECT_FALSE(params.stream);
  EXPECT_EQ(read_text("{}", false).value().max_tokens, 16);
  EXPECT_NE(read_chat("{}").value().sampling.seed, params.sampling.seed);
}

TEST(OpenAiParams, EverythingIsRead) {
  GenerationParams params =
      read_chat(R"({"temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.05, "n": 3,
      "max_completion_tokens": 7, "stop": ["a", "b"], "seed": -5, "logit_bias": {"256": -100, "0": 1.5},
      "logprobs": true, "top_logprobs": 4, "frequency_penalty": -2, "presence_penalty": 2, "repetition_penalty": 1.1,
      "stream": true, "stream_options": {"include_usage": true}, "ignore_eos": true, "user": "u", "store": false,
      "metadata": {"a": "b"}, "service_tier": "auto"})")
          .value();
  EXPECT_EQ(params.sampling.temperature, 0.5f);
  EXPECT_EQ(params.sampling.top_p, 0.9f);
  EXPECT_EQ(params.sampling.top_k, 40);
  EXPECT_EQ(params.sampling.min_p, 0.05f);
  EXPECT_EQ(params.choices, 3);
  EXPECT_EQ(params.max_tokens, 7);
  EXPECT_EQ(params.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(params.sampling.seed, static_cast<uint64_t>(-5));
  EXPECT_EQ(params.sampling.logit_bias.at(256), -100.0f);
  EXPECT_EQ(params.sampling.logit_bias.at(0), 1.5f);
  EXPECT_EQ(params.logprobs, 4);
  EXPECT_EQ(params.sampling.frequency_penalty, -2.0f);
  EXPECT_EQ(params.sampling.presence_penalty, 2.0f);
  EXPECT_EQ(params.sampling.repetition_penalty, 1.1f);
  EXPECT_TRUE(params.stream && params.include_usage && params.ignore_end);
}

TEST(OpenAiParams, NullMeansAbsent) {
  auto params = read_chat(R"({"temperature": null, "n": null, "stop": null, "seed": null, "logit_bias": null,
      "max_tokens": null, "logprobs": null, "top_logprobs": null, "stream": null, "stream_options": null})");
  ASSERT_TRUE(params.ok());
  EXPECT_EQ(params->sampling.temperature, 1.0f);
}

TEST(OpenAiParams, NonsenseIsRefusedByName) {
  const char* wrong_types[] = {"\"1\"", "[]", "{}", "true"};
  const char* wrong_numbers[] = {"-1", "2147483648", "1e308", "-1e308", "1e-400", "0.5", "1000000"};
  struct {
    const char* name;
    std::vector<const char*> allowed;  // of the numbers above
  } fields[] = {
      {"temperature", {"1e-400", "0.5"}},
      {"top_p", {"0.5"}},
      {"min_p", {"1e-400", "0.5"}},
      {"top_k", {"1000000"}},
      {"n", {}},
      {"max_tokens", {"1000000"}},
      {"max_completion_tokens", {"1000000"}},
      {"frequency_penalty", {"-1", "1e-400", "0.5"}},
      {"presence_penalty", {"-1", "1e-400", "0.5"}},
      {"repetition_penalty", {"0.5"}},
  };
  for (const auto& field : fields) {
    std::vector<std::string> values(std::begin(wrong_types), std::end(wrong_types));
    values.insert(values.end(), std::begin(wrong_numbers), std::end(wrong_numbers));
    for (const std::string& value : values) {
      bool allowed = std::find(field.allowed.begin(), field.allowed.end(), value) != field.allowed.end();
      auto params = read_chat("{\"" + std::string(field.name) + "\": " + value + "}");
      ASSERT_EQ(params.ok(), allowed) << field.name << " " << value;
      if (allowed) continue;
      EXPECT_EQ(params.error().code, ErrorCode::invalid_argument);
      EXPECT_EQ(params.error().where, field.name);
    }
  }
}

TEST(OpenAiParams, OtherNonsenseIsRefusedByName) {
  struct {
    const char* body;
    const char* where;
  } cases[] = {
      {R"({"stop": ""})", "stop"},
      {R"({"stop": 1})", "stop"},
      {R"({"stop": [1]})", "stop"},
      {R"({"stop": ["a", "b", "c", "d", "e"]})", "stop"},
      {R"({"seed": 1.5})", "seed"},
      {R"({"seed": 1e30})", "seed"},
      {R"({"seed": "1"})", "seed"},
      {R"({"logit_bias": []})", "logit_bias"},
      {R"({"logit_bias": {"x": 1}})", "logit_bias"},
      {R"({"logit_bias": {"-1": 1}})", "logit_bias"},
      {R"({"logit_bias": {"257": 1}})", "logit_bias"},
      {R"({"logit_bias": {"99999999999999999999": 1}})", "logit_bias"},
      {R"({"logit_bias": {"1": 100.5}})", "logit_bias"},
      {R"({"logit_bias": {"1": -1e308}})", "logit_bias"},
      {R"({"logit_bias": {"1": "1"}})", "logit_bias"},
      {R"({"logprobs": 1})", "logprobs"},
      {R"({"top_logprobs": 3})", "top_logprobs"},
      {R"({"logprobs": true, "top_logprobs": 21})", "top_logprobs"},
      {R"({"logprobs": true, "top_logprobs": -1})", "top_logprobs"},
      {R"({"max_tokens": 0})", "max_tokens"},
      {R"({"max_tokens": 1, "max_completion_tokens": 2})", "max_tokens"},
      {R"({"stream": "yes"})", "stream"},
      {R"({"stream_options": {"include_usage": true}})", "stream_options"},
      {R"({"stream": true, "stream_options": {"include_usage": 1}})", "stream_options.include_usage"},
      {R"({"stream": true, "stream_options": {"other": 1}})", "stream_options.other"},
      {R"({"stream": true, "stream_options": 1})", "stream_options"},
      {R"({"n": 129})", "n"},
      {R"({"n": 0})", "n"},
      {R"({"top_p": 0})", "top_p"},
      {R"({"temprature": 1})", "temprature"},
  };
  for (const auto& entry : cases) {
    auto params = read_chat(entry.body);
    ASSERT_FALSE(params.ok()) << entry.body;
    EXPECT_EQ(params.error().where, entry.where) << entry.body;
  }
}

TEST(OpenAiParams, TextTakesCountsOfLogprobsAndNoTokensWithEcho) {
  EXPECT_EQ(read_text(R"({"logprobs": 5})", false).value().logprobs, 5);
  EXPECT_EQ(read_text(R"({"logprobs": 0})", false).value().logprobs, 0);
  EXPECT_FALSE(read_text(R"({"logprobs": true})", false).ok());
  EXPECT_FALSE(read_text(R"({"logprobs": 21})", false).ok());
  EXPECT_EQ(read_text(R"({"max_tokens": 0})", true).value().max_tokens, 0);
  EXPECT_FALSE(read_text(R"({"max_tokens": 0})", false).ok());
}

}  // namespace
}  // namespace understudy
