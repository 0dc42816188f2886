// The plugin `kubernetes` at work as `k8s_external`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/plugins/kubernetes.h"
#include "server/plugins/test_exchange.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/entities.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;

dns::Name Name(std::string_view text) { return dns::Name::FromText(text).value(); }

// The rest of the server: it knows lb.example.
class Server final : public Conductor {
 public:
  void Resume(Exchange& exchange, Next next) override { exchange.resumed = next; }
  void Ask(Exchange&, const dns::Name& name, RecordType type, AskFrom from, Done done) override {
    EXPECT_EQ(from, AskFrom::kServer);
    child_ = std::make_unique<TestExchange>(name.ToText(), type);
    if (name == Name("lb.example.") && type == RecordType::kA) {
      child_->exchange.rcode = dns::Rcode::kNoError;
      child_->exchange.answer.answer.push_back(
          {dns::NamePieces(child_->exchange.asked.name.original()), type, 60, absl::MakeConstSpan(address_)});
    }
    done(child_->exchange);
  }
  void AskAside(Exchange&, Done) override { FAIL(); }

 private:
  const std::vector<base::Ipv4Address> address_ = {{192, 0, 2, 99}};
  std::unique_ptr<TestExchange> child_;
};

class K8sExternalTest : public ::testing::Test {
 protected:
  K8sExternalTest() {
    state::Service api = testing::ClusterIp("api", {"10.96.0.7"});
    api.external_addresses = testing::Addresses({"192.0.2.7"});
    state::Service shop = testing::ClusterIp("shop", {"10.96.0.8"});
    shop.external_hostnames = {std::string(Name("lb.example.").wire())};
    state::SnapshotBuilder builder;
    builder.Add({state::Namespace{"default", 0}, api, shop});
    next_ = builder.Build({}, absl::UnixEpoch());
  }

  // As a client would see it, after what it waits for.
  std::string AskAndWait(std::string_view name, RecordType type = RecordType::kA) {
    TestExchange test(name, type);
    Server server;
    test.exchange.conductor = &server;
    test.exchange.can_wait = true;
    if (plugin_.OnQuery(test.exchange) != Next::kLater || test.exchange.resumed != Next::kDone) return "not later";
    std::string text(dns::NameOf(test.Reply().rcode));
    for (const std::string& record : test.Reply().answer) text += " | " + record;
    return text;
  }

  std::unique_ptr<const state::Snapshot> next_;
  state::SnapshotHolder holder_;
  const resolve::Resolver resolver_{
      {.zones = {Name("example.org.")}, .external = resolve::ExternalNames{}, .server_ipv4 = {}, .server_ipv6 = {}}};
  Kubernetes plugin_{resolver_, holder_, "k8s_external"};
};

TEST_F(K8sExternalTest, AnswersForItsZonesAndPassesOnTheOthers) {
  EXPECT_EQ(plugin_.name(), "k8s_external");
  EXPECT_EQ(Ask(plugin_, "api.default.example.org."), "SERVFAIL") << "nothing is known yet";
  holder_.Publish(std::move(next_));
  TestExchange test("api.default.example.org.");
  EXPECT_EQ(Ask(plugin_, test), "NOERROR aa | api.default.example.org. 5 IN A 192.0.2.7");
  EXPECT_EQ(test.exchange.answered_by, "k8s_external");
  EXPECT_EQ(Ask(plugin_, "api.default.svc.cluster.local."), "pass");
  EXPECT_EQ(Ask(plugin_, "api.default.example.org.", RecordType::kA, {.record_class = dns::RecordClass::kCh}), "pass");
  EXPECT_EQ(Ask(plugin_, "example.org.", RecordType::kAxfr), "REFUSED");
}

TEST_F(K8sExternalTest, AHostnameIsFollowed) {
  holder_.Publish(std::move(next_));
  EXPECT_EQ(AskAndWait("shop.default.example.org."),
            "NOERROR | shop.default.example.org. 5 IN CNAME lb.example. | lb.example. 60 IN A 192.0.2.99");
  EXPECT_EQ(AskAndWait("shop.default.example.org.", RecordType::kAaaa),
            "NOERROR | shop.default.example.org. 5 IN CNAME lb.example.")
      << "whatever there is of it";
  EXPECT_EQ(Ask(plugin_, "shop.default.example.org."), "NOERROR aa | shop.default.example.org. 5 IN CNAME lb.example.")
      << "where nobody can wait";
}

}  // namespace
}  // namespace podnamed::plugins
