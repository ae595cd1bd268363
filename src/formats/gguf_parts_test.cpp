// Split GGUF models: every part opens the whole; what does not belong together gives an error that says so.
#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "formats/gguf.h"
#include "formats/gguf_builder_test.h"
#include "formats/safetensors_builder_test.h"

namespace understudy {
namespace {

constexpr int kParts = 3;

std::string part_name(int i, int parts = kParts) {
  char name[64];
  std::snprintf(name, sizeof(name), "tiny-%05d-of-%05d.gguf", i + 1, parts);
  return name;
}

// As llama.cpp's gguf-split writes it: all keys in the first part, the split's in each.
GgufBuilder part(int i, int tensors = 4) {
  GgufBuilder builder;
  if (i == 0) builder.set("general.architecture", "llama").set<uint32_t>("llama.block_count", 7);
  builder.set<uint16_t>("split.no", static_cast<uint16_t>(i));
  builder.set<uint16_t>("split.count", kParts).set<int32_t>("split.tensors.count", tensors);
  return builder;
}

// Part 0 holds no tensor, part 1 one and part 2 three.
void write_parts(const TestFolder& folder) {
  folder.write(part_name(0), part(0).build());
  folder.write(part_name(1), part(1).tensor("a", DType::f32, {8, 2}).build());
  folder.write(part_name(2), part(2)
                                 .tensor("b", DType::f16, {16})
                                 .tensor("c", DType::q8_0, {32, 3})
                                 .tensor("d", DType::f32, {4})
                                 .build());
}

TEST(GgufParts, AnyPartOpensTheWhole) {
  TestFolder folder;
  write_parts(folder);
  for (int i = 0; i < kParts; ++i) {
    const auto model = read_gguf(folder.path(part_name(i)));
    ASSERT_TRUE(model.ok()) << model.error().message();
    EXPECT_EQ(model->architecture, "llama");
    EXPECT_EQ(*model->metadata.get<int64_t>("llama.block_count"), 7);
    ASSERT_EQ(model->tensors.size(), 4u);
    for (const char* name : {"a", "b", "c", "d"}) ASSERT_NE(model->tensor(name), nullptr) << name;
    EXPECT_EQ(model->tensor("c")->dtype, DType::q8_0);
    EXPECT_EQ(model->tensor("c")->shape, (std::vector<int64_t>{32, 3}));
    EXPECT_EQ(model->tensor("b")->bytes[0], std::byte{1});  // the builder's pattern starts anew for each file
    EXPECT_EQ(model->tensor("b")->bytes[1], std::byte{8});
  }
}

TEST(GgufParts, APartInMemoryIsUnsupported) {
  const std::string bytes = part(0).build();
  const auto model = read_gguf(std::as_bytes(std::span(bytes)), "memory");
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code, ErrorCode::unsupported);
}

struct Case {
  std::string name;
  std::function<void(const TestFolder&)> spoil;
  std::string opened;
  ErrorCode code;
  std::vector<std::string> message;  // substrings
};

void PrintTo(const Case& bad, std::ostream* out) { *out << bad.name; }

std::vector<Case> bad_folders() {
  const auto corrupt = ErrorCode::corrupt;
  return {
      {"missing parts",
       [](const TestFolder& folder) {
         std::filesystem::remove(folder.path(part_name(0)));
         std::filesystem::remove(folder.path(part_name(2)));
       },
       part_name(1),
       ErrorCode::not_found,
       {"expected 3 parts", part_name(0) + ", " + part_name(2)}},
      {"another name",
       [](const TestFolder& folder) {
         std::filesystem::rename(folder.path(part_name(1)), folder.path("renamed.gguf"));
       },
       "renamed.gguf",
       corrupt,
       {"-00001-of-00003.gguf", "found renamed.gguf"}},
      {"another count",
       [](const TestFolder& folder) {
         GgufBuilder builder;
         builder.set<uint16_t>("split.no", 1).set<uint16_t>("split.count", 4);
         folder.write(part_name(1), builder.tensor("a", DType::f32, {8, 2}).build());
       },
       part_name(0),
       corrupt,
       {part_name(1), "split.count", "expected 3, found 4"}},
      {"a part that is no part",
       [](const TestFolder& folder) {
         GgufBuilder builder;
         builder.set("general.architecture", "llama");
         folder.write(part_name(1), builder.tensor("a", DType::f32, {8, 2}).build());
       },
       part_name(0),
       corrupt,
       {part_name(1), "split.count", "expected 3, found 1"}},
      {"parts swapped",
       [](const TestFolder& folder) {
         std::filesystem::copy_file(folder.path(part_name(1)), folder.path(part_name(2)),
                                    std::filesystem::copy_options::overwrite_existing);
       },
       part_name(0),
       corrupt,
       {part_name(2), "split.no", "expected 2, found 1"}},
      {"a tensor in two parts",
       [](const TestFolder& folder) {
         folder.write(part_name(1), part(1).tensor("b", DType::f32, {8, 2}).build());
       },
       part_name(0),
       corrupt,
       {"two parts", "tensor b"}},
      {"a tensor missing",
       [](const TestFolder& folder) { folder.write(part_name(1), part(1).build()); },
       part_name(0),
       corrupt,
       {"split.tensors.count", "expected 4, found 3"}},
      {"no count of tensors",
       [](const TestFolder& folder) {
         GgufBuilder builder;
         builder.set("general.architecture", "llama").set<uint16_t>("split.count", kParts);
         folder.write(part_name(0), builder.build());
       },
       part_name(2),
       corrupt,
       {"split.tensors.count", "found no such key"}},
      {"a part cut short",
       [](const TestFolder& folder) { std::filesystem::resize_file(folder.path(part_name(2)), 200); },
       part_name(0),
       corrupt,
       {part_name(2)}},
      {"too many parts",
       [](const TestFolder& folder) {
         GgufBuilder builder;
         builder.set("general.architecture", "llama").set<uint16_t>("split.count", 65535);
         folder.write(part_name(0), builder.build());
       },
       part_name(0),
       ErrorCode::unsupported,
       {"at most 1024, found 65535"}},
  };
}

class BadGgufParts : public testing::TestWithParam<Case> {};

TEST_P(BadGgufParts, GivesTheRightError) {
  TestFolder folder;
  write_parts(folder);
  GetParam().spoil(folder);
  const auto model = read_gguf(folder.path(GetParam().opened));
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code, GetParam().code);
  for (const std::string& part : GetParam().message)
    EXPECT_NE(model.error().message().find(part), std::string::npos) << model.error().message();
}

INSTANTIATE_TEST_SUITE_P(Folders, BadGgufParts, testing::ValuesIn(bad_folders()));

}  // namespace
}  // namespace understudy
