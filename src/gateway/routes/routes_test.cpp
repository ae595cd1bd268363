// The endpoints over a scripted model, through a real socket.
#include <gtest/gtest.h>

#include "gateway/testing/test_server.h"

namespace understudy {
namespace {

namespace json = boost::json;

std::string chat(const std::string& more = "") {
  return R"({"model":"test-model","messages":[{"role":"user","content":"hi"}])" + more + "}";
}
std::string text(const std::string& prompt, const std::string& more = "") {
  return R"({"model":"test-model","prompt":)" + prompt + more + "}";
}

// The JSON of each event, and that "[DONE]" ends them.
std::vector<json::value> events_of(const std::string& body) {
  std::vector<json::value> events;
  size_t at = 0;
  std::string last;
  while (at < body.size()) {
    size_t end = body.find("\n\n", at);
    EXPECT_NE(end, std::string::npos);
    EXPECT_EQ(body.substr(at, 6), "data: ");
    last = body.substr(at + 6, end - at - 6);
    if (last != "[DONE]") events.push_back(json::parse(last));
    at = end + 2;
  }
  EXPECT_EQ(last, "[DONE]");
  return events;
}

std::string string_at(const json::value& value, const char* pointer) {
  return std::string(value.at_pointer(pointer).as_string());
}

TEST(ChatCompletions, WholeAnswer) {
  TestServer server;
  TestResponse response = server.post("/v1/chat/completions", chat());
  ASSERT_EQ(response.status, 200) << response.body;
  json::value body = response.json();
  EXPECT_TRUE(string_at(body, "/id").starts_with("chatcmpl-"));
  EXPECT_EQ(body.at("object"), "chat.completion");
  EXPECT_EQ(body.at("model"), "test-model");
  EXPECT_EQ(body.at("system_fingerprint"), "fp_0123456789ab");
  EXPECT_TRUE(body.at("created").is_int64());
  EXPECT_EQ(body.at_pointer("/choices/0/index"), 0);
  EXPECT_EQ(body.at_pointer("/choices/0/message/role"), "assistant");
  EXPECT_EQ(body.at_pointer("/choices/0/message/content"), "Hello, world!");
  EXPECT_EQ(body.at_pointer("/choices/0/finish_reason"), "stop");
  EXPECT_TRUE(body.at_pointer("/choices/0/logprobs").is_null());
  EXPECT_EQ(body.at_pointer("/usage/completion_tokens"), 13);
  EXPECT_EQ(body.at_pointer("/usage/prompt_tokens_details/cached_tokens"), 0);
  EXPECT_EQ(body.at_pointer("/usage/total_tokens").as_int64(),
            body.at_pointer("/usage/prompt_tokens").as_int64() + 13);
  std::vector<AccessRecord> records = server.records();
  ASSERT_TRUE(eventually([&] { return !server.records().empty(); }));
  EXPECT_EQ(server.records()[0].completion_tokens, 13);
}

TEST(ChatCompletions, StreamedAnswerIsTheSame) {
  TestServer server;
  TestResponse response =
      server.post("/v1/chat/completions", chat(R"(,"stream":true,"stream_options":{"include_usage":true})"));
  ASSERT_EQ(response.status, 200);
  EXPECT_NE(response.head.find("Content-Type: text/event-stream"), std::string::npos);
  std::vector<json::value> events = events_of(response.body);
  std::string content;
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    EXPECT_EQ(events[i].at("object"), "chat.completion.chunk");
    EXPECT_EQ(events[i].at("id"), events[0].at("id"));
    EXPECT_TRUE(events[i].at("usage").is_null());
    const json::value& choice = events[i].at("choices").at(0);
    if (choice.at("delta").as_object().contains("content")) content += string_at(choice, "/delta/content");
    EXPECT_EQ(choice.at("finish_reason").is_null(), i + 2 < events.size());
  }
  EXPECT_EQ(content, "Hello, world!");
  EXPECT_EQ(events[0].at_pointer("/choices/0/delta/role"), "assistant");
  EXPECT_EQ(events[events.size() - 2].at_pointer("/choices/0/finish_reason"), "stop");
  EXPECT_TRUE(events.back().at("choices").as_array().empty());
  EXPECT_EQ(events.back().at_pointer("/usage/completion_tokens"), 13);
}

TEST(ChatCompletions, StreamWithoutUsageDoesNotMentionIt) {
  TestServer server;
  for (const json::value& event :
       events_of(server.post("/v1/chat/completions", chat(R"(,"stream":true)")).body)) {
    EXPECT_FALSE(event.as_object().contains("usage"));
  }
}

TEST(ChatCompletions, ChoicesFollowTheFirst) {
  TestServer server;
  json::value body = server.post("/v1/chat/completions", chat(R"(,"n":20,"seed":7)")).json();
  ASSERT_EQ(body.at("choices").as_array().size(), 20u);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(body.at("choices").at(i).at("index"), i);
    EXPECT_EQ(body.at("choices").at(i).at_pointer("/message/content"), "Hello, world!");
  }
  EXPECT_EQ(body.at_pointer("/usage/completion_tokens"), 20 * 13);
  std::vector<EngineRequest> submitted = server.provider->submitted();
  ASSERT_EQ(submitted.size(), 20u);
  EXPECT_EQ(body.at_pointer("/usage/prompt_tokens"), static_cast<int64_t>(submitted[0].prompt.size()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(submitted[i].sampling.seed, 7u + i);
}

TEST(ChatCompletions, UsageTellsWhatCameOfAPrediction) {
  TestServer server;
  const char* prediction =
      R"(,"drafts":false,"prediction":{"type":"content","content":[{"type":"text","text":"Hello, there"}]})";
  const json::value body = server.post("/v1/chat/completions", chat(prediction)).json();
  EXPECT_EQ(body.at_pointer("/usage/completion_tokens_details/accepted_prediction_tokens"), 7);
  EXPECT_EQ(body.at_pointer("/usage/completion_tokens_details/rejected_prediction_tokens"), 5);
  const EngineRequest submitted = server.provider->submitted()[0];
  EXPECT_EQ(std::string(submitted.prediction.begin(), submitted.prediction.end()), "Hello, there");
  EXPECT_FALSE(submitted.drafts);
  EXPECT_TRUE(server.post("/v1/chat/completions", chat())
                  .json()
                  .at_pointer("/usage")
                  .as_object()
                  .count("completion_tokens_details") == 0);
}

TEST(ChatCompletions, FullQueueInTheMiddleOnlyDelaysTheRest) {
  TestServer server;
  server.provider->capacity = 2;
  json::value body = server.post("/v1/chat/completions", chat(R"(,"n":9)")).json();
  EXPECT_EQ(body.at("choices").as_array().size(), 9u);
}

TEST(ChatCompletions, StopStringEndsTheTextAndTheWork) {
  TestServer server;
  server.provider->set_context(1 << 30);
  for (const char* stream : {"false", "true"}) {
    TestResponse response = server.post(
        "/v1/chat/completions", chat(R"(,"stop":["wor"],"logprobs":true,"stream":)" + std::string(stream)));
    ASSERT_EQ(response.status, 200);
    std::string content, tokens;
    std::vector<json::value> parts =
        *stream == 't' ? events_of(response.body) : std::vector<json::value>{response.json()};
    json::value reason;
    for (const json::value& part : parts) {
      const json::value& choice = part.at("choices").at(0);
      const json::object& message = (*stream == 't' ? choice.at("delta") : choice.at("message")).as_object();
      if (message.contains("content")) content += std::string(message.at("content").as_string());
      if (choice.at("logprobs").is_object()) {
        for (const json::value& token : choice.at_pointer("/logprobs/content").as_array()) {
          tokens += std::string(token.at("token").as_string());
        }
      }
      reason = choice.at("finish_reason");
    }
    EXPECT_EQ(content, "Hello, ");
    EXPECT_EQ(tokens, "Hello, ");
    EXPECT_EQ(reason, "stop");
  }
  EXPECT_EQ(server.provider->cancelled, 2);
}

TEST(ChatCompletions, LengthIsSaid) {
  TestServer server;
  json::value body = server.post("/v1/chat/completions", chat(R"(,"max_completion_tokens":5)")).json();
  EXPECT_EQ(body.at_pointer("/choices/0/message/content"), "Hello");
  EXPECT_EQ(body.at_pointer("/choices/0/finish_reason"), "length");
}

TEST(ChatCompletions, Logprobs) {
  TestServer server;
  json::value body =
      server.post("/v1/chat/completions", chat(R"(,"max_tokens":1,"logprobs":true,"top_logprobs":2)")).json();
  const json::value& token = body.at_pointer("/choices/0/logprobs/content/0");
  EXPECT_EQ(token.at("token"), "H");
  EXPECT_EQ(token.at("logprob").as_double(), -2.0);  // 'H' is 72
  EXPECT_EQ(token.at("bytes"), json::value({72}));
  EXPECT_EQ(token.at_pointer("/top_logprobs/1/token"), "B");
  EXPECT_EQ(token.at_pointer("/top_logprobs/1/logprob").as_double(), -1.0);
}

TEST(ChatCompletions, MessagesReachTheTemplate) {
  TestServer server;
  std::string body = R"({"model":"test","messages":[{"role":"developer","content":"be brief"},
      {"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]},
      {"role":"assistant","content":null,"refusal":null,"annotations":[]},
      {"role":"tool","content":"42","tool_call_id":"c1"},{"role":"user","content":"x","name":"Ann"}]})";
  ASSERT_EQ(server.post("/v1/chat/completions", body).status, 200);
  std::vector<EngineRequest> submitted = server.provider->submitted();
  std::string prompt(submitted.at(0).prompt.begin(), submitted.at(0).prompt.end());
  EXPECT_NE(prompt.find("system: be brief"), std::string::npos) << prompt;
  EXPECT_NE(prompt.find("one\ntwo"), std::string::npos) << prompt;
  EXPECT_EQ(prompt.find("developer"), std::string::npos) << prompt;
}

