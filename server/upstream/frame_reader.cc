#include "server/upstream/frame_reader.h"

#include <algorithm>
#include <utility>

namespace podnamed::upstream {

absl::Span<uint8_t> FrameReader::Room() {
  std::copy(octets_.begin() + static_cast<ptrdiff_t>(begin_), octets_.begin() + static_cast<ptrdiff_t>(end_),
            octets_.begin());
  end_ -= std::exchange(begin_, 0);
  if (end_ == octets_.size()) {
    // No faster than the peer sends: two octets that announce a long message cost nothing yet.
    octets_.resize(std::min(2 * octets_.size(), FirstOctets()));
  } else if (end_ == 0 && octets_.size() > kInitialOctets) {
    octets_ = std::vector<uint8_t>(kInitialOctets);
  }
  return absl::MakeSpan(octets_).subspan(end_);
}

std::optional<absl::Span<const uint8_t>> FrameReader::Next() {
  if (end_ - begin_ < kPrefixOctets || end_ - begin_ < FirstOctets()) return std::nullopt;
  const size_t octets = FirstOctets();
  const auto message = absl::MakeConstSpan(octets_).subspan(begin_ + kPrefixOctets, octets - kPrefixOctets);
  begin_ += octets;
  return message;
}

}  // namespace podnamed::upstream
