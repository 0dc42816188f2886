#include "server/state/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/entities.h"

namespace podnamed::state {
namespace {

using ::podnamed::testing::ClusterIp;
using ::podnamed::testing::Headless;
using ::podnamed::testing::WithUid;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Deletion DeleteIdentity(std::string service, std::string name, Uid uid) {
  return {{EntityKind::kPodIdentity, "default", std::move(service), std::move(name)}, uid};
}
Deletion DeleteService(std::string name, Uid uid) {
  return {{EntityKind::kService, "default", "", std::move(name)}, uid};
}

std::unique_ptr<const Snapshot> After(const Snapshot* base, std::vector<Op> ops) {
  SnapshotBuilder builder = base == nullptr ? SnapshotBuilder() : SnapshotBuilder(*base);
  builder.Add(std::move(ops));
  return builder.Build({}, absl::UnixEpoch());
}

std::vector<std::string> IdentityNames(const Snapshot& snapshot, std::string_view service) {
  std::vector<std::string> names;
  const ServiceBlock* block = snapshot.FindService("default", service);
  for (size_t i = 0; block != nullptr && i < block->identity_count(); ++i)
    names.emplace_back(block->identity(i).name());
  return names;
}

std::vector<std::string> ServicesWith(const Snapshot& snapshot, std::string_view address) {
  std::vector<std::string> names;
  snapshot.ForEachServiceWithAddress(*base::ParseIpAddress(address),
                                     [&](const ServiceBlock& block) { names.emplace_back(block.name()); });
  return names;
}

TEST(Snapshot, FindsWhatWasAdded) {
  const auto snapshot =
      After(nullptr, {Namespace{"default", 1}, Headless("nginx"), testing::Pod("nginx", "web-10", {"10.0.0.10"}),
                      testing::Pod("nginx", "web-9", {"10.0.0.9", "fd00::9"}), ClusterIp("api", {"10.96.0.1"}),
                      Pod{"default", "loner", 3, testing::Addresses({"10.0.0.77"})}});
  EXPECT_NE(snapshot->FindNamespace("default"), nullptr);
  EXPECT_EQ(snapshot->FindNamespace("shop"), nullptr);
  EXPECT_EQ(snapshot->FindService("default", "apache"), nullptr);
  EXPECT_EQ(snapshot->FindService("nginx", "default"), nullptr);
  EXPECT_THAT(IdentityNames(*snapshot, "nginx"), ElementsAre("web-9", "web-10"));
  EXPECT_THAT(ServicesWith(*snapshot, "fd00::9"), ElementsAre("nginx"));
  EXPECT_THAT(ServicesWith(*snapshot, "10.96.0.1"), ElementsAre("api"));
  EXPECT_THAT(ServicesWith(*snapshot, "10.0.0.77"), IsEmpty());
  EXPECT_EQ(snapshot->FindPod("default", "loner")->uid, 3U);
  EXPECT_EQ(snapshot->service_count(), 2U);
  EXPECT_EQ(snapshot->identity_count(), 2U);
  EXPECT_EQ(snapshot->namespace_count(), 1U);
  EXPECT_EQ(snapshot->pod_count(), 1U);
}

TEST(Snapshot, FindsServicesByTheirExternalAddresses) {
  const auto reached_at = [](const std::vector<std::string_view>& addresses) {
    Service api = ClusterIp("api", {"10.96.0.1"});
    api.external_addresses = testing::Addresses(addresses);
    return api;
  };
  const auto before = After(nullptr, {reached_at({"192.0.2.1", "2001:db8::1", "10.96.0.1"})});
  EXPECT_THAT(ServicesWith(*before, "192.0.2.1"), ElementsAre("api"));
  EXPECT_THAT(ServicesWith(*before, "2001:db8::1"), ElementsAre("api"));
  EXPECT_THAT(ServicesWith(*before, "10.96.0.1"), ElementsAre("api"));
  const auto after = After(before.get(), {reached_at({"192.0.2.2"}), testing::Pod("api", "a", {"192.0.2.1"})});
  EXPECT_THAT(ServicesWith(*after, "192.0.2.1"), ElementsAre("api")) << "its pod's now";
  EXPECT_THAT(ServicesWith(*after, "192.0.2.2"), ElementsAre("api"));
  EXPECT_THAT(ServicesWith(*after, "2001:db8::1"), IsEmpty());
  const auto gone = After(after.get(), {DeleteService("api", 0), DeleteIdentity("api", "a", 0)});
  for (const char* address : {"192.0.2.1", "192.0.2.2", "10.96.0.1"})
    EXPECT_THAT(ServicesWith(*gone, address), IsEmpty());
}

std::vector<std::string> PodsWith(const Snapshot& snapshot, std::string_view address) {
  std::vector<std::string> names;
  snapshot.ForEachPodWithAddress(*base::ParseIpAddress(address),
                                 [&](std::string_view namespace_name, std::string_view name) {
                                   names.push_back(absl::StrCat(std::string(namespace_name), "/", std::string(name)));
                                 });
  return names;
}

TEST(Snapshot, FindsPodsByAddressWhetherAServiceSelectsThemOrNot) {
  const auto before = After(nullptr, {Headless("nginx"), testing::Pod("nginx", "web-0", {"10.0.0.1", "fd00::1"}),
                                      Pod{"shop", "loner", 3, testing::Addresses({"10.0.0.77", "10.0.0.77"})},
                                      Pod{"shop", "on-host", 4, testing::Addresses({"10.0.0.1"})}});
  EXPECT_THAT(PodsWith(*before, "10.0.0.1"), UnorderedElementsAre("default/web-0", "shop/on-host"));
  EXPECT_THAT(PodsWith(*before, "fd00::1"), ElementsAre("default/web-0"));
  EXPECT_THAT(PodsWith(*before, "10.0.0.77"), ElementsAre("shop/loner"));

  const auto after = After(before.get(), {Pod{"shop", "loner", 3, testing::Addresses({"10.0.0.78"})},
                                          Deletion{{EntityKind::kPod, "shop", "", "on-host"}, 4}});
  EXPECT_THAT(PodsWith(*after, "10.0.0.1"), ElementsAre("default/web-0"));
  EXPECT_THAT(PodsWith(*after, "10.0.0.77"), IsEmpty());
  EXPECT_THAT(PodsWith(*after, "10.0.0.78"), ElementsAre("shop/loner"));
}

// In a small trie many hashes lead to one entry: each who knows an address is visited once for all that.
TEST(Snapshot, EverybodyAtAnAddressIsVisitedOnce) {
  std::vector<Op> ops;
  std::vector<std::string> services;
  std::vector<std::string> pods;
  for (int i = 0; i < 200; ++i) {
    const std::string name = absl::StrCat("s-", i);
    ops.push_back(Headless(name));
    ops.push_back(testing::Pod(name, absl::StrCat("pod-", i), {"10.0.0.1"}));
    ops.push_back(Pod{"shop", absl::StrCat("on-host-", i), 0, testing::Addresses({"10.0.0.1"})});
    services.push_back(name);
    pods.push_back(absl::StrCat("default/pod-", i));
    pods.push_back(absl::StrCat("shop/on-host-", i));
  }
  const auto snapshot = After(nullptr, std::move(ops));
  EXPECT_THAT(ServicesWith(*snapshot, "10.0.0.1"), ::testing::UnorderedElementsAreArray(services));
  EXPECT_THAT(PodsWith(*snapshot, "10.0.0.1"), ::testing::UnorderedElementsAreArray(pods));
}

TEST(Snapshot, ServiceImportsLiveApartFromServices) {
  Service import = Headless("nginx");
  import.clusterset = true;
  PodIdentity imported = testing::Pod("nginx", "web-0", {"10.9.0.1"});
  imported.clusterset = true;
  imported.cluster = "east";
  const auto both = After(nullptr, {Headless("nginx"), testing::Pod("nginx", "web-0", {"10.0.0.1"}), import, imported});
  const ServiceBlock* block = both->FindService("default", "nginx", /*clusterset=*/true);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->identity(0).cluster(), "east");
  EXPECT_THAT(IdentityNames(*both, "nginx"), ElementsAre("web-0"));
  EXPECT_THAT(PodsWith(*both, "10.9.0.1"), IsEmpty()) << "it is a pod of another cluster";

