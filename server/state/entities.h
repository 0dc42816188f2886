// The cluster in our words: what a source says of namespaces, services and pods, only the fields that answering needs.
// Input of the state, as a delta carries it; the snapshot keeps it in a compact form of its own. Values; any thread.
// Names are DNS labels in lower case, already checked by whoever made the entity (feed_decoder).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/ip_address.h"

namespace podnamed::state {

// Which life of an object is meant: a fingerprint of its Kubernetes metadata.uid. 0 = the source has none.
using Uid = uint64_t;

enum class Protocol : uint8_t { kTcp, kUdp, kSctp };

struct Port {
  std::string name;  // empty: no SRV by name
  Protocol protocol = Protocol::kTcp;
  uint16_t number = 0;  // 0: the source gave none; counts for the weight of SRV records and yields none
  friend bool operator==(const Port&, const Port&) = default;
};

struct Label {
  std::string key;
  std::string value;
  friend bool operator==(const Label&, const Label&) = default;
};

struct Namespace {
  std::string name;
  Uid uid = 0;
  std::vector<Label> labels = {};
};

enum class ServiceKind : uint8_t { kHeadless, kClusterIp, kExternalName };

// A Service; or, with `clusterset`, a ServiceImport of the Multi-Cluster Services API, whose names live in a tree of
// their own: the two never meet.
struct Service {
  bool clusterset = false;
  std::string namespace_name;
  std::string name;
  Uid uid = 0;
  ServiceKind kind = ServiceKind::kHeadless;
  std::vector<base::IpAddress> addresses;  // spec.clusterIPs; kClusterIp only
  std::vector<Port> ports;                 // spec.ports with the service's port numbers
  std::string external_name;               // in wire form (dns::Name::wire); kExternalName only
  bool publish_not_ready = false;          // spec.publishNotReadyAddresses
  std::vector<Label> labels = {};          // metadata.labels
  // How it is reached from outside of the cluster; none for a ServiceImport.
  std::vector<base::IpAddress> external_addresses = {};
  std::vector<std::string> external_hostnames = {};  // in wire form
};

// One pod (or bare endpoint) as one service sees it. A pod in two services is two identities.
struct PodIdentity {
  bool clusterset = false;  // of a ServiceImport
  std::string namespace_name;
  std::string service;
  // Unique in the service: the pod's name, or what the source chose where no pod stands behind the endpoint.
  std::string name;
  bool is_pod = false;   // `name` is the name of a pod
  std::string hostname;  // the label that answers for it; empty: the address with dashes does
  Uid uid = 0;
  std::vector<base::IpAddress> addresses;
  std::vector<Port> ports;  // of the endpoint: target port numbers
  bool ready = false;
  bool serving = false;
  bool terminating = false;
  std::string zone = {};     // topology.kubernetes.io/zone of its node; empty: not known
  std::string cluster = {};  // clusterset only: a label, the cluster that the endpoint is in
};

// A pod that no service selects.
struct Pod {
  std::string namespace_name;
  std::string name;
  Uid uid = 0;
  std::vector<base::IpAddress> addresses;
};

}  // namespace podnamed::state
