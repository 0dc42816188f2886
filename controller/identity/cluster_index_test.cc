#include "controller/identity/cluster_index.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "controller/identity/cluster_records.h"
#include "controller/testing/record_map.h"
#include "controller/testing/record_text.h"
#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {
namespace {

using k8s::apps::v1::StatefulSet;
using k8s::core::v1::Namespace;
using k8s::core::v1::Pod;
using k8s::core::v1::Service;
using k8s::discovery::v1::EndpointSlice;
using k8s::multicluster::v1alpha1::ServiceImport;

// An object of namespace "default", from its text; the name and the uid stand before it.
template <typename Object>
Object Make(std::string_view name, std::string_view uid, std::string_view text) {
  Object object;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(text), &object)) << text;
  object.mutable_metadata()->set_namespace_("default");
  object.mutable_metadata()->set_name(std::string(name));
  object.mutable_metadata()->set_uid(std::string(uid));
  return object;
}

// A headless service that selects app=`app`.
Service MakeService(const std::string& name, const std::string& uid, const std::string& app) {
  return Make<Service>(name, uid,
                       absl::StrCat("spec { cluster_ip: 'None' selector { key: 'app' value: '", app, "' } }"));
}

// A ready pod with the label app=`app`.
Pod MakePod(const std::string& name, const std::string& uid, const std::string& app, const std::string& address) {
  return Make<Pod>(name, uid,
                   absl::StrCat("metadata { labels { key: 'app' value: '", app, "' } } status { pod_ip: '", address,
                                "' conditions { type: 'Ready' status: 'True' } }"));
}

EndpointSlice MakeSlice(const std::string& name, const std::string& service, const std::string& endpoints) {
  return Make<EndpointSlice>(name, "",
                             absl::StrCat("metadata { labels { key: 'kubernetes.io/service-name' value: '", service,
                                          "' } } address_type: 'IPv4' ", endpoints));
}

std::string Endpoint(const std::string& pod, const std::string& uid, const std::string& address,
                     const std::string& conditions = "") {
  return absl::StrCat("endpoints { addresses: '", address, "' hostname: '", pod, "' target_ref { kind: 'Pod' name: '",
                      pod, "' uid: '", uid, "' } conditions { ", conditions, " } } ");
}

class ClusterIndexTest : public ::testing::Test {
 protected:
  template <typename... Objects>
  void Put(const Objects&... objects) {
    (index_.Put(objects), ...);
  }
  void Delete(ObjectKind kind, std::string_view name, std::string_view uid = "") {
    index_.Delete(kind, kind == ObjectKind::kNamespace ? "" : "default", name, uid);
  }

  // The changes, a line each: "+ " and the record, or "- " and the key.
  std::string Changes() {
    std::string text;
    const std::vector<feed::v1::Op> ops = index_.TakeChanges();
    EXPECT_EQ(state_.Apply(ops), "");
    EXPECT_EQ(absl::c_accumulate(index_.records(), size_t{0}), state_.Records().size());
    for (const feed::v1::Op& op : ops) {
      if (op.has_upsert()) {
        text += "+ " + ToText({op.upsert()});
      } else {
        text += "- " + feed::v1::KeyText(feed::v1::ViewOf(op.delete_().key())) +
                (op.delete_().uid().empty() ? "" : " uid=" + op.delete_().uid()) + "\n";
      }
    }
    return text;
  }

  ClusterIndex index_{ClusterIndex::Rules()};
  RecordMap state_;
};

TEST_F(ClusterIndexTest, YieldsOnlyWhatChanged) {
  EXPECT_EQ(Changes(), "");
  Put(MakePod("a", "p-a", "s", "10.0.0.1"), MakePod("b", "p-b", "s", "10.0.0.2"), MakeService("s", "s-1", "s"));
  EXPECT_EQ(Changes(),
            "+ namespace default\n"
            "+ service default/s headless uid=s-1\n"
            "+ identity default/s/a pod 10.0.0.1 ready serving uid=p-a\n"
            "+ identity default/s/b pod 10.0.0.2 ready serving uid=p-b\n");
  EXPECT_EQ(Changes(), "");
  Put(MakePod("a", "p-a", "s", "10.0.0.9"), MakeService("s", "s-1", "s"));
  EXPECT_EQ(Changes(), "+ identity default/s/a pod 10.0.0.9 ready serving uid=p-a\n");
  Put(MakePod("a", "p-a", "s", "10.0.0.8"), MakePod("a", "p-a", "s", "10.0.0.9"));
  EXPECT_EQ(Changes(), "") << "there and back";
  Delete(ObjectKind::kPod, "a", "p-a");
  EXPECT_EQ(Changes(), "- pod identity default/s/a uid=p-a\n");
}

TEST(ClusterIndex, OfAClusterSlicesMakeTheIdentitiesAndNamespacesAreObjects) {
  ClusterIndex index({.pods_alone_are_identities = false, .objects_make_namespaces = false});
  RecordMap state;
  const auto records = [&] {
    EXPECT_EQ(state.Apply(index.TakeChanges()), "");
    return ToText(state.Records());
  };
  index.Put(MakeService("s", "s-1", "s"));
  EXPECT_EQ(records(), "service default/s headless uid=s-1\n");
  Namespace object;
  object.mutable_metadata()->set_name("default");
  index.Put(object);
  index.Put(MakePod("a", "p-a", "s", "10.0.0.1"));
  const std::string without =
      "namespace default\n"
      "service default/s headless uid=s-1\n"
      "pod default/a 10.0.0.1 uid=p-a\n";
  EXPECT_EQ(records(), without);
  index.Put(MakeSlice("x", "s", Endpoint("a", "p-a", "10.0.0.1", "ready: true")));
  EXPECT_EQ(records(),
            "namespace default\n"
            "service default/s headless uid=s-1\n"
            "identity default/s/a pod host=a 10.0.0.1 ready serving uid=p-a\n");
  index.Delete(ObjectKind::kEndpointSlice, "default", "x", "");
  EXPECT_EQ(records(), without);
}

