#include "store/call_formats/reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <vector>

#include "base/json.h"
#include "base/testing/temporary_folder.h"
#include "store/call_id.h"
#include "store/chat_completion.h"
#include "store/limits.h"
#include "store/store.h"
#include "store/testing/sample_call.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct ReadFile {
  std::vector<Call> calls;
  std::vector<Error> errors;
  int64_t other_rows = 0;
};

class ReaderTest : public ::testing::Test {
 protected:
  ReadFile read(const std::string& text, const std::string& format = "") {
    const std::string path = folder_.file("rows.jsonl");
    std::ofstream(path, std::ios::binary) << text;
    auto reader = CallReader::open(path, format);
    ReadFile found;
    if (!reader.ok()) {
      found.errors.push_back(reader.error());
      return found;
    }
    while (true) {
      auto call = reader->next();
      if (!call.ok()) {
        found.errors.push_back(call.error());
        continue;
      }
      if (!*call) break;
      found.calls.push_back(std::move(**call));
    }
    found.other_rows = reader->other_rows();
    return found;
  }
  // Of a file of this one row.
  Call read_one(const std::string& row) {
    ReadFile found = read(row + "\n");
    for (const Error& error : found.errors) ADD_FAILURE() << error.message();
    EXPECT_EQ(found.calls.size(), 1u);
    return found.calls.empty() ? Call() : found.calls[0];
  }

  TemporaryFolder folder_;
};

json::object object_of(const std::string& text) {
  auto value = parse_json(text);
  return value.ok() && value->is_object() ? value->as_object() : json::object();
}

std::string content_of(const Call& call) {
  const json::object response = object_of(call.response);
  const json::object* message = message_of(response);
  const json::value* content = message == nullptr ? nullptr : message->if_contains("content");
  return content != nullptr && content->is_string() ? std::string(content->get_string()) : "";
}

TEST_F(ReaderTest, Pairs) {
  const Call call = read_one(
      R"({"request":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"stream":true},)"
      R"("response":{"id":"chatcmpl-1","created":1750000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":)"
      R"({"role":"assistant","content":"hello"}}],"usage":{"prompt_tokens":5,"completion_tokens":2}},)"
      R"("project":"support","session":"s1","tags":["a","b"]})");
  EXPECT_EQ(call.time_ms, 1'750'000'000'000);
  EXPECT_EQ(time_of_call_id(call.id), call.time_ms);
  EXPECT_EQ(call.project, "support");
  EXPECT_EQ(call.session, "s1");
  EXPECT_EQ(call.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(call.endpoint, "/v1/chat/completions");
  EXPECT_EQ(call.model, "gpt-4o");
  EXPECT_EQ(call.target_model, "gpt-4o-2024-08-06");
  EXPECT_EQ(call.origin, Origin::incumbent);
  EXPECT_TRUE(call.streamed);
  EXPECT_EQ(call.status, 200);
  EXPECT_EQ(call.prompt_tokens, 5);
  EXPECT_EQ(call.completion_tokens, 2);
  EXPECT_EQ(call.cached_tokens, std::nullopt);
  EXPECT_EQ(content_of(call), "hello");
}

TEST_F(ReaderTest, PairsOfOtherEndpointsAndOrigins) {
  EXPECT_EQ(read_one(R"({"request":{"prompt":"a"},"response":{"choices":[]}})").endpoint, "/v1/completions");
  EXPECT_EQ(read_one(R"({"request":{"input":"a"},"response":{"object":"list"}})").endpoint, "/v1/embeddings");
  EXPECT_EQ(read_one(R"({"request":{"input":"a"},"response":{"object":"response"}})").endpoint,
            "/v1/responses");
  EXPECT_EQ(read_one(R"({"request":{"messages":[]},"response":{"type":"message"}})").endpoint,
            "/v1/messages");
  EXPECT_EQ(read_one(R"({"request":{"messages":[]},"response":{},"origin":"local"})").origin, Origin::local);
  const Call failed = read_one(R"({"request":{"messages":[]},"response":{"error":{"message":"too many"}}})");
  EXPECT_EQ(failed.error, "too many");
  EXPECT_EQ(failed.status, 0);
  const Call unanswered = read_one(R"({"request":{"messages":[]},"response":null})");
  EXPECT_EQ(unanswered.response, "");
  EXPECT_EQ(unanswered.status, 0);
}

