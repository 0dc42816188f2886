#include "server/plugins/errors.h"

#include <fmt/format.h>

#include <optional>

#include "absl/time/clock.h"
#include "server/base/log.h"

namespace podnamed::plugins {

Errors::~Errors() { consolidation_.TellDue(absl::InfiniteFuture()); }

void Errors::OnSent(const Exchange& exchange, size_t /*size*/) {
  if (exchange.error.empty()) return;
  std::optional<base::LogLevel> level = base::LogLevel::kError;
  if (consolidation_.Take(exchange.error, absl::Now(), level) == Consolidation::Taken::kSilent || !level) return;
  base::WriteLog(
      *level, "plugin/errors",
      fmt::format("{} {} {}: {}", static_cast<uint16_t>(exchange.rcode), dns::NameToText(exchange.asked.name.folded()),
                  dns::NameOf(exchange.asked.type), exchange.error));
}

void Errors::OnIdle() { consolidation_.TellDue(absl::Now()); }

}  // namespace podnamed::plugins
