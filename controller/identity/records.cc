#include "controller/identity/records.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace podnamed::controller {

feed::v1::Service::Kind KindOf(const k8s::core::v1::Service& service) {
  const k8s::core::v1::ServiceSpec& spec = service.spec();
  if (spec.type() == "ExternalName") return feed::v1::Service::EXTERNAL_NAME;
  const bool none = spec.cluster_ip() == "None" || (spec.cluster_ips_size() > 0 && spec.cluster_ips(0) == "None");
  return none ? feed::v1::Service::HEADLESS : feed::v1::Service::CLUSTER_IP;
}

bool HasName(const k8s::core::v1::Service& service) {
  return KindOf(service) != feed::v1::Service::CLUSTER_IP || !ClusterAddressesOf(service).empty();
}

feed::v1::Service ServiceRecord(const k8s::core::v1::Service& service) {
  const k8s::core::v1::ServiceSpec& spec = service.spec();
  feed::v1::Service record;
  record.set_namespace_(service.metadata().namespace_());
  record.set_name(service.metadata().name());
  record.set_uid(service.metadata().uid());
  record.set_kind(KindOf(service));
  record.set_publish_not_ready(spec.publish_not_ready_addresses());
  for (const k8s::core::v1::ServicePort& port : spec.ports()) {
    feed::v1::Port& out = *record.add_ports();
    out.set_name(port.name());
    out.set_protocol(ToProtocol(port.protocol()));
    out.set_number(static_cast<uint32_t>(port.port()));
  }
  if (record.kind() == feed::v1::Service::EXTERNAL_NAME) record.set_external_name(spec.external_name());
  if (record.kind() == feed::v1::Service::CLUSTER_IP) {
    for (const base::IpAddress& address : ClusterAddressesOf(service)) record.add_addresses(ToOctets(address));
  }
  return record;
}

feed::v1::Pod PodRecord(const k8s::core::v1::Pod& pod) {
  feed::v1::Pod record;
  record.set_namespace_(pod.metadata().namespace_());
  record.set_name(pod.metadata().name());
  record.set_uid(pod.metadata().uid());
  record.set_node(pod.spec().node_name());
  for (const base::IpAddress& address : AddressesOf(pod)) record.add_addresses(ToOctets(address));
  return record;
}

std::vector<base::IpAddress> ClusterAddressesOf(const k8s::core::v1::Service& service) {
  std::vector<base::IpAddress> addresses;
  for (const std::string& text : service.spec().cluster_ips()) {
    if (const auto address = ParseHostAddress(text)) addresses.push_back(*address);
  }
  if (addresses.empty()) {
    if (const auto address = ParseHostAddress(service.spec().cluster_ip())) addresses.push_back(*address);
  }
  return addresses;
}

std::vector<base::IpAddress> AddressesOf(const k8s::core::v1::Pod& pod) {
  std::vector<base::IpAddress> addresses;
  for (const k8s::core::v1::PodIP& ip : pod.status().pod_ips()) {
    if (const auto address = ParseHostAddress(ip.ip())) addresses.push_back(*address);
  }
  if (addresses.empty()) {
    if (const auto address = ParseHostAddress(pod.status().pod_ip())) addresses.push_back(*address);
  }
  return addresses;
}

std::optional<base::IpAddress> ParseHostAddress(std::string_view text) {
  std::optional<base::IpAddress> address = base::ParseIpAddress(text);
  if (!address) return std::nullopt;
  if (!address->is_v4()) {
    constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};  // RFC 4291 section 2.5.5.2
    const base::Ipv6Address& v6 = address->v6();
    if (std::equal(kMapped.begin(), kMapped.end(), v6.begin())) {
      address = base::IpAddress(base::Ipv4Address{v6[12], v6[13], v6[14], v6[15]});
    }
  }
  if (*address == base::IpAddress(base::Ipv4Address{}) || *address == base::IpAddress(base::Ipv6Address{})) {
    return std::nullopt;
  }
  return address;
}

std::string ToOctets(const base::IpAddress& address) {
  if (address.is_v4()) {
    const base::Ipv4Address v4 = address.v4();
    return std::string(v4.begin(), v4.end());
  }
  return std::string(address.v6().begin(), address.v6().end());
}

feed::v1::Protocol ToProtocol(std::string_view protocol) {
  if (protocol.empty() || protocol == "TCP") return feed::v1::TCP;
  if (protocol == "UDP") return feed::v1::UDP;
  if (protocol == "SCTP") return feed::v1::SCTP;
  return feed::v1::PROTOCOL_UNSPECIFIED;
}

}  // namespace podnamed::controller
