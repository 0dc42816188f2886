#include "server/plugins/autopath.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/plugins/kubernetes.h"
#include "server/plugins/test_exchange.h"
#include "server/plugins/upstream_reply.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/entities.h"
#include "server/testing/reply_builder.h"

namespace podnamed::plugins {
namespace {

using dns::Rcode;
using dns::RecordType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value().Folded(); }

state::Pod LonePod(std::string namespace_name, std::string name, std::string_view address) {
  return {.namespace_name = std::move(namespace_name),
          .name = std::move(name),
          .addresses = {*base::ParseIpAddress(std::string(address))}};
}

// The plugins behind: the cluster, if there is one, and names of elsewhere.
class Behind final : public Conductor {
 public:
  void Resume(Exchange&, Next next) override { resumed = next; }
  void Ask(Exchange& parent, const dns::Name& name, RecordType type, AskFrom from, Done done) override {
    EXPECT_EQ(from, AskFrom::kNextPlugin);
    asked.push_back(name.ToText());
    TestExchange& child = *children.emplace_back(std::make_unique<TestExchange>(name.ToText(), type));
    child.exchange.client = parent.client;
    Answer(child.exchange);
    done(child.exchange);
  }
  void AskAside(Exchange&, Done) override {}

  void Answer(Exchange& exchange) {
    if (cluster != nullptr && cluster->OnQuery(exchange) == Next::kDone) return;
    const std::string name = dns::NameToText(exchange.query->name.folded());
    exchange.answered_by = "forward";
    const auto found = elsewhere.find(name);
    if (name == error_at) exchange.error = "broken";
    if (found == elsewhere.end() && !knows_all) return;
    exchange.octets =
        testing::MakeReply(name, RecordType::kA,
                           found == elsewhere.end() ? testing::ReplyParts{.rcode = Rcode::kNxDomain} : found->second);
    PutReply(dns::MessageView::Read(exchange.octets).value(), exchange);
  }

  Plugin* cluster = nullptr;
  std::map<std::string, testing::ReplyParts> elsewhere;
  bool knows_all = true;  // what is not there does not exist
  std::string error_at;
  std::vector<std::string> asked;
  std::vector<std::unique_ptr<TestExchange>> children;
  std::optional<Next> resumed;
};

class AutopathTest : public ::testing::Test {
 protected:
  AutopathTest() {
    options_.zones = {dns::Name()};
    behind_.elsewhere["www.example.com."] = {.answer = {"www.example.com. 60 A 192.0.2.1"}};
  }

  // Namespace default has web-0 (10.0.0.1) and the service nginx, namespace other the service db and its pod
  // (10.0.0.2); 10.0.0.9 is a pod of each.
  void Publish(std::vector<state::Op> more = {}) {
    state::SnapshotBuilder builder;
    std::vector<state::Op> ops = {state::Namespace{"default", 0},
                                  state::Namespace{"other", 0},
                                  testing::Headless("nginx"),
                                  testing::Pod("nginx", "web-0", {"10.0.0.1"}),
                                  LonePod("default", "shared", "10.0.0.9"),
                                  LonePod("other", "shared", "10.0.0.9"),
                                  LonePod("other", "db", "10.0.0.2")};
    ops.insert(ops.end(), more.begin(), more.end());
    builder.Add(std::move(ops));
    holder_.Publish(builder.Build({}, absl::UnixEpoch()));
  }

  Autopath& Cluster(bool answers_first) {
    Publish();
    options_.of_cluster = true;
    options_.search = {Zone("corp.example")};
    behind_.cluster = &kubernetes_;
    return autopath_.emplace(
        options_,
        AutopathCluster{.zones = zones_, .resolver = resolver_, .holder = holder_, .answers_first = answers_first},
        std::vector<base::Counter*>{&counter_});
  }
  Autopath& File() {
    options_.search = {Zone("first.example"), Zone("second.example")};
    return autopath_.emplace(options_, std::vector<base::Counter*>{&counter_});
  }

  // "NOERROR | a. 5 IN A 10.0.0.1", or "pass".
  std::string Ask(std::string_view name, std::string_view client = "10.0.0.1") {
    behind_.asked.clear();
    behind_.resumed.reset();
    TestExchange& test = *tests_.emplace_back(std::make_unique<TestExchange>(name));
    test.exchange.client = *base::ParseIpAddress(std::string(client));
    test.exchange.can_wait = true;
    test.exchange.conductor = &behind_;
    test.exchange.entrance = &entrance_;
    const Next next = autopath_->OnQuery(test.exchange);
    if (next == Next::kPass || behind_.resumed == Next::kPass) return "pass";
    const testing::Message reply = test.Reply();
    std::string text(dns::NameOf(reply.rcode));
    for (const std::string& record : reply.answer) text += " | " + record;
    return text + (test.exchange.error.empty() ? "" : " " + test.exchange.error);
  }

