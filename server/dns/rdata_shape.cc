#include "server/dns/rdata_shape.h"

namespace podnamed::dns {

RdataShape ShapeOf(RecordType type) {
  switch (static_cast<uint16_t>(type)) {
    case 2:   // NS
    case 3:   // MD
    case 4:   // MF
    case 5:   // CNAME
    case 7:   // MB
    case 8:   // MG
    case 9:   // MR
    case 12:  // PTR
    case 39:  // DNAME (RFC 6672)
      return {.names = 1};
    case 6:  // SOA
      return {.names = 2, .has_rest = true};
    case 14:  // MINFO
    case 17:  // RP (RFC 1183)
      return {.names = 2};
    case 15:  // MX
    case 18:  // AFSDB (RFC 1183)
    case 21:  // RT (RFC 1183)
    case 36:  // KX (RFC 2230)
      return {.fixed = 2, .names = 1};
    case 24:  // SIG (RFC 2535)
      return {.fixed = 18, .names = 1, .has_rest = true};
    case 26:  // PX (RFC 2163)
      return {.fixed = 2, .names = 2};
    case 30:  // NXT (RFC 2535)
      return {.names = 1, .has_rest = true};
    case 33:  // SRV (RFC 2782)
      return {.fixed = 6, .names = 1};
    case 35:  // NAPTR (RFC 3403)
      return {.fixed = 4, .strings = 3, .names = 1};
    default:
      return {.has_rest = true};
  }
}

}  // namespace podnamed::dns
