// Whole small clusters, as manifests, and the records that come of them: the rules of controller/identity.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "controller/source/manifest_set.h"
#include "controller/testing/record_map.h"
#include "controller/testing/record_text.h"

namespace podnamed::controller {
namespace {

std::string RecordsOf(std::string_view manifests) {
  ManifestSet set;
  const auto notes = set.Put("test.yaml", manifests);
  if (!notes.ok()) return std::string(notes.status().message());
  RecordMap records;
  EXPECT_EQ(records.Apply(set.TakeChanges()), "");
  return ToText(records.Records());
}

// Only the lines of identities and pods.
std::string PodsOf(std::string_view manifests) {
  std::string pods;
  const std::vector<std::string> lines = absl::StrSplit(RecordsOf(manifests), '\n', absl::SkipEmpty());
  for (const std::string& line : lines) {
    if (!line.starts_with("namespace") && !line.starts_with("service")) pods += line + "\n";
  }
  return pods;
}

TEST(ClusterRecords, AServiceAndItsPodsAreACluster) {
  EXPECT_EQ(RecordsOf(R"(
apiVersion: v1
kind: Service
metadata: {name: nginx, uid: s-1}
spec:
  clusterIP: None
  selector: {app: nginx}
  ports: [{name: http, port: 80, targetPort: web}, {port: 9000, protocol: UDP}]
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, uid: p-1, labels: {app: nginx, apps.kubernetes.io/pod-index: "1"}}
spec: {hostname: web-1, subdomain: nginx, nodeName: n1, containers: [{ports: [{name: web, containerPort: 8080}]}]}
status: {podIP: 10.0.0.6, podIPs: [{ip: '::ffff:10.0.0.6'}, {ip: 'fd00::6'}], conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-0, labels: {app: nginx, topology.kubernetes.io/zone: a}}
spec: {hostname: web-0, subdomain: other}
status: {podIP: 10.0.0.5, conditions: [{type: Ready, status: "False"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: debug, namespace: tools}
spec: {nodeName: n1}
status: {podIP: 10.0.0.9}
)"),
            "namespace default\n"
            "namespace tools\n"
            "service default/nginx headless http:80/TCP :9000/UDP uid=s-1\n"
            "identity default/nginx/web-0 pod 10.0.0.5 :9000/UDP zone=a\n"
            "identity default/nginx/web-1 pod host=web-1 10.0.0.6 fd00::6 http:8080/TCP :9000/UDP ready serving #1 "
            "node=n1 uid=p-1\n"
            "pod tools/debug 10.0.0.9 node=n1\n");
}

TEST(ClusterRecords, LabelsAndTheOldAnnotationGoAlong) {
  EXPECT_EQ(RecordsOf(R"(
{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {team: a, env: prod}}}
---
apiVersion: v1
kind: Service
metadata:
  name: nginx
  labels: {app: web, "x.io/empty": ""}
  annotations: {service.alpha.kubernetes.io/tolerate-unready-endpoints: "true", other: {not: read}}
spec: {clusterIP: None, selector: {app: web}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-0, labels: {app: web}}, status: {podIP: 10.0.0.5}}
)"),
            "namespace default {env=prod,team=a}\n"
            "service default/nginx headless publish-not-ready {app=web,x.io/empty=}\n"
            "identity default/nginx/web-0 pod 10.0.0.5 ready\n");
}

TEST(ClusterRecords, APodMayHaveSeveralHostnames) {
  EXPECT_EQ(PodsOf(R"(
{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {clusterIP: None}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
endpoints:
- {addresses: [10.0.0.1], hostname: db-0, targetRef: {kind: Pod, name: db-0, uid: u}}
- {addresses: [10.0.0.1], hostname: primary, targetRef: {kind: Pod, name: db-0, uid: u}}
)"),
            "identity default/db/db-0 pod host=db-0 10.0.0.1 ready serving #0 uid=u\n"
            "identity default/db/primary.db-0 host=primary 10.0.0.1 ready serving uid=u\n");
}

TEST(ClusterRecords, ServiceImportsAndTheirSlicesAreAClusterset) {
  EXPECT_EQ(RecordsOf(R"(
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: {name: db, namespace: shop}
spec: {type: Headless, ports: [{name: sql, port: 5432}]}
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: {name: api, namespace: shop}
spec: {type: ClusterSetIP, ips: [10.100.0.1], ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: imported-1
  namespace: shop
  labels: {multicluster.kubernetes.io/service-name: db, multicluster.kubernetes.io/source-cluster: east}
addressType: IPv4
ports: [{name: sql, port: 5432}]
endpoints: [{addresses: [10.1.0.1], hostname: db-0}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: imported-2, namespace: shop, labels: {multicluster.kubernetes.io/service-name: db}}
addressType: IPv4
endpoints: [{addresses: [10.2.0.1]}]
)"),
            "namespace shop\n"
            "import shop/api cluster-ip 10.100.0.1 :80/TCP\n"
            "import shop/db headless sql:5432/TCP\n"
            "imported shop/db/db-0.10-1-0-1.east host=db-0 10.1.0.1 sql:5432/TCP ready serving cluster=east\n")
      << "a slice that does not say from which cluster it comes is nobody's";
}

TEST(ClusterRecords, ServicesAreOfThreeKinds) {
  EXPECT_EQ(RecordsOf(R"(
{apiVersion: v1, kind: Namespace, metadata: {name: default, uid: n-1}}
---
{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, 'fd00::1'], ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {clusterIP: 10.96.0.2, type: LoadBalancer}}
---
{apiVersion: v1, kind: Service, metadata: {name: c}, spec: {clusterIPs: [None], publishNotReadyAddresses: yes}}
---
{apiVersion: v1, kind: Service, metadata: {name: d}, spec: {type: ExternalName, externalName: db.example.com}}
---
{apiVersion: v1, kind: Service, metadata: {name: e}}
)"),
            "namespace default uid=n-1\n"
            "service default/a cluster-ip 10.96.0.1 fd00::1 :80/TCP\n"
            "service default/b cluster-ip 10.96.0.2\n"
            "service default/c headless publish-not-ready\n"
            "service default/d external-name to=db.example.com\n");  // and "e" has no name without an address
}

TEST(ClusterRecords, ServicesAreReachedFromOutside) {
  EXPECT_EQ(RecordsOf(R"(
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {clusterIP: 10.96.0.1, externalIPs: [192.0.2.1, '2001:db8::1', '::ffff:192.0.2.2']}
status:
  loadBalancer:
    ingress:
      - {ip: 192.0.2.1, hostname: ignored.example}
      - {ip: 192.0.2.3}
      - {hostname: lb.example.}
      - {hostname: lb.example.}
---
{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {clusterIP: None, externalIPs: [192.0.2.1]}}
---
{apiVersion: v1, kind: Service, metadata: {name: c}, spec: {clusterIP: 10.96.0.3}, status: {loadBalancer: {ingress: [{}]}}}
)"),
            "namespace default\n"
            "service default/a cluster-ip 10.96.0.1 external=192.0.2.1 external=2001:db8::1 external=192.0.2.2 "
            "external=192.0.2.3 external=lb.example.\n"
            "service default/b headless external=192.0.2.1\n"
            "service default/c cluster-ip 10.96.0.3\n");
}

TEST(ClusterRecords, NamespacesAreThoseThatObjectsAreOrName) {
  EXPECT_EQ(RecordsOf(R"(
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: one}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a, namespace: two}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: three}, addressType: IPv4}
---
{apiVersion: v1, kind: Namespace, metadata: {name: empty}}
)"),
            "namespace empty\nnamespace one\nnamespace three\nnamespace two\n");
}

