// Prints the token ids of many texts: the C++ side of tokenizers.py.
//
//   tokenize MODEL < texts > ids
//
// A line of input is one text in hexadecimal, preceded by 't' (trusted: may hold control tokens) or 'd'
// (data). A line of output is its ids, separated by spaces, without BOS.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <iostream>

#include "engine/tokenizer_from_file.h"
#include "formats/read_model.h"

using namespace understudy;

namespace {

Result<std::shared_ptr<const Tokenizer>> load(const std::string& path) {
  ASSIGN_OR_RETURN(const ModelFile file, read_model(path));
  ASSIGN_OR_RETURN(TokenizerSpec spec, tokenizer_spec(file));
  return Tokenizer::create(std::move(spec));
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: tokenize MODEL < texts > ids\n");
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto tokenizer = load(argv[1]);
  if (!tokenizer) {
    fmt::print(stderr, "tokenize: {}\n", tokenizer.error().message());
    return 1;
  }
  fmt::print(stderr, "loaded in {:.0f} ms\n", milliseconds_since(start));
  double encoding_ms = 0;
  size_t bytes = 0;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) continue;
    const std::string text = from_hex(std::string_view(line).substr(1));
    const PromptText prompt = line[0] == 't' ? PromptText::trusted(text) : PromptText::data(text);
    const auto before = std::chrono::steady_clock::now();
    const std::vector<TokenId> ids = (*tokenizer)->encode(prompt, false);
    encoding_ms += milliseconds_since(before);
    bytes += text.size();
    fmt::print("{}\n", fmt::join(ids, " "));
  }
  fmt::print(stderr, "{} bytes in {:.0f} ms\n", bytes, encoding_ms);
  return 0;
}
