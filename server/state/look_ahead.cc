#include "server/state/look_ahead.h"

#include <algorithm>
#include <utility>

namespace podnamed::state {

void LookAhead::ExpectService(const Snapshot& snapshot, std::string_view namespace_name, std::string_view service,
                              bool clusterset, std::string_view label) {
  if (count_ == kMost) return;
  const uint64_t hash = Snapshot::HashOf(Snapshot::ServiceKey{namespace_name, service, clusterset});
  lookups_[count_++] = {snapshot, hash, label.empty() ? std::nullopt : std::optional(ServiceBlock::KeyOf(label))};
}

void LookAhead::ExpectAddress(const Snapshot& snapshot, const base::IpAddress& address) {
  if (count_ < kMost) lookups_[count_++] = {snapshot, address};
}

// All of them take a step, then all the next one.
size_t LookAhead::Fetch() {
  for (bool is_under_way = true; is_under_way;) {
    is_under_way = false;
    for (size_t i = 0; i < count_; ++i) is_under_way |= lookups_[i].Step();
  }
  const auto end = lookups_.begin() + static_cast<ptrdiff_t>(std::exchange(count_, 0));
  return static_cast<size_t>(
      std::count_if(lookups_.begin(), end, [](const Lookup& lookup) { return lookup.leads_to_something(); }));
}

bool LookAhead::Lookup::leads_to_something() const {
  const auto* const to_identity = std::get_if<ServiceBlock::Approach>(&way_);
  return to_identity != nullptr && (!key_.has_value() || to_identity->identity().has_value());
}

bool LookAhead::Lookup::Step() {
  if (auto* const to_identity = std::get_if<ServiceBlock::Approach>(&way_)) return to_identity->Step();
  if (auto* const to_service = std::get_if<ToService>(&way_)) {
    if (is_at_end_) {
      way_.emplace<ServiceBlock::Approach>(**to_service->entry(), key_);
      return true;
    }
    if (to_service->Step()) return true;
    is_at_end_ = to_service->entry() != nullptr;
    return is_at_end_;
  }
  if (auto* const to_address = std::get_if<ToAddress>(&way_)) {
    if (!is_at_end_) {
      is_at_end_ = !to_address->Step();
      return true;
    }
    const uint64_t hash = to_address->hash();
    if (hash <= AddressIndex::kSeveral) {
      way_.emplace<std::monostate>();
      return false;
    }
    way_.emplace<ToService>(snapshot_->services_, hash);
    is_at_end_ = false;
    return true;
  }
  return false;
}

}  // namespace podnamed::state