// ---- derived from Pods

constexpr std::string_view kHeadless =
    "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: None, selector: {app: s}}}\n---\n";

std::string Derived(std::string_view pods) { return PodsOf(std::string(kHeadless) + std::string(pods)); }

TEST(DerivedIdentities, LeaveOutPodsWithoutAddressAndThoseThatHaveEnded) {
  EXPECT_EQ(Derived(R"(
{apiVersion: v1, kind: Pod, metadata: {name: none, labels: {app: s}}, status: {phase: Pending}}
---
{apiVersion: v1, kind: Pod, metadata: {name: done, labels: {app: s}}, status: {phase: Succeeded, podIP: 10.0.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: died, labels: {app: s}}, status: {phase: Failed, podIP: 10.0.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: runs, labels: {app: s}}, status: {phase: Running, podIP: 10.0.0.3}}
)"),
            "identity default/s/runs pod 10.0.0.3\n");
}

TEST(DerivedIdentities, ATerminatingPodServesAndIsNotReady) {
  EXPECT_EQ(Derived(R"(
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {app: s}, deletionTimestamp: "2026-01-31T12:00:00Z"}
status: {podIP: 10.0.0.1, conditions: [{type: Ready, status: "True"}]}
)"),
            "identity default/s/a pod 10.0.0.1 serving terminating\n");
}

