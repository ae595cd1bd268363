// Runs tests/grammar/*.test: see tests/grammar/README.md for the format.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "grammar/matcher.h"
#include "grammar/schema_compiler.h"

namespace understudy {
namespace {

struct Case {
  std::string name, schema;
  KeyOrder order = KeyOrder::declared;
  std::vector<std::pair<std::string, std::string>> lines;  // what is expected of which text
};

std::vector<Case> read_cases() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(UNDERSTUDY_SOURCE_DIR "/tests/grammar")) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const auto& path : files) {
    std::ifstream file(path);
    std::string line;
    for (int number = 1; std::getline(file, line); number++) {
      if (line.empty() || line[0] == '#') continue;
      const size_t colon = std::min(line.find(": "), line.size());
      const std::string word = line.substr(0, colon), rest = line.substr(std::min(colon + 2, line.size()));
      if (word == "schema") {
        cases.push_back({path.stem().string() + ":" + std::to_string(number), rest, KeyOrder::declared, {}});
      } else if (cases.empty()) {
        cases.push_back(
            {path.stem().string() + ": a line in front of the first schema", "", KeyOrder::declared, {}});
      } else if (line == "order: any") {
        cases.back().order = KeyOrder::any;
      } else {
        cases.back().lines.emplace_back(word, rest);
      }
    }
  }
  return cases;
}

class SchemaSuite : public testing::TestWithParam<Case> {};

TEST_P(SchemaSuite, AnswersAsWritten) {
  const Case& c = GetParam();
  auto schema = parse_json(c.schema);
  ASSERT_TRUE(schema) << c.schema << " " << schema.error().message();
  ASSERT_FALSE(c.lines.empty()) << c.schema;
  auto values = compile_schema(*schema);
  if (c.lines[0].first == "refuse") {
    ASSERT_FALSE(values) << c.schema;
    for (const auto& [word, text] : c.lines) {
      EXPECT_EQ(word, "refuse") << c.schema;
      EXPECT_NE(values.error().message().find(text), std::string::npos) << text << "\n"
                                                                        << values.error().message();
    }
    return;
  }
  ASSERT_TRUE(values) << c.schema << " " << values.error().message();
  const auto grammar = std::make_shared<const Grammar>(std::move(*values), c.order);
  for (const auto& [word, text] : c.lines) {
    Matcher matcher(grammar, nullptr);
    const bool begins = text.empty() || matcher.accept(text);
    const bool ends = begins && matcher.can_end();
    if (word == "accept") {
      EXPECT_TRUE(ends) << text << (begins ? ": it is only the beginning of an answer" : "") << "\n"
                        << c.schema;
    } else if (word == "reject") {
      EXPECT_FALSE(ends) << text << "\n" << c.schema;
    } else if (word == "prefix") {
      EXPECT_TRUE(begins) << text << "\n" << c.schema;
    } else if (word == "dead") {
      EXPECT_FALSE(begins) << text << "\n" << c.schema;
    } else {
      ADD_FAILURE() << "unknown line '" << word << "' under " << c.schema;
    }
  }
}

std::string test_name(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, SchemaSuite, testing::ValuesIn(read_cases()), test_name);

}  // namespace
}  // namespace understudy
