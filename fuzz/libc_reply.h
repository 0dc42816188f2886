// A reply as the C library reads it (ns_parserr and its kin, which res_nsearch and much of the field stand on): a
// second opinion on what our encoder writes, by code that shares nothing with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace podnamed::fuzz {

struct LibcRecord {
  std::string owner;  // in wire form and lower case
  uint16_t type = 0;
  uint16_t record_class = 0;
  uint32_t ttl = 0;
  std::string rdata;   // names in it uncompressed and in lower case
  std::string target;  // the name that NS, CNAME, PTR and SRV lead to, as owners are
  friend auto operator<=>(const LibcRecord&, const LibcRecord&) = default;
};

struct LibcReply {
  uint16_t id = 0;
  uint16_t flags = 0;
  std::vector<LibcRecord> questions;
  std::vector<LibcRecord> answer;
  std::vector<LibcRecord> authority;
  std::vector<LibcRecord> additional;  // the OPT record among them
};

// Aborts if the C library cannot read `octets` to the last one.
LibcReply ReadWithLibc(absl::Span<const uint8_t> octets);

}  // namespace podnamed::fuzz