TEST(DerivedIdentities, PublishNotReadyMakesEveryOneReady) {
  EXPECT_EQ(PodsOf(R"(
{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: None, selector: {app: s}, publishNotReadyAddresses: true}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: s}, deletionTimestamp: "2026-01-31T12:00:00Z"}, status: {podIP: 10.0.0.1}}
)"),
            "identity default/s/a pod 10.0.0.1 ready terminating\n");
}

TEST(DerivedIdentities, AClusterIpServiceHasThemToo) {
  EXPECT_EQ(PodsOf(R"(
{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: 10.96.0.1, selector: {app: s}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: s}}, status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}
)"),
            "identity default/s/a pod 10.0.0.1\n");  // of the family of its cluster address
}

TEST(DerivedIdentities, HaveTheAddressFamiliesOfTheService) {
  EXPECT_EQ(PodsOf(R"(
{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: None, ipFamilies: [IPv6], selector: {app: s}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: s}}, status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, labels: {app: s}}, status: {podIP: 10.0.0.2}}
)"),
            "identity default/s/a pod fd00::1\n"
            "pod default/b 10.0.0.2\n");
}

TEST(DerivedIdentities, NamedTargetPortsAreLookedUpInEachPod) {
  EXPECT_EQ(PodsOf(R"(
apiVersion: v1
kind: Service
metadata: {name: s}
spec:
  clusterIP: None
  selector: {app: s}
  ports: [{name: web, port: 80, targetPort: web}, {name: dns, port: 53, targetPort: dns, protocol: UDP}, {name: own, port: 7, targetPort: 0}]
---
apiVersion: v1
kind: Pod
metadata: {name: both, labels: {app: s}}
spec: {containers: [{}, {ports: [{name: web, containerPort: 8080}, {name: dns, containerPort: 5353, protocol: UDP}]}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: other-protocol, labels: {app: s}}
spec: {containers: [{ports: [{name: dns, containerPort: 5353}]}]}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: sidecar, labels: {app: s}}
spec:
  initContainers: [{ports: [{name: web, containerPort: 1}]}, {restartPolicy: Always, ports: [{name: web, containerPort: 2}]}]
status: {podIP: 10.0.0.3}
)"),
            "identity default/s/both pod 10.0.0.1 web:8080/TCP dns:5353/UDP own:7/TCP\n"
            "identity default/s/other-protocol pod 10.0.0.2 own:7/TCP\n"
            "identity default/s/sidecar pod 10.0.0.3 web:2/TCP own:7/TCP\n");
}

TEST(DerivedIdentities, SelectorsMatchWholeAndInTheirNamespace) {
  EXPECT_EQ(RecordsOf(R"(
{apiVersion: v1, kind: Service, metadata: {name: both}, spec: {clusterIP: None, selector: {app: s, tier: a}}}
---
{apiVersion: v1, kind: Service, metadata: {name: nothing}, spec: {clusterIP: None, selector: {}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: s, tier: a, x: z}}, status: {podIP: 10.0.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, labels: {app: s, tier: b}}, status: {podIP: 10.0.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: c, namespace: other, labels: {app: s, tier: a}}, status: {podIP: 10.0.0.3}}
)"),
            "namespace default\nnamespace other\n"
            "service default/both headless\nservice default/nothing headless\n"
            "identity default/both/a pod 10.0.0.1\n"
            "pod default/b 10.0.0.2\npod other/c 10.0.0.3\n");
}

TEST(DerivedIdentities, APodInTwoServicesIsTwoIdentities) {
  EXPECT_EQ(Derived(R"(
{apiVersion: v1, kind: Service, metadata: {name: t}, spec: {clusterIP: None, selector: {app: s}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: s}}, spec: {hostname: a, subdomain: t}, status: {podIP: 10.0.0.1}}
)"),
            "identity default/s/a pod 10.0.0.1\n"
            "identity default/t/a pod host=a 10.0.0.1\n");
}

// ---- StatefulSets

