// May a reply be stored, of which kind is it, and for how long? CoreDNS's rules (plugin/cache): one TTL for the whole
// message, the lowest of all records (the SOA's own TTL counts, not its minimum field), held between a minimum and a
// maximum and written into every record, also of the reply that is sent at once.
//
// Beyond CoreDNS: nothing that does not belong to the question is stored (bailiwick.h). A reply with a foreign record
// in answer or authority is passed on and not stored at all: taking out one record would leave a reply that nobody
// sent. Of the additional section, which is help that may be missing (RFC 2181 section 9), the beginning that belongs
// is kept. An empty NOERROR without SOA, a referral among them, is not stored either (RFC 2308 section 5).
//
// A pure function; allocates nothing; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "server/dns/message_view.h"
#include "server/dns/name.h"
#include "server/plugins/cache/cache_key.h"

namespace podnamed::plugins {

enum class CacheKind : uint8_t {
  kSuccess,  // records
  kDenial,   // NXDOMAIN, NODATA
  kFailure,  // SERVFAIL, NOTIMP
};
inline constexpr size_t kCacheKinds = 3;

// Bounds of one kind, in seconds.
struct TtlBounds {
  uint32_t min = 5;
  uint32_t max = 3600;
};

// What a Corefile's `cache` block says of storing.
struct CacheRules {
  TtlBounds success{.min = 5, .max = 3600};
  TtlBounds denial{.min = 5, .max = 1800};
  uint32_t failure_ttl = 5;  // `servfail`: at most 300 s, 0 stores none
  // `disable success|denial ZONES`: names at or below are not stored. Folded.
  std::vector<dns::Name> disabled_success;
  std::vector<dns::Name> disabled_denial;
};

enum class CacheOutcome : uint8_t {
  kStore,
  kTruncated,         // TC
  kOtherQuestion,     // not the one asked: CoreDNS's counter `drops`
  kError,             // an rcode that says nothing lasting, or no reply to a query
  kTransfer,          // AXFR, IXFR
  kNoSoa,             // NXDOMAIN or NODATA that does not say for how long
  kDisabled,          // by the rules
  kForeignRecords,    // answer or authority hold what nobody asked for
  kInvalidSignature,  // an RRSIG is expired, or not valid yet (RFC 4034 section 3.1.5)
};

struct CacheVerdict {
  CacheOutcome outcome = CacheOutcome::kError;
  CacheKind kind{};
  // Seconds: for every record of the reply, whether it is stored or not; and how long it is stored.
  uint32_t ttl = 0;
  // What is stored is the message's beginning, of so many octets, with so many additional records; never OPT, and
  // nothing behind it.
  size_t kept_size = 0;
  size_t kept_additional = 0;
};

// `key` is the question that was asked; `now` is the wall clock's, for signatures.
CacheVerdict Judge(const dns::MessageView& view, const CacheKey& key, const CacheRules& rules, absl::Time now);

}  // namespace podnamed::plugins
