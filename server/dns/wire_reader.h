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
  std::string_view rest() const { return {message_.data() + position_, message_.size() - position_}; }

  uint8_t ReadU8() {
    const char* const at = Take(1);
    return at == nullptr ? uint8_t{0} : Octet(at, 0);
  }
  uint16_t ReadU16() {
    const char* const at = Take(2);
    return at == nullptr ? uint16_t{0} : static_cast<uint16_t>(Octet(at, 0) << 8 | Octet(at, 1));
  }
  uint32_t ReadU32() {
    const char* const at = Take(4);
    if (at == nullptr) return 0;
    return uint32_t{Octet(at, 0)} << 24 | uint32_t{Octet(at, 1)} << 16 | uint32_t{Octet(at, 2)} << 8 | Octet(at, 3);
  }
  // The next `count` octets; none if fewer are left.
  std::string_view ReadOctets(size_t count) {
    const char* const at = Take(count);
    return at == nullptr ? std::string_view() : std::string_view(at, count);
  }
  void Skip(size_t count) { Take(count); }

  // Passes over a name as it stands here, without following its pointer.
  void SkipName();
  // Reads a name and follows its pointers (RFC 1035 section 4.1.4). Each must lead to before the labels that led to it,
  // and what it leads to must end there, for it is a name that came earlier; so no loop is possible. There are at most
  // 127 of them: a chain of pointers without a label between them only costs time. The whole is at most 255 octets.
  Name ReadName();
  // The same without allocating: the uncompressed name, which stands in `storage`; empty if it is none.
  std::string_view ReadName(NameStorage& storage);

 private:
  static uint8_t Octet(const char* at, size_t i) { return static_cast<uint8_t>(at[i]); }
  // Where the next `count` octets are, which it passes over; nullptr if fewer are left.
  const char* Take(size_t count) {
    if (count > message_.size() - position_) {
      Fail();
      return nullptr;
    }
    const char* const at = message_.data() + position_;
    position_ += count;
    return at;
  }
  void Fail() {
    ok_ = false;
    position_ = message_.size();
  }

  std::string_view message_;
  size_t first_target_;
  size_t position_ = 0;  // at most message_.size()
  bool ok_ = true;
};

}  // namespace podnamed::dns