TEST_F(ReaderTest, BodiesMayBeJsonTexts) {
  const Call call =
      read_one(R"({"request":"{\"model\":\"m\",\"messages\":[]}","response":"{\"choices\":[]}"})");
  EXPECT_EQ(call.request, R"({"model":"m","messages":[]})");
  EXPECT_EQ(call.response, R"({"choices":[]})");
}

TEST_F(ReaderTest, Messages) {
  const Call call = read_one(
      R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"a"}],)"
      R"("tools":[{"type":"function"}]})");
  EXPECT_EQ(object_of(call.request).at("messages").as_array().size(), 2u);
  EXPECT_TRUE(object_of(call.request).contains("tools"));
  EXPECT_EQ(content_of(call), "a");
  EXPECT_EQ(call.time_ms, 0);
  EXPECT_EQ(call.prompt_tokens, std::nullopt);
  EXPECT_EQ(call.status, 200);
}

TEST_F(ReaderTest, Flywheel) {
  const Call call = read_one(
      R"({"timestamp":1750000000.25,"workload_id":"intents","client_id":"bank","request":{"model":"m","messages":[]},)"
      R"("response":{"choices":[],"created":5}})");
  EXPECT_EQ(call.time_ms, 1'750'000'000'250);
  EXPECT_EQ(call.project, "bank");
  EXPECT_EQ(call.tags, std::vector<std::string>{"intents"});
}

TEST_F(ReaderTest, LitellmSpendLog) {
  const Call call = read_one(
      R"({"request_id":"chatcmpl-7","call_type":"acompletion","api_key":"88dc28","spend":0.00021,"total_tokens":30,)"
      R"("prompt_tokens":20,"completion_tokens":10,"startTime":"2026-01-31T12:00:00.000Z","endTime":"2026-01-31T12:00:01.500Z",)"
      R"("completionStartTime":"2026-01-31T12:00:00.400Z","model":"gpt-4o-2024-08-06","model_group":"gpt-4o",)"
      R"("custom_llm_provider":"openai","metadata":{"user_api_key_team_alias":"bank"},"request_tags":"[\"beta\"]",)"
      R"("session_id":"s9","status":"success","messages":{},"response":"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"yes\"}}]}",)"
      R"("proxy_server_request":"{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"temperature\":0}"})");
  EXPECT_EQ(call.import_key, "litellm:chatcmpl-7");
  EXPECT_EQ(call.time_ms, 1'769'860'800'000);
  EXPECT_EQ(call.total_ms, 1500);
  EXPECT_EQ(call.first_token_ms, 400);
  EXPECT_EQ(call.model, "gpt-4o");
  EXPECT_EQ(call.target_model, "gpt-4o-2024-08-06");
  EXPECT_EQ(call.provider, "openai");
  EXPECT_EQ(call.project, "bank");
  EXPECT_EQ(call.session, "s9");
  EXPECT_EQ(call.tags, std::vector<std::string>{"beta"});
  EXPECT_EQ(call.prompt_tokens, 20);
  EXPECT_EQ(call.cost_usd, 0.00021);
  EXPECT_EQ(call.status, 200);
  EXPECT_EQ(call.request, R"({"model":"gpt-4o","messages":[{"role":"user","content":"q"}],"temperature":0})");
  EXPECT_EQ(content_of(call), "yes");
  EXPECT_EQ(call.request.find("88dc28"), std::string::npos);
}

