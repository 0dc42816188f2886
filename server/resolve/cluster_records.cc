#include "server/resolve/cluster_records.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "server/resolve/cluster_name.h"
#include "server/resolve/reverse_name.h"

namespace podnamed::resolve {
namespace {

using dns::RecordType;
using state::ServiceBlock;

std::string_view LabelOf(state::Protocol protocol) {
  switch (protocol) {
    case state::Protocol::kTcp:
      return "\4_tcp";
    case state::Protocol::kUdp:
      return "\4_udp";
    case state::Protocol::kSctp:
      return "\5_sctp";
  }
  return {};
}

std::string Label(std::string_view text) { return std::string(1, static_cast<char>(text.size())).append(text); }

// The labels of named ports, "_http._tcp", of a service or an endpoint.
template <typename HasPorts>
void AddPorts(const HasPorts& of, std::set<std::string>& ports) {
  for (size_t i = 0; i < of.port_count(); ++i) {
    const state::PortView port = of.port(i);
    if (!port.name.empty()) ports.insert(Label(std::string("_").append(port.name)).append(LabelOf(port.protocol)));
  }
}

}  // namespace

ClusterRecords::ClusterRecords(const Resolver& resolver, const ForwardZone& zone, const state::Snapshot& snapshot)
    : resolver_(resolver), zone_(zone), snapshot_(snapshot) {
  const ClusterView view(snapshot, resolver.options());
  snapshot.ForEachService([&](const ServiceBlock& service) {
    if (service.clusterset() == zone.clusterset && view.Shows(service)) services_.push_back(&service);
  });
  std::sort(services_.begin(), services_.end(), [](const ServiceBlock* a, const ServiceBlock* b) {
    return std::tuple(a->namespace_name(), a->name()) < std::tuple(b->namespace_name(), b->name());
  });
  questions_.push_back({std::string(zone.name.wire()), RecordType::kNs});
  const auto& external = resolver.options().external;
  const std::string server = (external ? "\3ns1" + external->apex : std::string("\2ns\3dns")).append(zone.name.wire());
  questions_.push_back({server, RecordType::kA});
  questions_.push_back({server, RecordType::kAaaa});
}

bool ClusterRecords::Next(Answer& answer) {
  while (true) {
    while (next_question_ == questions_.size()) {  // a service may have none
      if (next_service_ == services_.size()) return false;
      questions_.clear();
      next_question_ = 0;
      AddQuestions(*services_[next_service_++]);
    }
    Question& question = questions_[next_question_++];
    Ask(std::move(question.name), question.type, answer);
    if (answer.outcome == Outcome::kAnswer) return true;
  }
}

void ClusterRecords::Ask(std::string name, RecordType type, Answer& answer) {
  asked_ = std::move(name);
  answer.Clear();
  name_.Read(asked_);
  const resolve::Question question{name_, type, base::IpAddress(), false, std::numeric_limits<size_t>::max()};
  resolver_.Resolve(question, &snapshot_, 0, random_, answer);
  // The chain of an ExternalName belongs to other names.
  if (type == RecordType::kCname && answer.answer.size() > 1) answer.answer.resize(1);
}

std::string ClusterRecords::NameOf(const ServiceBlock& service) const {
  std::string name(service.wire_name());
  if (!resolver_.options().external) name += kServiceBranch;
  return name.append(zone_.name.wire());
}

void ClusterRecords::AddQuestions(const ServiceBlock& service) {
  const std::string own = NameOf(service);
  const auto& external = resolver_.options().external;
  if (external && service.has_external()) return AddExternal(service);
  if (external && !external->headless) return;
  if (service.kind() == state::ServiceKind::kExternalName) {
    questions_.push_back({own, RecordType::kCname});
    return;
  }
  const ClusterView view(snapshot_, resolver_.options());
  for (const RecordType type : {RecordType::kA, RecordType::kAaaa, RecordType::kSrv}) questions_.push_back({own, type});
  std::set<std::string> ports;
  AddPorts(service, ports);
  for (size_t i = 0; i < service.identity_count(); ++i) {
    if (i == 0 || service.identity(i).profile() != service.identity(i - 1).profile()) {
      AddPorts(service.identity(i), ports);
    }
  }
  for (const std::string& port : ports) questions_.push_back({port + own, RecordType::kSrv});
  AddEndpoints(service, view);
}

void ClusterRecords::AddExternal(const ServiceBlock& service) {
  const std::string own = NameOf(service);
  if (service.external_ipv4().empty() && service.external_ipv6().empty()) {
    questions_.push_back({own, RecordType::kCname});
  } else {
    questions_.push_back({own, RecordType::kA});
    questions_.push_back({own, RecordType::kAaaa});
    // A name with a CNAME has nothing else (RFC 1034 section 3.6.2).
    questions_.push_back({own, RecordType::kSrv});
  }
  std::set<std::string> ports;
  AddPorts(service, ports);
  for (const std::string& port : ports) questions_.push_back({port + own, RecordType::kSrv});
}

void ClusterRecords::AddEndpoints(const ServiceBlock& service, const ClusterView& view) {
  const std::string tail = NameOf(service);
  std::set<std::string> names;
  for (size_t i = 0; i < service.identity_count(); ++i) {
    const auto identity = service.identity(i);
    if (!view.Shows(identity)) continue;
    const std::string below = (service.clusterset() ? Label(identity.cluster()) : std::string()) + tail;
    const auto add = [&](std::string_view label) {
      const std::string name = std::string(label) + below;
      if (!names.insert(name).second) return;
      questions_.push_back({name, RecordType::kA});
      questions_.push_back({name, RecordType::kAaaa});
    };
    if (!view.LabelOf(identity).empty()) {
      add(view.WireLabelOf(identity));
      continue;
    }
    for (const auto& address : identity.ipv4()) add(WireOf(MakeDashedLabel(base::IpAddress(address))));
    for (const auto& address : identity.ipv6()) add(WireOf(MakeDashedLabel(base::IpAddress(address))));
  }
}

}  // namespace podnamed::resolve
