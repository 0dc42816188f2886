// Whom did a queue evict lately? Hashes of keys only, in memory of fixed size: the ghost queue of S3-FIFO, as a table
// whose slots remember when they were written (Yang et al., SOSP 2023, section 4.2). A loser of a collision is
// forgotten early; a false memory has a chance of one in four milliards. One thread at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace podnamed::plugins {

class GhostTable {
 public:
  // Remembers the last `capacity` keys.
  explicit GhostTable(size_t capacity) : capacity_(capacity), slots_(std::bit_ceil(2 * capacity + 1)) {}

  void Remember(uint64_t hash) { SlotOf(hash) = {Fingerprint(hash), ++clock_}; }
  // True if `hash` was remembered; it no longer is.
  bool Forget(uint64_t hash) {
    Slot& slot = SlotOf(hash);
    if (slot.fingerprint != Fingerprint(hash) || clock_ - slot.time >= capacity_) return false;
    slot = {};
    return true;
  }

 private:
  struct Slot {
    uint32_t fingerprint = 0;  // 0: empty
    uint32_t time = 0;
  };
  static uint32_t Fingerprint(uint64_t hash) { return static_cast<uint32_t>(hash >> 32) | 1; }
  Slot& SlotOf(uint64_t hash) { return slots_[hash & (slots_.size() - 1)]; }

  size_t capacity_;
  uint32_t clock_ = 0;  // counts what was remembered
  std::vector<Slot> slots_;
};

}  // namespace podnamed::plugins
