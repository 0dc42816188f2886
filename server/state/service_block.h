// One service at one revision: the service itself and every identity in it, in one allocation, laid out for answering.
// Immutable; shared between the snapshots in which it does not change. Built and destroyed on the thread that writes
// the state; read on any.
//
// A block exists for a service, for identities whose service has not come yet (has_service() is false), or both.
// Identities are ordered by name, numbers at the end by value: web-2 before web-10.
//
// Layout: this header, then arrays in the order of Layout in the .cc. Names are length-prefixed text; a hostname and a
// service name are thereby labels in wire form, which a reply takes as they are. An identity costs one Row (32 bytes),
// its name, its addresses and two slots of the index; no pointer.
#pragma once

#include <cstdint>
#include <new>
#include <optional>
#include <string_view>

#include "absl/algorithm/container.h"
#include "absl/types/span.h"
#include "server/base/hash.h"
#include "server/base/ip_address.h"
#include "server/base/prefetch.h"
#include "server/base/ref_ptr.h"
#include "server/state/entities.h"

namespace podnamed::state {

struct PortView {
  std::string_view name;
  Protocol protocol = Protocol::kTcp;
  uint16_t number = 0;
  friend bool operator==(const PortView&, const PortView&) = default;
};

struct LabelView {
  std::string_view key;
  std::string_view value;
};

// What a block is made from. Everything is borrowed for the time of the construction.
struct IdentitySource {
  std::string_view name;
  std::string_view hostname;
  Uid uid = 0;
  bool is_pod = false;
  bool ready = false;
  bool serving = false;
  bool terminating = false;
  absl::Span<const base::Ipv4Address> ipv4;
  absl::Span<const base::Ipv6Address> ipv6;
  absl::Span<const PortView> ports;
  std::string_view zone = {};
  std::string_view cluster = {};
};

struct ServiceSource {
  bool clusterset = false;
  std::string_view namespace_name;
  std::string_view name;
  bool has_service = false;
  // Of the service itself: empty unless has_service.
  Uid uid = 0;
  ServiceKind kind = ServiceKind::kHeadless;
  bool publish_not_ready = false;
  absl::Span<const base::Ipv4Address> ipv4 = {};
  absl::Span<const base::Ipv6Address> ipv6 = {};
  absl::Span<const PortView> ports = {};
  std::string_view external_name = {};
  absl::Span<const LabelView> labels = {};
  absl::Span<const base::Ipv4Address> external_ipv4 = {};
  absl::Span<const base::Ipv6Address> external_ipv6 = {};
  absl::Span<const std::string_view> external_hostnames = {};  // in wire form
};

// Orders names as a person counts: by what is in front of a number at the end, then by the number.
bool OrdinalLess(std::string_view a, std::string_view b);

class ServiceBlock {
 public:
  class Identity;

  // REQUIRES: `identities` in OrdinalLess order of their names, no name twice; names of at most 253 octets; at most 255
  // addresses of a family in one identity or service.
  static base::RefPtr<const ServiceBlock> Make(const ServiceSource& service,
                                               absl::Span<const IdentitySource> identities);

  std::string_view namespace_name() const { return TextAt(namespace_); }
  std::string_view name() const { return TextAt(name_); }
  // Two labels in wire form: "\5nginx\7default".
  std::string_view wire_name() const { return {text() + name_, name().size() + namespace_name().size() + 2}; }

