#include "server/resolve/reverse_answer.h"

#include "absl/container/inlined_vector.h"
#include "server/resolve/cluster_name.h"

namespace podnamed::resolve {
namespace {

using dns::NamePieces;
using dns::RecordType;
using state::ServiceBlock;

}  // namespace

void ReverseAnswer::Find() {
  const bool is_address = parsed_.kind == ReverseName::Kind::kAddress;
  if (question_.above == 0 && (!is_address || type() == RecordType::kSoa || type() == RecordType::kNs)) {
    // The server has a name where services have theirs; a reverse zone has names of addresses alone.
    answer_.outcome = AtApex(target_tail_.substr(view_.options().external ? 0 : kServiceBranch.size()));
  } else if (is_address) {
    answer_.outcome = AtAddress(parsed_.address);
  } else {
    // Below a part of an address there may be addresses: RFC 8020 forbids NXDOMAIN, which CoreDNS says.
    answer_.outcome = parsed_.kind == ReverseName::Kind::kPart ? Outcome::kNoData : Outcome::kNxDomain;
  }
  AddNegativeSoa();
}

Outcome ReverseAnswer::AtAddress(const base::IpAddress& address) {
  if (view_.options().external) {
    AddExternalServices(address);
  } else {
    AddServices(address);
  }
  if (answer_.names.empty()) return Outcome::kNxDomain;
  if (type() != RecordType::kPtr) return Outcome::kNoData;
  Add(absl::MakeConstSpan(answer_.names), question_.owner, RecordType::kPtr);
  return Outcome::kAnswer;
}

// Services may share a load balancer's address.
void ReverseAnswer::AddExternalServices(const base::IpAddress& address) {
  view_.snapshot().ForEachServiceWithAddress(address, [&](const ServiceBlock& service) {
    if (service.clusterset() || !service.HasExternalAddress(address) || !view_.Shows(service)) return;
    const NamePieces target(service.wire_name(), target_tail_);
    if (target.size() <= dns::kMaxNameLength) answer_.names.push_back(target);
  });
}

// A service's own address is the service; it is asked first, as CoreDNS does. ServiceImports have no part in the
// reverse tree.
void ReverseAnswer::AddServices(const base::IpAddress& address) {
  absl::InlinedVector<const ServiceBlock*, 8> with_endpoints;
  view_.snapshot().ForEachServiceWithAddress(address, [&](const ServiceBlock& service) {
    if (service.clusterset() || !view_.Shows(service)) return;
    if (!service.HasClusterAddress(address)) {
      with_endpoints.push_back(&service);
    } else if (answer_.names.empty()) {
      answer_.names.emplace_back(service.wire_name(), target_tail_);
    }
  });
  if (!answer_.names.empty()) return;
  for (const ServiceBlock* service : with_endpoints) AddEndpoints(*service, address);
}

// One PTR per endpoint name: two identities of a service may bear the same.
void ReverseAnswer::AddEndpoints(const ServiceBlock& service, const base::IpAddress& address) {
  const size_t first = answer_.names.size();
  service.ForEachWithAddress(address, [&](Identity identity) {
    if (!view_.Shows(identity)) return;
    const std::string_view label =
        view_.LabelOf(identity).empty() ? DashedLabelOf(address) : view_.WireLabelOf(identity);
    for (size_t i = first; i < answer_.names.size(); ++i) {
      if (answer_.names[i].pieces()[0] == label) return;
    }
    const NamePieces target(label, service.wire_name(), target_tail_);
    if (target.size() <= dns::kMaxNameLength) answer_.names.push_back(target);
  });
}

std::string_view ReverseAnswer::DashedLabelOf(const base::IpAddress& address) {
  if (answer_.labels.empty()) answer_.labels.push_back(MakeDashedLabel(address));
  return WireOf(answer_.labels.front());
}

}  // namespace podnamed::resolve
