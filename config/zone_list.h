// Zones among the words of a directive.
#pragma once

#include <vector>

#include "absl/types/span.h"
#include "config/options.h"
#include "config/vocabulary.h"
#include "server/dns/name.h"

namespace podnamed::config {

// Names, and networks as their reverse zones; folded. What is neither is an error.
std::vector<dns::Name> ReadZoneList(absl::Span<const Token> words, const Context& context);

// The same; without words the zones of the server block, as far as its keys could be read.
std::vector<dns::Name> ReadZonesOrKeys(absl::Span<const Token> words, const ServerBlockOptions& block,
                                       const Context& context);

// "fallthrough [ZONE…]"; without zones the root: every name.
std::vector<dns::Name> ReadFallthroughZones(const Directive& line, const Context& context);

}  // namespace podnamed::config