  // What it is found by: HashOf its key.
  uint64_t hash() const { return hash_; }
  static uint64_t HashOf(std::string_view namespace_name, std::string_view name, bool clusterset) {
    return base::HashOf(name, base::HashOf(namespace_name, clusterset ? 1 : 0));
  }
  // Whether this is a ServiceImport.
  bool clusterset() const { return clusterset_; }
  bool has_service() const { return has_service_; }
  Uid uid() const { return uid_; }
  ServiceKind kind() const { return kind_; }
  bool publish_not_ready() const { return publish_not_ready_; }
  // The service's own addresses and ports.
  absl::Span<const base::Ipv4Address> cluster_ipv4() const { return {Ipv4s(), cluster_ipv4_count_}; }
  absl::Span<const base::Ipv6Address> cluster_ipv6() const { return {Ipv6s(), cluster_ipv6_count_}; }
  size_t port_count() const { return PortCount(0); }
  PortView port(size_t i) const { return PortOf(0, i); }
  // Calls visit(key, value) for each label of the service.
  template <typename Visit>
  void ForEachLabel(Visit visit) const;
  // The domain name that an ExternalName service stands for, in wire form.
  std::string_view external_name() const { return TextAt(external_name_); }
  // How the service is reached from outside of the cluster.
  bool has_external() const { return external_ipv4_count_ + external_ipv6_count_ > 0 || external_hostnames_ != 0; }
  absl::Span<const base::Ipv4Address> external_ipv4() const {
    return {Ipv4s() + published_ipv4_ + published_ipv4_count_, external_ipv4_count_};
  }
  absl::Span<const base::Ipv6Address> external_ipv6() const {
    return {Ipv6s() + published_ipv6_ + published_ipv6_count_, external_ipv6_count_};
  }
  // Calls visit(hostname), in wire form, for each.
  template <typename Visit>
  void ForEachExternalHostname(Visit visit) const;

  size_t identity_count() const { return identity_count_; }
  // Of all identities; an address that two have counts twice.
  size_t address_count() const {
    if (identity_count_ == 0) return 0;
    const Row& last = Rows()[identity_count_ - 1];
    return last.ipv4 + last.ipv4_count - cluster_ipv4_count_ + last.ipv6 + last.ipv6_count - cluster_ipv6_count_;
  }
  Identity identity(size_t i) const;
  // Addresses of all published identities, each once, in the order of the identities.
  absl::Span<const base::Ipv4Address> published_ipv4() const {
    return {Ipv4s() + published_ipv4_, published_ipv4_count_};
  }
  absl::Span<const base::Ipv6Address> published_ipv6() const {
    return {Ipv6s() + published_ipv6_, published_ipv6_count_};
  }

  // Whether test(Identity) is true of one that bears `label` (lower-case text): its hostname, or its name where it has
  // no hostname. Asks them in their order, until it is.
  template <typename Test>
  bool AnyWithLabel(std::string_view label, Test test) const;
  // Calls visit(Identity) for each of those.
  template <typename Visit>
  void ForEachWithLabel(std::string_view label, Visit visit) const;
  // The same two for identities with this address.
  template <typename Test>
  bool AnyWithAddress(const base::IpAddress& address, Test test) const;
  template <typename Visit>
  void ForEachWithAddress(const base::IpAddress& address, Visit visit) const;
  // The lookups above in steps, each of which reads what the one before has asked memory for: see LookAhead.
  class Approach;
  // What they find a label or an address by.
  static uint32_t KeyOf(std::string_view label) { return static_cast<uint32_t>(base::HashOf(label)); }
  static uint32_t KeyOf(const base::IpAddress& address) { return static_cast<uint32_t>(base::HashOf(address)); }
  // Where the identity of that name stands; identity_count() if there is none.
  size_t IndexOfName(std::string_view identity_name) const;
  // True if `address` is the service's own.
  bool HasClusterAddress(const base::IpAddress& address) const {
    return address.is_v4() ? absl::c_linear_search(cluster_ipv4(), address.v4())
                           : absl::c_linear_search(cluster_ipv6(), address.v6());
  }
  // True if `address` is one at which the service is reached from outside.
  bool HasExternalAddress(const base::IpAddress& address) const {
    return address.is_v4() ? absl::c_linear_search(external_ipv4(), address.v4())
                           : absl::c_linear_search(external_ipv6(), address.v6());
  }
  // True if `address` is the service's own, or its own outside, or that of an identity, ready or not.
  bool HasAddress(const base::IpAddress& address) const;