  const auto one = After(both.get(), {Deletion{{EntityKind::kServiceImport, "default", "", "nginx"}, 0},
                                      Deletion{{EntityKind::kImportedIdentity, "default", "nginx", "web-0"}, 0}});
  EXPECT_EQ(one->FindService("default", "nginx", true), nullptr);
  EXPECT_NE(one->FindService("default", "nginx"), nullptr);
}

TEST(Snapshot, KeepsLabelsAndZonesThroughRebuilds) {
  Service service = Headless("nginx");
  service.labels = {{"app", "web"}, {"empty", ""}, {"tier", "front"}};
  PodIdentity east = testing::Pod("nginx", "web-0", {"10.0.0.1"});
  east.zone = "us-east-1a";
  const auto before = After(nullptr, {service, east});
  const auto after = After(before.get(), {testing::Pod("nginx", "web-1", {"10.0.0.2"})});
  const ServiceBlock* block = after->FindService("default", "nginx");
  std::vector<std::pair<std::string, std::string>> labels;
  block->ForEachLabel([&](std::string_view key, std::string_view value) { labels.emplace_back(key, value); });
  EXPECT_THAT(labels, ElementsAre(std::pair("app", "web"), std::pair("empty", ""), std::pair("tier", "front")));
  EXPECT_EQ(block->identity(0).zone(), "us-east-1a");
  EXPECT_EQ(block->identity(1).zone(), "");
}

TEST(Snapshot, AnAddressChangeIsOneUpsert) {
  const auto before = After(nullptr, {Headless("nginx"), testing::Pod("nginx", "web-0", {"10.0.0.1"})});
  const auto after = After(before.get(), {testing::Pod("nginx", "web-0", {"10.0.0.2"})});
  EXPECT_THAT(ServicesWith(*after, "10.0.0.1"), IsEmpty());
  EXPECT_THAT(ServicesWith(*after, "10.0.0.2"), ElementsAre("nginx"));
  EXPECT_THAT(ServicesWith(*before, "10.0.0.1"), ElementsAre("nginx")) << "the snapshot before never changes";
  EXPECT_EQ(after->identity_count(), 1U);
}

TEST(Snapshot, SharesTheServicesThatDidNotChange) {
  const auto before = After(nullptr, {Headless("nginx"), Headless("kafka")});
  const auto after = After(before.get(), {testing::Pod("nginx", "web-0", {"10.0.0.1"})});
  EXPECT_EQ(before->FindService("default", "kafka"), after->FindService("default", "kafka"));
  EXPECT_NE(before->FindService("default", "nginx"), after->FindService("default", "nginx"));
}

TEST(Snapshot, ALateDeleteDoesNotEraseWhatTookThePlace) {
  const auto before =
      After(nullptr, {WithUid(2, Headless("nginx")), WithUid(20, testing::Pod("nginx", "web-0", {"10.0.0.1"})),
                      Namespace{"default", 9}, Pod{"default", "loner", 3, {}}});
  const Deletion old_namespace{{EntityKind::kNamespace, "", "", "default"}, 8};
  const Deletion old_pod{{EntityKind::kPod, "default", "", "loner"}, 2};
  const auto after =
      After(before.get(), {DeleteIdentity("nginx", "web-0", 19), DeleteService("nginx", 1), old_namespace, old_pod});
  EXPECT_THAT(IdentityNames(*after, "nginx"), ElementsAre("web-0"));
  EXPECT_TRUE(after->FindService("default", "nginx")->has_service());
  EXPECT_NE(after->FindNamespace("default"), nullptr);
  EXPECT_NE(after->FindPod("default", "loner"), nullptr);

  const Deletion this_namespace{{EntityKind::kNamespace, "", "", "default"}, 9};
  const Deletion any_pod{{EntityKind::kPod, "default", "", "loner"}, 0};
  const auto gone =
      After(before.get(), {DeleteIdentity("nginx", "web-0", 20), DeleteService("nginx", 2), this_namespace, any_pod});
  EXPECT_EQ(gone->FindService("default", "nginx"), nullptr);
  EXPECT_EQ(gone->FindNamespace("default"), nullptr);
  EXPECT_EQ(gone->FindPod("default", "loner"), nullptr);
  EXPECT_EQ(gone->service_count() + gone->identity_count() + gone->namespace_count() + gone->pod_count(), 0U);
  EXPECT_THAT(ServicesWith(*gone, "10.0.0.1"), IsEmpty());
}

TEST(Snapshot, WithinADeltaTheLaterOpWins) {
  const auto snapshot =
      After(nullptr, {WithUid(1, testing::Pod("nginx", "web-0", {"10.0.0.1"})), DeleteIdentity("nginx", "web-0", 1),
                      WithUid(2, testing::Pod("nginx", "web-0", {"10.0.0.2"})), DeleteIdentity("nginx", "web-0", 1),
                      WithUid(5, Headless("nginx")), DeleteService("nginx", 4)});
  EXPECT_THAT(ServicesWith(*snapshot, "10.0.0.2"), ElementsAre("nginx"));
  EXPECT_THAT(ServicesWith(*snapshot, "10.0.0.1"), IsEmpty());
  EXPECT_TRUE(snapshot->FindService("default", "nginx")->has_service());
}

TEST(Snapshot, IdentitiesMayComeBeforeTheirServiceAndOutliveIt) {
  const auto orphan = After(nullptr, {testing::Pod("nginx", "web-0", {"10.0.0.1"})});
  EXPECT_FALSE(orphan->FindService("default", "nginx")->has_service());
  EXPECT_EQ(orphan->service_count(), 0U);
  const auto whole = After(orphan.get(), {Headless("nginx")});
  EXPECT_TRUE(whole->FindService("default", "nginx")->has_service());
  EXPECT_THAT(IdentityNames(*whole, "nginx"), ElementsAre("web-0"));
  const auto orphan_again = After(whole.get(), {DeleteService("nginx", 0)});
  EXPECT_THAT(IdentityNames(*orphan_again, "nginx"), ElementsAre("web-0"));
  EXPECT_FALSE(orphan_again->FindService("default", "nginx")->has_service());
}

TEST(Snapshot, APodInTwoServicesIsFoundThroughBoth) {
  const auto both =
      After(nullptr, {Headless("a"), Headless("b"), testing::Pod("a", "web-0", {"10.0.0.1"}),
                      testing::Pod("b", "web-0", {"10.0.0.1"}), testing::Pod("b", "web-1", {"10.0.0.1"})});
  EXPECT_THAT(ServicesWith(*both, "10.0.0.1"), UnorderedElementsAre("a", "b"));
  const auto shared_in_b = After(both.get(), {DeleteIdentity("b", "web-1", 0)});
  EXPECT_THAT(ServicesWith(*shared_in_b, "10.0.0.1"), UnorderedElementsAre("a", "b"));
  const auto one = After(shared_in_b.get(), {DeleteIdentity("b", "web-0", 0)});
  EXPECT_THAT(ServicesWith(*one, "10.0.0.1"), ElementsAre("a"));
}

// By service and name: uid and address.
using Model = std::map<std::pair<std::string, std::string>, std::pair<Uid, std::string>>;
constexpr int kModelAddresses = 20;

std::string ModelAddress(int i) { return absl::StrCat("10.0.0.", i); }

void ExpectAgrees(const Snapshot& snapshot, const Model& model) {
  EXPECT_EQ(snapshot.identity_count(), model.size());
  std::map<std::string, std::set<std::string>> services_by_address;
  for (const auto& [key, value] : model) {
    services_by_address[value.second].insert(key.first);
    const ServiceBlock* block = snapshot.FindService("default", key.first);
    ASSERT_NE(block, nullptr);
    const size_t i = block->IndexOfName(key.second);
    ASSERT_NE(i, block->identity_count()) << key.second;
    EXPECT_EQ(block->identity(i).uid(), value.first);
  }
  for (int i = 0; i < kModelAddresses; ++i) {
    const std::vector<std::string> found = ServicesWith(snapshot, ModelAddress(i));
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), services_by_address[ModelAddress(i)]);
  }
}

