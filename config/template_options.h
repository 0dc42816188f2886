// What a `template` directive asks for. Values; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/go_template.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::config {

struct TemplateOptions {
  // A resource record, or what becomes one.
  struct Record {
    std::string text;
    std::shared_ptr<const GoTemplate> tree;
  };

  dns::RecordClass record_class = dns::RecordClass::kIn;  // of queries; kAny: every one
  dns::RecordType type = dns::RecordType::kAny;           // the same
  std::vector<dns::Name> zones;                           // folded
  std::vector<std::string> matches;                       // RE2's; the first that matches counts. Empty: every name
  std::vector<Record> answer;
  std::vector<Record> authority;
  std::vector<Record> additional;
  dns::Rcode rcode = dns::Rcode::kNoError;
  std::optional<uint16_t> extended_error;  // RFC 8914
  std::string extended_error_text;
  std::vector<dns::Name> fallthrough;  // names in these zones that do not match are left to the next
};

}  // namespace podnamed::config
