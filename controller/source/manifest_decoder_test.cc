#include "controller/source/manifest_decoder.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace podnamed::controller {
namespace {

// What decoding says: every object's place and name and every note, or the error; one line each.
std::string Decode(std::string_view text) {
  const absl::StatusOr<Manifest> manifest = DecodeManifest(text);
  if (!manifest.ok()) return std::string(manifest.status().message());
  std::string result;
  for (const ManifestObject& object : manifest->objects) {
    absl::StrAppend(&result, object.line, ":", object.column, " ", NameForPeople(object.object), "\n");
  }
  for (const std::string& note : manifest->notes) absl::StrAppend(&result, note, "\n");
  return result;
}

template <typename Object>
std::string Fields(std::string_view text) {
  const absl::StatusOr<Manifest> manifest = DecodeManifest(text);
  if (!manifest.ok()) return std::string(manifest.status().message());
  return std::get<Object>(manifest->objects.at(0).object).ShortDebugString();
}

TEST(DecodeManifest, ReadsEveryFieldByItsJsonName) {
  EXPECT_EQ(Fields<k8s::core::v1::Service>(R"(
apiVersion: v1
kind: Service
metadata:
  name: nginx
  namespace: web
  uid: u-1
  creationTimestamp: "2026-01-31T12:00:00.5+01:00"
  labels: {app: nginx}
  ownerReferences: [{apiVersion: v1, kind: App, name: a, controller: true}]
spec:
  clusterIP: None
  clusterIPs: [None]
  ipFamilies: [IPv4]
  publishNotReadyAddresses: true
  selector: {app: nginx}
  sessionAffinity: None
  ports:
    - {name: http, port: 80, targetPort: web}
    - {name: dns, port: 53, protocol: UDP, targetPort: 5353}
status: {loadBalancer: {}}
)"),
            "metadata { name: \"nginx\" namespace: \"web\" uid: \"u-1\" "
            "creation_timestamp { seconds: 1769857200 nanos: 500000000 } labels { key: \"app\" value: \"nginx\" } "
            "owner_references { kind: \"App\" name: \"a\" api_version: \"v1\" controller: true } } "
            "spec { ports { name: \"http\" port: 80 target_port { type: 1 str_val: \"web\" } } "
            "ports { name: \"dns\" protocol: \"UDP\" port: 53 target_port { type: 0 int_val: 5353 } } "
            "selector { key: \"app\" value: \"nginx\" } cluster_ip: \"None\" publish_not_ready_addresses: true "
            "cluster_ips: \"None\" ip_families: \"IPv4\" } status { load_balancer { } }");
}

TEST(DecodeManifest, JsonIsReadAsWell) {
  EXPECT_EQ(Fields<k8s::discovery::v1::EndpointSlice>(R"({
  "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "nginx-1"},
  "addressType": "IPv4", "ports": [{"port": 80}],
  "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": false}, "deprecatedTopology": {"a": 1},
                 "targetRef": {"kind": "Pod", "name": "web-0"}, "nodeName": "n", "zone": "z"}]})"),
            "metadata { name: \"nginx-1\" namespace: \"default\" } "
            "endpoints { addresses: \"10.0.0.1\" conditions { ready: false } "
            "target_ref { kind: \"Pod\" name: \"web-0\" } node_name: \"n\" zone: \"z\" } "
            "ports { port: 80 } address_type: \"IPv4\"");
}

TEST(DecodeManifest, NullIsAbsentAndUnknownFieldsArePassedOver) {
  EXPECT_EQ(Fields<k8s::core::v1::Pod>("{apiVersion: v1, kind: Pod, metadata: {name: a, labels: null, x: [1]}, "
                                       "spec: {hostname: ~, subdomain: ''}, status: }"),
            "metadata { name: \"a\" namespace: \"default\" } spec { subdomain: \"\" }");
}

TEST(DecodeManifest, FindsObjectsInDocumentsAndLists) {
  EXPECT_EQ(Decode(R"(# a comment
apiVersion: v1
kind: Namespace
metadata: {name: web, namespace: ignored}
---
apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: web-0, namespace: web}
- {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}
kind: List
---
{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: other}}
---
{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {}}
---
{apiVersion: v1, kind: Service, metadata: {name: db}}
)"),
            "2:1 Namespace web\n"
            "8:3 Pod web/web-0\n"
            "11:3 StatefulSet default/web\n"
            "18:1 Service default/api\n"
            "20:1 Service default/db\n"
            "2 objects of kind ConfigMap (v1) passed over\n"
            "1 object of kind Service (serving.knative.dev/v1) passed over\n"
            "Service default/api and 1 more without spec.clusterIP: no API server allocates one here, so it has "
            "no name\n");
}

struct ErrorCase {
  std::string_view text;
  std::string_view error;
};