TEST(Snapshot, AgreesWithAModelOverRandomHistoriesAndTheOldOnesNeverChange) {
  absl::BitGen random;
  Model model;
  std::unique_ptr<const Snapshot> snapshot = After(nullptr, {});
  std::vector<std::pair<std::unique_ptr<const Snapshot>, Model>> history;
  for (int step = 0; step < 2000; ++step) {
    const Model before = model;
    std::vector<Op> ops;
    for (int i = absl::Uniform(random, 1, 5); i > 0; --i) {
      const std::string service = absl::StrCat("s", absl::Uniform(random, 0, 5));
      const std::string name = absl::StrCat("web-", absl::Uniform(random, 0, 12));
      const Uid uid = absl::Uniform<Uid>(random, 1, 4);
      if (absl::Bernoulli(random, 0.6)) {
        const std::string address = ModelAddress(absl::Uniform(random, 0, kModelAddresses));
        ops.push_back(WithUid(uid, testing::Pod(service, name, {address})));
        model[{service, name}] = {uid, address};
      } else {
        ops.push_back(DeleteIdentity(service, name, uid));
        const auto it = model.find({service, name});
        if (it != model.end() && it->second.first == uid) model.erase(it);
      }
    }
    auto next = After(snapshot.get(), std::move(ops));
    if (step % 100 == 0) history.emplace_back(std::move(snapshot), before);
    snapshot = std::move(next);
  }
  history.emplace_back(std::move(snapshot), model);
  for (const auto& [old_snapshot, old_model] : history) ExpectAgrees(*old_snapshot, old_model);
}

}  // namespace
}  // namespace podnamed::state
