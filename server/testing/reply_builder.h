// A reply for tests, put together from lines of a zone file, as another server would send it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/dns/types.h"

namespace podnamed::testing {

struct ReplyParts {
  uint16_t id = 4242;
  uint16_t flags = dns::kResponseFlag | dns::kRecursionDesiredFlag | dns::kRecursionAvailableFlag;
  dns::Rcode rcode = dns::Rcode::kNoError;  // one above 15 needs `edns_size`
  // "www.example. 300 A 10.0.0.1", also with a class, "www.example. 300 CH TXT x", and with rdata as in RFC 3597
  // section 5, "www.example. 300 TYPE65280 \\# 2 0a0b". Known types: A AAAA CNAME DNAME MX NS PTR SOA SRV TXT.
  std::vector<std::string> answer{};
  std::vector<std::string> authority{};
  std::vector<std::string> additional{};
  std::optional<uint16_t> edns_size{};  // an OPT record behind `additional`
  bool dnssec_ok = false;               // in that OPT record
  // Behind the OPT record, where hardly any server puts one.
  std::vector<std::string> behind_opt{};
  // Names point at earlier ones, those in rdata too where RFC 3597 section 4 lets them (and in SRV, as some do).
  bool compress = true;
};

// REQUIRES: lines as above.
std::vector<uint8_t> MakeReply(std::string_view name, dns::RecordType type, const ReplyParts& parts = {});

}  // namespace podnamed::testing
