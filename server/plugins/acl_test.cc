#include "server/plugins/acl.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

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
    Acl acl({{.zones = {Zone(".")}, .policies = {{.action = action, .types = {}, .networks = {}}}}}, {}, {});
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
            .policies = {{.action = AclPolicy::Action::kFilter, .types = {}, .networks = {Net("10.0.0.0/8")}}}}},
          {}, {});
  EXPECT_EQ(AskFrom(acl, "10.1.2.3", RecordType::kAaaa), "pass") << "also where a later rule would filter";
  EXPECT_EQ(AskFrom(acl, "10.2.2.3", RecordType::kAaaa), "drop");
  EXPECT_EQ(AskFrom(acl, "fd00::1", RecordType::kTxt), "drop");
  EXPECT_EQ(AskFrom(acl, "10.2.2.3", RecordType::kA), "NOERROR EDE 17 \"\"") << "the next rule";
  EXPECT_EQ(AskFrom(acl, "192.168.0.1", RecordType::kAaaa), "pass");
  EXPECT_EQ(AskFrom(acl, "10.2.2.3", RecordType::kAaaa, "other.org."), "NOERROR EDE 17 \"\"");
  EXPECT_EQ(AskFrom(acl, "10.2.2.3", RecordType::kAaaa, "example.com."), "pass");
}

// By the rule's zone that the query is in, and where it came in.
TEST(Acl, CountsWhatItDoes) {
  const std::vector<Entrance> entrances = {{.server = "dns://:53", .zone = ".", .index = 0},
                                           {.server = "dns://:54", .zone = ".", .index = 1}};
  std::map<std::string, base::Counter> counters;
  Acl acl({{.zones = {Zone("org"), Zone("example.org"), Zone("example.com")},
            .policies = {{.action = AclPolicy::Action::kAllow, .types = {}, .networks = {Net("10.1.0.0/16")}},
                         {.action = AclPolicy::Action::kBlock, .types = {RecordType::kAaaa}, .networks = {}},
                         {.action = AclPolicy::Action::kDrop, .types = {RecordType::kTxt}, .networks = {}},
                         {.action = AclPolicy::Action::kFilter, .types = {RecordType::kMx}, .networks = {}}}}},
          entrances,
          [&counters](std::string_view name,
                      const std::vector<std::pair<std::string, std::string>>& labels) -> base::Counter& {
            std::string key(name);
            for (const auto& [label, value] : labels) key += " " + value;
            return counters[key];
          });
  const auto ask = [&](const Entrance& entrance, RecordType type, std::string_view client = "10.2.0.1",
                       std::string_view name = "www.example.org.") {
    TestExchange test(name, type);
    test.exchange.client = *base::ParseIpAddress(client);
    test.exchange.entrance = &entrance;
    Ask(acl, test);
  };
  ask(entrances[0], RecordType::kAaaa);
  ask(entrances[0], RecordType::kAaaa, "10.2.0.1", "www.other.org.");
  ask(entrances[1], RecordType::kTxt);
  ask(entrances[1], RecordType::kTxt, "10.1.0.1");
  ask(entrances[0], RecordType::kMx);
  ask(entrances[0], RecordType::kA);
  ask(entrances[0], RecordType::kAaaa, "10.2.0.1", "www.example.net.");
  std::map<std::string, uint64_t> counted;
  for (const auto& [key, counter] : counters) {
    if (counter.value() > 0) counted[key] = counter.value();
  }
  EXPECT_EQ(counted,
            (std::map<std::string, uint64_t>{{"coredns_acl_allowed_requests_total dns://:53 ", 2},
                                             {"coredns_acl_allowed_requests_total dns://:54 ", 1},
                                             {"coredns_acl_blocked_requests_total dns://:53 example.org. ", 1},
                                             {"coredns_acl_blocked_requests_total dns://:53 org. ", 1},
                                             {"coredns_acl_dropped_requests_total dns://:54 example.org. ", 1},
                                             {"coredns_acl_filtered_requests_total dns://:53 example.org. ", 1}}));
}

}  // namespace
}  // namespace podnamed::plugins
