// Makes a Zone from its records, which come in any order. Not on a query's path. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/dns/name.h"
#include "server/dns/types.h"
#include "server/zone/zone.h"

namespace podnamed::zone {

// One record, of class IN.
struct ZoneRecord {
  dns::Name owner;
  dns::RecordType type{};
  uint32_t ttl = 0;
  std::string rdata = {};  // as on the wire, names uncompressed
};

class ZoneBuilder {
 public:
  explicit ZoneBuilder(const dns::Name& origin) : origin_(origin.Folded()) {}

  // An error says why no zone of ours can have such a record; the record is left out then. One that stands outside of
  // the zone is passed over. REQUIRES: rdata that is what its type says.
  absl::Status Add(ZoneRecord record);
  size_t outside_count() const { return outside_count_; }

  // What no single record shows: that there is no SOA, or a name that is an alias and something else. Once.
  // Of records that are equal one is kept; a set has the least TTL of its records (RFC 2181 section 5).
  absl::StatusOr<std::unique_ptr<const Zone>> Build();

 private:
  void AddEmptyNames();
  absl::Status AddNode(Zone& zone, size_t first, size_t end);
  void AddSet(Zone& zone, size_t first, size_t end);
  // Where in the list of its kind.
  static size_t Put(Zone& zone, const ZoneRecord& record);

  const dns::Name origin_;
  std::vector<ZoneRecord> records_;
  size_t outside_count_ = 0;
  bool has_soa_ = false;
};

}  // namespace podnamed::zone
