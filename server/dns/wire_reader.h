// A bounds-checked cursor over the octets of a received message. A read beyond the end, or of a name that is none,
// yields zeros (the root) and makes ok() false for good, so that callers read a whole record and ask once.
// The message must outlive the reader and what it hands out. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/types/span.h"
#include "server/dns/name.h"

namespace podnamed::dns {

class WireReader {
 public:
  // Starts at the first octet of a whole message: names in it may point back to any place before them, from
  // `first_target` on (kHeaderLength keeps them out of the header, which is no place for a name).
  explicit WireReader(absl::Span<const uint8_t> message, size_t first_target = 0)
      : message_(reinterpret_cast<const char*>(message.data()), message.size()), first_target_(first_target) {}

  bool ok() const { return ok_; }
  size_t position() const { return position_; }
  // What has not been read yet.
  std::string_view rest() const { return message_.substr(position_); }

  uint8_t ReadU8() {
    const std::string_view octets = ReadOctets(1);
    return octets.empty() ? uint8_t{0} : At(octets, 0);
  }
  uint16_t ReadU16() {
    const std::string_view octets = ReadOctets(2);
    return octets.empty() ? uint16_t{0} : static_cast<uint16_t>(At(octets, 0) << 8 | At(octets, 1));
  }
  uint32_t ReadU32() {
    const std::string_view octets = ReadOctets(4);
    if (octets.empty()) return 0;
    return uint32_t{At(octets, 0)} << 24 | uint32_t{At(octets, 1)} << 16 | uint32_t{At(octets, 2)} << 8 | At(octets, 3);
  }
  // The next `count` octets; none if fewer are left.
  std::string_view ReadOctets(size_t count) {
    if (count > message_.size() - position_) {
      ok_ = false;
      position_ = message_.size();
      return {};
    }
    const std::string_view octets = message_.substr(position_, count);
    position_ += count;
    return octets;
  }
  void Skip(size_t count) { ReadOctets(count); }

  // Passes over a name as it stands here, without following its pointer.
  void SkipName();
  // Reads a name and follows its pointers (RFC 1035 section 4.1.4). Each must lead to before the labels that led to it,
  // and what it leads to must end there, for it is a name that came earlier; so no loop is possible. There are at most
  // 127 of them: a chain of pointers without a label between them only costs time. The whole is at most 255 octets.
  Name ReadName();
  // The same without allocating: the uncompressed name, which stands in `storage`; empty if it is none.
  std::string_view ReadName(NameStorage& storage);

 private:
  static uint8_t At(std::string_view octets, size_t i) { return static_cast<uint8_t>(octets[i]); }
  void Fail() { ReadOctets(message_.size() - position_ + 1); }

  std::string_view message_;
  size_t first_target_;
  size_t position_ = 0;  // at most message_.size()
  bool ok_ = true;
};

}  // namespace podnamed::dns