TEST(ClusterIndex, KnowsWhichObjectSaysWhatARecordSays) {
  ClusterIndex index({.pods_alone_are_identities = false, .objects_make_namespaces = false});
  index.Put(MakeService("s", "s-1", "s"));
  index.Put(MakeSlice("x", "s", Endpoint("a", "p-a", "10.0.0.1")));
  index.Put(MakeSlice("y", "s", Endpoint("b", "p-b", "10.0.0.2")));
  index.Put(MakePod("c", "p-c", "none", "10.0.0.3"));
  const auto object_for = [&](feed::v1::Key::Kind kind, const char* service, const char* name) {
    feed::v1::Key key;
    key.set_kind(kind);
    key.set_namespace_("default");
    key.set_service(service);
    key.set_name(name);
    return index.ObjectFor(key);
  };
  EXPECT_EQ(object_for(feed::v1::Key::SERVICE, "", "s"), "Service default/s");
  EXPECT_EQ(object_for(feed::v1::Key::POD_IDENTITY, "s", "a"), "EndpointSlice default/x");
  EXPECT_EQ(object_for(feed::v1::Key::POD_IDENTITY, "s", "b"), "EndpointSlice default/y");
  EXPECT_EQ(object_for(feed::v1::Key::POD, "", "c"), "Pod default/c");
  EXPECT_EQ(object_for(feed::v1::Key::NAMESPACE, "", "default"), "") << "only others name it";
}

TEST(ClusterIndex, HandsTheFirstStateOverInPieces) {
  ClusterIndex index({.pods_alone_are_identities = false, .objects_make_namespaces = false});
  for (int i = 0; i < 10; ++i) {
    const std::string name = absl::StrCat("s-", i);
    index.Put(MakeService(name, "", name));
    index.Put(MakeSlice(name, name, Endpoint("a", "p-a", "10.0.0.1") + Endpoint("b", "p-b", "10.0.0.2")));
  }
  RecordMap state;
  std::vector<size_t> pieces;
  const auto take = [&](std::vector<feed::v1::Op> ops) {
    pieces.push_back(ops.size());
    EXPECT_EQ(state.Apply(ops), "");
  };
  index.TakeChanges(9, take);
  EXPECT_EQ(pieces, (std::vector<size_t>{9, 9, 9, 3}));
  EXPECT_EQ(state.Records().size(), 30u);
  EXPECT_EQ(absl::c_accumulate(index.records(), size_t{0}), 30u);
  index.Put(MakeSlice("s-3", "s-3", Endpoint("a", "p-a", "10.0.0.1")));
  index.TakeChanges(9, take);
  EXPECT_EQ(state.Records().size(), 29u);
}

TEST_F(ClusterIndexTest, WhatIsNotReadOfAnObjectChangesNothing) {
  Put(MakePod("a", "p-a", "s", "10.0.0.1"));
  Changes();
  Pod pod = MakePod("a", "p-a", "s", "10.0.0.1");
  pod.mutable_metadata()->set_resource_version("7");
  (*pod.mutable_metadata()->mutable_annotations())["a"] = "b";
  pod.mutable_status()->set_phase("Running");
  pod.mutable_status()->add_conditions()->set_type("Initialized");
  Put(pod);
  EXPECT_EQ(Changes(), "");
}

TEST_F(ClusterIndexTest, AServiceIsReachedAsItsLoadBalancerSays) {
  Put(MakeService("s", "s-1", "s"));
  Changes();
  Service service = MakeService("s", "s-1", "s");
  service.mutable_status()->mutable_load_balancer();
  Put(service);
  EXPECT_EQ(Changes(), "");
  service.mutable_status()->mutable_load_balancer()->add_ingress()->set_ip("192.0.2.1");
  Put(service);
  EXPECT_EQ(Changes(), "+ service default/s headless external=192.0.2.1 uid=s-1\n");
  service.mutable_status()->clear_load_balancer();
  Put(service);
  EXPECT_EQ(Changes(), "+ service default/s headless uid=s-1\n");
}

TEST_F(ClusterIndexTest, TheFeedHasOfAServicesExternalNamesWhatItCanCarry) {
  Service service = MakeService("s", "s-1", "s");
  auto& load_balancer = *service.mutable_status()->mutable_load_balancer();
  // What an API server lets through.
  for (const std::string& hostname : {std::string(64, 'a') + ".example", std::string("a..b"), std::string(".")}) {
    load_balancer.add_ingress()->set_hostname(hostname);
  }
  for (int i = 0; i < 65; ++i) {
    service.mutable_spec()->add_external_ips(absl::StrCat("192.0.2.", i));
    load_balancer.add_ingress()->set_hostname(absl::StrCat("lb-", i, ".example"));
  }
  Put(service);
  for (const feed::v1::Op& op : index_.TakeChanges()) {
    if (!op.upsert().has_service()) continue;
    const feed::v1::Service& record = op.upsert().service();
    ASSERT_EQ(record.external_addresses_size(), 64);
    ASSERT_EQ(record.external_hostnames_size(), 64);
    EXPECT_EQ(record.external_hostnames(0), "lb-0.example");
    EXPECT_EQ(record.external_hostnames(63), "lb-63.example");
  }
}