TEST_F(ReaderTest, LitellmCallback) {
  const Call call = read_one(
      R"({"id":"c1","trace_id":"t1","call_type":"completion","stream":true,"response_cost":0.0,"status":"failure",)"
      R"("total_tokens":0,"prompt_tokens":0,"completion_tokens":0,"startTime":1750000000.5,"endTime":1750000001.5,)"
      R"("completionStartTime":1750000001.5,"model":"gpt-4o","messages":[{"role":"user","content":"q"}],)"
      R"("response":{},"model_parameters":{"temperature":0.5},"error_str":"RateLimitError","error_information":{"error_code":"429"}})");
  EXPECT_EQ(call.time_ms, 1'750'000'000'500);
  EXPECT_EQ(call.first_token_ms, std::nullopt);
  EXPECT_EQ(call.status, 429);
  EXPECT_EQ(call.error, "RateLimitError");
  EXPECT_EQ(call.prompt_tokens, std::nullopt);
  EXPECT_EQ(call.cost_usd, std::nullopt);
  EXPECT_TRUE(call.streamed);
  EXPECT_EQ(call.session, "t1");
  EXPECT_EQ(object_of(call.request).at("temperature").as_double(), 0.5);
  EXPECT_EQ(call.response, "");
}

TEST_F(ReaderTest, LitellmWithoutBodiesIsMetadataAndOtherKindsAreNoCalls) {
  const ReadFile found = read(
      R"({"request_id":"a","call_type":"acompletion","startTime":"2026-01-31 12:00:00","model":"gpt-4o","messages":{},"response":{}})"
      "\n"
      R"({"request_id":"b","call_type":"aimage_generation","startTime":"2026-01-31 12:00:00","model":"x"})");
  ASSERT_EQ(found.calls.size(), 1u);
  EXPECT_EQ(found.other_rows, 1);
  EXPECT_EQ(found.calls[0].request, "");
  EXPECT_EQ(found.calls[0].endpoint, "/v1/chat/completions");
}

TEST_F(ReaderTest, LangfuseApi) {
  const Call call = read_one(
      R"({"id":"o1","traceId":"t1","type":"GENERATION","name":"classify","startTime":"2026-01-31T12:00:00.100Z",)"
      R"("endTime":"2026-01-31T12:00:00.900Z","completionStartTime":"2026-01-31T12:00:00.300Z","model":"gpt-4o",)"
      R"("modelParameters":{"temperature":0},"input":[{"role":"user","content":"q"}],"output":{"role":"assistant","content":"a"},)"
      R"("usageDetails":{"input":10,"input_cached_tokens":90,"output":3,"total":103},"costDetails":{"total":0.002},"level":"DEFAULT"})");
  EXPECT_EQ(call.import_key, "langfuse:o1");
  EXPECT_EQ(call.total_ms, 800);
  EXPECT_EQ(call.first_token_ms, 200);
  EXPECT_EQ(call.prompt_tokens, 100);
  EXPECT_EQ(call.cached_tokens, 90);
  EXPECT_EQ(call.completion_tokens, 3);
  EXPECT_EQ(call.cost_usd, 0.002);
  EXPECT_EQ(call.session, "t1");
  EXPECT_EQ(call.tags, std::vector<std::string>{"classify"});
  EXPECT_EQ(object_of(call.request).at("temperature").as_int64(), 0);
  EXPECT_EQ(content_of(call), "a");
}

TEST_F(ReaderTest, LangfuseExport) {
  const ReadFile found = read(
      R"({"id":"o2","trace_id":"t1","type":"GENERATION","start_time":"2026-01-31 12:00:00.100000","provided_model_name":"gpt-4o",)"
      R"("input":"what?","output":"{\"intent\":\"lost_card\"}","usage_details":{},"total_cost":0,"level":"ERROR","status_message":"cut"})"
      "\n"
      R"({"id":"o3","trace_id":"t1","type":"SPAN","start_time":"2026-01-31 12:00:00.100000"})");
  ASSERT_EQ(found.calls.size(), 1u);
  EXPECT_EQ(found.other_rows, 1);
  const Call& call = found.calls[0];
  EXPECT_EQ(call.time_ms, 1'769'860'800'100);
  EXPECT_EQ(call.model, "gpt-4o");
  EXPECT_EQ(content_of(call), R"({"intent":"lost_card"})");
  EXPECT_EQ(call.request, R"({"messages":[{"role":"user","content":"what?"}],"model":"gpt-4o"})");
  EXPECT_EQ(call.prompt_tokens, std::nullopt);
  EXPECT_EQ(call.cost_usd, std::nullopt);
  EXPECT_EQ(call.error, "cut");
}

