#include "gateway/config.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace understudy {
namespace {

TEST(Config, IsReadWhole) {
  ::setenv("UNDERSTUDY_TEST_KEY", "sk-1", 1);
  const auto config = parse_config(R"(
[providers.big]
url = "https://api.example.com/v1"
api_key = "env::UNDERSTUDY_TEST_KEY"

[routes]
"*" = { provider = "big" }
"fast" = { provider = "big", model = "vendor/fast-1" }
"small" = { provider = "local", fallback = "fast" }
"alone" = { provider = "local" }

[ledger]
log = "metadata"
on_failure = "refuse"
cpu_hour_usd = 0.05

[retention]
days = 7

[prices."vendor/fast-1"]
input = 0.1
output = 0.4
)",
                                   "u.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->fallback->api_key, "sk-1");
  EXPECT_EQ(config->routes.at("fast").model, "vendor/fast-1");
  EXPECT_EQ(config->local_routes, (std::map<std::string, std::string>{{"small", "fast"}, {"alone", ""}}));
  EXPECT_EQ(config->ledger.log, LogLevel::metadata);
  EXPECT_TRUE(config->ledger.refuse_on_failure);
  EXPECT_EQ(config->retention_days, 7);
  EXPECT_DOUBLE_EQ(config->ledger.prices.find("vendor/fast-1")->output, 0.4);
}

TEST(Config, ErrorsNameLineAndKey) {
  struct Case {
    const char *text, *what;
    int line;
  };
  const Case cases[] = {
      {"x = ", "", 1},
      {"[provider.a]\n", "'provider'", 1},
      {"[providers.a]\nurl = \"https://a\"\nkey = 1\n", "'key'", 3},
      {"[providers.a]\nurl = 5\n", "'url' must be a text", 2},
      {"[providers.a]\nurl = \"ftp://a\"\n", "http", 1},
      {"[providers.a]\nurl = \"https://u:p@a\"\n", "credentials", 1},
      {"[providers.a]\nurl = \"https://a\"\napi_key = \"env::UNDERSTUDY_NOT_SET\"\n", "UNDERSTUDY_NOT_SET",
       3},
      {"[routes]\nx = { provider = \"b\" }\n", "'b'", 2},
      {"[routes]\nx = 1\n", "table", 2},
      {"[routes]\nx = { provider = \"local\", model = \"m\" }\n", "'model'", 2},
      {"[routes]\n\"*\" = { provider = \"local\" }\n", "upstream", 2},
      {"[providers.local]\nurl = \"https://a\"\n", "'local'", 1},
      {"[ledger]\nlog = \"some\"\n", "'some'", 2},
      {"[ledger]\non_failure = \"x\"\n", "'x'", 2},
      {"[retention]\ndays = -1\n", "'days'", 2},
      {"[prices.m]\ninput = 1\n", "output", 1},
  };
  for (const Case& c : cases) {
    const auto config = parse_config(c.text, "u.toml");
    ASSERT_FALSE(config.ok()) << c.text;
    EXPECT_NE(config.error().what.find(c.what), std::string::npos) << config.error().message();
    EXPECT_EQ(config.error().where, "u.toml, line " + std::to_string(c.line)) << c.text;
  }
}

TEST(Config, AddressesJoinWithOrWithoutVersion) {
  EXPECT_EQ((UpstreamTarget{"p", "https://a/v1/", ""}.address("/v1/models/a b", "q=1")),
            "https://a/v1/models/a%20b?q=1");
  EXPECT_EQ((UpstreamTarget{"p", "https://a/proxy", ""}.address("/v1/models", "")),
            "https://a/proxy/v1/models");
}

}  // namespace
}  // namespace understudy
