#include "server/resolve/reason.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "server/dns/edns.h"
#include "server/resolve/reverse_name.h"

namespace podnamed::resolve {
namespace {

using dns::ExtendedError;
using dns::RecordType;
using state::ServiceBlock;
using state::ServiceKind;
using Identity = ServiceBlock::Identity;

template <typename... Pieces>
void SayWith(uint16_t info_code, Answer& answer, const Pieces&... pieces) {
  answer.reason.set_info_code(info_code);
  answer.reason.Append(pieces...);
}

template <typename... Pieces>
void Say(Answer& answer, const Pieces&... pieces) {
  SayWith(ExtendedError::kOther, answer, pieces...);
}

// A label of the question, fit to be shown: others are no names of Kubernetes objects anyway.
std::string_view Shown(std::string_view label) {
  const auto is_printable = [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); };
  return absl::c_all_of(label, is_printable) ? label : std::string_view("(a label that is no text)");
}

// An address as people write it.
class AddressText {
 public:
  explicit AddressText(const base::Ipv4Address& address) { inet_ntop(AF_INET, address.data(), text_, sizeof(text_)); }
  explicit AddressText(const base::Ipv6Address& address) { inet_ntop(AF_INET6, address.data(), text_, sizeof(text_)); }
  std::string_view text() const { return text_; }

 private:
  char text_[INET6_ADDRSTRLEN];
};

std::string_view WordFor(state::Protocol protocol) {
  switch (protocol) {
    case state::Protocol::kTcp:
      return "tcp";
    case state::Protocol::kUdp:
      return "udp";
    case state::Protocol::kSctp:
      return "sctp";
  }
  return "";
}

class NameReason {
 public:
  NameReason(const ClusterName& parsed, bool clusterset, RecordType type, const ClusterView& view, Answer& answer)
      : parsed_(parsed), clusterset_(clusterset), type_(type), view_(view), answer_(answer) {}

  void Write() {
    if (answer_.outcome == Outcome::kNoData) {
      WriteNoData();
    } else {
      WriteNxDomain();
    }
  }

 private:
  void WriteNoData() {
    const bool wants_address = type_ == RecordType::kA || type_ == RecordType::kAaaa;
    const std::string_view family = type_ == RecordType::kA ? "IPv4" : "IPv6";
    switch (parsed_.kind) {
      case ClusterName::Kind::kService:
      case ClusterName::Kind::kEndpoint:
      case ClusterName::Kind::kPod:
      case ClusterName::Kind::kNameServer:
      case ClusterName::Kind::kVersion:
        if (wants_address && IsExternalName()) {
          Say(answer_, "service ", parsed_.service, " is an ExternalName, and what it stands for has no ", family,
              " addresses");
        } else if (wants_address) {
          Say(answer_, "exists, without ", family, " addresses");
        } else if (type_ == RecordType::kSrv) {
          Say(answer_, "exists, without ports");
        } else {
          Say(answer_, "exists, without records of this type");
        }
        return;
      case ClusterName::Kind::kProtocol:
      case ClusterName::Kind::kPort:
        Say(answer_, "ports have SRV records only, at _port._protocol");
        return;
      case ClusterName::Kind::kZone:
        Say(answer_, "service ", Shown(parsed_.service), " has no ready endpoint in this zone, or no such records");
        return;
      default:
        Say(answer_, "exists for the names below it");
    }
  }

  bool IsExternalName() const {
    if (view_.options().external) return false;
    const ServiceBlock* service = view_.FindService(parsed_.namespace_name, parsed_.service, clusterset_);
    return service != nullptr && service->kind() == ServiceKind::kExternalName;
  }

  void WriteNxDomain() {
    switch (parsed_.kind) {
      case ClusterName::Kind::kNothing:
        if (view_.options().external) {
          Say(answer_, "no name of this zone has this shape; names are <service>.<namespace> and the zone");
          return;
        }
        Say(answer_, "no name of a cluster has this shape; names are <pod>.<service>.<namespace>.svc and the zone");
        return;
      case ClusterName::Kind::kNamespace:
        WriteNoNamespace();
        return;
      case ClusterName::Kind::kPodNamespace:
      case ClusterName::Kind::kPod:
        WriteNoPod();
        return;
      default:
        break;
    }
    if (!view_.HasNamespace(parsed_.namespace_name)) {
      WriteNoNamespace();
      return;
    }
    const ServiceBlock* service = view_.FindService(parsed_.namespace_name, parsed_.service, clusterset_);
    if (view_.options().external) {
      WriteNotOutside(service);
    } else if (service == nullptr) {
      WriteNoService();
    } else if (service->kind() == ServiceKind::kExternalName) {
      Say(answer_, "service ", service->name(), " is an ExternalName; nothing is below it, and an address is no name");
    } else if (parsed_.kind == ClusterName::Kind::kService ||
               (service->kind() == ServiceKind::kHeadless && !view_.options().endpoints)) {
      WriteNoEndpoints(*service);
    } else if (parsed_.kind == ClusterName::Kind::kEndpoint) {
      WriteNoEndpoint(*service);
    } else if (parsed_.kind == ClusterName::Kind::kProtocol || parsed_.kind == ClusterName::Kind::kPort) {
      WriteNoPort(*service);
    } else {
      Say(answer_, "service ", service->name(), " has no such names");
    }
  }