TEST_F(ClusterIndexTest, ASliceMayMoveToAnotherService) {
  const std::string endpoints = Endpoint("web-0", "p-0", "10.0.0.1");
  Put(MakeService("a", "s-a", "none"), MakeService("b", "s-b", "none"), MakeSlice("x", "a", endpoints));
  Changes();
  Put(MakeSlice("x", "b", endpoints));
  EXPECT_EQ(Changes(),
            "+ identity default/b/web-0 pod host=web-0 10.0.0.1 ready serving #0 uid=p-0\n"
            "- pod identity default/a/web-0 uid=p-0\n");
}

TEST_F(ClusterIndexTest, APodMayBeInTwoSlicesWhileItMoves) {
  Put(MakeService("s", "s-1", "none"), MakeSlice("x", "s", Endpoint("web-0", "p-0", "10.0.0.1")));
  Changes();
  Put(MakeSlice("y", "s", Endpoint("web-0", "p-0", "10.0.0.1")));
  EXPECT_EQ(Changes(), "");
  Put(MakeSlice("x", "s", ""));
  EXPECT_EQ(Changes(), "");
  Delete(ObjectKind::kEndpointSlice, "x");
  EXPECT_EQ(Changes(), "");
  Put(MakeSlice("y", "s", ""));
  EXPECT_EQ(Changes(), "- pod identity default/s/web-0 uid=p-0\n");
}

TEST_F(ClusterIndexTest, ADeleteOfAnOlderLifeChangesNothing) {
  Put(MakePod("a", "new", "s", "10.0.0.1"), MakeService("s", "new", "s"));
  Changes();
  Delete(ObjectKind::kPod, "a", "old");
  Delete(ObjectKind::kService, "s", "old");
  EXPECT_EQ(Changes(), "");
  Delete(ObjectKind::kPod, "b", "any");  // nobody knows it
  EXPECT_EQ(Changes(), "");
  Delete(ObjectKind::kPod, "a", "new");
  EXPECT_EQ(Changes(), "- pod identity default/s/a uid=new\n");
}

TEST_F(ClusterIndexTest, SlicesMayComeBeforeTheirService) {
  Put(MakeSlice("x", "s", Endpoint("web-0", "p-0", "10.0.0.1")));
  EXPECT_EQ(Changes(), "+ namespace default\n");
  Put(MakeService("s", "s-1", "none"));
  EXPECT_EQ(Changes(),
            "+ service default/s headless uid=s-1\n"
            "+ identity default/s/web-0 pod host=web-0 10.0.0.1 ready serving #0 uid=p-0\n");
}

TEST_F(ClusterIndexTest, AServiceMadeAnewIsOneUpsert) {
  Put(MakeService("s", "s-1", "s"), MakePod("a", "p-a", "s", "10.0.0.1"));
  Changes();
  Delete(ObjectKind::kService, "s", "s-1");
  Put(MakeService("s", "s-2", "s"));
  EXPECT_EQ(Changes(), "+ service default/s headless uid=s-2\n");
  Delete(ObjectKind::kService, "s", "s-1");
  EXPECT_EQ(Changes(), "");
  Delete(ObjectKind::kService, "s", "s-2");
  EXPECT_EQ(Changes(),
            "+ pod default/a 10.0.0.1 uid=p-a\n"
            "- service default/s uid=s-2\n"
            "- pod identity default/s/a uid=p-a\n");
}

// ---- two pods of one name, while a StatefulSet replaces one by the other

TEST_F(ClusterIndexTest, OfTwoPodsOfOneNameTheReadyOneWins) {
  Put(MakeService("s", "s-1", "none"), MakeSlice("x", "s", Endpoint("web-0", "old", "10.0.0.1")));
  Changes();
  Put(MakeSlice("y", "s", Endpoint("web-0", "new", "10.0.0.2", "ready: false")));
  EXPECT_EQ(Changes(), "");
  Put(MakeSlice("x", "s", Endpoint("web-0", "old", "10.0.0.1", "ready: false serving: true terminating: true")));
  EXPECT_EQ(Changes(), "+ identity default/s/web-0 pod host=web-0 10.0.0.2 #0 uid=new\n")
      << "neither is ready: the newer one is the one that does not terminate";
  Put(MakeSlice("y", "s", Endpoint("web-0", "new", "10.0.0.2", "ready: true")));
  EXPECT_EQ(Changes(), "+ identity default/s/web-0 pod host=web-0 10.0.0.2 ready serving #0 uid=new\n");
  Put(MakeSlice("x", "s", ""));
  EXPECT_EQ(Changes(), "");
}

TEST_F(ClusterIndexTest, OfTwoReadyPodsOfOneNameTheOneThatDoesNotTerminateWins) {
  // With publishNotReadyAddresses the slices call every pod ready.
  const std::string old_pod = Endpoint("web-0", "old", "10.0.0.1", "ready: true terminating: true");
  const std::string new_pod = Endpoint("web-0", "new", "10.0.0.2", "ready: true serving: false");
  for (const auto& [first, second] : {std::pair(old_pod, new_pod), std::pair(new_pod, old_pod)}) {
    index_ = ClusterIndex(ClusterIndex::Rules());
    state_ = {};
    Put(MakeService("s", "s-1", "none"), MakeSlice("x", "s", first), MakeSlice("y", "s", second));
    EXPECT_EQ(Changes(),
              "+ namespace default\n"
              "+ service default/s headless uid=s-1\n"
              "+ identity default/s/web-0 pod host=web-0 10.0.0.2 ready #0 uid=new\n");
  }
}