  // Asks memory for its first 16 KB, which of nearly all is the whole.
  void Prefetch() const;

  mutable uint32_t references = 0;  // base::RefPtr
  static void Destroy(const ServiceBlock* block);

 private:
  // An identity. Text and addresses by where they start in the block's arrays.
  struct Row {
    Uid uid;
    uint32_t name;
    uint32_t hostname;  // 0: none; the same place as `name` when they are equal
    uint32_t ipv4;
    uint32_t ipv6;
    uint32_t profile;
    uint8_t ipv4_count;
    uint8_t ipv6_count;
    uint8_t flags;
  };
  enum Flag : uint8_t { kIsPod = 1, kReady = 2, kServing = 4, kTerminating = 8 };
  // What many identities of a service have in common, kept once. Profile 0 is the service's own.
  struct Profile {
    uint32_t ports_end;  // its ports start where those of the profile before it end
    uint32_t zone;
    uint32_t cluster;
  };
  struct PackedPort {
    uint32_t name;
    uint16_t number;
    Protocol protocol;
  };
  class Writer;

  ServiceBlock() = default;

  template <typename T>
  const T* At(uint32_t offset) const {
    return std::launder(reinterpret_cast<const T*>(reinterpret_cast<const char*>(this) + offset));
  }
  const Row* Rows() const { return At<Row>(rows_offset_); }
  const uint32_t* Slots() const { return At<uint32_t>(index_offset_); }
  const base::Ipv4Address* Ipv4s() const { return At<base::Ipv4Address>(ipv4_offset_); }
  const base::Ipv6Address* Ipv6s() const { return At<base::Ipv6Address>(ipv6_offset_); }
  const char* text() const { return At<char>(sizeof(ServiceBlock)); }
  std::string_view TextAt(uint32_t at) const { return {text() + at + 1, static_cast<uint8_t>(text()[at])}; }
  std::string_view WireAt(uint32_t at) const { return {text() + at, static_cast<uint8_t>(text()[at]) + size_t{1}}; }

  const Profile& ProfileAt(uint32_t profile) const { return At<Profile>(profiles_offset_)[profile]; }
  uint32_t PortsBegin(uint32_t profile) const { return profile == 0 ? 0 : ProfileAt(profile - 1).ports_end; }
  size_t PortCount(uint32_t profile) const { return ProfileAt(profile).ports_end - PortsBegin(profile); }
  PortView PortOf(uint32_t profile, size_t i) const {
    const PackedPort& port = At<PackedPort>(ports_offset_)[PortsBegin(profile) + i];
    return {TextAt(port.name), port.protocol, port.number};
  }

  // The index: an open-addressed table of slots, two kinds of keys in one: labels and addresses. A slot holds the
  // number of an identity plus one in its low bits and what then is left of the key above; 0 is empty.
  // One key's slots are in the order of its identities.
  template <typename Test>
  bool AnyCandidate(uint32_t key, Test test) const;