TEST(StatefulSets, GiveTheirPodsHostnameSubdomainAndOrdinal) {
  EXPECT_EQ(Derived(R"(
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, uid: set-1}
spec: {serviceName: s, selector: {matchLabels: {app: s}, matchExpressions: [{key: x, operator: DoesNotExist}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-0, labels: {app: s}}, status: {podIP: 10.0.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-10, labels: {app: s}}, spec: {hostname: mine}, status: {podIP: 10.0.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-2, labels: {app: s, x: z}}, status: {podIP: 10.0.0.3}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-03, labels: {app: s}}, status: {podIP: 10.0.0.4}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-4, labels: {app: s}, ownerReferences: [{kind: ReplicaSet, name: r, controller: true}]}, status: {podIP: 10.0.0.5}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-5, labels: {app: s, x: z, controller-revision-hash: web-6f}, ownerReferences: [{kind: StatefulSet, name: web, uid: set-1}]}, status: {podIP: 10.0.0.6}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-6, labels: {app: s}, ownerReferences: [{kind: StatefulSet, name: web, uid: set-0}]}, status: {podIP: 10.0.0.7}}
)"),
            "identity default/s/web-0 pod host=web-0 10.0.0.1 #0\n"
            "identity default/s/web-03 pod 10.0.0.4\n"
            "identity default/s/web-10 pod host=mine 10.0.0.2 #10\n"
            "identity default/s/web-2 pod 10.0.0.3\n"
            "identity default/s/web-4 pod 10.0.0.5\n"
            "identity default/s/web-5 pod host=web-5 10.0.0.6 #5 set=web revision=web-6f\n"
            "identity default/s/web-6 pod 10.0.0.7 #6 set=web\n");  // of an earlier life of the set
}

// ---- from EndpointSlices

constexpr std::string_view kSlices = R"(
{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: None, selector: {app: s}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: unlisted, labels: {app: s}}, status: {podIP: 10.0.0.99}}
---
)";

// A slice of the service "s": its name, address type and the rest.
std::string Slice(std::string_view name, std::string_view type, std::string_view rest) {
  return "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: " + std::string(name) +
         ", labels: {kubernetes.io/service-name: s}}, addressType: " + std::string(type) + ", " + std::string(rest) +
         "}\n---\n";
}

TEST(SliceIdentities, SlicesGoBeforePods) {
  EXPECT_EQ(PodsOf(std::string(kSlices) + Slice("a", "IPv4", R"(ports: [{name: http, port: 80}, {}], endpoints: [
  {addresses: [10.0.0.1], hostname: web-0, targetRef: {kind: Pod, name: web-0, uid: p-0}, nodeName: n1, zone: z1,
   conditions: {ready: true, serving: true, terminating: false}},
  {addresses: [10.0.0.2], targetRef: {kind: Pod, name: web-1}}])")),
            "identity default/s/web-0 pod host=web-0 10.0.0.1 http:80/TCP :0/TCP ready serving #0 node=n1 zone=z1 "
            "uid=p-0\n"
            "identity default/s/web-1 pod 10.0.0.2 http:80/TCP :0/TCP ready serving\n"
            "pod default/unlisted 10.0.0.99\n");
}

TEST(SliceIdentities, AbsentConditionsMeanReady) {
  EXPECT_EQ(PodsOf(std::string(kSlices) + Slice("a", "IPv4", R"(endpoints: [
  {addresses: [10.0.0.1], targetRef: {kind: Pod, name: a}, conditions: {}},
  {addresses: [10.0.0.2], targetRef: {kind: Pod, name: b}, conditions: {ready: false}},
  {addresses: [10.0.0.3], targetRef: {kind: Pod, name: c}, conditions: {ready: false, serving: true, terminating: true}}])")),
            "identity default/s/a pod 10.0.0.1 ready serving\n"
            "identity default/s/b pod 10.0.0.2\n"
            "identity default/s/c pod 10.0.0.3 serving terminating\n"
            "pod default/unlisted 10.0.0.99\n");
}

TEST(SliceIdentities, APodInSlicesOfBothFamiliesIsOne) {
  EXPECT_EQ(PodsOf(std::string(kSlices) +
                   Slice("a", "IPv4",
                         "ports: [{name: x, port: 1}], endpoints: [{addresses: [10.0.0.1], targetRef: {kind: Pod, "
                         "name: a, uid: u}}]") +
                   Slice("b", "IPv6",
                         "ports: [{name: x, port: 1}, {name: z, port: 2}], endpoints: [{addresses: ['fd00::1'], "
                         "targetRef: {kind: Pod, name: a, uid: u}}]") +
                   Slice("c", "IPv4", "endpoints: [{addresses: [10.0.0.1], targetRef: {kind: Pod, name: a, uid: u}}]")),
            "identity default/s/a pod 10.0.0.1 fd00::1 x:1/TCP z:2/TCP ready serving uid=u\n"
            "pod default/unlisted 10.0.0.99\n");
}