TEST_F(ReaderTest, WhatIsWrittenReadsTheSame) {
  Call call = sample_call(3);
  call.id = new_call_id(call.time_ms);
  call.reason = "contract:tools";
  call.origin = Origin::local;
  call.cpu_seconds = 0.75;
  call.request = "{\n  \"model\": \"m\",\n  \"messages\": []\n}";
  call.response = "no JSON \xc3\xa9";
  auto line = kCallsFormat.write(call);
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->find('\n'), std::string::npos);
  const Call again = read_one(*line);
  EXPECT_EQ(again.id, call.id);
  EXPECT_EQ(again.time_ms, call.time_ms);
  EXPECT_EQ(again.origin, Origin::local);
  EXPECT_EQ(again.reason, call.reason);
  EXPECT_EQ(again.tags, call.tags);
  EXPECT_EQ(again.streamed, call.streamed);
  EXPECT_EQ(again.completion_tokens, 0);
  EXPECT_EQ(again.cached_tokens, std::nullopt);
  EXPECT_EQ(again.cpu_seconds, 0.75);
  EXPECT_EQ(again.cost_usd, call.cost_usd);
  EXPECT_EQ(again.request, R"({"model":"m","messages":[]})");
  EXPECT_EQ(again.response, call.response);
  auto pair = kPairsFormat.write(call);
  ASSERT_TRUE(pair.ok());
  const Call from_pair = read_one(R"({"origin":"local",)" + pair->substr(pair->find("\"request\"")));
  EXPECT_EQ(from_pair.origin, Origin::local);
}

TEST_F(ReaderTest, OnlyTrainingTargetsBecomeRowsForFineTuning) {
  Call call = sample_call(1);
  call.response =
      R"({"choices":[{"message":{"role":"assistant","content":"answer","refusal":null,"annotations":[]}}]})";
  EXPECT_EQ(
      *kMessagesFormat.write(call),
      R"({"messages":[{"role":"user","content":"question 1"},{"role":"assistant","content":"answer"}]})");
  auto refused = [](Call copy, const std::function<void(Call&)>& change) {
    change(copy);
    auto line = kMessagesFormat.write(copy);
    return line.ok() ? "written" : line.error().what;
  };
  EXPECT_EQ(refused(call, [](Call& c) { c.origin = Origin::local; }),
            "a local answer is never a training target");
  EXPECT_EQ(refused(call, [](Call& c) { c.status = 500; }), "the call has no whole answer");
  EXPECT_EQ(refused(call, [](Call& c) { c.error = "cut"; }), "the call has no whole answer");
  EXPECT_EQ(refused(call, [](Call& c) { c.endpoint = "/v1/embeddings"; }), "not a chat completion");
  EXPECT_EQ(refused(call, [](Call& c) { c.request = ""; }), "request or response was not recorded");
  EXPECT_EQ(refused(call, [](Call& c) { c.response = R"({"choices":[]})"; }), "not one answer to messages");
}