TEST_F(ClusterIndexTest, OfTwoPodsOfOneNameTheOneThatTheSourceKnowsWins) {
  Put(MakeService("s", "s-1", "s"), MakePod("web-0", "old", "s", "10.0.0.1"),
      MakeSlice("x", "s", Endpoint("web-0", "old", "10.0.0.1") + Endpoint("web-0", "new", "10.0.0.2")));
  Changes();
  EXPECT_EQ(ToText(state_.Records()),
            "namespace default\n"
            "service default/s headless uid=s-1\n"
            "identity default/s/web-0 pod host=web-0 10.0.0.1 ready serving uid=old\n");
  Put(MakePod("web-0", "new", "s", "10.0.0.2"));
  EXPECT_EQ(Changes(), "+ identity default/s/web-0 pod host=web-0 10.0.0.2 ready serving uid=new\n");
}

// ---- pods

TEST_F(ClusterIndexTest, APodThatChangesLabelsLeavesAndJoinsAtOnce) {
  Put(MakeService("a", "s-a", "a"), MakeService("b", "s-b", "b"), MakePod("p", "p-1", "a", "10.0.0.1"));
  Changes();
  Put(MakePod("p", "p-1", "b", "10.0.0.1"));
  EXPECT_EQ(Changes(),
            "+ identity default/b/p pod 10.0.0.1 ready serving uid=p-1\n"
            "- pod identity default/a/p uid=p-1\n");
}

TEST_F(ClusterIndexTest, APodHasARecordOfItsOwnWhileNoServiceNamesIt) {
  Put(MakePod("p", "p-1", "s", "10.0.0.1"));
  EXPECT_EQ(Changes(), "+ namespace default\n+ pod default/p 10.0.0.1 uid=p-1\n");
  Put(MakeService("s", "s-1", "s"));
  EXPECT_EQ(Changes(),
            "+ service default/s headless uid=s-1\n"
            "+ identity default/s/p pod 10.0.0.1 ready serving uid=p-1\n"
            "- pod default/p uid=p-1\n");
  Put(MakeSlice("x", "s", ""));
  EXPECT_EQ(Changes(), "+ pod default/p 10.0.0.1 uid=p-1\n- pod identity default/s/p uid=p-1\n")
      << "slices say what a service has";
  Put(MakeSlice("x", "s", Endpoint("p", "p-1", "10.0.0.1")));
  EXPECT_EQ(Changes(), "+ identity default/s/p pod host=p 10.0.0.1 ready serving uid=p-1\n- pod default/p uid=p-1\n");
  Delete(ObjectKind::kPod, "p", "p-1");
  EXPECT_EQ(Changes(), "") << "the slice still names it";
}

TEST_F(ClusterIndexTest, SelectorsOfSeveralPairsMatchWhole) {
  const auto selector = [](const std::string& name, const std::string& pod) {
    return Make<Service>(name, "",
                         absl::StrCat("spec { cluster_ip: 'None' selector { key: 'app' value: 'web' } selector { key: "
                                      "'pod' value: '",
                                      pod, "' } }"));
  };
  Put(selector("a", "a"), selector("b", "b"), selector("c", "c"));
  Pod pod = MakePod("p", "", "web", "10.0.0.1");
  (*pod.mutable_metadata()->mutable_labels())["pod"] = "b";
  Changes();
  Put(pod);
  EXPECT_EQ(Changes(), "+ identity default/b/p pod 10.0.0.1 ready serving\n");
  Put(selector("b", "c"));
  EXPECT_EQ(Changes(), "+ pod default/p 10.0.0.1\n- pod identity default/b/p\n");
  Put(selector("a", "b"));
  EXPECT_EQ(Changes(), "+ identity default/a/p pod 10.0.0.1 ready serving\n- pod default/p\n");
}

TEST_F(ClusterIndexTest, OrdinalsAndZonesStay) {
  Pod pod = MakePod("web-3", "p-3", "s", "10.0.0.1");
  (*pod.mutable_metadata()->mutable_labels())["topology.kubernetes.io/zone"] = "z1";
  (*pod.mutable_metadata()->mutable_labels())["apps.kubernetes.io/pod-index"] = "3";
  Put(MakeService("s", "s-1", "s"), pod);
  EXPECT_EQ(Changes(),
            "+ namespace default\n"
            "+ service default/s headless uid=s-1\n"
            "+ identity default/s/web-3 pod 10.0.0.1 ready serving #3 zone=z1 uid=p-3\n");
  (*pod.mutable_metadata()->mutable_labels())["topology.kubernetes.io/zone"] = "z2";
  Put(pod);
  EXPECT_EQ(Changes(), "+ identity default/s/web-3 pod 10.0.0.1 ready serving #3 zone=z2 uid=p-3\n");

  EndpointSlice slice = MakeSlice("x", "s", Endpoint("web-3", "p-3", "10.0.0.1"));
  slice.mutable_endpoints(0)->set_zone("z3");
  Put(slice);
  EXPECT_EQ(Changes(), "+ identity default/s/web-3 pod host=web-3 10.0.0.1 ready serving #3 zone=z3 uid=p-3\n");
  (*pod.mutable_metadata()->mutable_labels())["apps.kubernetes.io/pod-index"] = "4";
  Put(pod);
  EXPECT_EQ(Changes(), "+ identity default/s/web-3 pod host=web-3 10.0.0.1 ready serving #4 zone=z3 uid=p-3\n");
}

