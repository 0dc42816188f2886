// Any text as a resource record: reading it ends, and what is read is rdata that the reader of replies takes, and that
// reads the same when it is written as RFC 3597 has it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/dns/record_text.h"

namespace podnamed::dns {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(std::string_view text) {
  static const Name kOrigin = *Name::FromText("example.org");
  const absl::StatusOr<ParsedRecord> record =
      ParseRecord(text, {.origin = kOrigin.wire(), .owner = kOrigin.wire(), .ttl = 60});
  if (!record.ok()) return;
  Require(record->owner.wire().size() <= kMaxNameLength && record->ttl <= 0x7FFFFFFF);
  const std::string again =
      absl::StrCat(record->owner.ToText(), " ", record->ttl, " ", NameOf(record->record_class), " ",
                   NameOf(record->type), " \\# ", record->rdata.size(), " ", absl::BytesToHexString(record->rdata));
  const absl::StatusOr<ParsedRecord> same = ParseRecord(again);
  Require(same.ok() && same->owner == record->owner && same->type == record->type && same->ttl == record->ttl &&
          same->record_class == record->record_class && same->rdata == record->rdata);
}

}  // namespace
}  // namespace podnamed::dns

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  podnamed::dns::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
