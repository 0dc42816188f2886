// What `file`, `auto` and `transfer` ask for. Values.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/dns/name.h"

namespace podnamed::config {

// A zone file, and the zones that are read from it.
struct FileOptions {
  std::string file;                          // relative to the block's `root`
  std::vector<dns::Name> zones;              // folded
  absl::Duration reload = absl::Minutes(1);  // between two looks at the file; zero: one look, at start
  bool by_time = false;                      // a file that has changed counts, whatever its serial
  std::vector<dns::Name> fallthrough;        // folded; names in these zones that have nothing are left to the next
};

}  // namespace podnamed::config
