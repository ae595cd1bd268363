#include "app/model_choice.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

std::vector<ListedFile> files(std::initializer_list<const char*> paths) {
  std::vector<ListedFile> list;
  for (const char* path : paths) list.push_back({path, 1});
  return list;
}

std::string names(const Result<std::vector<ChosenFile>>& chosen) {
  if (!chosen.ok()) return "error: " + chosen.error().what;
  std::string text;
  for (const ChosenFile& file : *chosen) text += file.file.path + " ";
  return text;
}

std::string choice(std::initializer_list<const char*> paths, const std::string& wanted = "") {
  return names(choose_model(files(paths), wanted, "hf://o/r"));
}

TEST(ChooseModel, TakesTheOnlyGgufModel) {
  EXPECT_EQ(choice({"README.md", "a.gguf", "mmproj-a.gguf", "a.imatrix.gguf"}), "a.gguf ");
  EXPECT_EQ(choice({"config.json", "model.safetensors", "a.gguf"}), "a.gguf ");
}

TEST(ChooseModel, PrefersQ4KMAmongSeveral) {
  EXPECT_EQ(choice({"a-q8_0.gguf", "a-q4_k_m.gguf", "a-q4_k_s.gguf"}), "a-q4_k_m.gguf ");
  EXPECT_EQ(choice({"a-Q8_0.gguf", "a-Q4_0.gguf"}),
            "error: there are 2 models and no Q4_K_M among them to prefer");
  EXPECT_EQ(choice({"a-Q4_K_M.gguf", "b-Q4_K_M.gguf"}),
            "error: there are 2 models and no Q4_K_M among them to prefer");
}

TEST(ChooseModel, KeepsThePartsOfASplitModelTogether) {
  EXPECT_EQ(choice({"x/a-00002-of-00002.gguf", "x/a-00001-of-00002.gguf"}),
            "x/a-00001-of-00002.gguf x/a-00002-of-00002.gguf ");
  EXPECT_EQ(choice({"a-00002-of-00002.gguf", "a-00001-of-00002.gguf", "b.gguf"}, "a-00002-of-00002.gguf"),
            "a-00001-of-00002.gguf a-00002-of-00002.gguf ");
  EXPECT_EQ(choice({"a-00001-of-00002.gguf"}), "error: part 2 of 2 is missing");
}

TEST(ChooseModel, LooksInsideTheNamedFolderOnly) {
  EXPECT_EQ(choice({"Q4/a.gguf", "Q8/a.gguf"}, "Q8"), "Q8/a.gguf ");
  EXPECT_EQ(choice({"config.json", "model.safetensors", "sub/config.json", "sub/model.safetensors"}, "sub"),
            "sub/config.json sub/model.safetensors ");
}

TEST(ChooseModel, TakesAFolderOfSafetensors) {
  EXPECT_EQ(choice({"model.safetensors", "tokenizer.json", "config.json", "x.py", "onnx/model.onnx"}),
            "config.json tokenizer.json model.safetensors ");
  EXPECT_EQ(choice({"config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
                    "model-00002-of-00002.safetensors", "consolidated-00001-of-00002.safetensors"}),
            "config.json model.safetensors.index.json model-00001-of-00002.safetensors "
            "model-00002-of-00002.safetensors ");
  EXPECT_EQ(choice({"config.json", "model.safetensors.index.json", "model-00002-of-00002.safetensors"}),
            "error: part 1 of 2 is missing");
  for (auto missing : {choice({"model.safetensors"}), choice({"config.json"}), choice({}),
                       choice({"config.json", "model-00001-of-00001.safetensors"})}) {
    EXPECT_EQ(missing, "error: no GGUF file, and no config.json with model.safetensors");
  }
}

TEST(NumberedPart, ReadsTheNamingOfSplitFiles) {
  const auto part = numbered_part("Qwen-Q4_K_M-00002-of-00010.gguf");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->stem, "Qwen-Q4_K_M");
  EXPECT_EQ(part->number, 2);
  EXPECT_EQ(part->count, 10);
  EXPECT_EQ(part->ending, ".gguf");
  for (const char* no : {"", "a.gguf", "a-00000-of-00002.gguf", "a-00003-of-00002.gguf", "a-1-of-2.gguf"}) {
    EXPECT_FALSE(numbered_part(no)) << no;
  }
}

}  // namespace
}  // namespace understudy
