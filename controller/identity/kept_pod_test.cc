#include "controller/identity/kept_pod.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

namespace podnamed::controller {
namespace {

using k8s::core::v1::Pod;

constexpr char kOfSet[] = R"(
  metadata {
    name: "web-12" uid: "5f3c9a50-7d0e-4f7e-9c1b-0a5f2d7f4f11"
    labels { key: "apps.kubernetes.io/pod-index" value: "12" }
    labels { key: "controller-revision-hash" value: "web-6596ffb49b" }
    owner_references { kind: "StatefulSet" name: "web" }
  }
  spec { node_name: "node-7" }
  status { pod_ips { ip: "10.0.0.1" } pod_ips { ip: "fd00::1" } })";

Pod Make(const std::string& text) {
  Pod pod;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &pod)) << text;
  return pod;
}

std::string Encoded(const Pod& pod) {
  std::string octets;
  EncodeBrief(pod, &octets);
  return octets;
}

TEST(KeptPod, SaysWhatThePodSaid) {
  for (const std::string text : {
           kOfSet,
           R"(metadata { name: "a" uid: "" } spec { node_name: "" })",
           R"(metadata { name: "a" uid: "UPPER" } spec { node_name: "n" } status { phase: "Failed" })",
           R"(metadata { name: "web-1" uid: "u" labels { key: "apps.kubernetes.io/pod-index" value: "01" }
                         owner_references { kind: "StatefulSet" name: "other" } } spec { node_name: "n" })",
       }) {
    const Pod pod = Make(text);
    Pod decoded;
    DecodeBrief(Encoded(pod), pod.metadata().name(), &decoded);
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(decoded, pod))
        << pod.DebugString() << decoded.DebugString();
  }
}

TEST(KeptPod, KeepsNothingElse) {
  Pod pod = Make(kOfSet);
  const std::string octets = Encoded(pod);
  (*pod.mutable_metadata()->mutable_labels())["app"] = "web";
  pod.mutable_spec()->set_hostname("web-12");
  pod.mutable_status()->add_conditions()->set_type("Ready");
  pod.mutable_status()->set_phase("Running");
  EXPECT_EQ(Encoded(pod), octets);
  pod.mutable_metadata()->clear_owner_references();
  const std::string without_set = Encoded(pod);
  EXPECT_NE(without_set, octets);
  (*pod.mutable_metadata()->mutable_labels())["controller-revision-hash"] = "6596ffb49b";
  EXPECT_EQ(Encoded(pod), without_set) << "another controller's";
}

TEST(KeptPod, TakesFewOctets) {
  Pod pod = Make(kOfSet);
  pod.mutable_status()->mutable_pod_ips()->RemoveLast();
  EXPECT_LE(Encoded(pod).size(), 50u);
}

}  // namespace
}  // namespace podnamed::controller
