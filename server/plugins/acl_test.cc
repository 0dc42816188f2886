#include "server/plugins/acl.h"

#include <gtest/gtest.h>

#include "server/plugins/test_exchange.h"

namespace podnamed::plugins {
namespace {

using config::AclPolicy;
using dns::RecordType;

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value(); }
base::IpNetwork Net(std::string_view text) { return base::ParseIpNetwork(text).value(); }

std::string AskFrom(Acl& acl, std::string_view client, RecordType type = RecordType::kA,
                    std::string_view name = "www.Example.org.") {
  TestExchange test(name, type, {.edns_size = 1232});
  test.exchange.client = *base::ParseIpAddress(client);
  return Ask(acl, test);
}

TEST(Acl, EachActionHasItsReply) {
  const auto reply_of = [](AclPolicy::Action action) {
    Acl acl({{.zones = {Zone(".")}, .policies = {{.action = action, .types = {}, .networks = {}}}}});
    return AskFrom(acl, "10.0.0.1");
  };
  EXPECT_EQ(reply_of(AclPolicy::Action::kAllow), "pass");
  EXPECT_EQ(reply_of(AclPolicy::Action::kBlock), "REFUSED EDE 15 \"\"");
  EXPECT_EQ(reply_of(AclPolicy::Action::kFilter), "NOERROR EDE 17 \"\"");
  EXPECT_EQ(reply_of(AclPolicy::Action::kDrop), "drop");
}

TEST(Acl, TheFirstPolicyThatFitsDecides) {
  Acl acl({{.zones = {Zone("example.org")},
            .policies = {{.action = AclPolicy::Action::kAllow, .types = {}, .networks = {Net("10.1.0.0/16")}},
                         {.action = AclPolicy::Action::kDrop,
                          .types = {RecordType::kAaaa, RecordType::kTxt},
                          .networks = {Net("10.0.0.0/8"), Net("fd00::/8")}}}},
           {.zones = {Zone("org")},
            .policies = {{.action = AclPolicy::Action::kFilter, .types = {}, .networks = {Net("10.0.0.0/8")}}}}});
  EXPECT_EQ(AskFrom(acl, "10.1.2.3", RecordType::kAaaa), "pass") << "also where a later rule would filter";
  EXPECT_EQ(AskFrom(acl, "10.2.2.3", RecordType::kAaaa), "drop");
  EXPECT_EQ(AskFrom(acl, "fd00::1", RecordType::kTxt), "drop");
  EXPECT_EQ(AskFrom(acl, "10.2.2.3", RecordType::kA), "NOERROR EDE 17 \"\"") << "the next rule";
  EXPECT_EQ(AskFrom(acl, "192.168.0.1", RecordType::kAaaa), "pass");
  EXPECT_EQ(AskFrom(acl, "10.2.2.3", RecordType::kAaaa, "other.org."), "NOERROR EDE 17 \"\"");
  EXPECT_EQ(AskFrom(acl, "10.2.2.3", RecordType::kAaaa, "example.com."), "pass");
}

}  // namespace
}  // namespace podnamed::plugins
