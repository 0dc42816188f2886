#include "server/admin/objects.h"

#include <fmt/format.h>
#include <google/protobuf/repeated_ptr_field.h>

#include <vector>

#include "server/base/ip_address.h"
#include "server/dns/name.h"

namespace podnamed::admin {
namespace {

using state::ServiceBlock;
using Texts = google::protobuf::RepeatedPtrField<std::string>;
using Ports = google::protobuf::RepeatedPtrField<v1::Port>;

v1::Protocol ToProtocol(state::Protocol protocol) {
  switch (protocol) {
    case state::Protocol::kTcp:
      return v1::TCP;
    case state::Protocol::kUdp:
      return v1::UDP;
    case state::Protocol::kSctp:
      return v1::SCTP;
  }
  return v1::PROTOCOL_UNSPECIFIED;
}

v1::Service::Kind ToKind(state::ServiceKind kind) {
  switch (kind) {
    case state::ServiceKind::kHeadless:
      return v1::Service::HEADLESS;
    case state::ServiceKind::kClusterIp:
      return v1::Service::CLUSTER_IP;
    case state::ServiceKind::kExternalName:
      return v1::Service::EXTERNAL_NAME;
  }
  return v1::Service::KIND_UNSPECIFIED;
}

void AddPort(const state::PortView& port, Ports& ports) {
  v1::Port& added = *ports.Add();
  added.set_name(std::string(port.name));
  added.set_protocol(ToProtocol(port.protocol));
  added.set_number(port.number);
}

template <typename Addresses>
void AddAddresses(const Addresses& addresses, Texts& texts) {
  for (const auto& address : addresses) *texts.Add() = base::IpAddress(address).ToString();
}

std::string PortsText(const Ports& ports) {
  std::vector<std::string> texts;
  for (const v1::Port& port : ports) {
    texts.push_back(fmt::format("{}{}{}/{}", port.name(), port.name().empty() ? "" : ":", port.number(),
                                v1::Protocol_Name(port.protocol())));
  }
  return fmt::format("{}", fmt::join(texts, ","));
}

std::string AddressesText(const Texts& addresses) { return fmt::format("{}", fmt::join(addresses, ", ")); }

std::string Or(const std::string& text, std::string_view nothing) { return text.empty() ? std::string(nothing) : text; }

// "address 10.0.0.1 → 10.0.0.2", if the two differ.
void AddIfChanged(std::string_view what, const std::string& before, const std::string& after,
                  std::vector<std::string>& changes) {
  if (before == after) return;
  changes.push_back(fmt::format("{} {} → {}", what, Or(before, "none"), Or(after, "none")));
}

void AddIfChanged(bool before, bool after, std::string_view is, std::string_view is_not,
                  std::vector<std::string>& changes) {
  if (before != after) changes.emplace_back(after ? is : is_not);
}

std::string KindText(v1::Service::Kind kind) {
  switch (kind) {
    case v1::Service::HEADLESS:
      return "headless";
    case v1::Service::CLUSTER_IP:
      return "cluster IP";
    case v1::Service::EXTERNAL_NAME:
      return "external name";
    default:
      return "of no known kind";
  }
}

std::string Describe(const v1::Service& service) {
  std::string text = KindText(service.kind());
  if (service.addresses_size() > 0) text += " " + AddressesText(service.addresses());
  if (!service.external_name().empty()) text += " " + service.external_name();
  if (service.external_size() > 0) text += ", from outside " + AddressesText(service.external());
  if (service.kind() != v1::Service::EXTERNAL_NAME) {
    text += fmt::format(", {} of {} pods ready", service.ready_pods(), service.pods());
  }
  if (service.publish_not_ready()) text += ", publishes those that are not ready, too";
  return text;
}

std::string Describe(const v1::Pod& pod) {
  std::string text = Or(AddressesText(pod.addresses()), "no address");
  if (pod.service().empty()) return text + ", no service selects it";
  text += pod.ready() ? ", ready" : ", not ready";
  if (pod.terminating()) text += ", terminating";
  if (!pod.ready() && pod.published()) text += ", published all the same (publishNotReadyAddresses)";
  if (pod.hostname().empty()) text += ", no hostname";
  return text;
}

void AddChanges(const v1::Service& before, const v1::Service& after, std::vector<std::string>& changes) {
  AddIfChanged("kind", KindText(before.kind()), KindText(after.kind()), changes);
  AddIfChanged("address", AddressesText(before.addresses()), AddressesText(after.addresses()), changes);
  AddIfChanged("external name", before.external_name(), after.external_name(), changes);
  AddIfChanged("from outside", AddressesText(before.external()), AddressesText(after.external()), changes);
  AddIfChanged("ports", PortsText(before.ports()), PortsText(after.ports()), changes);
  AddIfChanged(before.publish_not_ready(), after.publish_not_ready(), "publishes pods that are not ready",
               "no longer publishes pods that are not ready", changes);
}

void AddChanges(const v1::Pod& before, const v1::Pod& after, std::vector<std::string>& changes) {
  AddIfChanged("address", AddressesText(before.addresses()), AddressesText(after.addresses()), changes);
  AddIfChanged(before.ready(), after.ready(), "now ready", "no longer ready", changes);
  AddIfChanged(before.serving(), after.serving(), "now serving", "no longer serving", changes);
  AddIfChanged(before.terminating(), after.terminating(), "terminating", "no longer terminating", changes);
  AddIfChanged("hostname", before.hostname(), after.hostname(), changes);
  AddIfChanged("zone", before.zone(), after.zone(), changes);
  AddIfChanged("cluster", before.cluster(), after.cluster(), changes);
  AddIfChanged(before.is_pod(), after.is_pod(), "now a pod", "no longer a pod", changes);
  AddIfChanged("ports", PortsText(before.ports()), PortsText(after.ports()), changes);
  if (before.ready() == after.ready()) {
    AddIfChanged(before.published(), after.published(), "now published by its service",
                 "no longer published by its service", changes);
  }
}

}  // namespace

v1::Service MakeService(const ServiceBlock& block) {
  v1::Service service;
  service.set_namespace_(std::string(block.namespace_name()));
  service.set_name(std::string(block.name()));
  service.set_kind(ToKind(block.kind()));
  AddAddresses(block.cluster_ipv4(), *service.mutable_addresses());
  AddAddresses(block.cluster_ipv6(), *service.mutable_addresses());
  for (size_t i = 0; i < block.port_count(); ++i) AddPort(block.port(i), *service.mutable_ports());
  if (!block.external_name().empty()) service.set_external_name(dns::NameToText(block.external_name()));
  AddAddresses(block.external_ipv4(), *service.mutable_external());
  AddAddresses(block.external_ipv6(), *service.mutable_external());
  block.ForEachExternalHostname([&](std::string_view hostname) { service.add_external(dns::NameToText(hostname)); });
  service.set_publish_not_ready(block.publish_not_ready());
  uint32_t ready = 0;
  for (size_t i = 0; i < block.identity_count(); ++i) ready += block.identity(i).ready() ? 1 : 0;
  service.set_pods(static_cast<uint32_t>(block.identity_count()));
  service.set_ready_pods(ready);
  service.set_clusterset(block.clusterset());
  return service;
}

v1::Pod MakePod(const ServiceBlock& block, const ServiceBlock::Identity& identity) {
  v1::Pod pod;
  pod.set_namespace_(std::string(block.namespace_name()));
  pod.set_service(std::string(block.name()));
  pod.set_name(std::string(identity.name()));
  pod.set_is_pod(identity.is_pod());
  pod.set_hostname(std::string(identity.hostname()));
  AddAddresses(identity.ipv4(), *pod.mutable_addresses());
  AddAddresses(identity.ipv6(), *pod.mutable_addresses());
  for (size_t i = 0; i < identity.port_count(); ++i) AddPort(identity.port(i), *pod.mutable_ports());
  pod.set_ready(identity.ready());
  pod.set_serving(identity.serving());
  pod.set_terminating(identity.terminating());
  pod.set_published(identity.is_published());
  pod.set_zone(std::string(identity.zone()));
  pod.set_clusterset(block.clusterset());
  pod.set_cluster(std::string(identity.cluster()));
  return pod;
}

v1::Pod MakePod(const state::Pod& pod) {
  v1::Pod made;
  made.set_namespace_(pod.namespace_name);
  made.set_name(pod.name);
  made.set_is_pod(true);
  AddAddresses(pod.addresses, *made.mutable_addresses());
  return made;
}

v1::Position MakePosition(const state::Position& position) {
  v1::Position made;
  made.set_epoch(fmt::format("{:02x}", fmt::join(position.epoch, "")));
  made.set_revision(position.revision);
  return made;
}

std::optional<google::protobuf::Timestamp> ChangedAt(const state::Snapshot& snapshot) {
  if (snapshot.origin_time() <= absl::UnixEpoch()) return std::nullopt;
  return ToTimestamp(snapshot.origin_time());
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

google::protobuf::Duration ToDuration(absl::Duration duration) {
  google::protobuf::Duration made;
  made.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  made.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return made;
}

std::string NameOf(const v1::Object& object) {
  switch (object.object_case()) {
    case v1::Object::kNamespace:
      return fmt::format("namespace {}", object.namespace_().name());
    case v1::Object::kService:
      return fmt::format("{} {}/{}", object.service().clusterset() ? "service import" : "service",
                         object.service().namespace_(), object.service().name());
    case v1::Object::kPod: {
      const v1::Pod& pod = object.pod();
      return fmt::format("{}{} {}/{}{}{}", pod.clusterset() ? "imported " : "", pod.is_pod() ? "pod" : "endpoint",
                         pod.namespace_(), pod.service(), pod.service().empty() ? "" : "/", pod.name());
    }
    case v1::Object::OBJECT_NOT_SET:
      break;
  }
  return "nothing";
}

std::string Describe(const v1::Object& object) {
  if (object.has_service()) return Describe(object.service());
  if (object.has_pod()) return Describe(object.pod());
  return "";
}

std::string DescribeChange(const v1::Object& before, const v1::Object& after) {
  std::vector<std::string> changes;
  if (after.has_service()) AddChanges(before.service(), after.service(), changes);
  if (after.has_pod()) AddChanges(before.pod(), after.pod(), changes);
  return fmt::format("{}", fmt::join(changes, ", "));
}

}  // namespace podnamed::admin
