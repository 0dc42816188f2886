#include "server/base/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "server/base/log.h"

namespace podnamed::base {

void TellServiceManager(std::string_view state) {
  const char* const named = std::getenv("NOTIFY_SOCKET");
  if (named == nullptr) return;
  std::string path(named);
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    LogWarning("service", "NOTIFY_SOCKET names no socket: \"{}\"", path);
    return;
  }
  if (path.front() == '@') path.front() = '\0';  // abstract, unix(7)
  path.copy(address.sun_path, path.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0 || ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), length) < 0) {
    LogWarning("service", "cannot tell the service manager {}: {}", state, std::strerror(errno));
  }
  if (socket >= 0) ::close(socket);
}

}  // namespace podnamed::base
