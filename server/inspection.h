// What the server lets people look at (server/admin), put together from its parts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/admin/inspect_server.h"
#include "server/base/ip_address.h"
#include "server/configuration.h"

namespace podnamed {

struct InspectOptions {
  std::string address = admin::kDefaultInspectAddress;  // empty: nobody can look
  bool is_required = false;                             // a failure ends the start
};

// What people may look at of `configuration`, which it keeps; `workers` is how many answer. Of each cluster's zones
// those of the first block that names them come first.
admin::Subject SubjectOf(const std::shared_ptr<const Configuration>& configuration, int workers, absl::Time started_at);

// Offers `subject` at the address: nullptr if nobody is to look, or if that failed and is not required, and then a
// warning has been logged.
absl::StatusOr<std::unique_ptr<admin::InspectServer>> StartInspection(const InspectOptions& options,
                                                                      admin::Subject subject);

// Answers one query as a worker would, whatever endpoint it listens on, but on the caller's thread: by plugins that are
// made for this query and gone after it, so it shares nothing with workers and keeps no state alive.
std::vector<uint8_t> AnswerAside(const std::vector<Block>& blocks, absl::Span<const uint8_t> query,
                                 const base::IpAddress& client);

}  // namespace podnamed