TEST(ChatCompletions, WhatItDoesNotDoIsRefusedByName) {
  TestServer server;
  struct {
    const char* more;
    const char* param;
  } cases[] = {
      {R"(,"tools":[{"type":"function"}])", "tools[0].function"},
      {R"(,"tool_choice":"required")", "tool_choice"},
      {R"(,"functions":[{}])", "functions"},
      {R"(,"response_format":{"type":"xml"})", "response_format.type"},
      {R"(,"modalities":["text","audio"])", "modalities"},
      {R"(,"audio":{"voice":"x"})", "audio"},
      {R"(,"prediction":{"type":"content"})", "prediction.content"},
      {R"(,"prediction":{"type":"text","content":"x"})", "prediction.type"},
      {R"(,"prediction":"x")", "prediction"},
      {R"(,"drafts":"no")", "drafts"},
      {R"(,"reasoning_effort":"low")", "reasoning_effort"},
      {R"(,"web_search_options":{"a":1})", "web_search_options"},
      {R"(,"temprature":1)", "temprature"},
      {R"(,"chat_template_kwargs":1)", "chat_template_kwargs"},
      {R"(,"chat_template_kwargs":{"messages":[]})", "chat_template_kwargs"},
      {R"(,"temperature":-1)", "temperature"},
  };
  for (const auto& entry : cases) {
    TestResponse response = server.post("/v1/chat/completions", chat(entry.more));
    EXPECT_EQ(response.status, 400) << entry.more;
    json::value error = response.json().at("error");
    EXPECT_EQ(error.at("param"), json::value(entry.param)) << entry.more;
    EXPECT_EQ(error.at("type"), "invalid_request_error");
    EXPECT_FALSE(error.at("message").as_string().empty());
  }
  const char* harmless =
      R"(,"tools":[],"tool_choice":"none","response_format":{"type":"text"},"modalities":["text"],
      "functions":null,"user":"u","drafts":false,"prediction":{"type":"content","content":[{"type":"text","text":"x"}]},"metadata":{"a":"b"},"chat_template_kwargs":{"enable_thinking":false})";
  EXPECT_EQ(server.post("/v1/chat/completions", chat(harmless)).status, 200);
}