  const Entrance entrance_{"dns://:53", "."};
  const std::vector<dns::Name> zones_ = {Zone("cluster.local")};
  config::AutopathOptions options_;
  state::SnapshotHolder holder_;
  resolve::Resolver resolver_{{.zones = zones_, .server_ipv4 = {}, .server_ipv6 = {}}};
  Kubernetes kubernetes_{resolver_, holder_};
  base::Counter counter_;
  std::optional<Autopath> autopath_;
  Behind behind_;
  std::vector<std::unique_ptr<TestExchange>> tests_;
};

TEST_F(AutopathTest, AFileSaysWhereToLook) {
  File();
  behind_.elsewhere["www.second.example."] = {.answer = {"www.second.example. 60 A 192.0.2.2"}};
  EXPECT_EQ(Ask("WwW.first.example."),
            "NOERROR | WwW.first.example. 60 IN CNAME www.second.example. | www.second.example. 60 IN A 192.0.2.2");
  EXPECT_THAT(behind_.asked, ElementsAre("WwW.first.example.", "WwW.second.example."));
  EXPECT_EQ(counter_.value(), 1u);
  EXPECT_EQ(Ask("www.example.com.first.example."),
            "NOERROR | www.example.com.first.example. 60 IN CNAME www.example.com. | www.example.com. 60 IN A "
            "192.0.2.1");
  EXPECT_EQ(Ask("www.second.example."), "pass") << "not completed with the first";
  EXPECT_EQ(Ask("first.example."), "pass") << "not completed at all";
}

TEST_F(AutopathTest, TheFirstThatExistsIsTheAnswer) {
  File();
  behind_.elsewhere["a.first.example."] = {.answer = {"a.first.example. 60 CNAME b.", "b. 60 A 192.0.2.2"}};
  EXPECT_EQ(Ask("a.first.example."), "NOERROR | a.first.example. 60 IN CNAME b. | b. 60 IN A 192.0.2.2");
  behind_.elsewhere["b.second.example."] = {.authority = {"second.example. 60 SOA a. b. 1 2 3 4 5"}};
  EXPECT_EQ(Ask("b.first.example."), "NOERROR") << "also without data";
  EXPECT_EQ(Ask("c.first.example."), "pass") << "the reply is that for the name that was asked for";
  EXPECT_THAT(behind_.asked, ElementsAre("c.first.example.", "c.second.example.", "c."));
  EXPECT_EQ(counter_.value(), 2u);
}

TEST_F(AutopathTest, FailuresThatNobodySentLeadOnAndErrorsEndIt) {
  File();
  behind_.knows_all = false;
  EXPECT_EQ(Ask("www.example.com.first.example.").substr(0, 9), "NOERROR |");
  behind_.error_at = "www.example.com.second.example.";
  EXPECT_EQ(Ask("www.example.com.first.example."), "SERVFAIL broken");
  behind_.error_at.clear();
  behind_.elsewhere["www.example.com.second.example."] = {.rcode = Rcode::kServFail};
  EXPECT_EQ(Ask("www.example.com.first.example."), "SERVFAIL") << "an upstream has sent it";
}

TEST_F(AutopathTest, APodsListIsThatOfItsNamespace) {
  for (const bool answers_first : {false, true}) {
    Cluster(answers_first);
    EXPECT_EQ(Ask("www.example.com.default.svc.cluster.local."),
              "NOERROR | www.example.com.default.svc.cluster.local. 60 IN CNAME www.example.com. | www.example.com. 60 "
              "IN A 192.0.2.1");
    EXPECT_EQ(Ask("nginx.default.default.svc.cluster.local."),
              "NOERROR | nginx.default.default.svc.cluster.local. 5 IN CNAME nginx.default.svc.cluster.local. | "
              "nginx.default.svc.cluster.local. 5 IN A 10.0.0.1");
    EXPECT_EQ(Ask("nginx.default.svc.default.svc.cluster.local.").substr(0, 9), "NOERROR |");
    EXPECT_EQ(Ask("www.example.com.other.svc.cluster.local."), "pass") << "not its own namespace";
    EXPECT_EQ(Ask("www.example.com.other.svc.cluster.local.", "10.0.0.2").substr(0, 9), "NOERROR |");
    EXPECT_EQ(Ask("www.example.com.default.svc.cluster.local.", "10.0.0.77"), "pass") << "nobody knows that client";
    EXPECT_EQ(Ask("www.example.com.default.svc.cluster.local.", "10.0.0.9"), "pass") << "a pod of two namespaces";
    EXPECT_EQ(Ask("svc.cluster.local."), "pass");
    EXPECT_EQ(Ask("default.svc.cluster.local."), "pass");
  }
}

TEST_F(AutopathTest, WhatTheClusterKnowsIsNotAsked) {
  Cluster(/*answers_first=*/true);
  EXPECT_EQ(Ask("nginx.default.svc.cluster.local."), "pass");
  EXPECT_THAT(behind_.asked, IsEmpty());
  EXPECT_EQ(counter_.value(), 1u);
  Ask("www.example.com.default.svc.cluster.local.");
  EXPECT_THAT(behind_.asked, ElementsAre("www.example.com.corp.example.", "www.example.com."));
  EXPECT_EQ(Ask("none.default.svc.cluster.local."), "pass");
  EXPECT_THAT(behind_.asked, ElementsAre("none.corp.example.", "none."));
}

TEST_F(AutopathTest, AnAddressThatChangesHandsChangesTheList) {
  Cluster(/*answers_first=*/true);
  EXPECT_EQ(Ask("www.example.com.other.svc.cluster.local.", "10.0.0.5"), "pass");
  Publish({LonePod("other", "new", "10.0.0.5")});
  EXPECT_EQ(Ask("www.example.com.other.svc.cluster.local.", "10.0.0.5").substr(0, 9), "NOERROR |");
}

TEST_F(AutopathTest, WhoCannotWaitIsLeftAlone) {
  File();
  TestExchange test("www.first.example.");
  EXPECT_EQ(autopath_->OnQuery(test.exchange), Next::kPass);
}

}  // namespace
}  // namespace podnamed::plugins
