// DNS messages for tests: a query made in one line, and a message read into zone-file text, so that a test's
// expectation reads like a zone file. It shares WireReader and the text of rdata with the server and nothing else; what
// it accepts is strict: a message of which an octet is left over, or whose counts lie, is an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/dns/edns.h"
#include "server/dns/types.h"

namespace podnamed::testing {

struct QueryOptions {
  uint16_t id = 4242;
  bool recursion_desired = true;
  bool checking_disabled = false;
  dns::RecordClass record_class = dns::RecordClass::kIn;
  std::optional<uint16_t> edns_size{};  // an OPT record that advertises this many octets
  bool dnssec_ok = false;               // in that OPT record
  std::string edns_options{};           // in that OPT record, as octets
};

// The octets of a query for `name` (presentation form; its letters are kept). REQUIRES: a valid name.
std::vector<uint8_t> MakeQuery(std::string_view name, dns::RecordType type, const QueryOptions& options = {});

struct Message {
  uint16_t id = 0;
  bool response = false;  // QR
  dns::Opcode opcode{};
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  bool authentic_data = false;
  bool checking_disabled = false;
  dns::Rcode rcode{};  // with the OPT record's upper bits
  // One line each, in the order of the message:
  std::vector<std::string> questions;  // "web-0.nginx.default.svc.cluster.local. IN A"
  std::vector<std::string> answer;     // "web-0.nginx.default.svc.cluster.local. 5 IN A 10.0.0.1"
  std::vector<std::string> authority;
  std::vector<std::string> additional;  // without the OPT record
  std::optional<dns::Edns> edns;
  std::vector<std::string> edns_options;  // "EDE 14 \"not synced yet\""; "OPTION 10 0123456789abcdef"
};

// Reads a query or a reply. The error says where it breaks.
absl::StatusOr<Message> ParseMessage(absl::Span<const uint8_t> octets);

}  // namespace podnamed::testing