  uint64_t hash_ = 0;
  Uid uid_ = 0;
  uint32_t identity_count_ = 0;
  uint32_t index_mask_ = 0;  // slots - 1
  uint32_t row_mask_ = 0;    // the bits of a slot that number an identity
  // Bytes from `this`.
  uint32_t rows_offset_ = 0;
  uint32_t index_offset_ = 0;
  uint32_t ipv4_offset_ = 0;
  uint32_t ipv6_offset_ = 0;
  uint32_t profiles_offset_ = 0;
  uint32_t ports_offset_ = 0;
  // Elements of the address arrays: the service's own first, then row by row, then what is published unless that is
  // just the rows' run, then the external ones.
  uint32_t published_ipv4_ = 0;
  uint32_t published_ipv4_count_ = 0;
  uint32_t published_ipv6_ = 0;
  uint32_t published_ipv6_count_ = 0;
  // Places in the text.
  uint32_t name_ = 0;
  uint32_t namespace_ = 0;
  uint32_t external_name_ = 0;
  uint32_t labels_ = 0;              // "key\0value\0" of each, then "\0"; 0: none
  uint32_t external_hostnames_ = 0;  // each as external_name_, then an empty one; 0: none
  uint8_t cluster_ipv4_count_ = 0;
  uint8_t cluster_ipv6_count_ = 0;
  uint8_t external_ipv4_count_ = 0;
  uint8_t external_ipv6_count_ = 0;
  ServiceKind kind_ = ServiceKind::kHeadless;
  bool has_service_ = false;
  bool publish_not_ready_ = false;
  bool clusterset_ = false;
};

// One identity in a block. A view; lives as long as the block.
class ServiceBlock::Identity {
 public:
  std::string_view name() const { return block_->TextAt(row_->name); }
  // Empty if it has none: then its addresses, written with dashes, answer for it.
  std::string_view hostname() const { return row_->hostname == 0 ? "" : block_->TextAt(row_->hostname); }
  // The hostname's label as it goes on the wire, length octet first. REQUIRES: it has a hostname.
  std::string_view wire_hostname() const { return block_->WireAt(row_->hostname); }
  // The same for the name. REQUIRES: it is fit for a label.
  std::string_view wire_name() const { return block_->WireAt(row_->name); }
  Uid uid() const { return row_->uid; }
  bool is_pod() const { return (row_->flags & kIsPod) != 0; }
  bool ready() const { return (row_->flags & kReady) != 0; }
  bool serving() const { return (row_->flags & kServing) != 0; }
  bool terminating() const { return (row_->flags & kTerminating) != 0; }
  // Whether its names answer: it has an address, and it is ready or its service publishes those that are not, too.
  bool is_published() const { return has_address() && (ready() || block_->publish_not_ready_); }
  bool has_address() const { return row_->ipv4_count + row_->ipv6_count > 0; }
  absl::Span<const base::Ipv4Address> ipv4() const { return {block_->Ipv4s() + row_->ipv4, row_->ipv4_count}; }
  absl::Span<const base::Ipv6Address> ipv6() const { return {block_->Ipv6s() + row_->ipv6, row_->ipv6_count}; }
  bool HasAddress(const base::IpAddress& address) const {
    return address.is_v4() ? absl::c_linear_search(ipv4(), address.v4()) : absl::c_linear_search(ipv6(), address.v6());
  }
  // Identities of a block that have the same ports, zone and cluster have the same profile.
  uint32_t profile() const { return row_->profile; }
  // Ports of the endpoint.
  size_t port_count() const { return block_->PortCount(row_->profile); }
  PortView port(size_t i) const { return block_->PortOf(row_->profile, i); }
  std::string_view zone() const { return block_->TextAt(block_->ProfileAt(row_->profile).zone); }
  // Empty but in a clusterset.
  std::string_view cluster() const {
    return block_->clusterset_ ? block_->TextAt(block_->ProfileAt(row_->profile).cluster) : std::string_view();
  }
  std::string_view wire_cluster() const { return block_->WireAt(block_->ProfileAt(row_->profile).cluster); }

  // Order in the block. REQUIRES: both of one block.
  friend bool operator<(const Identity& a, const Identity& b) { return a.row_ < b.row_; }

 private:
  friend class ServiceBlock;
  Identity(const ServiceBlock* block, const Row* row) : block_(block), row_(row) {}