// How an object begins, in one line, so that the fault stands in line 2.
constexpr std::string_view kService = "{apiVersion: v1, kind: Service, metadata: {name: nginx},\n";
constexpr std::string_view kPod = "{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: web},\n";
constexpr std::string_view kSlice =
    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s}, addressType: IPv4,\n";

TEST(DecodeManifest, AnErrorSaysWhereWhatAndWhatWasExpected) {
  const auto error_of = [](std::string_view head, std::string_view text) {
    return Decode(absl::StrCat(std::string(head), std::string(text)));
  };
  for (
      const ErrorCase& c : std::initializer_list<ErrorCase>{
          {"spec: {ports: [{port: http}]}}",
           R"(2:23: Service default/nginx: spec.ports[0].port: found "http", expected a whole number)"},
          {"spec: {ports: [{port: '80'}]}}",
           R"(2:23: Service default/nginx: spec.ports[0].port: found "80", expected a whole number)"},
          {"spec: {ports: [{port: 080}]}}",
           "2:23: Service default/nginx: spec.ports[0].port: found 080, expected a whole number"},
          {"spec: {ports: [{port: 70000}]}}",
           "2:23: Service default/nginx: spec.ports[0].port: found 70000, expected a port number from 1 to 65535"},
          {"spec: {ports: [{name: a}]}}",
           "2:16: Service default/nginx: spec.ports[0].port: found nothing, expected a port number from 1 to 65535"},
          {"spec: {ports: [{port: 80, protocol: tcp}]}}",
           R"(2:37: Service default/nginx: spec.ports[0].protocol: found "tcp", expected TCP, UDP or SCTP)"},
          {"spec: {ports: [{port: 80, targetPort: 1.5}]}}",
           "2:39: Service default/nginx: spec.ports[0].targetPort: found 1.5, expected a port's number, or its name (a "
           "DNS label with a letter in it)"},
          {"spec: {ports: [{port: 80, targetPort: '8080'}]}}",
           R"(2:39: Service default/nginx: spec.ports[0].targetPort: found "8080", expected a port's number, or its name (a DNS label with a letter in it))"},
          {"spec: {ports: [{port: 80, name: Http_1}]}}",
           R"(2:33: Service default/nginx: spec.ports[0].name: found "Http_1", expected a DNS label (lower-case letters, digits and '-', at most 63))"},
          {"spec: {ports: {port: 80}}}", "2:15: Service default/nginx: spec.ports: found a mapping, expected a list"},
          {"spec: {ports: [80]}}", "2:16: Service default/nginx: spec.ports[0]: found 80, expected a mapping"},
          {"spec: {ports: [~]}}", "2:16: Service default/nginx: spec.ports[0]: found nothing, expected a mapping"},
          {"spec: {clusterIP: 10.0.0}}",
           R"(2:19: Service default/nginx: spec.clusterIP: found "10.0.0", expected an IPv4 or IPv6 address, or None)"},
          {"spec: {selector: {app.kubernetes.io/part: 1}}}",
           R"(2:43: Service default/nginx: spec.selector["app.kubernetes.io/part"]: found 1, expected a string: "1")"},
          {"spec: {selector: [app]}}", "2:18: Service default/nginx: spec.selector: found a list, expected a mapping"},
          {"spec: {publishNotReadyAddresses: 'true'}}",
           R"(2:34: Service default/nginx: spec.publishNotReadyAddresses: found "true", expected true or false)"},
          {"spec: {type: ExternalName}}",
           "2:7: Service default/nginx: spec.externalName: found nothing, expected a domain name"},
          {"spec: {type: ExternalName, externalName: a..b}}",
           R"(2:42: Service default/nginx: spec.externalName: found "a..b", expected a domain name)"},
          {"spec: {externalIPs: [10.0.0]}}",
           R"(2:22: Service default/nginx: spec.externalIPs[0]: found "10.0.0", expected an IPv4 or IPv6 address)"},
          {"status: {loadBalancer: {ingress: [{ip: lb}]}}}",
           R"(2:40: Service default/nginx: status.loadBalancer.ingress[0].ip: found "lb", expected an IPv4 or IPv6 address)"},
          {"status: {loadBalancer: {ingress: [{hostname: -}]}}}",
           R"(2:46: Service default/nginx: status.loadBalancer.ingress[0].hostname: found "-", expected a domain name)"},
          {"spec: {type: Headless}}",
           R"(2:14: Service default/nginx: spec.type: found "Headless", expected ClusterIP, NodePort, LoadBalancer or ExternalName)"},
          {"spec: {ipFamilies: [IPv5]}}",
           R"(2:21: Service default/nginx: spec.ipFamilies[0]: found "IPv5", expected IPv4 or IPv6)"},
          {"spec: web}", R"(2:7: Service default/nginx: spec: found "web", expected a mapping)"},
      }) {
    EXPECT_EQ(error_of(kService, c.text), c.error);
  }
  for (
      const ErrorCase& c : std::initializer_list<ErrorCase>{
          {"status: {podIP: 10.0.0.256}}",
           R"(2:17: Pod web/web-0: status.podIP: found "10.0.0.256", expected an IPv4 or IPv6 address)"},
          {"status: {podIPs: [{ip: ''}]}}",
           "2:19: Pod web/web-0: status.podIPs[0].ip: found nothing, expected an IPv4 or IPv6 address"},
          {"status: {conditions: [{type: Ready, status: True}]}}",
           R"(2:45: Pod web/web-0: status.conditions[0].status: found True, expected a string: "True")"},
          {"spec: {hostname: web.0}}",
           R"(2:18: Pod web/web-0: spec.hostname: found "web.0", expected a DNS label (lower-case letters, digits and '-', at most 63))"},
          {"spec: {containers: [{ports: [{containerPort: 0}]}]}}",
           "2:46: Pod web/web-0: spec.containers[0].ports[0].containerPort: found 0, expected a port number from 1 to "
           "65535"},
      }) {
    EXPECT_EQ(error_of(kPod, c.text), c.error);
  }
  for (
      const ErrorCase& c : std::initializer_list<ErrorCase>{
          {"endpoints: [{addresses: ['fd00::1']}]}",
           R"(2:26: EndpointSlice default/s: endpoints[0].addresses[0]: found "fd00::1", expected an IPv4 address)"},
          {"endpoints: [{addresses: []}]}",
           "2:13: EndpointSlice default/s: endpoints[0].addresses: found nothing, expected a list that is not empty"},
          {"endpoints: [{addresses: [10.0.0.1], targetRef: {kind: Pod, name: 'a b'}}]}",
           R"(2:66: EndpointSlice default/s: endpoints[0].targetRef.name: found "a b", expected a DNS subdomain (lower-case letters, digits, '-' and '.', at most 253))"},
          {"ports: [{port: 1e3}]}", "2:16: EndpointSlice default/s: ports[0].port: found 1e3, expected a whole number"},
      }) {
    EXPECT_EQ(error_of(kSlice, c.text), c.error);
  }
  for (
      const ErrorCase& c : std::initializer_list<ErrorCase>{
          {"{apiVersion: v1, kind: Pod}", "1:1: Pod: metadata: found nothing, expected a mapping"},
          {"{apiVersion: v1, kind: Pod, metadata: {}}",
           "1:39: Pod: metadata.name: found nothing, expected a DNS subdomain (lower-case letters, digits, '-' and "
           "'.', at most 253)"},
          {"{apiVersion: v1, kind: Pod, metadata: {name: Web_0}}",
           R"(1:46: Pod: metadata.name: found "Web_0", expected a DNS subdomain (lower-case letters, digits, '-' and '.', at most 253))"},
          {"{apiVersion: v1, kind: Service, metadata: {name: a.b}}",
           R"(1:50: Service default/a.b: metadata.name: found "a.b", expected a DNS label (lower-case letters, digits and '-', at most 63))"},
          {"{apiVersion: v1, kind: Pod, metadata: {name: a, deletionTimestamp: soon}}",
           R"(1:68: Pod default/a: metadata.deletionTimestamp: found "soon", expected a time like 2026-01-31T12:00:00Z)"},
          {"{apiVersion: v1, metadata: {name: a}}",
           "1:1: found a mapping without kind, expected a Kubernetes object with apiVersion and kind"},
          {"- 1", "1:1: found a list, expected a Kubernetes object with apiVersion and kind"},
          {"{apiVersion: 1, kind: Pod}", "1:14: found 1, expected a Kubernetes object with apiVersion and kind"},
          {"{apiVersion: v1, kind: List, items: {}}", "1:37: List: items: found a mapping, expected a list"},
          {"{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List}]}",
           "1:61: List: found a List in a List, expected other objects"},
          {"a: b: c", "1:5: not YAML: illegal map value"},
      }) {
    EXPECT_EQ(Decode(c.text), c.error);
  }
}