TEST_F(ClusterIndexTest, AStatefulSetCompletesItsPodsWheneverItComes) {
  Put(MakeService("s", "s-1", "s"), MakePod("web-0", "p-0", "s", "10.0.0.1"));
  EXPECT_EQ(Changes(),
            "+ namespace default\n"
            "+ service default/s headless uid=s-1\n"
            "+ identity default/s/web-0 pod 10.0.0.1 ready serving uid=p-0\n");
  // Selects by a label that only its controller gives.
  Put(Make<Service>("zero", "",
                    "spec { cluster_ip: 'None' selector { key: 'apps.kubernetes.io/pod-index' value: '0' } }"));
  EXPECT_EQ(Changes(), "+ service default/zero headless\n");
  Put(Make<StatefulSet>("web", "w-1",
                        "spec { service_name: 's' selector { match_labels { key: 'app' value: 's' } } }"));
  EXPECT_EQ(Changes(),
            "+ identity default/s/web-0 pod host=web-0 10.0.0.1 ready serving #0 uid=p-0\n"
            "+ identity default/zero/web-0 pod 10.0.0.1 ready serving #0 uid=p-0\n");
  Put(MakePod("web-1", "p-1", "s", "10.0.0.2"));
  EXPECT_EQ(Changes(), "+ identity default/s/web-1 pod host=web-1 10.0.0.2 ready serving #1 uid=p-1\n");
  Delete(ObjectKind::kStatefulSet, "web", "w-1");
  EXPECT_EQ(Changes(),
            "+ identity default/s/web-0 pod 10.0.0.1 ready serving uid=p-0\n"
            "+ identity default/s/web-1 pod 10.0.0.2 ready serving uid=p-1\n"
            "- pod identity default/zero/web-0 uid=p-0\n");
}

// ---- the rest of the cluster

TEST_F(ClusterIndexTest, ANamespaceIsThereWhileItOrAnObjectInItIs) {
  Put(MakePod("a", "", "s", ""), MakeSlice("x", "s", ""));
  EXPECT_EQ(Changes(), "+ namespace default\n");
  Delete(ObjectKind::kPod, "a");
  EXPECT_EQ(Changes(), "");
  Namespace object;
  object.mutable_metadata()->set_name("default");
  object.mutable_metadata()->set_uid("n-1");
  Put(object);
  EXPECT_EQ(Changes(), "+ namespace default uid=n-1\n");
  Delete(ObjectKind::kEndpointSlice, "x");
  EXPECT_EQ(Changes(), "");
  Put(MakeSlice("x", "s", ""));
  Delete(ObjectKind::kNamespace, "default", "n-1");
  EXPECT_EQ(Changes(), "+ namespace default\n");
  Delete(ObjectKind::kEndpointSlice, "x");
  EXPECT_EQ(Changes(), "- namespace default\n");
}

TEST_F(ClusterIndexTest, ServiceImportsHaveTheEndpointsOfTheirSlices) {
  EndpointSlice slice = MakeSlice("x", "", "endpoints { addresses: '10.1.0.1' hostname: 'db-0' }");
  auto& labels = *slice.mutable_metadata()->mutable_labels();
  labels.clear();
  labels["multicluster.kubernetes.io/service-name"] = "db";
  labels["multicluster.kubernetes.io/source-cluster"] = "east";
  Put(slice);
  EXPECT_EQ(Changes(), "+ namespace default\n");
  Put(Make<ServiceImport>("db", "i-1", "spec { type: 'Headless' }"));
  EXPECT_EQ(Changes(),
            "+ import default/db headless uid=i-1\n"
            "+ imported default/db/db-0.10-1-0-1.east host=db-0 10.1.0.1 ready serving cluster=east\n");
  labels["multicluster.kubernetes.io/source-cluster"] = "west";
  Put(slice);
  EXPECT_EQ(Changes(),
            "+ imported default/db/db-0.10-1-0-1.west host=db-0 10.1.0.1 ready serving cluster=west\n"
            "- imported identity default/db/db-0.10-1-0-1.east\n");
  Delete(ObjectKind::kServiceImport, "db", "i-1");
  EXPECT_EQ(Changes(),
            "- service import default/db uid=i-1\n"
            "- imported identity default/db/db-0.10-1-0-1.west\n");
}

TEST_F(ClusterIndexTest, ARelistDeletesWhatItDidNotSeeAndNothingBeforeItsEnd) {
  const Pod a = MakePod("a", "p-a", "s", "10.0.0.1");
  const Pod b = MakePod("b", "p-b", "s", "10.0.0.2");
  const Pod c = MakePod("c", "p-c", "s", "10.0.0.3");
  Put(MakeService("s", "s-1", "s"), a, b);
  Changes();
  index_.BeginRelist(ObjectKind::kPod);
  EXPECT_EQ(Changes(), "");
  Put(b);
  index_.BeginRelist(ObjectKind::kPod);  // it broke off, and starts again
  Put(a, c);
  EXPECT_EQ(Changes(), "+ identity default/s/c pod 10.0.0.3 ready serving uid=p-c\n");
  index_.EndRelist(ObjectKind::kPod);
  EXPECT_EQ(Changes(), "- pod identity default/s/b uid=p-b\n");
  index_.EndRelist(ObjectKind::kPod);
  EXPECT_EQ(Changes(), "");
}

TEST_F(ClusterIndexTest, NoNumberOfRelistsThatBrokeOffSavesWhatIsGone) {
  Put(MakeService("s", "s-1", "s"), MakePod("a", "p-a", "s", "10.0.0.1"));
  Changes();
  constexpr int kNight = 1024;  // at one every 30 s
  for (int i = 0; i < kNight; ++i) index_.BeginRelist(ObjectKind::kPod);
  index_.EndRelist(ObjectKind::kPod);
  EXPECT_EQ(Changes(), "- pod identity default/s/a uid=p-a\n");
}

// ---- random events, against ClusterRecords of all objects

class RandomCluster {
 public:
  RandomCluster(unsigned seed, ClusterIndex::Rules rules) : rules_(rules), random_(seed) {}