  const ServiceBlock* block_;
  const Row* row_;
};

inline ServiceBlock::Identity ServiceBlock::identity(size_t i) const { return {this, Rows() + i}; }

template <typename Visit>
void ServiceBlock::ForEachLabel(Visit visit) const {
  if (labels_ == 0) return;
  for (const char* at = text() + labels_; *at != '\0';) {
    const std::string_view key = at;
    const std::string_view value = at + key.size() + 1;
    visit(key, value);
    at += key.size() + value.size() + 2;
  }
}

template <typename Visit>
void ServiceBlock::ForEachExternalHostname(Visit visit) const {
  if (external_hostnames_ == 0) return;
  for (uint32_t at = external_hostnames_; text()[at] != '\0'; at += static_cast<uint8_t>(text()[at]) + 1U) {
    visit(TextAt(at));
  }
}

template <typename Test>
bool ServiceBlock::AnyCandidate(uint32_t key, Test test) const {
  const uint32_t* const slots = Slots();
  for (uint32_t i = key & index_mask_; slots[i] != 0; i = (i + 1) & index_mask_) {
    if (((slots[i] ^ key) & ~row_mask_) == 0 && test(identity((slots[i] & row_mask_) - 1))) return true;
  }
  return false;
}

template <typename Test>
bool ServiceBlock::AnyWithLabel(std::string_view label, Test test) const {
  return AnyCandidate(KeyOf(label), [&](Identity candidate) {
    const std::string_view hostname = candidate.hostname();
    return (hostname.empty() ? candidate.name() : hostname) == label && test(candidate);
  });
}

template <typename Visit>
void ServiceBlock::ForEachWithLabel(std::string_view label, Visit visit) const {
  AnyWithLabel(label, [&](Identity identity) { return visit(identity), false; });
}

template <typename Test>
bool ServiceBlock::AnyWithAddress(const base::IpAddress& address, Test test) const {
  return AnyCandidate(KeyOf(address),
                      [&](Identity candidate) { return candidate.HasAddress(address) && test(candidate); });
}

template <typename Visit>
void ServiceBlock::ForEachWithAddress(const base::IpAddress& address, Visit visit) const {
  AnyWithAddress(address, [&](Identity identity) { return visit(identity), false; });
}

class ServiceBlock::Approach {
 public:
  // To the identity that `key` leads to; std::nullopt: to what the service's own answers are made of.
  Approach(const ServiceBlock& block, std::optional<uint32_t> key) : block_(&block), key_(key), next_(Next::kHeader) {
    // The header, and behind it the service's two labels.
    static_assert(sizeof(ServiceBlock) <= 2 * base::kCacheLine);
    const char* const header = reinterpret_cast<const char*>(block_);
    base::Prefetch(header);
    base::Prefetch(header + base::kCacheLine);
    base::Prefetch(header + 2 * base::kCacheLine);
  }

  // False at the end of the way.
  bool Step() {
    switch (next_) {
      case Next::kHeader:
        if (key_.has_value()) {
          base::Prefetch(block_->Slots() + (*key_ & block_->index_mask_));
        } else {
          base::Prefetch(block_->Rows());
          base::Prefetch(block_->Ipv4s());
          base::Prefetch(block_->Ipv6s());
        }
        next_ = key_.has_value() ? Next::kSlot : Next::kNothing;
        break;
      case Next::kSlot:
        block_->AnyCandidate(*key_, [this](Identity identity) {
          row_ = identity.row_;
          return true;
        });
        next_ = Next::kNothing;
        if (row_ == nullptr) break;
        base::Prefetch(row_);
        base::Prefetch(&row_->flags);  // perhaps in a second line
        next_ = Next::kRow;
        break;
      case Next::kRow:
        base::PrefetchText(block_->text() + (row_->hostname == 0 ? row_->name : row_->hostname));
        if (row_->ipv4_count > 0) base::Prefetch(block_->Ipv4s() + row_->ipv4);
        if (row_->ipv6_count > 0) base::Prefetch(block_->Ipv6s() + row_->ipv6);
        next_ = Next::kNothing;
        break;
      case Next::kNothing:
        break;
    }
    return next_ != Next::kNothing;
  }

  // At the end: the first identity that may be the one.
  std::optional<Identity> identity() const {
    return row_ == nullptr ? std::nullopt : std::optional(Identity(block_, row_));
  }

 private:
  enum class Next : uint8_t { kNothing, kHeader, kSlot, kRow };  // what is read in the next step

  const ServiceBlock* block_;
  const Row* row_ = nullptr;
  std::optional<uint32_t> key_;
  Next next_;
};

}  // namespace podnamed::state