  // Of a service that cannot be reached from outside it is not said that there is one.
  void WriteNotOutside(const ServiceBlock* service) {
    const bool has_endpoints = service != nullptr && view_.options().external->headless && view_.options().endpoints &&
                               service->kind() == ServiceKind::kHeadless &&
                               !(service->published_ipv4().empty() && service->published_ipv6().empty());
    const bool is_reached = service != nullptr && (service->has_external() || has_endpoints);
    if (is_reached && parsed_.kind == ClusterName::Kind::kEndpoint) {
      WriteNoEndpoint(*service);
    } else if (is_reached && parsed_.kind != ClusterName::Kind::kZone && parsed_.kind != ClusterName::Kind::kZones) {
      WriteNoPort(*service);
    } else {
      Say(answer_, "no service ", Shown(parsed_.service), " in namespace ", Shown(parsed_.namespace_name),
          " is reached from outside of the cluster");
    }
  }

  void WriteNoNamespace() {
    if (!view_.IsListed(parsed_.namespace_name)) {
      SayWith(ExtendedError::kFiltered, answer_, "namespace ", Shown(parsed_.namespace_name),
              " is not served here (namespaces)");
    } else if (!(view_.options().namespace_selector == state::LabelSelector())) {
      Say(answer_, "namespace ", Shown(parsed_.namespace_name),
          " does not exist, or is not served here (namespace_labels)");
    } else {
      Say(answer_, "namespace ", Shown(parsed_.namespace_name), " does not exist");
    }
  }

  void WriteNoPod() {
    if (view_.options().pods == PodRecords::kDisabled || clusterset_) {
      SayWith(ExtendedError::kNotSupported, answer_, "records of pods are disabled here (pods)");
    } else if (!view_.HasNamespace(parsed_.namespace_name)) {
      WriteNoNamespace();
    } else if (!ParseDashedAddress(parsed_.endpoint).has_value()) {
      Say(answer_, "the label in front of the namespace is no address with dashes, such as 10-0-0-7");
    } else {
      Say(answer_, "no pod in namespace ", Shown(parsed_.namespace_name), " has this address");
    }
  }

  void WriteNoService() {
    const ServiceBlock* hidden = view_.snapshot().FindService(parsed_.namespace_name, parsed_.service, clusterset_);
    const bool selects = !(view_.options().service_selector == state::LabelSelector());
    if (selects) {
      Say(answer_, "service ", Shown(parsed_.service), " does not exist in namespace ", Shown(parsed_.namespace_name),
          ", or is not served here (labels)");
    } else if (hidden != nullptr && hidden->has_service()) {
      Say(answer_, "service ", Shown(parsed_.service), " has no ready endpoint (ignore empty_service)");
    } else if (hidden != nullptr) {
      Say(answer_, "endpoints of service ", Shown(parsed_.service), " are known in namespace ",
          Shown(parsed_.namespace_name), ", the service itself is not");
    } else {
      Say(answer_, "service ", Shown(parsed_.service), " does not exist in namespace ", Shown(parsed_.namespace_name));
    }
  }

  void WriteNoEndpoints(const ServiceBlock& service) {
    if (!view_.options().endpoints) {
      SayWith(ExtendedError::kNotSupported, answer_, "service ", service.name(),
              " is headless, and endpoints are not served here (noendpoints)");
    } else if (service.identity_count() == 0) {
      Say(answer_, "service ", service.name(), " has no endpoints: its selector matches no pod with an address");
    } else {
      Say(answer_, "service ", service.name(), " has ", service.identity_count(),
          " endpoints, none of them ready; set publishNotReadyAddresses to resolve them earlier");
    }
  }

  void WriteNoEndpoint(const ServiceBlock& service) {
    const std::string_view label = parsed_.endpoint;
    if (!view_.options().endpoints) {
      SayWith(ExtendedError::kNotSupported, answer_, "endpoints are not served here (noendpoints)");
      return;
    }
    if (const size_t i = service.IndexOfName(label); i != service.identity_count()) {
      WriteBadEndpoint(service, service.identity(i));
      return;
    }
    std::optional<Identity> bearer;
    service.ForEachWithLabel(label, [&](Identity identity) { bearer.emplace(identity); });
    if (const auto address = ParseDashedLabel(label)) {
      service.ForEachWithAddress(*address, [&](Identity identity) { bearer.emplace(identity); });
    }
    if (bearer.has_value()) {
      WriteBadEndpoint(service, *bearer);
    } else if (service.kind() == ServiceKind::kClusterIp) {
      WriteClusterIp(service);
    } else {
      Say(answer_, "service ", service.name(), " exists, ", Shown(label), " does not; it has ");
      WriteLabels(service);
    }
  }

