#include "server/resolve/resolver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/random/random.h"
#include "server/resolve/cluster_name.h"
#include "server/resolve/reverse_name.h"
#include "server/resolve/srv_records.h"

namespace podnamed::resolve {
namespace {

using dns::NamePieces;
using dns::RecordType;
using state::ServiceBlock;
using state::ServiceKind;

// RFC 1035 section 3.3.13; the numbers are CoreDNS's.
constexpr uint32_t kSoaRefresh = 7200;
constexpr uint32_t kSoaRetry = 1800;
constexpr uint32_t kSoaExpire = 86400;
constexpr uint32_t kMaxSoaTtl = 300;

constexpr std::string_view kServerLabels = "\2ns\3dns";
constexpr std::string_view kHostmasterLabel = "\12hostmaster";
constexpr std::string_view kServiceBranch = "\3svc";
constexpr std::string_view kVersionText = "1.1.0";  // of the Kubernetes DNS specification
constexpr uint32_t kVersionTtl = 28800;

// One question on its way to its answer.
class Resolution {
 public:
  Resolution(const dns::QueryName& name, RecordType type, const state::Snapshot& snapshot,
             const ResolverOptions& options, std::string_view reverse_target, absl::BitGenRef random, Answer& answer)
      : name_(name),
        type_(type),
        snapshot_(snapshot),
        options_(options),
        reverse_target_(reverse_target),
        random_(random),
        answer_(answer),
        owner_(name.original()) {}

  // `above` labels of the name stand in front of the zone.
  void InForwardZone(size_t above) {
    zone_ = name_.original().substr(name_.label_start(above));
    above_ = above;
    answer_.outcome = FindForward(ParseClusterName(name_, above));
    AddNegativeSoa();
  }

  void InReverseZone(size_t above) {
    zone_ = name_.original().substr(name_.label_start(above));
    answer_.outcome = above == 0 ? AtApex() : FindReverse(ParseReverseName(name_));
    AddNegativeSoa();
  }

 private:
  using Identity = ServiceBlock::Identity;

  Outcome FindForward(const ClusterName& parsed) {
    switch (parsed.kind) {
      case ClusterName::Kind::kApex:
        return AtApex();
      case ClusterName::Kind::kBranch:
        return Outcome::kNoData;
      case ClusterName::Kind::kNameServer:
        return WithAddresses(options_.server_ipv4, options_.server_ipv6);
      case ClusterName::Kind::kVersion:
        return AtVersion();
      case ClusterName::Kind::kNamespace:
        return snapshot_.HasNamespace(parsed.namespace_name) ? Outcome::kNoData : Outcome::kNxDomain;
      case ClusterName::Kind::kService:
      case ClusterName::Kind::kEndpoint:
      case ClusterName::Kind::kProtocol:
      case ClusterName::Kind::kPort:
        break;
      case ClusterName::Kind::kNothing:
        return Outcome::kNxDomain;
    }
    const ServiceBlock* service = snapshot_.FindService(parsed.namespace_name, parsed.service);
    if (service == nullptr || !service->has_service() || !snapshot_.HasNamespace(parsed.namespace_name)) {
      return Outcome::kNxDomain;
    }
    if (parsed.kind == ClusterName::Kind::kService) return AtService(*service);
    if (service->kind() == ServiceKind::kExternalName) return Outcome::kNxDomain;
    if (parsed.kind == ClusterName::Kind::kEndpoint) return AtEndpoint(*service, parsed.endpoint);
    return AtPort(*service, {.all = false, .protocol = parsed.protocol, .name = parsed.port});
  }

  Outcome AtApex() {
    if (type_ == RecordType::kSoa) {
      AddSoa(answer_.answer);
      return Outcome::kAnswer;
    }
    if (type_ != RecordType::kNs) return Outcome::kNoData;
    answer_.names.emplace_back(kServerLabels, zone_);
    Add(absl::MakeConstSpan(answer_.names), NamePieces(zone_), RecordType::kNs);
    answer_.AddAdditional(answer_.names.front(), options_.ttl, options_.server_ipv4, options_.server_ipv6);
    return Outcome::kAnswer;
  }

