// Unpredictable bits, for ids and for the letters of questions: whoever guesses them can forge a reply (RFC 5452), so
// they come from the kernel's generator, fetched many at a time. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace podnamed::upstream {

class RandomSource {
 public:
  uint8_t NextU8() {
    if (used_ == octets_.size()) Refill();
    return octets_[used_++];
  }
  uint16_t NextU16() {
    const uint8_t high = NextU8();
    return static_cast<uint16_t>(high << 8 | NextU8());
  }

 private:
  // Ends the process when the kernel has no random octets to give: an upstream's replies could be forged then.
  void Refill();

  std::array<uint8_t, 1024> octets_;
  size_t used_ = octets_.size();
};

}  // namespace podnamed::upstream