TEST_F(ReaderTest, BrokenLinesAreNamedAndTheRestIsRead) {
  const std::string good = R"({"messages":[{"role":"assistant","content":"a"}]})";
  std::string text = "\xEF\xBB\xBF" + good + "\r\n\n";  // 1, and an empty line
  text += "{\"messages\":\n";                           // 3: cut off
  text += R"({"messages":[],"messages":[]})"
          "\n";                                                  // 4: a key twice
  text += "{\"messages\":\"\xff\"}\n";                           // 5: not UTF-8
  text += std::string("{\"messages\":\"\0\"}\n", 17);            // 6: NUL
  text += std::string(200, '[') + std::string(200, ']') + "\n";  // 7: deep
  text += std::string(kMaxLineBytes + 1, ' ') + "\n";            // 8: huge
  text += "{\"a\":1}\n";                                         // 9: of no form
  text += R"([{"messages":[]}])"
          "\n";  // 10: an array
  text += R"({"messages":[{"role":"user","content":"a"}]})"
          "\n";  // 11: no answer
  text += R"({"request":7,"response":{}})"
          "\n";  // 12
  text += R"({"request":{"model":"x"},"response":{}})"
          "\n";  // 13
  text += R"({"request":{"messages":[],"model":")" + std::string(kMaxFieldBytes + 1, 'm') +
          R"("},"response":{}})"
          "\n";
  text += good;  // 15: no end of line
  const ReadFile found = read(text);
  EXPECT_EQ(found.calls.size(), 2u);
  const std::vector<std::pair<int, std::string>> expected = {
      {3, "incomplete JSON"},      {4, "duplicate key \"messages\""},
      {5, "invalid JSON"},         {6, "invalid JSON"},
      {7, "nested deeper"},        {8, "longer than 8 MB"},
      {9, "no known form"},        {10, "a JSON array"},
      {11, "not the assistant's"}, {12, "not an object"},
      {13, "neither messages"},    {14, "the limit is"}};
  ASSERT_EQ(found.errors.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const Error& error = found.errors[i];
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
    EXPECT_NE(error.where.find("line " + std::to_string(expected[i].first)), std::string::npos)
        << error.message();
    EXPECT_NE(error.what.find(expected[i].second), std::string::npos) << error.message();
  }
}

TEST_F(ReaderTest, TheSameRowHasTheSameKey) {
  const std::string row = R"({"request":{"messages":[],"model":"a"},"response":{}})";
  const std::string other = R"({"request":{"messages":[],"model":"b"},"response":{}})";
  const ReadFile found = read(row + "\n" + row + "\n" + other + "\n");
  ASSERT_EQ(found.calls.size(), 3u);
  EXPECT_EQ(found.calls[0].import_key, found.calls[1].import_key);
  EXPECT_NE(found.calls[0].id, found.calls[1].id);
  EXPECT_NE(found.calls[0].import_key, found.calls[2].import_key);
}

TEST_F(ReaderTest, FilesThatAreNone) {
  EXPECT_EQ(CallReader::open(folder_.file("missing")).error().code, ErrorCode::not_found);
  EXPECT_EQ(CallReader::open(folder_.file("")).error().what, "this is a folder");
  EXPECT_EQ(CallReader::open(folder_.file("missing"), "csv").error().what, "there is no form 'csv'");
  EXPECT_TRUE(read("").calls.empty());
  EXPECT_TRUE(read("\n\n").errors.empty());
}

// Lines longer than the reader's buffer, and lines that end where it ends.
TEST_F(ReaderTest, LinesMayBeLongerThanTheBuffer) {
  std::string text;
  for (const size_t size : {1u, 262'000u, 262'144u, 700'000u}) {
    text += R"({"messages":[{"role":"assistant","content":")" + std::string(size, 'a') + "\"}]}\n";
  }
  const ReadFile found = read(text);
  ASSERT_EQ(found.calls.size(), 4u);
  EXPECT_EQ(content_of(found.calls[3]).size(), 700'000u);
}

TEST_F(ReaderTest, AFormThatIsNamedIsTheOnlyOne) {
  const ReadFile found = read(R"({"a":1})", "flywheel");
  ASSERT_EQ(found.errors.size(), 1u);
  EXPECT_EQ(found.errors[0].what, "the request is not an object");
}

}  // namespace
}  // namespace understudy