  // One event, in the index and in the model.
  void Step() {
    switch (Number(30)) {
      case 0:
        return PutSome<Namespace>();
      case 1:
      case 2:
      case 3:
      case 4:
        return PutSome<Service>();
      case 5:
      case 6:
        return PutSet();
      case 7:
      case 8:
        return PutSome<ServiceImport>();
      case 9:
      case 10:
      case 11:
      case 12:
      case 13:
        return PutSome<EndpointSlice>();
      case 14:
        return RelistSome();
      case 15:
      case 16:
      case 17:
      case 18:
        return DeleteSome();
      case 19:
      case 20:
      case 21:
      case 22:
      case 23:
      case 24:
        return ChangeOneEndpoint();
      default:
        return PutSome<Pod>();
    }
  }

  std::string Expected() const {
    ClusterObjects objects;
    for (const auto& [name, object] : namespaces_) objects.namespaces.push_back(&object);
    for (const auto& [name, object] : services_) objects.services.push_back(&object);
    for (const auto& [name, object] : pods_) objects.pods.push_back(&object);
    for (const auto& [name, object] : slices_) objects.slices.push_back(&object);
    for (const auto& [name, object] : sets_) objects.stateful_sets.push_back(&object);
    for (const auto& [name, object] : imports_) objects.imports.push_back(&object);
    return ToText(ClusterRecords(objects, rules_));
  }

  // What TakeChanges yields leads there, and has nothing in it that changes nothing.
  void Check() {
    ASSERT_EQ(state_.Apply(index_.TakeChanges()), "");
    ASSERT_EQ(ToText(state_.Records()), Expected());
  }

  bool Chance(int percent) { return Number(100) < percent; }
  size_t records() const { return state_.Records().size(); }

 private:
  template <typename Object>
  using Objects = std::map<std::pair<std::string, std::string>, Object>;

  auto& Of(const Namespace&) { return namespaces_; }
  auto& Of(const Service&) { return services_; }
  auto& Of(const Pod&) { return pods_; }
  auto& Of(const EndpointSlice&) { return slices_; }
  auto& Of(const StatefulSet&) { return sets_; }
  auto& Of(const ServiceImport&) { return imports_; }

