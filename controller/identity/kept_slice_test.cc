#include "controller/identity/kept_slice.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace podnamed::controller {
namespace {

using k8s::discovery::v1::EndpointSlice;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::UnorderedElementsAre;

constexpr char kUid[] = "5f3c9a50-7d0e-4f7e-9c1b-0a5f2d7f4f11";

EndpointSlice Make(std::string_view text) {
  EndpointSlice slice;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      std::string("metadata { uid: 's' labels { key: 'kubernetes.io/service-name' value: 'web' } } ") +
          "address_type: 'IPv4' ports { name: 'http' port: 80 } " + std::string(text),
      &slice))
      << text;
  return slice;
}

std::string Encoded(const EndpointSlice& slice) {
  std::string octets;
  EncodeKept(slice, &octets);
  return octets;
}
std::string Encoded(std::string_view text) { return Encoded(Make(text)); }

EndpointSlice Decoded(std::string_view octets, const PodNames* only = nullptr) {
  EndpointSlice slice;
  DecodeKept(octets, &slice, only);
  return slice;
}

std::string Endpoint(std::string_view pod, std::string_view address, std::string_view more = "") {
  return "endpoints { addresses: '" + std::string(address) + "' hostname: '" + std::string(pod) +
         "' target_ref { kind: 'Pod' name: '" + std::string(pod) + "' uid: '" + kUid + "' } zone: 'z1' " +
         std::string(more) + "} ";
}

TEST(KeptSlice, SaysWhatTheSliceSaid) {
  for (const std::string& endpoints : {
           std::string(),
           Endpoint("web-0", "10.0.0.1"),
           Endpoint("web-0", "10.0.0.1", "node_name: 'n' conditions { ready: true serving: false }") +
               Endpoint("web-1", "fd00::1", "conditions { terminating: true }"),
           std::string("endpoints { addresses: '010.0.0.1' addresses: 'FD00::1' addresses: '10.0.0.2' zone: 'z2' }"),
           std::string("endpoints { hostname: '' target_ref { kind: 'Pod' name: 'a.b' uid: 'UPPER' } node_name: '' }"),
           std::string("endpoints { conditions {} target_ref { kind: 'Pod' name: '' uid: '' } }"),
           std::string("endpoints { hostname: 'x' zone: 'z1' } endpoints { zone: 'z2' } endpoints { zone: 'z1' }"),
       }) {
    const EndpointSlice slice = Make(endpoints);
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(Decoded(Encoded(slice)), slice))
        << slice.DebugString() << Decoded(Encoded(slice)).DebugString();
  }
}

TEST(KeptSlice, KeepsNothingElse) {
  EndpointSlice slice = Make(Endpoint("web-0", "10.0.0.1"));
  const std::string octets = Encoded(slice);
  slice.mutable_metadata()->set_resource_version("7");
  (*slice.mutable_metadata()->mutable_labels())["app"] = "web";
  slice.mutable_endpoints(0)->mutable_target_ref()->set_namespace_("default");
  EXPECT_EQ(Encoded(slice), octets);
}

TEST(KeptSlice, TakesFewOctets) {
  std::string endpoints;
  for (int i = 0; i < 75; ++i) {
    const std::string number = std::to_string(i);
    endpoints +=
        Endpoint("web-" + number, "10.0.0." + number, "node_name: 'node-" + number + "' conditions { ready: true }");
  }
  EXPECT_LT(Encoded(endpoints).size(), 75u * 48);
}

TEST(KeptSlice, ShowsSomeOfItsPods) {
  const std::string octets = Encoded(Endpoint("a", "10.0.0.1") + Endpoint("b", "10.0.0.2") + Endpoint("c", "10.0.0.3"));
  const PodNames only = {"a", "c", "d"};
  const EndpointSlice slice = Decoded(octets, &only);
  ASSERT_EQ(slice.endpoints_size(), 2);
  EXPECT_EQ(slice.endpoints(0).hostname(), "a");
  EXPECT_EQ(slice.endpoints(1).addresses(0), "10.0.0.3");
  EXPECT_EQ(slice.ports_size(), 1);
}

TEST(KeptSlice, KnowsWhichPodsChanged) {
  const std::string a = Endpoint("a", "10.0.0.1");
  const std::string b = Endpoint("b", "10.0.0.2");
  const std::string c = Endpoint("c", "10.0.0.3");
  const std::string moved = Endpoint("b", "10.0.0.9");
  EXPECT_THAT(ChangedPods(Encoded(a + b + c), Encoded(a + b + c)), Optional(IsEmpty()));
  EXPECT_THAT(ChangedPods(Encoded(a + b + c), Encoded(a + moved + c)), Optional(ElementsAre("b")));
  EXPECT_THAT(ChangedPods(Encoded(a + b + c), Encoded(a + c)), Optional(ElementsAre("b")));
  EXPECT_THAT(ChangedPods(Encoded(a + b + c), Encoded(a + c + moved)), Optional(ElementsAre("b")));
  EXPECT_THAT(ChangedPods(Encoded(a), Encoded(b + a + c)), Optional(UnorderedElementsAre("b", "c")));
  EXPECT_THAT(ChangedPods(Encoded(""), Encoded(a)), std::nullopt) << "it has a zone, now";
}

TEST(KeptSlice, KnowsWhereMoreThanPodsChanged) {
  const std::string a = Endpoint("a", "10.0.0.1");
  const std::string b = Endpoint("b", "10.0.0.2");
  EXPECT_EQ(ChangedPods(Encoded(a + b), Encoded(b + a)), std::nullopt) << "of two of one name the first may count";
  EXPECT_EQ(ChangedPods(Encoded(a + a), Encoded(a)), std::nullopt);
  EXPECT_EQ(ChangedPods(Encoded(a), Encoded(a + "ports { port: 81 }")), std::nullopt);
  EXPECT_EQ(ChangedPods(Encoded(a), Encoded(a + "endpoints { addresses: '10.0.0.2' zone: 'z1' }")), std::nullopt);
  EXPECT_EQ(ChangedPods(Encoded(a), Encoded(a + Endpoint("x.a", "10.0.0.2"))), std::nullopt);
}

}  // namespace
}  // namespace podnamed::controller
