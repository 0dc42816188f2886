// Reads a zone from a master file (RFC 1035 section 5; $TTL of RFC 2308, BIND's $GENERATE). Not on a query's path; any
// thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "server/dns/name.h"
#include "server/zone/zone.h"

namespace podnamed::zone {

struct LoadedZone {
  std::unique_ptr<const Zone> zone;
  std::vector<std::string> included;  // files that the zone is made of besides its own
  std::vector<std::string> warnings;  // for the person who wrote it
};

// The content of a file; the error is the reason alone.
using FileReader = absl::FunctionRef<absl::StatusOr<std::string>(const std::string& path)>;

// The zone `origin`, of which `path` has this content. $INCLUDE takes paths from the directory of the file it stands
// in, by `read_file`. An error's message has one line for each thing that is wrong, "path:line:column: what; expected
// what", at most twenty.
absl::StatusOr<LoadedZone> ReadZoneFile(const std::string& path, std::string_view content, const dns::Name& origin,
                                        FileReader read_file);

}  // namespace podnamed::zone
