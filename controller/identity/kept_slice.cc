#include "controller/identity/kept_slice.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "controller/identity/compact.h"
#include "controller/identity/identities.h"

namespace podnamed::controller {
namespace {

using compact::PutAddress;
using compact::PutNumber;
using compact::PutText;
using compact::PutUid;
using compact::Reader;
using k8s::discovery::v1::Endpoint;
using k8s::discovery::v1::EndpointConditions;
using k8s::discovery::v1::EndpointSlice;

// The form: an octet that is 1 if IsOfPodsAlone; the size of the head and the head; endpoints to the end, each with its
// size before it. The head: the slice without endpoints in protobuf, with its size; the zones.
//
// An endpoint: its name if it is a pod's, flags, and what the flags say is there.
enum Flag : uint32_t {
  kHasPod = 1 << 0,
  kHasUid = 1 << 1,
  kHasHostname = 1 << 2,
  kIsHostnameOfPod = 1 << 3,
  kHasNode = 1 << 4,
  kHasZone = 1 << 5,
  kHasConditions = 1 << 6,
  // Conditions, a pair of bits each: whether it is there, and what it is.
  kHasReady = 1 << 7,
  kReady = 1 << 8,
  kHasServing = 1 << 9,
  kServing = 1 << 10,
  kHasTerminating = 1 << 11,
  kTerminating = 1 << 12,
};

bool IsPods(const Endpoint& endpoint) { return endpoint.target_ref().kind() == "Pod"; }

bool IsOfPodsAlone(const EndpointSlice& slice) {
  return std::ranges::all_of(slice.endpoints(), [](const Endpoint& endpoint) {
    return IsPods(endpoint) && !endpoint.target_ref().name().empty() &&
           endpoint.target_ref().name().find('.') == std::string::npos;
  });
}

class Zones {
 public:
  size_t NumberOf(const std::string& zone) {
    const auto found = std::ranges::find(zones_, zone);
    if (found != zones_.end()) return static_cast<size_t>(found - zones_.begin());
    zones_.push_back(zone);
    return zones_.size() - 1;
  }
  const std::vector<std::string_view>& all() const { return zones_; }

