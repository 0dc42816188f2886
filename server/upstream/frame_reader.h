// Messages out of a stream of octets: each stands behind its length in two octets (RFC 1035 section 4.2.2). Pure; one
// thread. What it keeps is at most one message of 65,535 octets and one read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

namespace podnamed::upstream {

class FrameReader {
 public:
  static constexpr size_t kPrefixOctets = 2;

  FrameReader() : octets_(kInitialOctets) {}

  // Where the next octets of the stream go: at least one fits. Ends what Next gave.
  absl::Span<uint8_t> Room();
  // So many have been written there.
  void Filled(size_t count) { end_ += count; }
  // The next whole message, without its prefix; std::nullopt until more octets have come. Valid until Room.
  std::optional<absl::Span<const uint8_t>> Next();

 private:
  static constexpr size_t kInitialOctets = 4096;

  // Of the message at the front, prefix included. REQUIRES: the prefix is there.
  size_t FirstOctets() const { return kPrefixOctets + (size_t{octets_[begin_]} << 8 | octets_[begin_ + 1]); }

  std::vector<uint8_t> octets_;  // received and not yet given out: [begin_, end_)
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace podnamed::upstream
