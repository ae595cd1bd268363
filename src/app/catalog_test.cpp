#include "app/catalog.h"

#include <gtest/gtest.h>

#include <set>

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
      EXPECT_TRUE(pypi || source.starts_with("https://")) << source;
      EXPECT_TRUE(!pypi || expand_packages(source.substr(7)).ok()) << source;
    }
  }
  for (const char* name : {"smollm2:135m", "gemma3:270m", "qwen2.5-coder:0.5b", "qwen2.5-coder:1.5b"}) {
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
  for (const char* bad : {"", "model=1", "model=[1]", "[[model]]\nname='../a'", "not toml ="}) {
    EXPECT_FALSE(parse_catalog(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace understudy