  // An endpoint that is there, under the name that was asked or another, and does not answer for it.
  void WriteBadEndpoint(const ServiceBlock& service, Identity identity) {
    if (identity.cluster() != parsed_.cluster) {
      Say(answer_, identity.name(), " is not in cluster ", Shown(parsed_.cluster));
    } else if (!identity.has_address()) {
      Say(answer_, identity.name(), " exists and has no address yet");
    } else if (identity.terminating() && !identity.is_published()) {
      Say(answer_, identity.name(), " exists and is terminating");
    } else if (!identity.is_published()) {
      Say(answer_, identity.name(), " exists and is not ready; set publishNotReadyAddresses to resolve it earlier");
    } else if (const std::string_view shown = view_.LabelOf(identity); !shown.empty()) {
      Say(answer_, identity.name(), " is known as ", shown, " in service ", service.name());
    } else {
      Say(answer_, "pod ", identity.name(), " has no hostname in service ", service.name(),
          "; set its hostname, and its subdomain to ", service.name());
    }
  }

  void WriteClusterIp(const ServiceBlock& service) {
    const AddressText address = service.cluster_ipv4().empty() ? AddressText(service.cluster_ipv6().front())
                                                               : AddressText(service.cluster_ipv4().front());
    Say(answer_, "service ", service.name(), " has ClusterIP ", address.text(),
        "; per-pod names need a headless service");
  }

  // "web-0..web-2". Looks at both ends only: there may be ten thousand.
  void WriteLabels(const ServiceBlock& service) {
    constexpr size_t kEnd = 50;
    size_t seen = 0;
    size_t shown = 0;
    std::string_view first;
    std::string_view last;
    for (size_t i = 0; i < service.identity_count(); ++i, ++seen) {
      if (i == kEnd) i = std::max(i, service.identity_count() - kEnd);
      const std::string_view label = view_.LabelOf(service.identity(i));
      if (label.empty()) continue;
      if (shown++ == 0) first = label;
      last = label;
    }
    if (shown == 0 && service.identity_count() == 0) {
      answer_.reason.Append("no endpoints");
    } else if (shown == 0) {
      answer_.reason.Append(service.identity_count(), " endpoints without hostnames");
    } else if (shown == 1) {
      answer_.reason.Append(first);
    } else if (shown == 2) {
      answer_.reason.Append(first, " and ", last);
    } else {
      answer_.reason.Append(first, "..", last);
      if (shown != seen) answer_.reason.Append(" and endpoints without hostnames");
    }
  }

  void WriteNoPort(const ServiceBlock& service) {
    Say(answer_, "service ", service.name(), " has no ");
    if (!parsed_.port.empty()) answer_.reason.Append("port ", Shown(parsed_.port), " over ");
    answer_.reason.Append(WordFor(parsed_.protocol));
    if (parsed_.port.empty()) answer_.reason.Append(" port with a name");
    if (service.kind() == ServiceKind::kHeadless) answer_.reason.Append(" on a ready endpoint");
  }

  const ClusterName& parsed_;
  const bool clusterset_;
  const RecordType type_;
  const ClusterView& view_;
  Answer& answer_;
};

}  // namespace

void ExplainName(const ClusterName& parsed, bool clusterset, RecordType type, const ClusterView& view, Answer& answer) {
  NameReason(parsed, clusterset, type, view, answer).Write();
}

void ExplainAddress(const base::IpAddress& address, const ClusterView& view, Answer& answer) {
  if (answer.outcome == Outcome::kNoData) {
    Say(answer, "the address is known; its names are PTR records");
    return;
  }
  if (view.options().external) {
    Say(answer, "no service is reached at this address from outside of the cluster");
    return;
  }
  const ServiceBlock* found = nullptr;
  std::optional<Identity> bearer;
  view.snapshot().ForEachServiceWithAddress(address, [&](const ServiceBlock& service) {
    if (service.clusterset() || !view.Shows(service) || !view.options().endpoints) return;
    service.ForEachWithAddress(address, [&](Identity identity) {
      found = &service;
      bearer.emplace(identity);
    });
  });
  if (bearer.has_value() && !bearer->is_published()) {
    Say(answer, "the address is that of ", bearer->name(), " in service ", found->name(), ", which is not ready");
  } else {
    Say(answer, "no service, and no endpoint of a service, has this address");
  }
}

void ExplainNotSynced(Answer& answer) {
  SayWith(ExtendedError::kNotReady, answer, "not synced yet: nothing is known of the cluster");
}

void ExplainStale(uint32_t seconds, Answer& answer) {
  const Reason said = answer.reason;
  answer.reason.Clear();
  SayWith(answer.outcome == Outcome::kNxDomain ? ExtendedError::kStaleNxDomain : ExtendedError::kStaleAnswer, answer,
          "stale: cluster not followed for ", size_t{seconds}, " s");
  if (!said.empty()) answer.reason.Append("; ", said.text());
}

}  // namespace podnamed::resolve
