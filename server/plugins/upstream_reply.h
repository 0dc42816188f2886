// A reply that came in octets, from an upstream or out of a cache, becomes the reply of an exchange.
#pragma once

#include "absl/types/span.h"
#include "server/dns/message_view.h"
#include "server/plugins/exchange.h"

namespace podnamed::plugins {

// False, with the exchange's reply as it was, if a record is not what its type says. AA is told as it came; AD only to
// a client that asked for it, by AD or DO (RFC 6840 section 5.8).
bool PutReply(const dns::MessageView& view, Exchange& exchange);

}  // namespace podnamed::plugins
