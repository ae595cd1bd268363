#include "gateway/access.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

bool accepts_host(const AccessPolicy& policy, const std::string& host) {
  HttpRequest request;
  request.headers.push_back({"Host", host});
  return check_origin(policy, request).ok();
}

TEST(AccessPolicy, AddressesThatOthersReachNeedAKey) {
  for (const char* host : {"0.0.0.0", "::", "192.168.1.5", "models.example"}) {
    auto policy = make_access_policy(host, "", {});
    ASSERT_FALSE(policy.ok()) << host;
    EXPECT_EQ(policy.error().code, ErrorCode::forbidden);
    EXPECT_TRUE(make_access_policy(host, "key", {}).ok()) << host;
  }
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    EXPECT_TRUE(make_access_policy(host, "", {}).ok()) << host;
  }
}

TEST(AccessPolicy, NamesThatOnlyStartLikeLoopbackAreForeign) {
  AccessPolicy policy = make_access_policy("127.0.0.1", "", {}).value();
  EXPECT_FALSE(accepts_host(policy, "127.0.0.1.evil.example"));
  EXPECT_FALSE(accepts_host(policy, "127.evil.example"));
  EXPECT_FALSE(accepts_host(policy, "localhost.evil.example:8080"));
  EXPECT_FALSE(accepts_host(policy, "0.0.0.0"));
  EXPECT_TRUE(accepts_host(policy, "LOCALHOST:1"));
}

TEST(AccessPolicy, AllInterfacesTakeAnyAddressButNoForeignName) {
  AccessPolicy policy = make_access_policy("0.0.0.0", "key", {"models.example"}).value();
  EXPECT_TRUE(accepts_host(policy, "192.168.1.5:8080"));
  EXPECT_TRUE(accepts_host(policy, "[fd00::1]:8080"));
  EXPECT_TRUE(accepts_host(policy, "models.example:8080"));
  EXPECT_FALSE(accepts_host(policy, "evil.example:8080"));
}

}  // namespace
}  // namespace understudy
