// What `file`, `auto` and `transfer` ask for. Values.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/base/endpoint.h"
#include "server/base/ip_network.h"
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

// A directory of zone files.
struct AutoOptions {
  std::vector<dns::Name> zones;              // folded; other zones are passed over
  std::string directory;                     // relative to the block's `root`
  std::string pattern = "db\\.(.*)";         // RE2's, valid, with a group; of a file's name
  std::string origin = "{1}";                // the zone, with groups of the pattern
  absl::Duration reload = absl::Minutes(1);  // between two looks at the directory; zero: one look, at start
};

// Who may have zones, and who is told that they have changed.
struct TransferOptions {
  std::vector<dns::Name> zones;           // folded
  bool to_all = false;                    // everybody may
  std::vector<base::IpNetwork> networks;  // whose addresses may
  std::vector<base::Endpoint> notify;     // who is told
};

}  // namespace podnamed::config
