// All records of a zone, message by message, its SOA first and last (RFC 5936 section 2.2).
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/plugins/exchange.h"

namespace podnamed::plugins {

// Octets of a message's records, were they not compressed: a transfer's share of the worker's time, and of memory.
inline constexpr size_t kTransferMessage = 60'000;

class ZoneRecords : public Continuation {
 public:
  virtual uint32_t serial() const = 0;
  // Instead of everything: the SOA alone.
  virtual void TellSoa(Exchange& exchange) = 0;
};

}  // namespace podnamed::plugins
