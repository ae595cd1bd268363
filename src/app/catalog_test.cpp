#include "app/catalog.h"

#include <gtest/gtest.h>

#include <set>

#include "app/hub_address.h"
#include "app/wheel_parts.h"

namespace understudy {
namespace {

TEST(Catalog, EmbeddedOneIsValid) {
  auto entries = catalog();
  ASSERT_TRUE(entries.ok()) << entries.error().message();
  std::set<std::string> names;
  for (const CatalogEntry& entry : *entries) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    for (const std::string& source : entry.sources) {
      bool pypi = source.starts_with("pypi://");
      bool hub = source.starts_with("hf://");
      EXPECT_TRUE(pypi || hub || source.starts_with("https://")) << source;
      EXPECT_TRUE(!hub || parse_hub_address(source).ok()) << source;
      EXPECT_TRUE(!pypi || expand_packages(source.substr(7)).ok()) << source;
    }
  }
  for (const char* name :
       {"smollm2:135m", "gemma3:270m", "qwen2.5-coder:0.5b", "qwen2.5-coder:1.5b", "all-minilm:l6"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(Catalog, NamesTheBrokenEntry) {
  const std::string good = "[[model]]\nname='a'\nlicence='MIT'\nbytes=1\nsources=['https://x']\nsha256='" +
                           std::string(64, 'a') + "'\n";
  ASSERT_TRUE(parse_catalog(good).ok());
  auto broken = parse_catalog(good + "[[model]]\nname='b'\nlicence='MIT'\nbytes=1\nsources=['https://x']\n");
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().where, "catalog.toml, model 2 \"b\"");
  const std::string folder = "[[model]]\nname='a'\nlicence='MIT'\nsources=['https://x']\nfiles=[";
  const std::string file = "{path='config.json', bytes=2, sha256='" + std::string(64, 'a') + "'}";
  auto entries = parse_catalog(folder + file + "]");
  ASSERT_TRUE(entries.ok()) << entries.error().message();
  EXPECT_EQ((*entries)[0].bytes, 2u);
  EXPECT_EQ((*entries)[0].sha256, folder_sha256((*entries)[0].files));
  EXPECT_FALSE(parse_catalog(folder + "{path='../a', bytes=2}]").ok());
  for (const char* bad : {"", "model=1", "model=[1]", "[[model]]\nname='../a'", "not toml ="}) {
    EXPECT_FALSE(parse_catalog(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace understudy
