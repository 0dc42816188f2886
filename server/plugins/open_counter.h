// How a plugin that counts few things gets counters of its own for CoreDNS's metrics.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "server/base/counter.h"

namespace podnamed::plugins {

// Opens a counter of one worker: CoreDNS's name for it, and its labels. Empty: nobody wants to know.
using OpenCounter = absl::AnyInvocable<base::Counter&(std::string_view name,
                                                      const std::vector<std::pair<std::string, std::string>>& labels)>;

}  // namespace podnamed::plugins