TEST(DecodeManifest, BoundsWhatTheFeedCarries) {
  std::string ports = "[{port: 1}";
  for (int i = 0; i < 100; ++i) ports += ", {port: 1}";
  EXPECT_EQ(Decode(absl::StrCat(std::string(kService), "spec: {ports: ", ports, "]}}")),
            "2:15: Service default/nginx: spec.ports: found 101 items, expected at most 100");
  EXPECT_EQ(Decode(absl::StrCat(std::string(kPod), "spec: {nodeName: ", std::string(1025, 'n'), "}}")),
            "2:18: Pod web/web-0: spec.nodeName: found 1025 octets, expected at most 1024");
  EXPECT_EQ(Decode(std::string(kMaxManifestSize + 1, ' ')),
            "1:1: found 33554433 octets, expected at most 33554432 in one file");
}

// Copied from the descriptors inside kubectl 1.32: the numbers and JSON names are Kubernetes' own, not ours to choose.
TEST(KubernetesProtos, HaveKubernetesFieldNumbers) {
  const auto fields = [](const google::protobuf::Descriptor* message) {
    std::vector<std::string> names;
    for (int i = 0; i < message->field_count(); ++i) {
      names.push_back(absl::StrCat(message->field(i)->json_name(), "=", message->field(i)->number()));
    }
    return absl::StrJoin(names, " ");
  };
  EXPECT_EQ(
      fields(k8s::meta::v1::ObjectMeta::descriptor()),
      "name=1 namespace=3 uid=5 resourceVersion=6 creationTimestamp=8 deletionTimestamp=9 labels=11 annotations=12 "
      "ownerReferences=13");
  EXPECT_EQ(fields(k8s::meta::v1::OwnerReference::descriptor()), "kind=1 name=3 uid=4 apiVersion=5 controller=6");
  EXPECT_EQ(fields(k8s::meta::v1::Time::descriptor()), "seconds=1 nanos=2");
  EXPECT_EQ(fields(k8s::meta::v1::IntOrString::descriptor()), "type=1 intVal=2 strVal=3");
  EXPECT_EQ(fields(k8s::meta::v1::LabelSelector::descriptor()), "matchLabels=1 matchExpressions=2");
  EXPECT_EQ(fields(k8s::meta::v1::LabelSelectorRequirement::descriptor()), "key=1 operator=2 values=3");
  EXPECT_EQ(fields(k8s::core::v1::Namespace::descriptor()), "metadata=1");
  EXPECT_EQ(fields(k8s::core::v1::Service::descriptor()), "metadata=1 spec=2 status=3");
  EXPECT_EQ(fields(k8s::core::v1::ServiceSpec::descriptor()),
            "ports=1 selector=2 clusterIP=3 type=4 externalIPs=5 externalName=10 publishNotReadyAddresses=13 "
            "clusterIPs=18 ipFamilies=19");
  EXPECT_EQ(fields(k8s::core::v1::ServiceStatus::descriptor()), "loadBalancer=1");
  EXPECT_EQ(fields(k8s::core::v1::LoadBalancerStatus::descriptor()), "ingress=1");
  EXPECT_EQ(fields(k8s::core::v1::LoadBalancerIngress::descriptor()), "ip=1 hostname=2");
  EXPECT_EQ(fields(k8s::core::v1::ServicePort::descriptor()), "name=1 protocol=2 port=3 targetPort=4");
  EXPECT_EQ(fields(k8s::core::v1::Pod::descriptor()), "metadata=1 spec=2 status=3");
  EXPECT_EQ(fields(k8s::core::v1::PodSpec::descriptor()),
            "containers=2 nodeName=10 hostname=16 subdomain=17 initContainers=20");
  EXPECT_EQ(fields(k8s::core::v1::Container::descriptor()), "ports=6 restartPolicy=24");
  EXPECT_EQ(fields(k8s::core::v1::ContainerPort::descriptor()), "name=1 containerPort=3 protocol=4");
  EXPECT_EQ(fields(k8s::core::v1::PodStatus::descriptor()), "phase=1 conditions=2 podIP=6 podIPs=12");
  EXPECT_EQ(fields(k8s::core::v1::PodCondition::descriptor()), "type=1 status=2");
  EXPECT_EQ(fields(k8s::core::v1::PodIP::descriptor()), "ip=1");
  EXPECT_EQ(fields(k8s::core::v1::ObjectReference::descriptor()), "kind=1 namespace=2 name=3 uid=4");
  EXPECT_EQ(fields(k8s::discovery::v1::EndpointSlice::descriptor()), "metadata=1 endpoints=2 ports=3 addressType=4");
  EXPECT_EQ(fields(k8s::discovery::v1::Endpoint::descriptor()),
            "addresses=1 conditions=2 hostname=3 targetRef=4 nodeName=6 zone=7");
  EXPECT_EQ(fields(k8s::discovery::v1::EndpointConditions::descriptor()), "ready=1 serving=2 terminating=3");
  EXPECT_EQ(fields(k8s::discovery::v1::EndpointPort::descriptor()), "name=1 protocol=2 port=3");
  EXPECT_EQ(fields(k8s::apps::v1::StatefulSet::descriptor()), "metadata=1 spec=2");
  EXPECT_EQ(fields(k8s::apps::v1::StatefulSetSpec::descriptor()), "selector=2 serviceName=5");
}

}  // namespace
}  // namespace podnamed::controller