  Outcome AtVersion() {
    if (type_ != RecordType::kTxt) return Outcome::kNoData;
    answer_.answer.push_back({owner_, RecordType::kTxt, kVersionTtl, dns::TxtData{kVersionText}});
    return Outcome::kAnswer;
  }

  Outcome AtService(const ServiceBlock& service) {
    switch (service.kind()) {
      case ServiceKind::kExternalName:
        return AtExternalName(service);
      case ServiceKind::kClusterIp:
        if (type_ == RecordType::kSrv) return ServiceSrv(service, {});
        return WithAddresses(service.cluster_ipv4(), service.cluster_ipv6());
      case ServiceKind::kHeadless:
        break;
    }
    // The specification: a headless service without ready endpoints does not exist.
    if (service.published_ipv4().empty() && service.published_ipv6().empty()) return Outcome::kNxDomain;
    if (type_ == RecordType::kSrv) return ServiceSrv(service, {});
    Collect(service.published_ipv4(), service.published_ipv6());
    return ShuffledAddresses();
  }

  Outcome AtExternalName(const ServiceBlock& service) {
    if (type_ != RecordType::kA && type_ != RecordType::kAaaa && type_ != RecordType::kCname) return Outcome::kNoData;
    answer_.names.emplace_back(service.external_name());
    Add(absl::MakeConstSpan(answer_.names), owner_, RecordType::kCname);
    return Outcome::kAnswer;
  }

  Outcome AtEndpoint(const ServiceBlock& service, std::string_view label) {
    bool exists = false;
    service.ForEachWithLabel(label, [&](Identity identity) {
      if (!identity.is_published() || identity.hostname() != label) return;
      exists = true;
      Collect(identity.ipv4(), identity.ipv6());
    });
    if (exists && type_ == RecordType::kSrv) {
      SrvRecords srv = Srv(service, {});
      srv.AddHostname(label);
      return srv.Finish(owner_) ? Outcome::kAnswer : Outcome::kNoData;
    }
    if (exists) {
      RemoveDuplicates(answer_.ipv4);
      RemoveDuplicates(answer_.ipv6);
      return ShuffledAddresses();
    }
    return AtDashedAddress(service, label);
  }

  // An endpoint without a hostname bears each of its addresses as a name, which stands for that address alone.
  Outcome AtDashedAddress(const ServiceBlock& service, std::string_view label) {
    const std::optional<base::IpAddress> address = ParseDashedLabel(label);
    if (!address.has_value()) return Outcome::kNxDomain;
    bool exists = false;
    service.ForEachWithAddress(
        *address, [&](Identity identity) { exists |= identity.is_published() && identity.hostname().empty(); });
    if (!exists) return Outcome::kNxDomain;
    if (type_ == RecordType::kSrv) {
      SrvRecords srv = Srv(service, {});
      srv.AddAddress(*address);
      return srv.Finish(owner_) ? Outcome::kAnswer : Outcome::kNoData;
    }
    if (address->is_v4()) {
      answer_.ipv4.push_back(address->v4());
    } else {
      answer_.ipv6.push_back(address->v6());
    }
    return WithAddresses(answer_.ipv4, answer_.ipv6);
  }

  Outcome AtPort(const ServiceBlock& service, const PortFilter& ports) {
    if (!HasPort(service, ports)) return Outcome::kNxDomain;
    if (type_ != RecordType::kSrv || ports.name.empty()) return Outcome::kNoData;
    return ServiceSrv(service, ports);
  }

  // Headless services are their endpoints, the others themselves.
  Outcome ServiceSrv(const ServiceBlock& service, const PortFilter& ports) {
    SrvRecords srv = Srv(service, ports);
    if (service.kind() == ServiceKind::kClusterIp) {
      srv.AddService();
    } else {
      srv.AddEndpoints();
    }
    return srv.Finish(owner_) ? Outcome::kAnswer : Outcome::kNoData;
  }

