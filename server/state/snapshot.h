// The cluster at one revision: immutable, with const lookups by name and by address. A snapshot shares with the one it
// was built from all that did not change. Made, copied and destroyed on the thread that writes the state; read on any
// thread that holds it through a SnapshotReader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/algorithm/container.h"
#include "absl/time/time.h"
#include "server/base/cow_map.h"
#include "server/base/hash.h"
#include "server/base/ip_address.h"
#include "server/base/ref_ptr.h"
#include "server/state/address_index.h"
#include "server/state/delta.h"
#include "server/state/service_block.h"

namespace podnamed::state {

class Snapshot {
 public:
  // Where in the feed this state stands.
  const Position& position() const { return position_; }
  // When the source made the newest change in it.
  absl::Time origin_time() const { return origin_time_; }

  // Names are single labels in lower case, without length octets.
  // nullptr if there is no such namespace.
  const Namespace* FindNamespace(std::string_view name) const { return namespaces_.Find(base::HashOf(name), name); }
  // nullptr if nothing is known of it. A block may have identities and no service (ServiceBlock::has_service).
  // `clusterset`: the ServiceImport of that name.
  const ServiceBlock* FindService(std::string_view namespace_name, std::string_view service,
                                  bool clusterset = false) const {
    const ServiceKey key{namespace_name, service, clusterset};
    const auto* entry = services_.Find(HashOf(key), key);
    return entry == nullptr ? nullptr : entry->get();
  }
  // Calls visit(const ServiceBlock&) for each block with `address` as a cluster IP, as an external
  // address or on an identity.
  template <typename Visit>
  void ForEachServiceWithAddress(const base::IpAddress& address, Visit visit) const {
    addresses_.ForEach(address, [&](uint64_t hash) {
      services_.ForEachWithHash(hash, [&](const base::RefPtr<const ServiceBlock>& block) {
        // A hash that only begins like this one is visited for its own sake, if it knows the address.
        if (ServiceTraits::Hash(block) == hash && block->HasAddress(address)) visit(*block);
      });
    });
  }
  // nullptr if there is no such pod among those that no service selects.
  const Pod* FindPod(std::string_view namespace_name, std::string_view name) const {
    const PodKey key{namespace_name, name};
    const auto* entry = pods_.Find(HashOf(key), key);
    return entry == nullptr ? nullptr : &entry->get()->pod;
  }
  // Calls visit(namespace, name) for each pod with `address`, once for each service that selects it. Pods on their
  // node's network share its address.
  template <typename Visit>
  void ForEachPodWithAddress(const base::IpAddress& address, Visit visit) const {
    addresses_.ForEach(address, [&](uint64_t hash) {
      services_.ForEachWithHash(hash, [&](const base::RefPtr<const ServiceBlock>& block) {
        if (block->clusterset() || ServiceTraits::Hash(block) != hash) return;
        block->ForEachWithAddress(address, [&](ServiceBlock::Identity identity) {
          if (identity.is_pod()) visit(block->namespace_name(), identity.name());
        });
      });
      pods_.ForEachWithHash(hash, [&](const base::RefPtr<const SharedPod>& entry) {
        const Pod& pod = entry->pod;
        if (PodTraits::Hash(entry) == hash && absl::c_linear_search(pod.addresses, address)) {
          visit(pod.namespace_name, pod.name);
        }
      });
    });
  }

  // Call visit(const Namespace&), visit(const ServiceBlock&), visit(const Pod&) for each, in no promised order.
  template <typename Visit>
  void ForEachNamespace(Visit visit) const {
    namespaces_.ForEach(visit);
  }
  template <typename Visit>
  void ForEachService(Visit visit) const {
    services_.ForEach([&](const base::RefPtr<const ServiceBlock>& block) { visit(*block); });
  }
  template <typename Visit>
  void ForEachPod(Visit visit) const {
    pods_.ForEach([&](const base::RefPtr<const SharedPod>& entry) { visit(entry->pod); });
  }
  // Calls visitor.Gone(entry) for each of `before` that is not here as it was there, and visitor.Come(entry) for each
  // that is not there as it is here, where an entry is a Namespace, a ServiceBlock or a Pod. The cost follows the
  // difference, if one was built from the other.
  template <typename Visitor>
  void CompareWith(const Snapshot& before, Visitor& visitor) const {
    const auto same = [](const auto& a, const auto& b) { return a.get() == b.get(); };
    namespaces_.Compare(
        before.namespaces_, [](const Namespace& a, const Namespace& b) { return a.name == b.name && a.uid == b.uid; },
        [&](const Namespace& entry) { visitor.Gone(entry); }, [&](const Namespace& entry) { visitor.Come(entry); });
    services_.Compare(
        before.services_, same, [&](const auto& entry) { visitor.Gone(*entry); },
        [&](const auto& entry) { visitor.Come(*entry); });
    pods_.Compare(
        before.pods_, same, [&](const auto& entry) { visitor.Gone(entry->pod); },
        [&](const auto& entry) { visitor.Come(entry->pod); });
  }

  size_t namespace_count() const { return namespaces_.size(); }
  size_t service_count() const { return service_count_; }
  size_t identity_count() const { return identity_count_; }
  size_t pod_count() const { return pods_.size(); }

 private:
  friend class LookAhead;
  friend class SnapshotBuilder;

  struct ServiceKey {
    std::string_view namespace_name;
    std::string_view name;
    bool clusterset = false;
  };
  struct PodKey {
    std::string_view namespace_name;
    std::string_view name;
  };
  // What the address index knows them by.
  static uint64_t HashOf(const ServiceKey& key) {
    return std::max(ServiceBlock::HashOf(key.namespace_name, key.name, key.clusterset), AddressIndex::kSeveral + 1);
  }
  static uint64_t HashOf(const PodKey& key) {
    return std::max(base::HashOf(key.name, base::HashOf(key.namespace_name)), AddressIndex::kSeveral + 1);
  }

  struct NamespaceTraits {
    static uint64_t Hash(const Namespace& entry) { return base::HashOf(entry.name); }
    static bool Equal(const Namespace& entry, std::string_view name) { return entry.name == name; }
  };
  struct ServiceTraits {
    static uint64_t Hash(const base::RefPtr<const ServiceBlock>& block) {
      return std::max(block->hash(), AddressIndex::kSeveral + 1);
    }
    static bool Equal(const base::RefPtr<const ServiceBlock>& block, const ServiceKey& key) {
      return block->name() == key.name && block->namespace_name() == key.namespace_name &&
             block->clusterset() == key.clusterset;
    }
  };
  struct SharedPod {
    Pod pod;
    mutable uint32_t references = 0;  // base::RefPtr
    static void Destroy(const SharedPod* pod) { delete pod; }
  };
  struct PodTraits {
    static uint64_t Hash(const base::RefPtr<const SharedPod>& entry) {
      return HashOf(PodKey{entry->pod.namespace_name, entry->pod.name});
    }
    static bool Equal(const base::RefPtr<const SharedPod>& entry, const PodKey& key) {
      return entry->pod.name == key.name && entry->pod.namespace_name == key.namespace_name;
    }
  };

  Position position_;
  absl::Time origin_time_;
  base::CowMap<Namespace, NamespaceTraits> namespaces_;
  base::CowMap<base::RefPtr<const ServiceBlock>, ServiceTraits> services_;
  base::CowMap<base::RefPtr<const SharedPod>, PodTraits> pods_;
  AddressIndex addresses_;
  size_t service_count_ = 0;
  size_t identity_count_ = 0;
};

}  // namespace podnamed::state
