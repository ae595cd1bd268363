// safetensors files, right ones and hostile ones: each crafted file gives the right error, naming the right
// thing; truncated and bit-flipped files give an error or tensors inside the file.
#include "formats/safetensors.h"

#include <gtest/gtest.h>

#include <ostream>
#include <random>

#include "formats/allocation_meter_test.h"
#include "formats/limits.h"
#include "formats/safetensors_builder_test.h"

namespace understudy {
namespace {

Result<SafetensorsFile> read(std::string_view file, std::vector<std::byte>& copy) {
  const auto bytes = std::as_bytes(std::span(file));
  copy.assign(bytes.begin(), bytes.end());
  copy.shrink_to_fit();  // so that a sanitizer sees any read past the end
  return read_safetensors(copy, "test.safetensors");
}

SafetensorsBuilder two_tensors() {
  SafetensorsBuilder builder;
  builder.raw(R"("__metadata__":{"format":"pt","strange":[1]})");
  builder.tensor("a", "F32", "[2,3]", std::string(24, 'a')).tensor("b", "BF16", "[5]", std::string(10, 'b'));
  return builder;
}

TEST(Safetensors, ReadsTensorsWithTheContiguousAxisFirst) {
  std::vector<std::byte> bytes;
  const auto file = read(two_tensors()
                             .tensor("scalar", "F16", "[]", "cc")
                             .tensor("ids", "I64", "[1,2]", std::string(16, 'd'))
                             .build(),
                         bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  ASSERT_EQ(file->tensors.size(), 3u);
  EXPECT_EQ(file->tensors[0].name, "a");
  EXPECT_EQ(file->tensors[0].shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(file->tensors[0].bytes.size(), 24u);
  EXPECT_EQ(file->tensors[0].bytes[23], std::byte{'a'});
  EXPECT_EQ(file->tensors[1].dtype, DType::bf16);
  EXPECT_EQ(file->tensors[1].bytes[0], std::byte{'b'});
  EXPECT_EQ(file->tensors[2].shape, (std::vector<int64_t>{1}));
  ASSERT_EQ(file->foreign.size(), 1u);
  EXPECT_EQ(file->foreign[0].name, "ids");
  EXPECT_EQ(file->foreign[0].type, "I64");
  ASSERT_EQ(file->metadata.size(), 1u);
  EXPECT_EQ(file->metadata.at("format"), "pt");
}

TEST(Safetensors, OrderInTheHeaderDoesNotMatter) {
  SafetensorsBuilder builder;
  builder.raw_tensor("second", "F16", "[2]", 4, 8).raw_tensor("first", "F16", "[2]", 0, 4).data(8);
  std::vector<std::byte> bytes;
  const auto file = read(builder.build(), bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->tensors[0].name, "first");
}

struct Case {
  std::string name, file;
  ErrorCode code;
  std::string what, where;  // substrings of the error's fields
};

void PrintTo(const Case& bad, std::ostream* out) { *out << bad.name; }

std::string one(const std::string& type, const std::string& shape, uint64_t begin, uint64_t end) {
  return SafetensorsBuilder().raw_tensor("a", type, shape, begin, end).data(64).build();
}

std::string raw(const std::string& member) { return SafetensorsBuilder().raw(member).data(8).build(); }

std::string with_header_bytes(uint64_t size) {
  SafetensorsBuilder builder = two_tensors();
  builder.header_bytes = size;
  return builder.build();
}

std::vector<Case> bad_files() {
  const auto corrupt = ErrorCode::corrupt, unsupported = ErrorCode::unsupported;
  const std::string deep = "\"a\":" + std::string(1000, '[') + std::string(1000, ']');
  const std::string big = std::string(kMaxSafetensorsHeaderBytes + 8, ' ');
  return {
      {"empty", "", corrupt, "it has 0 bytes", "test.safetensors"},
      {"seven bytes", "1234567", corrupt, "it has 7 bytes", "test.safetensors"},
      {"web page", "<!DOCTYPE html><html>", corrupt, "not a whole safetensors file", "test.safetensors"},
      {"header longer than the file", with_header_bytes(1 << 20), corrupt, "expected a header of 1048576",
       ""},
      {"header of 2^64-1 bytes", with_header_bytes(UINT64_MAX), corrupt, "header of 18446744073709551615",
       ""},
      {"header of none", with_header_bytes(0), corrupt, "the header", ""},
      {"header cut short", with_header_bytes(30), corrupt, "invalid JSON", "byte 30"},
      {"header beyond the limit", SafetensorsBuilder().raw("\"__metadata__\":{}" + big).build(), unsupported,
       "at most 4194304 bytes", ""},
      {"deep nesting", raw(deep), corrupt, "nested deeper", ""},
      {"same name twice",
       SafetensorsBuilder().tensor("a", "F16", "[1]", "xx").tensor("a", "F16", "[1]", "xx").build(), corrupt,
       "duplicate key \"a\"", ""},
      {"tensor that is no object", raw(R"("a":1)"), corrupt, "expected dtype", "tensor a"},
      {"no offsets", raw(R"("a":{"dtype":"F32","shape":[2]})"), corrupt, "expected dtype", "tensor a"},
      {"one more member", raw(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1})"), corrupt,
       "nothing else", "tensor a"},
      {"empty name", raw(R"("":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), unsupported, "found 0",
       ""},
      {"name with a newline", raw(R"("a\nb":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), corrupt,
       "printable ASCII", ""},
      {"long name",
       SafetensorsBuilder().raw_tensor(std::string(257, 'n'), "F32", "[2]", 0, 8).data(8).build(),
       unsupported, "found 257", ""},
      {"unknown type", one("Q4_K", "[16]", 0, 64), unsupported, "found \"Q4_K\"", "tensor a"},
      {"five axes", one("F32", "[1,1,1,1,16]", 0, 64), unsupported, "at most 4 axes, found 5", "tensor a"},
      {"length of 0", one("F32", "[0,4]", 0, 0), corrupt, "found 0", "tensor a"},
      {"negative length", one("F32", "[-16]", 0, 64), corrupt, "found -16", "tensor a"},
      {"length as a fraction", one("F32", "[1.5]", 0, 64), corrupt, "1.5E0", "tensor a"},
      {"length above 2^63", one("F32", "[9223372036854775808]", 0, 64), corrupt, "2^63-1", "tensor a"},
      {"size beyond 2^63", one("F32", "[4294967296,4294967296]", 0, 64), corrupt, "more than 2^60",
       "tensor a"},
      {"fewer bytes than the shape", one("F32", "[17]", 0, 64), corrupt,
       "hold 64 bytes, shape [17] in F32 needs 68", "tensor a"},
      {"half a byte", one("F4", "[3]", 0, 1), corrupt, "data_offsets hold", "tensor a"},
      {"end before begin", one("F32", "[1]", 4, 0), corrupt, "begin and end", "tensor a"},
      {"negative offset", raw(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]})"), corrupt,
       "begin and end", "tensor a"},
      {"three offsets", raw(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]})"), corrupt,
       "begin and end", "tensor a"},
      {"outside the file", one("F32", "[32]", 0, 128), corrupt, "ends at byte 128 of 64", "tensor a"},
      {"gap in front", one("F32", "[15]", 4, 64), corrupt,
       "begin at 0, where the one before it ends, found 4", "tensor a"},
      {"bytes left over", one("F32", "[15]", 0, 60), corrupt, "expected 60 bytes of data, found 64", ""},
      {"overlap",
       SafetensorsBuilder()
           .raw_tensor("a", "F32", "[2]", 0, 8)
           .raw_tensor("b", "F32", "[2]", 4, 12)
           .data(12)
           .build(),
       corrupt, "begin at 8", "tensor b"},
      {"no data", SafetensorsBuilder().raw_tensor("a", "F32", "[2]", 0, 8).build(), corrupt,
       "of 0 bytes of data", "tensor a"},
  };
}

class BadSafetensors : public testing::TestWithParam<Case> {};

TEST_P(BadSafetensors, GivesTheRightError) {
  std::vector<std::byte> bytes;
  const AllocationMeter meter;
  const auto file = read(GetParam().file, bytes);
  // JSON takes up to 40 times its text (base/json.h); beside it there are only small things.
  EXPECT_LE(meter.peak_bytes(), 41 * std::min<size_t>(GetParam().file.size(), kMaxSafetensorsHeaderBytes) +
                                    GetParam().file.size() + 65536);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, GetParam().code);
  EXPECT_NE(file.error().what.find(GetParam().what), std::string::npos) << file.error().message();
  EXPECT_NE(file.error().where.find(GetParam().where), std::string::npos) << file.error().message();
  EXPECT_TRUE(file.error().where.starts_with("test.safetensors")) << file.error().message();
}

