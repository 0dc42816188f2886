// What this machine is called.
#pragma once

#include <unistd.h>

#include <climits>
#include <string>

namespace podnamed::base {

// `otherwise` where the machine does not say.
inline std::string HostName(const std::string& otherwise) {
  char name[HOST_NAME_MAX + 1] = {};
  if (gethostname(name, HOST_NAME_MAX) != 0) return otherwise;
  return name;
}

}  // namespace podnamed::base
