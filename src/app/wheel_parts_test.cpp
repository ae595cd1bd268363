#include "app/wheel_parts.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

std::vector<WheelEntry> entries(std::initializer_list<const char*> members) {
  std::vector<WheelEntry> list;
  for (const char* member : members) list.push_back({"w.whl", member, 1});
  return list;
}

std::string order(const std::vector<WheelEntry>& parts) {
  std::string text;
  for (const WheelEntry& part : parts) text += part.member + " ";
  return text;
}

TEST(SelectParts, TakesTheOnlyModel) {
  auto parts = select_parts(entries({"pkg/__init__.py", "pkg/SmolLM2.Q4_1.gguf", "pkg.dist-info/RECORD"}));
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(order(*parts), "pkg/SmolLM2.Q4_1.gguf ");
}

TEST(SelectParts, OrdersByNumberNotByName) {
  auto parts = select_parts(
      entries({"a/data/part10.bin", "b/data/part2.bin", "c/part1.bin", "d/part3.bin", "e/part4.bin",
               "f/part5.bin", "g/part6.bin", "h/part7.bin", "i/part8.bin", "j/part9.bin"}));
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->front().member, "c/part1.bin");
  EXPECT_EQ((*parts)[1].member, "b/data/part2.bin");
  EXPECT_EQ(parts->back().member, "a/data/part10.bin");
}

TEST(SelectParts, UnderstandsGgufParts) {
  auto parts = select_parts(entries({"p2/m.gguf.part01", "p1/m.gguf.part00", "p1/__init__.py"}));
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(order(*parts), "p1/m.gguf.part00 p2/m.gguf.part01 ");
}

TEST(SelectParts, RefusesGapsDoublesLateStartsAndNothing) {
  EXPECT_EQ(select_parts(entries({"part1.bin", "part3.bin"})).error().what, "part 2 is missing");
  EXPECT_EQ(select_parts(entries({"a/part1.bin", "b/part1.bin"})).error().code, ErrorCode::corrupt);
  EXPECT_EQ(select_parts(entries({"part2.bin", "part3.bin"})).error().what, "the parts start at 2");
  EXPECT_EQ(select_parts(entries({"pkg/__init__.py"})).error().code, ErrorCode::not_found);
  EXPECT_EQ(select_parts({}).error().code, ErrorCode::not_found);
  EXPECT_EQ(select_parts(entries({"a.gguf", "b.gguf"})).error().code, ErrorCode::invalid_argument);
}

TEST(SelectModel, FindsAFolderWhereThereIsNoGguf) {
  auto folder = select_model(entries({"p/__init__.py", "p/m/config.json", "p/m/1_Pooling/config.json",
                                      "p/m/model.safetensors", "p/m/README.md"}));
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ(folder->size(), 3u);
  EXPECT_EQ(order(folder->at("1_Pooling/config.json")), "p/m/1_Pooling/config.json ");
  EXPECT_EQ(order(select_model(entries({"p/config.json", "p/a.gguf"}))->at("")), "p/a.gguf ");
  EXPECT_EQ(select_model(entries({"p/config.json"})).error().code, ErrorCode::not_found);
  auto two = entries({"a/config.json", "a/model.safetensors", "b/config.json", "b/model.safetensors"});
  EXPECT_EQ(select_model(two).error().code, ErrorCode::invalid_argument);
}

TEST(ExpandPackages, CountsRangesAndKeepsVersions) {
  auto packages = expand_packages("m-part{9..11}==0.2.0,other");
  ASSERT_TRUE(packages.ok());
  EXPECT_EQ(*packages,
            (std::vector<std::string>{"m-part9==0.2.0", "m-part10==0.2.0", "m-part11==0.2.0", "other"}));
}

TEST(ExpandPackages, RefusesWhatPipCouldTakeForAnOptionOrAPath) {
  for (const char* bad : {"",
                          "-r",
                          "--index-url=http://x",
                          "a,",
                          ",a",
                          "a b",
                          "a;b",
                          "../a",
                          "a/b",
                          "/etc/passwd",
                          ".",
                          "a@http://x",
                          "git+https://x",
                          "a>=1",
                          "a{2..1}",
                          "a{1..99999}",
                          "a{1..2}{1..2}",
                          "{1..2}-",
                          "a==",
                          "a==-1",
                          "a==1 --pre",
                          "a[extra]",
                          "a\n"}) {
    EXPECT_FALSE(expand_packages(bad).ok()) << bad;
  }
  EXPECT_FALSE(expand_packages(std::string(300, 'a')).ok());
}

}  // namespace
}  // namespace understudy