TEST(ChatCompletions, BadMessagesAreRefusedByName) {
  TestServer server;
  struct {
    const char* messages;
    const char* param;
  } cases[] = {
      {"[]", "messages"},
      {"null", "messages"},
      {"{}", "messages"},
      {"\"hi\"", "messages"},
      {"[1]", "messages[0]"},
      {"[{}]", "messages[0].role"},
      {R"([{"role":"user"}])", "messages[0].content"},
      {R"([{"role":"user","content":null}])", "messages[0].content"},
      {R"([{"role":"user","content":1}])", "messages[0].content"},
      {R"([{"role":"wizard","content":"a"}])", "messages[0].role"},
      {R"([{"role":"user","content":"a"},{"role":1,"content":"a"}])", "messages[1].role"},
      {R"([{"role":"user","content":["a"]}])", "messages[0].content[0]"},
      {R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}])",
       "messages[0].content[0].type"},
      {R"([{"role":"user","content":[{"type":"text"}]}])", "messages[0].content[0].text"},
      {R"([{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}])",
       "messages[0].tool_calls[0].function"},
      {R"([{"role":"user","content":"a","colour":"red"}])", "messages[0].colour"},
  };
  for (const auto& entry : cases) {
    TestResponse response = server.post(
        "/v1/chat/completions", R"({"model":"test-model","messages":)" + std::string(entry.messages) + "}");
    EXPECT_EQ(response.status, 400) << entry.messages;
    EXPECT_EQ(response.json().at_pointer("/error/param"), json::value(entry.param)) << entry.messages;
  }
}

