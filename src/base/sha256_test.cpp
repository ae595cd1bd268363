#include "base/sha256.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

std::string digest(std::string_view text, size_t chunk) {
  Sha256 sha;
  for (size_t i = 0; i < text.size(); i += chunk) sha.update(std::as_bytes(std::span(text.substr(i, chunk))));
  return sha.hex();
}

// Values of FIPS 180-4's examples.
TEST(Sha256, MatchesPublishedExamples) {
  EXPECT_EQ(digest("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 7),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, ChunksDoNotMatter) {
  std::string text(1000, 'a');
  EXPECT_EQ(digest(text, 1), digest(text, 999));
  EXPECT_NE(digest(text, 1), digest(text + "a", 1));
}

TEST(Sha256, OfMissingFileIsAnError) {
  EXPECT_EQ(sha256_of_file("/nonexistent/file").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace understudy
