// Single Kubernetes objects as records of the feed, and the small conversions that they share. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/k8s/core/v1/core.pb.h"
#include "proto/k8s/multicluster/v1alpha1/multicluster.pb.h"
#include "proto/podnamed/feed/v1/feed.pb.h"
#include "server/base/ip_address.h"

namespace podnamed::controller {

// HEADLESS, CLUSTER_IP or EXTERNAL_NAME.
feed::v1::Service::Kind KindOf(const k8s::core::v1::Service& service);

// True if the service can be asked for: a CLUSTER_IP for which nobody has allocated an address yet cannot.
bool HasName(const k8s::core::v1::Service& service);

// The annotation that spec.publishNotReadyAddresses took the place of.
inline constexpr char kTolerateUnreadyAnnotation[] = "service.alpha.kubernetes.io/tolerate-unready-endpoints";

// True if the service answers for pods that are not ready: by its field, or by that annotation.
bool PublishesNotReady(const k8s::core::v1::Service& service);

// REQUIRES: HasName(service).
feed::v1::Service ServiceRecord(const k8s::core::v1::Service& service);

// A ServiceImport with its spec.ips (ClusterSetIP), or headless.
feed::v1::Service ImportRecord(const k8s::multicluster::v1alpha1::ServiceImport& import);

// metadata.labels as the feed carries them: in the order of their keys. More than it carries are left out.
google::protobuf::RepeatedPtrField<feed::v1::Label> LabelRecords(const k8s::meta::v1::ObjectMeta& metadata);

// A pod that no service selects.
feed::v1::Pod PodRecord(const k8s::core::v1::Pod& pod);

// spec.clusterIPs, or clusterIP alone where only that is given; none where they say None or are no addresses.
std::vector<base::IpAddress> ClusterAddressesOf(const k8s::core::v1::Service& service);

// status.podIPs, or podIP alone where only that is given; what is no address is left out.
std::vector<base::IpAddress> AddressesOf(const k8s::core::v1::Pod& pod);

// An address that a host can have. An IPv6 address that maps an IPv4 one is that one, as Go reads it; the unspecified
// addresses (0.0.0.0, ::) are none.
std::optional<base::IpAddress> ParseHostAddress(std::string_view text);

// The octets of an address, as the feed carries it.
std::string ToOctets(const base::IpAddress& address);

// Kubernetes' words "TCP", "UDP", "SCTP"; empty is TCP, its default.
feed::v1::Protocol ToProtocol(std::string_view protocol);

}  // namespace podnamed::controller