TEST(ChatCompletions, ErrorsOfTheEngineKeepTheirMeaning) {
  TestServer server;
  TestResponse response = server.post("/v1/chat/completions", chat(R"(,"max_tokens":5000)"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.json().at_pointer("/error/code"), "context_length_exceeded");
  EXPECT_NE(string_at(response.json(), "/error/message").find("4096"), std::string::npos);
  response = server.post("/v1/chat/completions",
                         R"({"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.json().at_pointer("/error/code"), "model_not_found");
  EXPECT_NE(string_at(response.json(), "/error/message").find("test-model"), std::string::npos);
}

TEST(Completions, PromptsOfEveryForm) {
  TestServer server;
  struct {
    const char* prompt;
    std::vector<std::string> expected;
  } cases[] = {
      {R"("ab")", {"ab"}},
      {R"(["ab","c"])", {"ab", "c"}},
      {"[97,98]", {"ab"}},
      {"[[97,98],[99]]", {"ab", "c"}},
      {R"(["ab",[99]])", {"ab", "c"}},
  };
  for (const auto& entry : cases) {
    json::value body = server.post("/v1/completions", text(entry.prompt, R"(,"echo":true)")).json();
    ASSERT_EQ(body.at("choices").as_array().size(), entry.expected.size()) << entry.prompt;
    EXPECT_EQ(body.at("object"), "text_completion");
    for (size_t i = 0; i < entry.expected.size(); ++i) {
      EXPECT_EQ(body.at("choices").at(i).at("text"), json::value(entry.expected[i] + "Hello, world!"));
      EXPECT_EQ(body.at("choices").at(i).at("index"), static_cast<int64_t>(i));
    }
  }
}

TEST(Completions, BadPromptsAreRefused) {
  TestServer server;
  for (const char* prompt : {"null", "1", "{}", "[]", "\"\"", "[[]]", "[257]", "[-1]", "[1.5]", "[1,\"a\"]",
                             "[[\"a\"]]", "[\"a\",1]", "[4294967296]", "[[[1]]]", "true"}) {
    TestResponse response = server.post("/v1/completions", text(prompt));
    EXPECT_EQ(response.status, 400) << prompt;
    EXPECT_EQ(response.json().at_pointer("/error/param"), "prompt") << prompt;
  }
  EXPECT_EQ(server.post("/v1/completions", text("\"a\"", R"(,"suffix":"b")")).status, 400);
  EXPECT_EQ(server.post("/v1/completions", text("\"a\"", R"(,"best_of":3)")).status, 400);
  EXPECT_EQ(server.post("/v1/completions", text("\"a\"", R"(,"best_of":2,"n":2)")).status, 200);
  EXPECT_EQ(server.post("/v1/completions", text(R"(["a","b"])", R"(,"n":65)")).status, 400);
}

// What lm_eval's local-completions sends, and how it reads the answer: token_logprobs[context:-1].
TEST(Completions, ScoringWithEchoGivesOneEntryPerPromptTokenAndOneMore) {
  TestServer server;
  json::value body =
      server
          .post("/v1/completions",
                text("[[97,195,164,98]]",
                     R"(,"temperature":0,"max_tokens":1,"logprobs":1,"seed":1234,"echo":true)"))
          .json();
  const json::value& scores = body.at_pointer("/choices/0/logprobs");
  EXPECT_EQ(body.at_pointer("/choices/0/text"),
            "a\xc3\xa4"
            "bH");
  EXPECT_EQ(scores.at("tokens"), json::value({"a", "bytes:\\xc3", "bytes:\\xa4", "b", "H"}));
  EXPECT_EQ(scores.at("text_offset"), json::value({0, 1, 2, 2, 3}));
  EXPECT_TRUE(scores.at_pointer("/token_logprobs/0").is_null());
  EXPECT_TRUE(scores.at_pointer("/top_logprobs/0").is_null());
  EXPECT_EQ(scores.at_pointer("/token_logprobs/3").as_double(), -8.0);   // 'b' is 98
  EXPECT_EQ(scores.at("top_logprobs").at(3).at("A").as_double(), 0.0);   // the likeliest
  EXPECT_EQ(scores.at("top_logprobs").at(3).at("b").as_double(), -8.0);  // and the one that came
  EXPECT_TRUE(server.provider->submitted().at(0).ignore_end);
}

TEST(Completions, ScoringWithoutAnAnswer) {
  TestServer server;
  json::value body =
      server.post("/v1/completions", text(R"("abc")", R"(,"max_tokens":0,"logprobs":0,"echo":true)")).json();
  EXPECT_EQ(body.at_pointer("/choices/0/text"), "abc");
  EXPECT_EQ(body.at_pointer("/choices/0/logprobs/tokens").as_array().size(), 3u);
  EXPECT_EQ(body.at_pointer("/choices/0/finish_reason"), "length");
  EXPECT_EQ(body.at_pointer("/usage/completion_tokens"), 0);
}

TEST(Completions, StreamsTextChunks) {
  TestServer server;
  std::string whole, tokens;
  for (const json::value& event :
       events_of(server.post("/v1/completions", text(R"("ab")", R"(,"stream":true,"echo":true,"logprobs":0)"))
                     .body)) {
    EXPECT_EQ(event.at("object"), "text_completion");
    whole += string_at(event, "/choices/0/text");
    if (!event.at_pointer("/choices/0/logprobs").is_object()) continue;
    for (const json::value& token : event.at_pointer("/choices/0/logprobs/tokens").as_array()) {
      tokens += std::string(token.as_string());
    }
  }
  EXPECT_EQ(whole, "abHello, world!");
  EXPECT_EQ(tokens, "abHello, world!");
}

TEST(Models, ListsAndGets) {
  TestServer server;
  json::value list = server.get("/v1/models").json();
  EXPECT_EQ(list.at("object"), "list");
  EXPECT_EQ(list.at_pointer("/data/0/id"), "test-model");
  EXPECT_EQ(list.at_pointer("/data/0/object"), "model");
  EXPECT_EQ(server.get("/v1/models/test").json().at("id"), "test-model");
  EXPECT_EQ(server.get("/v1/models/te%73t").json().at("id"), "test-model");
  EXPECT_EQ(server.get("/v1/models/gpt%2F4").status, 404);
}

TEST(Probes, ReadyAndMetricsCount) {
  TestServer server;
  EXPECT_EQ(server.post("/v1/completions", text(R"("a")")).status, 200);
  ASSERT_TRUE(eventually([&] { return !server.records().empty(); }));
  json::value ready = server.get("/ready").json();
  EXPECT_EQ(ready.at("status"), "ready");
  EXPECT_EQ(ready.at("running"), 0);
  EXPECT_EQ(ready.at("kv_bytes_total"), 1 << 20);
  std::string metrics = server.get("/metrics").body;
  EXPECT_NE(metrics.find("understudy_http_requests_total{route=\"/v1/completions\",status=\"200\"} 1\n"),
            std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("# TYPE understudy_kv_bytes_total gauge\nunderstudy_kv_bytes_total 1048576\n"),
            std::string::npos)
      << metrics;
}

}  // namespace
}  // namespace understudy