INSTANTIATE_TEST_SUITE_P(Files, BadSafetensors, testing::ValuesIn(bad_files()));

// Whatever is read lies inside the file and does not overlap.
void expect_promises(const SafetensorsFile& file, std::span<const std::byte> bytes) {
  size_t total = 0;
  for (const TensorView& tensor : file.tensors) {
    EXPECT_GE(tensor.bytes.data(), bytes.data());
    EXPECT_LE(tensor.bytes.data() + tensor.bytes.size(), bytes.data() + bytes.size());
    EXPECT_EQ(tensor.bytes.size(), static_cast<size_t>(tensor.elements()) * info(tensor.dtype).bytes);
    total += tensor.bytes.size();
  }
  EXPECT_LE(total, bytes.size());
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::string file = two_tensors().build();
  std::vector<std::byte> bytes;
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(read(file.substr(0, size), bytes).ok()) << size;
}

TEST(Safetensors, FlippedBitsKeepThePromises) {
  const std::string file = two_tensors().build();
  std::mt19937 random(1);
  std::vector<std::byte> bytes;
  for (int i = 0; i < 5000; ++i) {
    std::string flipped = file;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips)
      flipped[random() % flipped.size()] ^= static_cast<char>(1 << random() % 8);
    const auto read_back = read(flipped, bytes);
    if (read_back.ok()) expect_promises(*read_back, bytes);
  }
}

}  // namespace
}  // namespace understudy
