// Runs tests/http/*.http against the server: see tests/http/README.md for the format.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "gateway/testing/test_server.h"

namespace understudy {
namespace {

struct Expectation {
  int status = 0;
  bool close = false;
  std::vector<std::string> contains, lacks;
};

struct Transcript {
  std::string name, api_key;
  HttpLimits limits;
  std::string bytes;
  std::vector<Expectation> expectations;
};

// \r \n \t \\ \xNN, and {N*text} for text N times.
std::string unescape(std::string_view line) {
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    size_t star = line.find('*', i), brace = line.find('}', i);
    bool repeats = line[i] == '{' && i + 1 < star && star < brace && brace != std::string_view::npos &&
                   std::all_of(&line[i + 1], &line[star], [](char c) { return c >= '0' && c <= '9'; });
    if (repeats) {
      int times = std::stoi(std::string(line.substr(i + 1, star - i - 1)));
      std::string repeated = unescape(line.substr(star + 1, brace - star - 1));
      while (times-- > 0) text += repeated;
      i = brace;
    } else if (line[i] == '\\' && i + 1 < line.size()) {
      char c = line[++i];
      if (c == 'x') {
        text += static_cast<char>(std::stoi(std::string(line.substr(i + 1, 2)), nullptr, 16));
        i += 2;
      } else {
        text += c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c;
      }
    } else {
      text += line[i];
    }
  }
  return text;
}

void apply_setting(Transcript& transcript, const std::string& setting) {
  size_t equals = setting.find('=');
  std::string name = setting.substr(0, equals), value = setting.substr(equals + 1);
  if (name == "api_key") transcript.api_key = value;
  if (name == "header_timeout_ms")
    transcript.limits.header_timeout = std::chrono::milliseconds(std::stoi(value));
  if (name == "body_timeout_ms") transcript.limits.body_timeout = std::chrono::milliseconds(std::stoi(value));
  if (name == "idle_timeout_ms") transcript.limits.idle_timeout = std::chrono::milliseconds(std::stoi(value));
  if (name == "body_bytes") transcript.limits.body_bytes = std::stoul(value);
}

void append_sent_line(Transcript& transcript, const std::string& line) {
  if (line.starts_with("@post ")) {
    size_t space = line.find(' ', 6);
    transcript.bytes += TestServer::post_text(line.substr(6, space - 6), unescape(line.substr(space + 1)));
  } else if (line.ends_with('\\') && !line.ends_with("\\\\")) {
    transcript.bytes += unescape(line.substr(0, line.size() - 1));
  } else {
    transcript.bytes += unescape(line) + "\r\n";
  }
}

std::vector<Transcript> read_transcripts() {
  std::vector<Transcript> transcripts;
  for (const auto& entry : std::filesystem::directory_iterator(UNDERSTUDY_SOURCE_DIR "/tests/http")) {
    if (entry.path().extension() != ".http") continue;
    std::ifstream file(entry.path());
    std::string line;
    Transcript settings;
    bool sending = false;
    while (std::getline(file, line)) {
      if (line.starts_with("=== ")) {
        transcripts.push_back(settings);
        transcripts.back().name = entry.path().stem().string() + ": " + line.substr(4);
        sending = true;
      } else if (line.starts_with("<<< ")) {
        transcripts.back().expectations.push_back(
            {std::stoi(line.substr(4)), line.ends_with(" close"), {}, {}});
        sending = false;
      } else if (line.starts_with("@server ")) {
        apply_setting(settings, line.substr(8));
      } else if (sending) {
        append_sent_line(transcripts.back(), line);
      } else if (line.starts_with("~ ")) {
        transcripts.back().expectations.back().contains.push_back(line.substr(2));
      } else if (line.starts_with("!~ ")) {
        transcripts.back().expectations.back().lacks.push_back(line.substr(3));
      }
    }
  }
  return transcripts;
}

class HttpTranscript : public testing::TestWithParam<Transcript> {};

TEST_P(HttpTranscript, AnswersAsWritten) {
  const Transcript& transcript = GetParam();
  TestServer server(transcript.limits, transcript.api_key);
  ASSERT_TRUE(server.server);
  TestClient client = server.connect();
  client.send(transcript.bytes);
  ASSERT_FALSE(transcript.expectations.empty());
  for (const Expectation& expected : transcript.expectations) {
    TestResponse response = client.read_response();
    EXPECT_EQ(response.status, expected.status) << response.head << response.body;
    std::string all = response.head + response.body;
    for (const std::string& text : expected.contains)
      EXPECT_NE(all.find(text), std::string::npos) << text << "\n" << all;
    for (const std::string& text : expected.lacks)
      EXPECT_EQ(all.find(text), std::string::npos) << text << "\n" << all;
    if (expected.close) {
      EXPECT_TRUE(client.closed_by_server());
    }
  }
}

std::string test_name(const testing::TestParamInfo<Transcript>& transcript) {
  std::string name = transcript.param.name;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name + "_" + std::to_string(transcript.index);
}

INSTANTIATE_TEST_SUITE_P(Files, HttpTranscript, testing::ValuesIn(read_transcripts()), test_name);

}  // namespace
}  // namespace understudy
