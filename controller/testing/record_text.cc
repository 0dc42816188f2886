#include "controller/testing/record_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/ip_address.h"

namespace podnamed::controller {
namespace {

template <typename Address>
std::string TextOf(const std::string& octets) {
  Address address;
  std::copy(octets.begin(), octets.end(), address.begin());
  return base::IpAddress(address).ToString();
}

std::string AddressText(const std::string& octets) {
  return octets.size() == 4 ? TextOf<base::Ipv4Address>(octets) : TextOf<base::Ipv6Address>(octets);
}

template <typename Record>
std::string AddressesAndPorts(const Record& record) {
  std::string text;
  for (const std::string& octets : record.addresses()) text += " " + AddressText(octets);
  if constexpr (requires { record.ports(); }) {
    for (const feed::v1::Port& port : record.ports()) {
      text += fmt::format(" {}:{}/{}", port.name(), port.number(), feed::v1::Protocol_Name(port.protocol()));
    }
  }
  return text;
}

std::string Optional(std::string_view word, const std::string& value) {
  return value.empty() ? "" : fmt::format(" {}={}", word, value);
}

template <typename Record>
std::string LabelsText(const Record& record) {
  std::string text;
  for (const feed::v1::Label& label : record.labels()) {
    text += fmt::format("{}{}={}", text.empty() ? " {" : ",", label.key(), label.value());
  }
  return text.empty() ? text : text + "}";
}

std::string Line(const feed::v1::Namespace& record) {
  return fmt::format("namespace {}{}{}", record.name(), LabelsText(record), Optional("uid", record.uid()));
}

std::string ExternalText(const feed::v1::Service& record) {
  std::string text;
  for (const std::string& octets : record.external_addresses()) text += " external=" + AddressText(octets);
  for (const std::string& hostname : record.external_hostnames()) text += " external=" + hostname;
  return text;
}

std::string Line(const feed::v1::Service& record, std::string_view word) {
  const std::string_view kind = record.kind() == feed::v1::Service::HEADLESS     ? "headless"
                                : record.kind() == feed::v1::Service::CLUSTER_IP ? "cluster-ip"
                                                                                 : "external-name";
  return fmt::format("{} {}/{} {}{}{}{}{}{}{}", word, record.namespace_(), record.name(), kind,
                     AddressesAndPorts(record), Optional("to", record.external_name()), ExternalText(record),
                     record.publish_not_ready() ? " publish-not-ready" : "", LabelsText(record),
                     Optional("uid", record.uid()));
}

std::string Line(const feed::v1::PodIdentity& record, std::string_view word) {
  return fmt::format(
      "{} {}/{}/{}{}{}{}{}{}{}{}{}{}{}{}{}{}", word, record.namespace_(), record.service(), record.name(),
      record.is_pod() ? " pod" : "", Optional("host", record.hostname()), AddressesAndPorts(record),
      record.ready() ? " ready" : "", record.serving() ? " serving" : "", record.terminating() ? " terminating" : "",
      record.has_ordinal() ? fmt::format(" #{}", record.ordinal()) : "", Optional("set", record.stateful_set()),
      Optional("revision", record.controller_revision()), Optional("node", record.node()),
      Optional("zone", record.zone()), Optional("cluster", record.cluster()), Optional("uid", record.uid()));
}

std::string Line(const feed::v1::Pod& record) {
  return fmt::format("pod {}/{}{}{}{}", record.namespace_(), record.name(), AddressesAndPorts(record),
                     Optional("node", record.node()), Optional("uid", record.uid()));
}

}  // namespace

std::string ToText(const std::vector<feed::v1::Record>& records) {
  std::string text;
  for (const feed::v1::Record& record : records) {
    if (record.has_namespace_()) text += Line(record.namespace_());
    if (record.has_service()) text += Line(record.service(), "service");
    if (record.has_pod_identity()) text += Line(record.pod_identity(), "identity");
    if (record.has_pod()) text += Line(record.pod());
    if (record.has_service_import()) text += Line(record.service_import(), "import");
    if (record.has_imported_identity()) text += Line(record.imported_identity(), "imported");
    text += "\n";
  }
  return text;
}

}  // namespace podnamed::controller
