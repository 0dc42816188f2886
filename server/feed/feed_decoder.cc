#include "server/feed/feed_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "proto/podnamed/feed/v1/feed_key.h"
#include "server/base/status.h"
#include "server/dns/name.h"

namespace podnamed::feed {
namespace {

// The limits of feed.proto.
constexpr size_t kMaxLabel = 63;
constexpr size_t kMaxPodName = 253;
constexpr int kMaxAddresses = 16;
constexpr int kMaxPorts = 100;
constexpr int kMaxLabels = 64;
constexpr int kMaxExternal = 64;  // addresses, and as many hostnames

constexpr std::string_view kLabelRule = "a DNS label: 1 to 63 of a-z, 0-9 and '-', with a letter or digit at both ends";
constexpr std::string_view kPodNameRule =
    "the name of a pod: 1 to 253 of a-z, 0-9, '-' and '.', with a letter or digit at both ends and around every '.'";

// What was found, fit for a log line: printable, and short however long it is.
std::string Quote(std::string_view found) {
  constexpr size_t kShown = 80;
  const std::string shown = absl::CHexEscape(std::string(found.substr(0, kShown)));
  if (found.size() <= kShown) return fmt::format("\"{}\"", shown);
  return fmt::format("\"{}…\" ({} octets)", shown, found.size());
}

absl::Status Unexpected(std::string_view field, std::string_view found, std::string_view expected) {
  return absl::InvalidArgumentError(fmt::format("{}: found {}, expected {}", field, found, expected));
}

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Letters, digits and '-', a letter or digit at both ends.
bool IsWord(std::string_view text) {
  return !text.empty() && IsLetterOrDigit(text.front()) && IsLetterOrDigit(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c == '-' || IsLetterOrDigit(c); });
}

// RFC 1123 section 2.1, in lower case only, as Kubernetes wants it.
bool IsLabel(std::string_view text) { return text.size() <= kMaxLabel && IsWord(text); }

// Kubernetes' DNS subdomain. The words between its dots may be longer than a label: it names an object, and only
// becomes a label where it fits.
bool IsPodName(std::string_view text) {
  if (text.size() > kMaxPodName) return false;
  for (size_t dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    if (!IsWord(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return IsWord(text);
}

absl::Status CheckLabel(std::string_view field, std::string_view found) {
  if (IsLabel(found)) return absl::OkStatus();
  return Unexpected(field, Quote(found), kLabelRule);
}

absl::Status CheckPodName(std::string_view field, std::string_view found) {
  if (IsPodName(found)) return absl::OkStatus();
  return Unexpected(field, Quote(found), kPodNameRule);
}

absl::Status CheckEmpty(std::string_view field, std::string_view found, std::string_view kind) {
  if (found.empty()) return absl::OkStatus();
  return Unexpected(field, Quote(found), fmt::format("none for {}", kind));
}

absl::StatusOr<base::IpAddress> DecodeAddress(std::string_view field, std::string_view octets) {
  base::IpAddress address;
  if (octets.size() == std::tuple_size_v<base::Ipv4Address>) {
    base::Ipv4Address v4;
    std::memcpy(v4.data(), octets.data(), v4.size());
    address = base::IpAddress(v4);
  } else if (octets.size() == std::tuple_size_v<base::Ipv6Address>) {
    base::Ipv6Address v6;
    std::memcpy(v6.data(), octets.data(), v6.size());
    address = base::IpAddress(v6);
  } else {
    return Unexpected(field, fmt::format("one of {} octets", octets.size()), "4 or 16 octets");
  }
  if (std::all_of(octets.begin(), octets.end(), [](char octet) { return octet == 0; })) {
    return Unexpected(field, address.ToString(), "the address of a host, not the unspecified one");
  }
  // RFC 4291 section 2.5.5.2. An AAAA record that holds one asks the client to use IPv4 in disguise: the source meant
  // an IPv4 address, and must say so.
  constexpr std::string_view kIpv4MappedPrefix("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (!address.is_v4() && octets.substr(0, kIpv4MappedPrefix.size()) == kIpv4MappedPrefix) {
    return Unexpected(field, address.ToString(), "an IPv4 address in its own 4 octets");
  }
  return address;
}

absl::StatusOr<std::vector<base::IpAddress>> DecodeAddresses(
    const google::protobuf::RepeatedPtrField<std::string>& addresses, std::string_view field = "addresses",
    int most = kMaxAddresses) {
  if (addresses.size() > most) {
    return Unexpected(field, std::to_string(addresses.size()), fmt::format("at most {}", most));
  }
  std::vector<base::IpAddress> decoded;
  decoded.reserve(static_cast<size_t>(addresses.size()));
  for (const std::string& octets : addresses) {
    ASSIGN_OR_RETURN(const base::IpAddress address, DecodeAddress(field, octets));
    // Twice, it would be two records of one set (RFC 2181 section 5).
    if (std::find(decoded.begin(), decoded.end(), address) == decoded.end()) decoded.push_back(address);
  }
  return decoded;
}

absl::StatusOr<state::Protocol> DecodeProtocol(v1::Protocol protocol) {
  switch (protocol) {
    case v1::TCP:
      return state::Protocol::kTcp;
    case v1::UDP:
      return state::Protocol::kUdp;
    case v1::SCTP:
      return state::Protocol::kSctp;
    default:
      return Unexpected("ports.protocol", std::to_string(static_cast<int>(protocol)), "TCP (1), UDP (2) or SCTP (3)");
  }
}

absl::StatusOr<std::vector<state::Port>> DecodePorts(const google::protobuf::RepeatedPtrField<v1::Port>& ports) {
  if (ports.size() > kMaxPorts) {
    return Unexpected("ports", std::to_string(ports.size()), fmt::format("at most {}", kMaxPorts));
  }
  std::vector<state::Port> decoded;
  decoded.reserve(static_cast<size_t>(ports.size()));
  for (const v1::Port& port : ports) {
    // Kubernetes' rule for the ports of Services and EndpointSlices; only a container's are held to 15 characters.
    if (!port.name().empty()) RETURN_IF_ERROR(CheckLabel("ports.name", port.name()));
    ASSIGN_OR_RETURN(const state::Protocol protocol, DecodeProtocol(port.protocol()));
    if (port.number() > 65535) return Unexpected("ports.number", std::to_string(port.number()), "at most 65535");
    decoded.push_back({port.name(), protocol, static_cast<uint16_t>(port.number())});
  }
  return decoded;
}

// Kubernetes' labels of objects: what they may hold is checked where they are made; here only what could harm.
absl::StatusOr<std::vector<state::Label>> DecodeLabels(const google::protobuf::RepeatedPtrField<v1::Label>& labels) {
  constexpr size_t kMaxLabelKey = 317;  // a prefix of 253, "/", a name of 63
  constexpr size_t kMaxLabelValue = 63;
  if (labels.size() > kMaxLabels) {
    return Unexpected("labels", std::to_string(labels.size()), fmt::format("at most {}", kMaxLabels));
  }
  const auto is_text = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  };
  std::vector<state::Label> decoded;
  decoded.reserve(static_cast<size_t>(labels.size()));
  for (const v1::Label& label : labels) {
    if (label.key().empty() || label.key().size() > kMaxLabelKey || !is_text(label.key())) {
      return Unexpected("labels.key", Quote(label.key()), "1 to 317 printable octets");
    }
    if (label.value().size() > kMaxLabelValue || !is_text(label.value())) {
      return Unexpected("labels.value", Quote(label.value()), "at most 63 printable octets");
    }
    decoded.push_back({label.key(), label.value()});
  }
  return decoded;
}

absl::StatusOr<state::Op> DecodeNamespace(const v1::Namespace& record) {
  RETURN_IF_ERROR(CheckLabel("name", record.name()));
  state::Namespace entry{record.name(), FingerprintUid(record.uid())};
  ASSIGN_OR_RETURN(entry.labels, DecodeLabels(record.labels()));
  return entry;
}

absl::StatusOr<state::ServiceKind> DecodeServiceKind(v1::Service::Kind kind) {
  switch (kind) {
    case v1::Service::HEADLESS:
      return state::ServiceKind::kHeadless;
    case v1::Service::CLUSTER_IP:
      return state::ServiceKind::kClusterIp;
    case v1::Service::EXTERNAL_NAME:
      return state::ServiceKind::kExternalName;
    default:
      return Unexpected("kind", std::to_string(static_cast<int>(kind)),
                        "HEADLESS (1), CLUSTER_IP (2) or EXTERNAL_NAME (3)");
  }
}

// Addresses belong to CLUSTER_IP alone, and it needs one.
absl::StatusOr<std::vector<base::IpAddress>> DecodeClusterIps(const v1::Service& record) {
  if (record.kind() != v1::Service::CLUSTER_IP && !record.addresses().empty()) {
    return Unexpected("addresses", std::to_string(record.addresses_size()),
                      fmt::format("none for {}", v1::Service::Kind_Name(record.kind())));
  }
  if (record.kind() == v1::Service::CLUSTER_IP && record.addresses().empty()) {
    return Unexpected("addresses", "none", "at least one for CLUSTER_IP");
  }
  return DecodeAddresses(record.addresses());
}

// In wire form.
absl::StatusOr<std::string> DecodeDomainName(std::string_view field, const std::string& text) {
  const absl::StatusOr<dns::Name> name = dns::Name::FromText(text);
  if (!name.ok()) {
    return Unexpected(field, Quote(text), fmt::format("a domain name ({})", std::string(name.status().message())));
  }
  if (name->label_count() == 0) return Unexpected(field, Quote(text), "a domain name of at least one label");
  return std::string(name->wire());
}

// In wire form. It belongs to EXTERNAL_NAME alone, and must be there.
absl::StatusOr<std::string> DecodeExternalName(const v1::Service& record) {
  if (record.kind() != v1::Service::EXTERNAL_NAME) {
    RETURN_IF_ERROR(CheckEmpty("external_name", record.external_name(), v1::Service::Kind_Name(record.kind())));
    return std::string();
  }
  return DecodeDomainName("external_name", record.external_name());
}

// How a service is reached from outside of the cluster.
absl::Status DecodeExternal(const v1::Service& record, bool clusterset, state::Service& service) {
  const int most = clusterset ? 0 : kMaxExternal;
  ASSIGN_OR_RETURN(service.external_addresses,
                   DecodeAddresses(record.external_addresses(), "external_addresses", most));
  if (record.external_hostnames_size() > most) {
    return Unexpected("external_hostnames", std::to_string(record.external_hostnames_size()),
                      fmt::format("at most {}", most));
  }
  for (const std::string& text : record.external_hostnames()) {
    ASSIGN_OR_RETURN(std::string hostname, DecodeDomainName("external_hostnames", text));
    if (std::find(service.external_hostnames.begin(), service.external_hostnames.end(), hostname) ==
        service.external_hostnames.end()) {
      service.external_hostnames.push_back(std::move(hostname));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<state::Op> DecodeService(const v1::Service& record, bool clusterset) {
  RETURN_IF_ERROR(CheckLabel("namespace", record.namespace_()));
  RETURN_IF_ERROR(CheckLabel("name", record.name()));
  state::Service service;
  ASSIGN_OR_RETURN(service.kind, DecodeServiceKind(record.kind()));
  ASSIGN_OR_RETURN(service.addresses, DecodeClusterIps(record));
  ASSIGN_OR_RETURN(service.external_name, DecodeExternalName(record));
  ASSIGN_OR_RETURN(service.ports, DecodePorts(record.ports()));
  service.namespace_name = record.namespace_();
  service.name = record.name();
  service.uid = FingerprintUid(record.uid());
  service.publish_not_ready = record.publish_not_ready();
  service.clusterset = clusterset;
  RETURN_IF_ERROR(DecodeExternal(record, clusterset, service));
  ASSIGN_OR_RETURN(service.labels, DecodeLabels(record.labels()));
  return service;
}

// The value of a Kubernetes label; it is compared with labels of queries, never written.
absl::Status CheckZone(std::string_view zone) {
  if (zone.size() <= kMaxLabel) return absl::OkStatus();
  return Unexpected("zone", Quote(zone), "at most 63 octets");
}

// An imported identity has two labels in front of its service: which of them and in which cluster.
absl::Status CheckCluster(const v1::PodIdentity& record, bool clusterset) {
  return clusterset ? CheckLabel("cluster", record.cluster())
                    : CheckEmpty("cluster", record.cluster(), "a pod identity of the cluster itself");
}

absl::StatusOr<state::Op> DecodePodIdentity(const v1::PodIdentity& record, bool clusterset) {
  RETURN_IF_ERROR(CheckLabel("namespace", record.namespace_()));
  RETURN_IF_ERROR(CheckLabel("service", record.service()));
  RETURN_IF_ERROR(CheckPodName("name", record.name()));
  if (!record.hostname().empty()) RETURN_IF_ERROR(CheckLabel("hostname", record.hostname()));
  RETURN_IF_ERROR(CheckCluster(record, clusterset));
  RETURN_IF_ERROR(CheckZone(record.zone()));
  state::PodIdentity identity;
  identity.clusterset = clusterset;
  identity.zone = record.zone();
  identity.cluster = record.cluster();
  ASSIGN_OR_RETURN(identity.addresses, DecodeAddresses(record.addresses()));
  ASSIGN_OR_RETURN(identity.ports, DecodePorts(record.ports()));
  identity.namespace_name = record.namespace_();
  identity.service = record.service();
  identity.name = record.name();
  identity.is_pod = record.is_pod();
  identity.hostname = record.hostname();
  identity.uid = FingerprintUid(record.uid());
  identity.ready = record.ready();
  identity.serving = record.serving();
  identity.terminating = record.terminating();
  return identity;
}

absl::StatusOr<state::Op> DecodePod(const v1::Pod& record) {
  RETURN_IF_ERROR(CheckLabel("namespace", record.namespace_()));
  RETURN_IF_ERROR(CheckPodName("name", record.name()));
  state::Pod pod;
  ASSIGN_OR_RETURN(pod.addresses, DecodeAddresses(record.addresses()));
  pod.namespace_name = record.namespace_();
  pod.name = record.name();
  pod.uid = FingerprintUid(record.uid());
  return pod;
}

}  // namespace

DecodedPart DecodePart(const v1::SnapshotPart& part) {
  DecodedPart decoded;
  decoded.entities.reserve(static_cast<size_t>(part.records_size()));
  for (const v1::Record& record : part.records()) {
    absl::StatusOr<state::Op> entity = DecodeRecord(record);
    if (entity.ok()) {
      decoded.entities.push_back(*std::move(entity));
    } else {
      decoded.rejections.push_back({v1::KeyOf(record), std::string(entity.status().message())});
    }
  }
  return decoded;
}

DecodedBatch DecodeBatch(const v1::Batch& batch) {
  DecodedBatch decoded;
  decoded.delta.previous_revision = batch.previous_revision();
  decoded.delta.revision = batch.revision();
  decoded.delta.origin_time = DecodeTime(batch.origin_time());
  decoded.delta.ops.reserve(static_cast<size_t>(batch.ops_size()));
  const auto reject = [&decoded](v1::Key key, const absl::Status& why) {
    decoded.rejections.push_back({std::move(key), std::string(why.message())});
  };
  for (const v1::Op& op : batch.ops()) {
    switch (op.op_case()) {
      case v1::Op::kUpsert:
        if (absl::StatusOr<state::Op> entity = DecodeRecord(op.upsert()); entity.ok()) {
          decoded.delta.ops.push_back(*std::move(entity));
        } else {
          reject(v1::KeyOf(op.upsert()), entity.status());
        }
        break;
      case v1::Op::kDelete:
        if (absl::StatusOr<state::Deletion> deletion = DecodeDelete(op.delete_()); deletion.ok()) {
          decoded.delta.ops.push_back(*std::move(deletion));
        } else {
          reject(op.delete_().key(), deletion.status());
        }
        break;
      case v1::Op::OP_NOT_SET:
        reject({}, Unexpected("op", "neither upsert nor delete", "one of them"));
        break;
    }
  }
  return decoded;
}

absl::StatusOr<state::Op> DecodeRecord(const v1::Record& record) {
  switch (record.record_case()) {
    case v1::Record::kNamespace:
      return DecodeNamespace(record.namespace_());
    case v1::Record::kService:
      return DecodeService(record.service(), /*clusterset=*/false);
    case v1::Record::kPodIdentity:
      return DecodePodIdentity(record.pod_identity(), /*clusterset=*/false);
    case v1::Record::kServiceImport:
      return DecodeService(record.service_import(), /*clusterset=*/true);
    case v1::Record::kImportedIdentity:
      return DecodePodIdentity(record.imported_identity(), /*clusterset=*/true);
    case v1::Record::kPod:
      return DecodePod(record.pod());
    case v1::Record::RECORD_NOT_SET:
      break;
  }
  return Unexpected("record", "a kind that we do not know, or none",
                    "namespace, service, pod_identity, pod, service_import or imported_identity");
}

absl::StatusOr<state::EntityKey> DecodeKey(const v1::Key& key) {
  const std::string& kind = v1::Key::Kind_Name(key.kind());
  state::EntityKey decoded{.namespace_name = key.namespace_(), .service = key.service(), .name = key.name()};
  switch (key.kind()) {
    case v1::Key::NAMESPACE:
      decoded.kind = state::EntityKind::kNamespace;
      RETURN_IF_ERROR(CheckEmpty("key.namespace", key.namespace_(), kind));
      RETURN_IF_ERROR(CheckEmpty("key.service", key.service(), kind));
      RETURN_IF_ERROR(CheckLabel("key.name", key.name()));
      return decoded;
    case v1::Key::SERVICE:
    case v1::Key::SERVICE_IMPORT:
      decoded.kind = key.kind() == v1::Key::SERVICE ? state::EntityKind::kService : state::EntityKind::kServiceImport;
      RETURN_IF_ERROR(CheckLabel("key.namespace", key.namespace_()));
      RETURN_IF_ERROR(CheckEmpty("key.service", key.service(), kind));
      RETURN_IF_ERROR(CheckLabel("key.name", key.name()));
      return decoded;
    case v1::Key::POD_IDENTITY:
    case v1::Key::IMPORTED_IDENTITY:
      decoded.kind =
          key.kind() == v1::Key::POD_IDENTITY ? state::EntityKind::kPodIdentity : state::EntityKind::kImportedIdentity;
      RETURN_IF_ERROR(CheckLabel("key.namespace", key.namespace_()));
      RETURN_IF_ERROR(CheckLabel("key.service", key.service()));
      RETURN_IF_ERROR(CheckPodName("key.name", key.name()));
      return decoded;
    case v1::Key::POD:
      decoded.kind = state::EntityKind::kPod;
      RETURN_IF_ERROR(CheckLabel("key.namespace", key.namespace_()));
      RETURN_IF_ERROR(CheckEmpty("key.service", key.service(), kind));
      RETURN_IF_ERROR(CheckPodName("key.name", key.name()));
      return decoded;
    default:
      return Unexpected(
          "key.kind", std::to_string(static_cast<int>(key.kind())),
          "NAMESPACE (1), SERVICE (2), POD_IDENTITY (3), POD (4), SERVICE_IMPORT (5) or IMPORTED_IDENTITY (6)");
  }
}

absl::StatusOr<state::Deletion> DecodeDelete(const v1::Delete& deletion) {
  ASSIGN_OR_RETURN(state::EntityKey key, DecodeKey(deletion.key()));
  return state::Deletion{std::move(key), FingerprintUid(deletion.uid())};
}

std::optional<std::array<uint8_t, 16>> DecodeEpoch(std::string_view octets) {
  std::array<uint8_t, 16> epoch{};
  if (octets.size() != epoch.size()) return std::nullopt;
  std::memcpy(epoch.data(), octets.data(), epoch.size());
  if (epoch == std::array<uint8_t, 16>{}) return std::nullopt;
  return epoch;
}

absl::Time DecodeTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

absl::Duration DecodeAge(const google::protobuf::Duration& age) {
  constexpr absl::Duration kYear = absl::Hours(24 * 365);
  return std::clamp(absl::Seconds(age.seconds()) + absl::Nanoseconds(age.nanos()), absl::ZeroDuration(), kYear);
}

state::Uid FingerprintUid(std::string_view uid) {
  if (uid.empty()) return 0;
  return std::max<state::Uid>(absl::HashOf(uid), 1);
}

}  // namespace podnamed::feed
