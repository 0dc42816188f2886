// A Corefile as it was understood, for a person who asks what is in effect: imports, snippets and variables are in
// their places, each zone stands with its port, and the plugins in the order in which a query meets them. Two files
// with the same text mean the same. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "config/parser.h"

namespace podnamed::config {

// `plugins` in their order. A Corefile again, which has this same text. REQUIRES: what `document` says is right.
std::string EffectiveText(const Document& document, absl::Span<const std::string_view> plugins, uint16_t default_port);

}  // namespace podnamed::config