TEST(SliceIdentities, WhereSlicesDisagreeTheReadyOneWins) {
  EXPECT_EQ(
      PodsOf(std::string(kSlices) +
             Slice("a", "IPv4",
                   "endpoints: [{addresses: [10.0.0.1], targetRef: {kind: Pod, name: a, uid: old}, conditions: {ready: "
                   "false}}]") +
             Slice("b", "IPv4", "endpoints: [{addresses: [10.0.0.2], targetRef: {kind: Pod, name: a, uid: new}}]") +
             Slice("c", "IPv4", "endpoints: [{addresses: [10.0.0.3], targetRef: {kind: Pod, name: a, uid: other}}]")),
      "identity default/s/a pod 10.0.0.2 ready serving uid=new\n"
      "pod default/unlisted 10.0.0.99\n");
}

TEST(SliceIdentities, OfTwoPodsOfOneNameTheNewerOneWins) {
  const auto slice = [](std::string_view name, std::string_view address, std::string_view uid, std::string_view rest) {
    return Slice(name, "IPv4",
                 "endpoints: [{addresses: [" + std::string(address) + "], targetRef: {kind: Pod, name: a, uid: " +
                     std::string(uid) + "}, conditions: {" + std::string(rest) + "}}]");
  };
  const std::string unlisted = "pod default/unlisted 10.0.0.99\n";
  // As publishNotReadyAddresses has it: the one that terminates is called ready too.
  const std::string terminating = "ready: true, serving: false, terminating: true";
  const std::string starting = "ready: true, serving: false";
  const std::string newer = "identity default/s/a pod 10.0.0.2 ready uid=new\n" + unlisted;
  EXPECT_EQ(PodsOf(std::string(kSlices) + slice("a", "10.0.0.1", "old", terminating) +
                   slice("b", "10.0.0.2", "new", starting)),
            newer);
  EXPECT_EQ(PodsOf(std::string(kSlices) + slice("a", "10.0.0.2", "new", starting) +
                   slice("b", "10.0.0.1", "old", terminating)),
            newer);
  // Neither terminates: the one that is known.
  EXPECT_EQ(
      PodsOf(std::string(kSlices) + slice("a", "10.0.0.1", "old", starting) + slice("b", "10.0.0.2", "new", starting) +
             "{apiVersion: v1, kind: Pod, metadata: {name: a, uid: new, labels: {app: s}}}"),
      newer);
}

TEST(SliceIdentities, EndpointsWithoutAPodAreNamedAfterHostnameAndAddress) {
  EXPECT_EQ(
      PodsOf(std::string(kSlices) +
             Slice("a", "IPv4",
                   "endpoints: [{addresses: [192.0.2.1], hostname: db}, {addresses: [192.0.2.2], hostname: db}, "
                   "{addresses: [192.0.2.2], hostname: web}]") +
             Slice("b", "IPv6",
                   "endpoints: [{addresses: ['fd00::'], targetRef: {kind: Node, name: n1}}, {addresses: ['::1']}]")),
      "identity default/s/0--1 ::1 ready serving\n"
      "identity default/s/db.192-0-2-1 host=db 192.0.2.1 ready serving\n"
      "identity default/s/db.192-0-2-2 host=db 192.0.2.2 ready serving\n"
      "identity default/s/fd00--0 fd00:: ready serving\n"
      "identity default/s/web.192-0-2-2 host=web 192.0.2.2 ready serving\n"
      "pod default/unlisted 10.0.0.99\n");
}

TEST(SliceIdentities, SlicesOfDomainNamesAndOfUnknownServicesGiveNone) {
  EXPECT_EQ(PodsOf(std::string(kSlices) + Slice("a", "FQDN", "endpoints: [{addresses: [www.example.com]}]") +
                   "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: b}, addressType: IPv4, "
                   "endpoints: [{addresses: [10.0.0.1]}]}"),
            "pod default/unlisted 10.0.0.99\n");
}

TEST(SliceIdentities, TheOrdinalComesFromThePodWhereThereIsOne) {
  EXPECT_EQ(PodsOf(std::string(kSlices) +
                   "{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: s, apps.kubernetes.io/pod-index: "
                   "'7'}}}\n---\n" +
                   Slice("a", "IPv4",
                         "endpoints: [{addresses: [10.0.0.1], targetRef: {kind: Pod, name: a}}, {addresses: "
                         "[10.0.0.2], targetRef: {kind: Pod, name: b-2}}]")),
            "identity default/s/a pod 10.0.0.1 ready serving #7\n"
            "identity default/s/b-2 pod 10.0.0.2 ready serving\n"
            "pod default/unlisted 10.0.0.99\n");
}

}  // namespace
}  // namespace podnamed::controller