 private:
  std::vector<std::string_view> zones_;
};

uint32_t ConditionFlags(const EndpointConditions& conditions) {
  uint32_t flags = kHasConditions;
  if (conditions.has_ready()) flags |= kHasReady | (conditions.ready() ? kReady : 0u);
  if (conditions.has_serving()) flags |= kHasServing | (conditions.serving() ? kServing : 0u);
  if (conditions.has_terminating()) flags |= kHasTerminating | (conditions.terminating() ? kTerminating : 0u);
  return flags;
}

void EncodeEndpoint(const Endpoint& endpoint, Zones* zones, std::string* octets) {
  const k8s::core::v1::ObjectReference& target = endpoint.target_ref();
  uint32_t flags = 0;
  if (IsPods(endpoint)) flags |= kHasPod | (target.has_uid() ? kHasUid : 0u);
  if (endpoint.has_hostname()) flags |= kHasHostname;
  if (IsPods(endpoint) && endpoint.has_hostname() && endpoint.hostname() == target.name()) flags |= kIsHostnameOfPod;
  if (endpoint.has_node_name()) flags |= kHasNode;
  if (endpoint.has_zone()) flags |= kHasZone;
  if (endpoint.has_conditions()) flags |= ConditionFlags(endpoint.conditions());

  PutText(IsPods(endpoint) ? std::string_view(target.name()) : std::string_view(), octets);
  PutNumber(flags, octets);
  if ((flags & kHasUid) != 0) PutUid(target.uid(), octets);
  PutNumber(static_cast<uint64_t>(endpoint.addresses_size()), octets);
  for (const std::string& address : endpoint.addresses()) PutAddress(address, octets);
  if ((flags & kHasHostname) != 0 && (flags & kIsHostnameOfPod) == 0) PutText(endpoint.hostname(), octets);
  if ((flags & kHasNode) != 0) PutText(endpoint.node_name(), octets);
  if ((flags & kHasZone) != 0) PutNumber(zones->NumberOf(endpoint.zone()), octets);
}

void DecodeEndpoint(std::string_view octets, const std::vector<std::string_view>& zones, Endpoint* endpoint) {
  Reader reader(octets);
  const std::string_view pod = reader.Text();
  const uint64_t flags = reader.Number();
  if ((flags & kHasPod) != 0) {
    k8s::core::v1::ObjectReference& target = *endpoint->mutable_target_ref();
    target.set_kind("Pod");
    target.set_name(std::string(pod));
    if ((flags & kHasUid) != 0) target.set_uid(reader.Uid());
  }
  for (uint64_t left = reader.Number(); left > 0; --left) endpoint->add_addresses(reader.Address());
  if ((flags & kHasHostname) != 0) {
    endpoint->set_hostname(std::string((flags & kIsHostnameOfPod) != 0 ? pod : reader.Text()));
  }
  if ((flags & kHasNode) != 0) endpoint->set_node_name(std::string(reader.Text()));
  if ((flags & kHasZone) != 0) endpoint->set_zone(std::string(zones[reader.Number()]));
  if ((flags & kHasConditions) != 0) {
    EndpointConditions& conditions = *endpoint->mutable_conditions();
    if ((flags & kHasReady) != 0) conditions.set_ready((flags & kReady) != 0);
    if ((flags & kHasServing) != 0) conditions.set_serving((flags & kServing) != 0);
    if ((flags & kHasTerminating) != 0) conditions.set_terminating((flags & kTerminating) != 0);
  }
}

// The slice without endpoints, no octet of it in two ways.
std::string EncodeHead(const EndpointSlice& slice) {
  EndpointSlice kept;
  if (!slice.metadata().uid().empty()) kept.mutable_metadata()->set_uid(slice.metadata().uid());
  for (const char* key : {kServiceNameLabel, kImportNameLabel, kSourceClusterLabel}) {
    const auto label = slice.metadata().labels().find(key);
    if (label == slice.metadata().labels().end()) continue;
    (*kept.mutable_metadata()->mutable_labels())[label->first] = label->second;
  }
  *kept.mutable_ports() = slice.ports();
  kept.set_address_type(slice.address_type());
  std::string octets;
  {
    google::protobuf::io::StringOutputStream stream(&octets);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    kept.SerializeToCodedStream(&output);
  }
  return octets;
}

struct Parts {
  bool is_of_pods_alone;
  std::string_view head;
  Reader endpoints;
};

Parts PartsOf(std::string_view octets) {
  Reader reader(octets);
  const bool is_of_pods_alone = reader.Take(1).front() != 0;
  const std::string_view head = reader.Text();
  return {is_of_pods_alone, head, Reader(reader.rest())};
}

std::string_view PodOf(std::string_view endpoint) { return Reader(endpoint).Text(); }

std::vector<std::string_view> EndpointsOf(const Parts& parts) {
  std::vector<std::string_view> endpoints;
  for (Reader reader = parts.endpoints; !reader.is_done();) endpoints.push_back(reader.Text());
  return endpoints;
}

}  // namespace

void EncodeKept(const EndpointSlice& slice, std::string* octets) {
  Zones zones;
  std::string endpoints;
  std::string endpoint;
  for (const Endpoint& it : slice.endpoints()) {
    endpoint.clear();
    EncodeEndpoint(it, &zones, &endpoint);
    PutText(endpoint, &endpoints);
  }
  std::string head;
  PutText(EncodeHead(slice), &head);
  for (const std::string_view zone : zones.all()) PutText(zone, &head);

  constexpr size_t kSizes = 8;
  octets->reserve(octets->size() + head.size() + endpoints.size() + kSizes);
  *octets += static_cast<char>(IsOfPodsAlone(slice));
  PutText(head, octets);
  *octets += endpoints;
  octets->shrink_to_fit();
}

void DecodeKept(std::string_view octets, EndpointSlice* slice, const PodNames* only) {
  Parts parts = PartsOf(octets);
  Reader head(parts.head);
  const std::string_view encoded = head.Text();
  slice->ParseFromArray(encoded.data(), static_cast<int>(encoded.size()));  // we encoded it
  std::vector<std::string_view> zones;
  while (!head.is_done()) zones.push_back(head.Text());
  while (!parts.endpoints.is_done()) {
    const std::string_view endpoint = parts.endpoints.Text();
    if (only == nullptr || only->contains(PodOf(endpoint))) DecodeEndpoint(endpoint, zones, slice->add_endpoints());
  }
}

bool IsOfPodsAlone(std::string_view octets) { return PartsOf(octets).is_of_pods_alone; }

std::optional<PodNames> ChangedPods(std::string_view before, std::string_view after) {
  const Parts old_parts = PartsOf(before);
  const Parts new_parts = PartsOf(after);
  if (!old_parts.is_of_pods_alone || !new_parts.is_of_pods_alone || old_parts.head != new_parts.head) {
    return std::nullopt;
  }
  const std::vector<std::string_view> old_endpoints = EndpointsOf(old_parts);
  const std::vector<std::string_view> new_endpoints = EndpointsOf(new_parts);
  const absl::flat_hash_set<std::string_view> was(old_endpoints.begin(), old_endpoints.end());
  const absl::flat_hash_set<std::string_view> is(new_endpoints.begin(), new_endpoints.end());

  // What both have stands in the same order in both, or the order is a change of its own.
  PodNames names;
  auto next = old_endpoints.begin();
  const auto skip_gone = [&] {
    for (; next != old_endpoints.end() && !is.contains(*next); ++next) names.emplace(PodOf(*next));
  };
  for (const std::string_view endpoint : new_endpoints) {
    if (!was.contains(endpoint)) {
      names.emplace(PodOf(endpoint));
      continue;
    }
    skip_gone();
    if (next == old_endpoints.end() || *next != endpoint) return std::nullopt;
    ++next;
  }
  skip_gone();
  if (next != old_endpoints.end()) return std::nullopt;
  return names;
}

void ForEachPod(const EndpointSlice& slice, absl::FunctionRef<void(std::string_view name)> visit) {
  for (const Endpoint& endpoint : slice.endpoints()) {
    if (IsPods(endpoint)) visit(endpoint.target_ref().name());
  }
}

}  // namespace podnamed::controller