  static bool HasPort(const ServiceBlock& service, const PortFilter& ports) {
    const auto has_port = [&ports](const auto& of) {
      for (size_t i = 0; i < of.port_count(); ++i) {
        if (of.port(i).number != 0 && ports.Matches(of.port(i))) return true;
      }
      return false;
    };
    if (service.kind() == ServiceKind::kClusterIp) return has_port(service);
    for (size_t i = 0; i < service.identity_count(); ++i) {
      if (service.identity(i).is_published() && has_port(service.identity(i))) return true;
    }
    return false;
  }

  Outcome FindReverse(const ReverseName& parsed) {
    if (parsed.kind == ReverseName::Kind::kNothing) return Outcome::kNxDomain;
    if (parsed.kind == ReverseName::Kind::kPart) return Outcome::kNoData;  // addresses may be below
    // A service's own address is the service; it is asked first, as CoreDNS does.
    const ServiceBlock* owner_service = nullptr;
    size_t without_hostname = 0;
    snapshot_.ForEachServiceWithAddress(parsed.address, [&](const ServiceBlock& service) {
      if (IsClusterAddress(service, parsed.address)) owner_service = &service;
      service.ForEachWithAddress(parsed.address,
                                 [&](Identity identity) { without_hostname += identity.hostname().empty() ? 1 : 0; });
    });
    if (owner_service != nullptr) {
      answer_.names.emplace_back(owner_service->wire_name(), reverse_target_);
    } else {
      answer_.labels.reserve(without_hostname);  // they must not move under the names
      snapshot_.ForEachServiceWithAddress(parsed.address, [&](const ServiceBlock& service) {
        const size_t first = answer_.names.size();
        service.ForEachWithAddress(parsed.address, [&](Identity identity) {
          if (identity.is_published()) AddPtrTarget(service, identity, parsed.address, first);
        });
      });
    }
    if (answer_.names.empty()) return Outcome::kNxDomain;
    if (type_ != RecordType::kPtr) return Outcome::kNoData;
    Add(absl::MakeConstSpan(answer_.names), owner_, RecordType::kPtr);
    return Outcome::kAnswer;
  }

  // One PTR per endpoint name: two identities of a service may bear the same. The service's names start at `first`.
  void AddPtrTarget(const ServiceBlock& service, Identity identity, const base::IpAddress& address, size_t first) {
    std::string_view label;
    if (identity.hostname().empty()) {
      label = WireOf(answer_.labels.emplace_back(MakeDashedLabel(address)));
    } else {
      label = identity.wire_hostname();
    }
    for (size_t i = first; i < answer_.names.size(); ++i) {
      if (answer_.names[i].pieces()[0] == label) return;
    }
    answer_.names.emplace_back(label, service.wire_name(), reverse_target_);
  }

  static bool IsClusterAddress(const ServiceBlock& service, const base::IpAddress& address) {
    const auto contains = [](auto addresses, const auto& wanted) {
      return std::find(addresses.begin(), addresses.end(), wanted) != addresses.end();
    };
    return address.is_v4() ? contains(service.cluster_ipv4(), address.v4())
                           : contains(service.cluster_ipv6(), address.v6());
  }

  // ---- addresses

  // The asked family, as it is. The other family on an existing name is NODATA, never NXDOMAIN.
  Outcome WithAddresses(absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6) {
    if (type_ == RecordType::kA && !ipv4.empty()) {
      Add(ipv4, owner_, RecordType::kA);
      return Outcome::kAnswer;
    }
    if (type_ == RecordType::kAaaa && !ipv6.empty()) {
      Add(ipv6, owner_, RecordType::kAaaa);
      return Outcome::kAnswer;
    }
    return Outcome::kNoData;
  }

  // Those of the asked family, for ShuffledAddresses.
  void Collect(absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6) {
    if (type_ == RecordType::kA) answer_.ipv4.insert(answer_.ipv4.end(), ipv4.begin(), ipv4.end());
    if (type_ == RecordType::kAaaa) answer_.ipv6.insert(answer_.ipv6.end(), ipv6.begin(), ipv6.end());
  }

