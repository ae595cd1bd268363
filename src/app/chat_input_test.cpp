#include "app/chat_input.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

// The messages that the lines make, each followed by '|'; '...' if the last one goes on.
std::string messages(std::initializer_list<const char*> lines) {
  MessageReader reader;
  std::string text;
  for (const char* line : lines) {
    if (auto message = reader.add(line)) text += *message + "|";
  }
  return text + (reader.is_inside() ? "..." : "");
}

TEST(MessageReader, TakesALineAsAMessage) {
  EXPECT_EQ(messages({"hello", "", "you \"\"\" there"}), "hello||you \"\"\" there|");
}

TEST(MessageReader, GoesOnAfterABackslash) {
  EXPECT_EQ(messages({"a\\", "b\\", "c", "d"}), "a\nb\nc|d|");
  EXPECT_EQ(messages({"a\\"}), "...");
}

TEST(MessageReader, KeepsWhatIsBetweenQuotes) {
  EXPECT_EQ(messages({"\"\"\"", "a\\", "", "b", "\"\"\"", "c"}), "a\\\n\nb|c|");
  EXPECT_EQ(messages({"\"\"\"a", "b\"\"\""}), "a\nb|");
  EXPECT_EQ(messages({"\"\"\"one line\"\"\""}), "one line|");
  EXPECT_EQ(messages({"\"\"\"a", "b"}), "...");
}

TEST(SetParameter, ChangesWhatItNames) {
  ChatOptions options;
  EXPECT_TRUE(set_parameter(options, "temperature 0.2").ok());
  EXPECT_TRUE(set_parameter(options, "max_tokens=7").ok());
  EXPECT_FLOAT_EQ(options.sampling.temperature, 0.2f);
  EXPECT_EQ(options.max_tokens, 7);
  EXPECT_NE(parameter_list(options).find("temperature          0.2\n"), std::string::npos);
}

TEST(SetParameter, NamesTheRangeAndTheParameters) {
  ChatOptions options;
  for (const char* bad : {"temperature", "temperature x", "temperature 3", "temperature -1",
                          "temperature nan", "top_k 1.5", "max_tokens 0", "seed -1", "top_p 0.5 0.6"}) {
    EXPECT_EQ(set_parameter(options, bad).error().code, ErrorCode::invalid_argument) << bad;
  }
  EXPECT_EQ(set_parameter(options, "temperature 3").error().hint, "Give a number from 0 to 2");
  EXPECT_NE(set_parameter(options, "heat 1").error().hint.find("temperature, top_p"), std::string::npos);
}

}  // namespace
}  // namespace understudy
