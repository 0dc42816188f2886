#include "server/plugins/cache/cache_entry.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace podnamed::plugins {
namespace {

constexpr size_t kAllocatorOverhead = 16;

void StoreU16(uint8_t* to, size_t value) {
  to[0] = static_cast<uint8_t>(value >> 8);
  to[1] = static_cast<uint8_t>(value);
}

void StoreU32(uint8_t* to, uint32_t value) {
  StoreU16(to, value >> 16);
  StoreU16(to + 2, value);
}

bool IsKept(const dns::RecordView& record, const CacheVerdict& verdict) { return record.end() <= verdict.kept_size; }

}  // namespace

void CacheEntry::Free::operator()(CacheEntry* entry) const {
  entry->~CacheEntry();
  ::operator delete(entry);
}

CacheEntry::Owner CacheEntry::Make(const CacheKey& key, uint64_t hash, const dns::MessageView& view,
                                   const CacheVerdict& verdict, CacheTime now) {
  // The OPT record is never kept (CacheVerdict), so each kept record has a TTL.
  size_t records = 0;
  for (const dns::RecordView& record : view.records()) records += IsKept(record, verdict) ? 1 : 0;
  void* const memory = ::operator new(sizeof(CacheEntry) + records * sizeof(uint16_t) + verdict.kept_size);
  Owner entry(new (memory) CacheEntry());
  entry->hash = hash;
  entry->stored_at = now;
  entry->ttl = verdict.ttl;
  entry->expires = now + std::chrono::seconds(verdict.ttl);
  entry->size = static_cast<uint16_t>(verdict.kept_size);
  entry->ttl_count = static_cast<uint16_t>(records);
  entry->kind = verdict.kind;
  entry->dnssec_ok = key.dnssec_ok;
  entry->checking_disabled = key.checking_disabled;

  uint8_t* const octets = entry->octets();
  std::memcpy(octets, view.octets().data(), verdict.kept_size);
  constexpr uint16_t kKeptFlags = dns::kRecursionAvailableFlag | dns::kAuthenticDataFlag | dns::kRcodeMask;
  StoreU16(octets, 0);
  StoreU16(octets + 2, dns::kResponseFlag | (view.flags() & kKeptFlags));
  StoreU16(octets + 10, verdict.kept_additional);
  std::memcpy(octets + dns::kHeaderLength, key.name.data(), key.name.size());
  uint16_t* place = entry->ttl_places();
  for (const dns::RecordView& record : view.records()) {
    if (!IsKept(record, verdict)) break;
    StoreU32(octets + record.ttl_at, verdict.ttl);
    *place++ = static_cast<uint16_t>(record.ttl_at);
  }
  return entry;
}

bool CacheEntry::IsFor(const CacheKey& key, uint64_t key_hash) const {
  if (hash != key_hash || dnssec_ok != key.dnssec_ok || checking_disabled != key.checking_disabled) return false;
  const size_t name_end = dns::kHeaderLength + key.name.size();
  if (size < name_end + 4) return false;
  uint8_t type_and_class[4];
  StoreU16(type_and_class, static_cast<uint16_t>(key.type));
  StoreU16(type_and_class + 2, static_cast<uint16_t>(key.record_class));
  // Names end themselves, by the root's octet: one that begins another is the other.
  return std::memcmp(octets() + dns::kHeaderLength, key.name.data(), key.name.size()) == 0 &&
         std::memcmp(octets() + name_end, type_and_class, sizeof(type_and_class)) == 0;
}

size_t CacheEntry::footprint() const {
  return sizeof(CacheEntry) + ttl_count * sizeof(uint16_t) + size + kAllocatorOverhead;
}

void CacheEntry::CopyTo(uint8_t* to, uint32_t new_ttl) const {
  std::memcpy(to, octets(), size);
  if (new_ttl == ttl) return;
  for (size_t i = 0; i < ttl_count; ++i) StoreU32(to + ttl_places()[i], new_ttl);
}

}  // namespace podnamed::plugins