  // The collected ones, each order equally likely.
  Outcome ShuffledAddresses() {
    std::shuffle(answer_.ipv4.begin(), answer_.ipv4.end(), random_);
    std::shuffle(answer_.ipv6.begin(), answer_.ipv6.end(), random_);
    return WithAddresses(answer_.ipv4, answer_.ipv6);
  }

  template <typename Address>
  static void RemoveDuplicates(std::vector<Address>& addresses) {
    if (addresses.size() < 2) return;
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  }

  // ---- records

  // "svc" and the zone, in the query's letters. REQUIRES: the name is below svc.
  std::string_view ServiceTail() const { return name_.original().substr(name_.label_start(above_ - 1)); }

  SrvRecords Srv(const ServiceBlock& service, const PortFilter& ports) {
    return SrvRecords(service, ports, ServiceTail(), options_.ttl, answer_);
  }

  void Add(const dns::Rdata& rdata, const NamePieces& owner, RecordType type) {
    answer_.answer.push_back({owner, type, options_.ttl, rdata});
  }

  // RFC 2308: a negative answer carries the zone's SOA.
  void AddNegativeSoa() {
    if (answer_.outcome == Outcome::kNoData || answer_.outcome == Outcome::kNxDomain) AddSoa(answer_.authority);
  }

  void AddSoa(std::vector<dns::RecordSet>& section) {
    section.push_back({NamePieces(zone_), RecordType::kSoa, std::min(options_.ttl, kMaxSoaTtl),
                       dns::SoaData{.mname = NamePieces(kServerLabels, zone_),
                                    .rname = NamePieces(kHostmasterLabel, zone_),
                                    .serial = static_cast<uint32_t>(absl::ToUnixSeconds(snapshot_.origin_time())),
                                    .refresh = kSoaRefresh,
                                    .retry = kSoaRetry,
                                    .expire = kSoaExpire,
                                    .minimum = options_.ttl}});
  }

  const dns::QueryName& name_;
  const RecordType type_;
  const state::Snapshot& snapshot_;
  const ResolverOptions& options_;
  const std::string_view reverse_target_;
  absl::BitGenRef random_;
  Answer& answer_;
  const NamePieces owner_;
  std::string_view zone_;  // in the query's letters
  size_t above_ = 0;       // labels in front of the zone
};

}  // namespace

Resolver::Resolver(ResolverOptions options) : options_(std::move(options)) {
  for (const dns::Name& zone : options_.zones) zones_.push_back({zone, IsReverseZone(zone)});
  const auto forward = std::find_if(zones_.begin(), zones_.end(), [](const Zone& zone) { return !zone.is_reverse; });
  reverse_target_ = kServiceBranch;
  reverse_target_ += forward == zones_.end() ? dns::Name().wire() : forward->name.wire();
  std::stable_sort(zones_.begin(), zones_.end(),
                   [](const Zone& a, const Zone& b) { return a.name.label_count() > b.name.label_count(); });
}

void Resolver::Resolve(const dns::QueryName& name, RecordType type, const state::Snapshot* snapshot,
                       absl::BitGenRef random, Answer& answer) const {
  for (const Zone& zone : zones_) {
    const std::optional<size_t> above = name.LabelsAbove(zone.name.wire());
    if (!above.has_value()) continue;
    if (snapshot == nullptr) {
      answer.outcome = Outcome::kNotSynced;
      return;
    }
    if (type == RecordType::kAxfr || type == RecordType::kIxfr) {
      answer.outcome = Outcome::kRefused;  // there is no transfer plugin
      return;
    }
    Resolution resolution(name, type, *snapshot, options_, reverse_target_, random, answer);
    if (zone.is_reverse) {
      resolution.InReverseZone(*above);
    } else {
      resolution.InForwardZone(*above);
    }
    return;
  }
}

}  // namespace podnamed::resolve
