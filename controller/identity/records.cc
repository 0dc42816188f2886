#include "controller/identity/records.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <utility>

namespace podnamed::controller {
namespace {

// Of feed.proto.
constexpr int kMaxLabels = 64;
constexpr int kMaxExternal = 64;  // addresses, and as many hostnames

// A name that the feed takes. Kubernetes lets the words of a hostname be longer than labels.
bool IsDomainName(std::string_view text) {
  constexpr size_t kMaxName = 253;
  constexpr size_t kMaxLabel = 63;
  if (text.size() > kMaxName) return false;
  for (size_t dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    if (dot == 0 || dot > kMaxLabel) return false;
    text.remove_prefix(dot + 1);
    if (text.empty()) return true;  // a final dot
  }
  return !text.empty() && text.size() <= kMaxLabel;
}

void AddOnce(std::string value, google::protobuf::RepeatedPtrField<std::string>* values) {
  if (values->size() < kMaxExternal && std::find(values->begin(), values->end(), value) == values->end()) {
    values->Add(std::move(value));
  }
}

void AddExternal(const k8s::core::v1::Service& service, feed::v1::Service* record) {
  for (const std::string& text : service.spec().external_ips()) {
    if (const auto address = ParseHostAddress(text)) AddOnce(ToOctets(*address), record->mutable_external_addresses());
  }
  for (const k8s::core::v1::LoadBalancerIngress& ingress : service.status().load_balancer().ingress()) {
    if (!ingress.ip().empty()) {
      const auto address = ParseHostAddress(ingress.ip());
      if (address) AddOnce(ToOctets(*address), record->mutable_external_addresses());
    } else if (IsDomainName(ingress.hostname())) {
      AddOnce(ingress.hostname(), record->mutable_external_hostnames());
    }
  }
}

void AddPorts(const google::protobuf::RepeatedPtrField<k8s::core::v1::ServicePort>& ports, feed::v1::Service* record) {
  for (const k8s::core::v1::ServicePort& port : ports) {
    feed::v1::Port& out = *record->add_ports();
    out.set_name(port.name());
    out.set_protocol(ToProtocol(port.protocol()));
    out.set_number(static_cast<uint32_t>(port.port()));
  }
}

}  // namespace

feed::v1::Service::Kind KindOf(const k8s::core::v1::Service& service) {
  const k8s::core::v1::ServiceSpec& spec = service.spec();
  if (spec.type() == "ExternalName") return feed::v1::Service::EXTERNAL_NAME;
  const bool none = spec.cluster_ip() == "None" || (spec.cluster_ips_size() > 0 && spec.cluster_ips(0) == "None");
  return none ? feed::v1::Service::HEADLESS : feed::v1::Service::CLUSTER_IP;
}

bool HasName(const k8s::core::v1::Service& service) {
  return KindOf(service) != feed::v1::Service::CLUSTER_IP || !ClusterAddressesOf(service).empty();
}

bool PublishesNotReady(const k8s::core::v1::Service& service) {
  if (service.spec().publish_not_ready_addresses()) return true;
  const auto& annotations = service.metadata().annotations();
  const auto annotation = annotations.find(kTolerateUnreadyAnnotation);
  return annotation != annotations.end() && annotation->second == "true";
}

feed::v1::Service ServiceRecord(const k8s::core::v1::Service& service) {
  const k8s::core::v1::ServiceSpec& spec = service.spec();
  feed::v1::Service record;
  record.set_namespace_(service.metadata().namespace_());
  record.set_name(service.metadata().name());
  record.set_uid(service.metadata().uid());
  record.set_kind(KindOf(service));
  record.set_publish_not_ready(PublishesNotReady(service));
  *record.mutable_labels() = LabelRecords(service.metadata());
  AddPorts(spec.ports(), &record);
  if (record.kind() == feed::v1::Service::EXTERNAL_NAME) record.set_external_name(spec.external_name());
  if (record.kind() == feed::v1::Service::CLUSTER_IP) {
    for (const base::IpAddress& address : ClusterAddressesOf(service)) record.add_addresses(ToOctets(address));
  }
  AddExternal(service, &record);
  return record;
}

feed::v1::Service ImportRecord(const k8s::multicluster::v1alpha1::ServiceImport& import) {
  feed::v1::Service record;
  record.set_namespace_(import.metadata().namespace_());
  record.set_name(import.metadata().name());
  record.set_uid(import.metadata().uid());
  for (const std::string& text : import.spec().ips()) {
    if (const auto address = ParseHostAddress(text)) record.add_addresses(ToOctets(*address));
  }
  // One that has no address yet has no endpoints either: it stays without an answer.
  record.set_kind(record.addresses().empty() ? feed::v1::Service::HEADLESS : feed::v1::Service::CLUSTER_IP);
  *record.mutable_labels() = LabelRecords(import.metadata());
  AddPorts(import.spec().ports(), &record);
  return record;
}

google::protobuf::RepeatedPtrField<feed::v1::Label> LabelRecords(const k8s::meta::v1::ObjectMeta& metadata) {
  google::protobuf::RepeatedPtrField<feed::v1::Label> records;
  const std::map<std::string_view, std::string_view> sorted(metadata.labels().begin(), metadata.labels().end());
  for (const auto& [key, value] : sorted) {
    if (records.size() == kMaxLabels) break;
    feed::v1::Label& label = *records.Add();
    label.set_key(std::string(key));
    label.set_value(std::string(value));
  }
  return records;
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
