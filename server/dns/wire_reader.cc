#include "server/dns/wire_reader.h"

#include <cstring>

namespace podnamed::dns {
namespace {

// The first octet of a label tells what it is by its top two bits; 01 and 10 are of no use today (RFC 6891 section 5).
bool IsPointer(uint8_t first) { return first >= 0xC0; }
bool IsLabel(uint8_t first) { return first <= kMaxLabelLength; }

}  // namespace

void WireReader::SkipName() {
  const size_t start = position_;
  while (true) {
    const uint8_t first = ReadU8();
    if (IsPointer(first)) {
      Skip(1);
      return;
    }
    if (!IsLabel(first) || position_ - start > kMaxNameLength) return Fail();
    if (first == 0) return;
    Skip(first);
  }
}

Name WireReader::ReadName() {
  NameStorage storage;
  const std::string_view wire = ReadName(storage);
  return wire.empty() ? Name() : Name::FromWire(wire);
}

std::string_view WireReader::ReadName(NameStorage& storage) {
  size_t length = 0;
  size_t pointers = 0;
  size_t end = 0;                  // where reading goes on: behind the first pointer, once there was one
  size_t segment = position_;      // where the labels being read began; a pointer must lead to before it
  size_t limit = message_.size();  // where they must have ended
  while (ok_) {
    const uint8_t first = ReadU8();
    if (IsPointer(first)) {
      const size_t target = static_cast<size_t>(first & 0x3F) << 8 | ReadU8();
      if (!ok_ || position_ > limit || target >= segment) break;
      if (target < first_target_ || ++pointers > kMaxLabels) break;
      if (end == 0) end = position_;
      limit = segment;
      position_ = segment = target;
      continue;
    }
    if (!IsLabel(first)) break;
    const std::string_view label = ReadOctets(first);
    if (!ok_ || position_ > limit || length + 1 + label.size() > storage.size()) break;
    storage[length++] = static_cast<char>(first);
    if (first == 0) {
      if (end != 0) position_ = end;
      return {storage.data(), length};
    }
    std::memcpy(storage.data() + length, label.data(), label.size());
    length += label.size();
  }
  Fail();
  return {};
}

}  // namespace podnamed::dns