  int Number(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  std::string One(std::initializer_list<const char*> words) {
    return *(words.begin() + Number(static_cast<int>(words.size())));
  }
  std::string NamespaceName() { return One({"a", "a", "a", "b", "c"}); }
  std::string PodName() { return One({"web-0", "web-1", "web-2", "db-0", "db-x", "debug"}); }
  std::string Address() {
    return Chance(80) ? absl::StrCat("10.0.0.", Number(6) + 1)
                      : One({"fd00::1", "fd00::2", "0.0.0.0", "::ffff:10.0.0.1"});
  }
  std::string Uid() { return One({"", "u-1", "u-2", "u-3"}); }
  void Label(k8s::meta::v1::ObjectMeta* metadata) {
    auto& labels = *metadata->mutable_labels();
    if (Chance(80)) labels["app"] = One({"web", "db"});
    if (Chance(50)) labels["tier"] = One({"x", "y"});
    if (Chance(20)) labels["topology.kubernetes.io/zone"] = One({"z1", "z2"});
    if (Chance(10)) labels["apps.kubernetes.io/pod-index"] = One({"0", "1", "01"});
  }
  // What nobody reads.
  void AddNoise(k8s::meta::v1::ObjectMeta* metadata) {
    if (Chance(30)) metadata->set_resource_version(std::to_string(Number(1000)));
    if (Chance(30)) metadata->mutable_creation_timestamp()->set_seconds(Number(1000));
    if (Chance(30)) (*metadata->mutable_annotations())["noise"] = One({"a", "b"});
  }
  template <typename Spec>
  void AddPorts(Spec* spec) {
    for (int i = Number(3); i > 0; --i) {
      k8s::core::v1::ServicePort& port = *spec->add_ports();
      port.set_port(80 + Number(3));
      if (Chance(50)) port.set_name(One({"http", "dns"}));
      if (Chance(30)) port.set_protocol("UDP");
      if (Chance(60)) {
        port.mutable_target_port()->set_type(1);
        port.mutable_target_port()->set_str_val(One({"http", "dns"}));
      }
    }
  }

  void Fill(Namespace* object) {
    if (Chance(50)) Label(object->mutable_metadata());
  }
  void Fill(Service* object) {
    Label(object->mutable_metadata());
    if (Chance(10)) {
      (*object->mutable_metadata()->mutable_annotations())["service.alpha.kubernetes.io/tolerate-unready-endpoints"] =
          "true";
    }
    k8s::core::v1::ServiceSpec& spec = *object->mutable_spec();
    auto& selector = *spec.mutable_selector();
    if (Chance(70)) selector["app"] = One({"web", "db"});
    if (Chance(40)) selector["tier"] = One({"x", "y"});
    if (Chance(10)) selector["apps.kubernetes.io/pod-index"] = One({"0", "1"});
    if (Chance(80)) spec.set_cluster_ip(One({"None", "None", "10.96.0.1"}));
    if (Chance(5)) spec.set_type("ExternalName");
    if (Chance(10)) spec.add_ip_families(One({"IPv4", "IPv6"}));
    spec.set_publish_not_ready_addresses(Chance(10));
    AddPorts(&spec);
    if (Chance(20)) spec.add_external_ips(Address());
    for (int i = Chance(20) ? Number(3) : 0; i > 0; --i) {
      k8s::core::v1::LoadBalancerIngress& ingress = *object->mutable_status()->mutable_load_balancer()->add_ingress();
      if (Chance(50)) ingress.set_ip(Address());
      if (Chance(50)) ingress.set_hostname(One({"lb.example", "not..a-name"}));
    }
  }
  void Fill(Pod* object) {
    Label(object->mutable_metadata());
    if (Chance(20)) {
      (*object->mutable_metadata()->mutable_labels())["controller-revision-hash"] = One({"web-1", "web-2", "2"});
    }
    if (Chance(10)) object->mutable_metadata()->mutable_deletion_timestamp()->set_seconds(Number(1000));
    if (Chance(30)) {
      k8s::meta::v1::OwnerReference& owner = *object->mutable_metadata()->add_owner_references();
      owner.set_kind(One({"StatefulSet", "StatefulSet", "ReplicaSet"}));
      owner.set_name(One({"web", "db"}));
      owner.set_uid(Uid());
      owner.set_controller(Chance(80));
    }
    k8s::core::v1::PodSpec& spec = *object->mutable_spec();
    if (Chance(30)) spec.set_hostname(One({"web-0", "host"}));
    if (Chance(30)) spec.set_subdomain(One({"web", "db"}));
    if (Chance(50)) spec.set_node_name(One({"n1", "n2"}));
    for (int i = Number(3); i > 0; --i) {
      const bool is_init = Chance(40);
      k8s::core::v1::Container& container = is_init ? *spec.add_init_containers() : *spec.add_containers();
      if (is_init && Chance(50)) container.set_restart_policy("Always");
      for (int j = Number(3); j > 0; --j) {
        k8s::core::v1::ContainerPort& port = *container.add_ports();
        port.set_container_port(8080 + Number(3));
        if (Chance(70)) port.set_name(One({"http", "dns"}));
        if (Chance(30)) port.set_protocol("UDP");
      }
    }
    k8s::core::v1::PodStatus& status = *object->mutable_status();
    if (Chance(50)) status.set_phase(One({"Running", "Running", "Running", "Succeeded", "Failed"}));
    if (Chance(80)) status.set_pod_ip(Address());
    for (int i = Number(3); i > 0; --i) status.add_pod_ips()->set_ip(Address());
    for (int i = Number(3); i > 0; --i) {
      k8s::core::v1::PodCondition& condition = *status.add_conditions();
      condition.set_type(One({"Ready", "Ready", "Initialized"}));
      condition.set_status(One({"True", "True", "False"}));
    }
  }
  void Fill(EndpointSlice* object) {
    auto& labels = *object->mutable_metadata()->mutable_labels();
    if (Chance(80)) labels["kubernetes.io/service-name"] = One({"web", "db", "s"});
    if (Chance(20)) labels["multicluster.kubernetes.io/service-name"] = One({"web", "db"});
    if (Chance(20)) labels["multicluster.kubernetes.io/source-cluster"] = One({"east", "west"});
    if (Chance(20)) labels["noise"] = One({"a", "b"});
    object->set_address_type(One({"IPv4", "IPv4", "IPv4", "IPv6", "FQDN"}));
    if (Chance(50)) {
      for (int i = Number(4); i > 0; --i) FillAsClustersDo(object->add_endpoints());
      return;
    }
    for (int i = Number(4); i > 0; --i) {
      k8s::discovery::v1::Endpoint& endpoint = *object->add_endpoints();
      for (int j = Number(3); j > 0; --j) endpoint.add_addresses(Address());
      if (Chance(50)) endpoint.set_hostname(One({"web-0", "web-1", "primary"}));
      if (Chance(80)) {
        endpoint.mutable_target_ref()->set_kind(One({"Pod", "Pod", "Pod", "Node"}));
        endpoint.mutable_target_ref()->set_namespace_("noise");
        endpoint.mutable_target_ref()->set_name(PodName());
        endpoint.mutable_target_ref()->set_uid(Uid());
      }
      if (Chance(30)) endpoint.set_node_name(One({"n1", "n2"}));
      if (Chance(30)) endpoint.set_zone(One({"z1", "z2"}));
      if (Chance(50)) endpoint.mutable_conditions()->set_ready(Chance(50));
      if (Chance(30)) endpoint.mutable_conditions()->set_serving(Chance(50));
      if (Chance(30)) endpoint.mutable_conditions()->set_terminating(Chance(50));
    }
    for (int i = Number(3); i > 0; --i) {
      k8s::discovery::v1::EndpointPort& port = *object->add_ports();
      port.set_name(One({"http", "dns"}));
      port.set_port(8080 + Number(3));
    }
  }
  void FillAsClustersDo(k8s::discovery::v1::Endpoint* endpoint) {
    endpoint->Clear();
    endpoint->add_addresses(Address());
    endpoint->mutable_target_ref()->set_kind("Pod");
    endpoint->mutable_target_ref()->set_name(Chance(98) ? PodName() : "web-0.web-1");
    endpoint->mutable_target_ref()->set_uid(Uid());
    if (Chance(50)) endpoint->set_hostname(Chance(90) ? endpoint->target_ref().name() : "alias");
    if (Chance(30)) endpoint->set_node_name(One({"n1", "n2"}));
    if (Chance(10)) endpoint->set_zone(One({"z1", "z2"}));
    if (Chance(80)) endpoint->mutable_conditions()->set_ready(Chance(80));
  }
  void Fill(StatefulSet* object) {
    Label(object->mutable_metadata());
    object->mutable_spec()->set_service_name(One({"web", "db"}));
    if (Chance(90)) {
      k8s::meta::v1::LabelSelector& selector = *object->mutable_spec()->mutable_selector();
      if (Chance(50)) (*selector.mutable_match_labels())["app"] = One({"web", "db"});
      if (Chance(20)) {
        k8s::meta::v1::LabelSelectorRequirement& requirement = *selector.add_match_expressions();
        requirement.set_key("tier");
        requirement.set_operator_(One({"Exists", "DoesNotExist", "In", "NotIn"}));
        requirement.add_values("x");
      }
    }
  }
  void Fill(ServiceImport* object) {
    Label(object->mutable_metadata());
    object->mutable_spec()->set_type(One({"Headless", "Headless", "ClusterSetIP"}));
    if (Chance(30)) object->mutable_spec()->add_ips("10.100.0.1");
    AddPorts(object->mutable_spec());
  }

  std::string NameFor(const Namespace&) { return NamespaceName(); }
  std::string NameFor(const Service&) { return One({"web", "db", "s"}); }
  std::string NameFor(const Pod&) { return PodName(); }
  std::string NameFor(const EndpointSlice&) { return One({"w", "x", "y", "z"}); }
  std::string NameFor(const StatefulSet&) { return One({"web", "db"}); }
  std::string NameFor(const ServiceImport&) { return One({"web", "db"}); }

  template <typename Object>
  void PutSome() {
    Object object;
    k8s::meta::v1::ObjectMeta& metadata = *object.mutable_metadata();
    if constexpr (!std::is_same_v<Object, Namespace>) metadata.set_namespace_(NamespaceName());
    metadata.set_name(NameFor(object));
    metadata.set_uid(Uid());
    AddNoise(&metadata);
    Fill(&object);
    index_.Put(object);
    Of(object)[{metadata.namespace_(), metadata.name()}] = object;
  }

  // Of people alone: nobody follows those of a cluster.
  void PutSet() {
    if (rules_.pods_alone_are_identities) PutSome<StatefulSet>();
  }

  void ChangeOneEndpoint() {
    if (slices_.empty()) return;
    EndpointSlice& slice = std::next(slices_.begin(), Number(static_cast<int>(slices_.size())))->second;
    const int place = Number(slice.endpoints_size() + 1);
    if (place == slice.endpoints_size()) {
      FillAsClustersDo(slice.add_endpoints());
    } else if (Chance(30)) {
      slice.mutable_endpoints()->DeleteSubrange(place, 1);
    } else if (Chance(20)) {
      slice.mutable_endpoints()->SwapElements(place, 0);
    } else {
      FillAsClustersDo(slice.mutable_endpoints(place));
    }
    index_.Put(slice);
  }

  template <typename Object>
  void DeleteOne() {
    const Object some;
    auto& objects = Of(some);
    if (objects.empty()) return;
    const auto object = std::next(objects.begin(), Number(static_cast<int>(objects.size())));
    const std::string current = object->second.metadata().uid();
    const std::string uid = Chance(50) ? current : Uid();
    index_.Delete(kKindOf<Object>, object->first.first, object->first.second, uid);
    if (uid.empty() || current.empty() || uid == current) objects.erase(object);
  }
  void DeleteSome() {
    switch (Number(8)) {
      case 0:
        return DeleteOne<Namespace>();
      case 1:
        return DeleteOne<Service>();
      case 2:
        return DeleteOne<StatefulSet>();
      case 3:
        return DeleteOne<ServiceImport>();
      case 4:
      case 5:
        return DeleteOne<EndpointSlice>();
      default:
        return DeleteOne<Pod>();
    }
  }

  // Most are seen; between, other things happen and changes are taken.
  template <typename Object>
  void RelistOf() {
    const Object some;
    auto& objects = Of(some);
    index_.BeginRelist(kKindOf<Object>);
    if (Chance(20)) index_.BeginRelist(kKindOf<Object>);
    std::vector<std::pair<std::string, std::string>> unseen;
    for (const auto& [name, object] : objects) {
      if (Chance(80)) {
        index_.Put(object);
      } else {
        unseen.push_back(name);
      }
    }
    if (Chance(30)) Check();
    index_.EndRelist(kKindOf<Object>);
    for (const auto& name : unseen) objects.erase(name);
  }
  void RelistSome() {
    switch (Number(6)) {
      case 0:
        return RelistOf<Namespace>();
      case 1:
        return RelistOf<Service>();
      case 2:
        return RelistOf<StatefulSet>();
      case 3:
        return RelistOf<ServiceImport>();
      case 4:
        return RelistOf<EndpointSlice>();
      default:
        return RelistOf<Pod>();
    }
  }

  const ClusterIndex::Rules rules_;
  std::mt19937 random_;
  ClusterIndex index_{rules_};
  RecordMap state_;
  Objects<Namespace> namespaces_;
  Objects<Service> services_;
  Objects<Pod> pods_;
  Objects<EndpointSlice> slices_;
  Objects<StatefulSet> sets_;
  Objects<ServiceImport> imports_;
};

class RandomEvents : public ::testing::TestWithParam<ClusterIndex::Rules> {};

TEST_P(RandomEvents, LeadWhereAllObjectsAtOnceLead) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    RandomCluster cluster(seed, GetParam());
    // Some are large before anybody looks for the first time.
    while (seed % 2 == 1 && !cluster.Chance(1)) cluster.Step();
    size_t records = 0;
    for (int step = 0; step < 2000; ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      cluster.Step();
      if (!cluster.Chance(40)) continue;
      cluster.Check();
      if (::testing::Test::HasFatalFailure()) return;
      records += cluster.records();
    }
    EXPECT_GT(records, 10'000u) << "the clusters are too small to say anything";
  }
}

INSTANTIATE_TEST_SUITE_P(
    ClusterIndex, RandomEvents,
    ::testing::Values(ClusterIndex::Rules(), ClusterIndex::Rules{.pods_alone_are_identities = false},
                      ClusterIndex::Rules{.pods_alone_are_identities = false, .objects_make_namespaces = false}));

}  // namespace
}  // namespace podnamed::controller
