// A name anywhere in any message: reading it stays inside the message, ends, yields at most 255 octets, and text and
// wire form say the same. The first octet of the input is where the name stands in the rest.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/dns/name.h"
#include "server/dns/wire_reader.h"

namespace podnamed::dns {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckWire(absl::Span<const uint8_t> message, size_t position) {
  WireReader reader(message);
  reader.Skip(position);
  if (!reader.ok()) return;
  WireReader skipper = reader;
  QueryName query_name;
  const size_t uncompressed = query_name.Read(reader.rest());
  const Name name = reader.ReadName();
  skipper.SkipName();
  if (!reader.ok()) {
    Require(uncompressed == 0);
    return;
  }
  Require(skipper.ok() && skipper.position() == reader.position());
  Require(name.wire().size() <= kMaxNameLength);
  Require(Name::FromText(name.ToText()).value() == name);
  if (uncompressed == 0) return;
  Require(query_name.original() == name.wire());
  Require(query_name.folded() == name.Folded().wire());
  Require(query_name.label_count() == name.label_count());
}

void CheckText(std::string_view text) {
  const auto name = Name::FromText(text);
  if (name.ok()) Require(Name::FromText(name->ToText()).value() == *name);
}

}  // namespace
}  // namespace podnamed::dns

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  podnamed::dns::CheckWire({data + 1, size - 1}, data[0]);
  podnamed::dns::CheckText({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
