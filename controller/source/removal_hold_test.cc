#include "controller/source/removal_hold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {
namespace {

using feed::v1::Op;
using ::testing::ElementsAre;
using ::testing::SizeIs;

Op Upsert(int number, const std::string& uid = "u") {
  Op op;
  feed::v1::PodIdentity& identity = *op.mutable_upsert()->mutable_pod_identity();
  identity.set_namespace_("default");
  identity.set_service("nginx");
  identity.set_name(absl::StrCat("web-", number));
  identity.set_uid(uid);
  return op;
}

Op Delete(int number) {
  Op op;
  *op.mutable_delete_()->mutable_key() = feed::v1::KeyOf(Upsert(number).upsert());
  return op;
}

std::vector<Op> Deletes(int count) {
  std::vector<Op> ops;
  for (int i = 0; i < count; ++i) ops.push_back(Delete(i));
  return ops;
}

ClusterIndex::RecordCounts Identities(size_t count) {
  ClusterIndex::RecordCounts counts = {};
  counts[feed::v1::Key::POD_IDENTITY] = count;
  return counts;
}

TEST(RemovalHold, LetsPassWhatIsNoMoreThanTheShareOrFewAnyway) {
  RemovalHold hold({.percent = 50, .count = 3});
  EXPECT_THAT(hold.Pass(Deletes(3), Identities(0)), SizeIs(3)) << "few: a small cluster may end";
  EXPECT_THAT(hold.Pass(Deletes(50), Identities(50)), SizeIs(50)) << "half of a hundred";
  EXPECT_EQ(hold.size(), 0);
}

TEST(RemovalHold, HoldsWhatIsMoreAndLetsWhatCameGoOn) {
  RemovalHold hold({.percent = 50, .count = 3});
  std::vector<Op> ops = Deletes(51);
  ops.push_back(Upsert(1000));
  EXPECT_THAT(hold.Pass(ops, Identities(49)), SizeIs(1));
  EXPECT_EQ(hold.size(), 51);
  EXPECT_THAT(hold.Examples(1), ElementsAre("pod identity default/nginx/web-0"));
  EXPECT_THAT(hold.Pass({Delete(1000)}, Identities(48)), SizeIs(1)) << "life goes on meanwhile";
  EXPECT_THAT(hold.Release(), SizeIs(51));
  EXPECT_EQ(hold.size(), 0);
}

TEST(RemovalHold, AServiceIsAsMuchAsTheEndpointsThatAnswerThroughIt) {
  RemovalHold hold({.percent = 50, .count = 100});
  std::vector<Op> services;
  for (const char* name : {"a", "b"}) {
    feed::v1::Key& key = *services.emplace_back().mutable_delete_()->mutable_key();
    key.set_kind(feed::v1::Key::SERVICE);
    key.set_name(name);
  }
  ClusterIndex::RecordCounts remaining = Identities(140);
  remaining[feed::v1::Key::SERVICE] = 1;
  EXPECT_THAT(hold.Pass(services, remaining), SizeIs(2)) << "about 95 names";
  remaining[feed::v1::Key::POD_IDENTITY] = 160;
  EXPECT_THAT(hold.Pass(services, remaining), SizeIs(0)) << "about 108";
  remaining[feed::v1::Key::SERVICE] = 2;
  EXPECT_THAT(hold.Pass(services, remaining), SizeIs(2)) << "half of the services";
}

TEST(RemovalHold, HoldsWhatThatWhichIsHeldAnswersThrough) {
  RemovalHold hold({.percent = 50, .count = 3});
  ASSERT_THAT(hold.Pass(Deletes(51), Identities(49)), SizeIs(0));
  const auto removal = [](feed::v1::Key::Kind kind, const char* namespace_name, const char* name) {
    Op op;
    op.mutable_delete_()->mutable_key()->set_kind(kind);
    op.mutable_delete_()->mutable_key()->set_namespace_(namespace_name);
    op.mutable_delete_()->mutable_key()->set_name(name);
    return op;
  };
  ClusterIndex::RecordCounts many = Identities(1000);
  many[feed::v1::Key::SERVICE] = many[feed::v1::Key::NAMESPACE] = 1000;
  EXPECT_THAT(hold.Pass({removal(feed::v1::Key::SERVICE, "default", "nginx")}, many), SizeIs(0));
  EXPECT_THAT(hold.Pass({removal(feed::v1::Key::NAMESPACE, "", "default")}, many), SizeIs(0));
  EXPECT_THAT(
      hold.Pass({removal(feed::v1::Key::SERVICE, "default", "other"),
                 removal(feed::v1::Key::SERVICE, "another", "nginx"), removal(feed::v1::Key::NAMESPACE, "", "another")},
                many),
      SizeIs(3));
  EXPECT_THAT(hold.Release(), SizeIs(53));
}

TEST(RemovalHold, WhatComesBackIsHeldNoLonger) {
  RemovalHold hold({.percent = 50, .count = 1});
  EXPECT_THAT(hold.Pass(Deletes(2), Identities(0)), SizeIs(0));
  EXPECT_THAT(hold.Pass({Upsert(0, "another life")}, Identities(1)), SizeIs(1));
  EXPECT_THAT(hold.Release(), SizeIs(1));
}

TEST(RemovalHold, APodWhoseNameAnIdentityTakesOverIsNotGone) {
  RemovalHold hold({.percent = 50, .count = 1});
  std::vector<Op> ops;
  for (int i = 0; i < 2; ++i) {
    ops.push_back(Upsert(i));
    ops.back().mutable_upsert()->mutable_pod_identity()->set_is_pod(true);
  }
  for (int i = 0; i < 3; ++i) {
    feed::v1::Key& key = *ops.emplace_back().mutable_delete_()->mutable_key();
    key.set_kind(feed::v1::Key::POD);
    key.set_namespace_("default");
    key.set_name(absl::StrCat("web-", i));
  }
  EXPECT_THAT(hold.Pass(ops, Identities(2)), SizeIs(5)) << "one pod is gone";
  ops[1].mutable_upsert()->mutable_pod_identity()->set_is_pod(false);
  EXPECT_THAT(hold.Pass(ops, Identities(2)), SizeIs(3));
  EXPECT_EQ(hold.size(), 2) << "two are";
}

TEST(RemovalHold, HoldsNothingAtAHundredPercent) {
  RemovalHold hold({.percent = 100, .count = 0});
  EXPECT_THAT(hold.Pass(Deletes(1000), Identities(0)), SizeIs(1000));
}

}  // namespace
}  // namespace podnamed::controller
