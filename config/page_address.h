// Where the directives that show pages to machines (health, ready, prometheus) listen.
#pragma once

#include <optional>
#include <string_view>

#include "config/parser.h"
#include "config/vocabulary.h"
#include "server/base/endpoint.h"

namespace podnamed::config {

// The line's one argument, or where it has none `default_address`; std::nullopt and an error if it is no address or
// not alone. `usage` is the line as it should be, "ready [ADDRESS]".
std::optional<base::Endpoint> ReadPageAddress(const Directive& line, std::string_view default_address,
                                              std::string_view usage, const Context& context);

}  // namespace podnamed::config
