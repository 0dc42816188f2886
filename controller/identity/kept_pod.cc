#include "controller/identity/kept_pod.h"

#include <cstdint>

#include "controller/identity/compact.h"
#include "controller/identity/identities.h"
#include "controller/identity/records.h"
#include "controller/identity/stateful_set.h"
#include "server/base/ip_address.h"

namespace podnamed::controller {
namespace {

using k8s::core::v1::Pod;

enum Flag : uint32_t {
  kHasEnded = 1 << 0,
  kHasIndex = 1 << 1,
  kHasSet = 1 << 2,
  kHasRevision = 1 << 3,  // of its set: another's is nothing
};

}  // namespace

void EncodeBrief(const Pod& pod, std::string* octets) {
  const auto& labels = pod.metadata().labels();
  const auto index = labels.find(kPodIndexLabel);
  const auto revision = labels.find(kControllerRevisionLabel);
  const std::string_view set = OwningSetOf(pod);
  uint32_t flags = 0;
  if (HasEnded(pod)) flags |= kHasEnded;
  if (index != labels.end()) flags |= kHasIndex;
  if (!set.empty()) flags |= kHasSet;
  if (!set.empty() && revision != labels.end()) flags |= kHasRevision;

  compact::PutNumber(flags, octets);
  compact::PutUid(pod.metadata().uid(), octets);
  compact::PutText(pod.spec().node_name(), octets);
  if ((flags & kHasIndex) != 0) compact::PutText(index->second, octets);
  if ((flags & kHasSet) != 0) compact::PutTextLike(pod.metadata().name(), set, octets);
  if ((flags & kHasRevision) != 0) compact::PutTextLike(set, revision->second, octets);
  for (const base::IpAddress& address : AddressesOf(pod)) compact::PutAddress(address.ToString(), octets);
  octets->shrink_to_fit();
}

void DecodeBrief(std::string_view octets, std::string_view name, Pod* pod) {
  compact::Reader reader(octets);
  k8s::meta::v1::ObjectMeta& metadata = *pod->mutable_metadata();
  metadata.set_name(std::string(name));
  const uint64_t flags = reader.Number();
  if ((flags & kHasEnded) != 0) pod->mutable_status()->set_phase("Failed");
  metadata.set_uid(reader.Uid());
  pod->mutable_spec()->set_node_name(std::string(reader.Text()));
  if ((flags & kHasIndex) != 0) (*metadata.mutable_labels())[kPodIndexLabel] = std::string(reader.Text());
  if ((flags & kHasSet) != 0) {
    k8s::meta::v1::OwnerReference& owner = *metadata.add_owner_references();
    owner.set_kind("StatefulSet");
    owner.set_name(reader.TextLike(name));
    if ((flags & kHasRevision) != 0) {
      (*metadata.mutable_labels())[kControllerRevisionLabel] = reader.TextLike(owner.name());
    }
  }
  while (!reader.is_done()) pod->mutable_status()->add_pod_ips()->set_ip(reader.Address());
}

}  // namespace podnamed::controller
