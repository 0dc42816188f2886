// Where do names stand in the rdata of a type? Those of RFC 1035 may be compressed, those of the types that RFC 3597
// section 4 lists may come compressed from old servers; who moves such rdata to another message must write its names
// out. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/dns/types.h"

namespace podnamed::dns {

// Rdata is `fixed` octets, then `strings` character-strings, then `names` names, then more octets if `has_rest`.
struct RdataShape {
  uint8_t fixed = 0;
  uint8_t strings = 0;
  uint8_t names = 0;
  bool has_rest = false;
};

// A type without such names is all rest.
RdataShape ShapeOf(RecordType type);

}  // namespace podnamed::dns
