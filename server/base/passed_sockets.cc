#include "server/base/passed_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/status.h"

namespace podnamed::base {
namespace {

constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START
constexpr int kMostSockets = 4096;

// Where it is bound; none if it is no socket over IP.
std::optional<Endpoint> LocalEndpoint(int fd) {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  if (storage.ss_family == AF_INET) {
    sockaddr_in address = {};
    std::memcpy(&address, &storage, sizeof(address));
    Ipv4Address octets;
    std::memcpy(octets.data(), &address.sin_addr, octets.size());
    if (address.sin_addr.s_addr == INADDR_ANY) return Endpoint{std::nullopt, ntohs(address.sin_port)};
    return Endpoint{IpAddress(octets), ntohs(address.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 address = {};
    std::memcpy(&address, &storage, sizeof(address));
    Ipv6Address octets;
    std::memcpy(octets.data(), &address.sin6_addr, octets.size());
    if (IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr)) return Endpoint{std::nullopt, ntohs(address.sin6_port)};
    return Endpoint{IpAddress(octets), ntohs(address.sin6_port)};
  }
  return std::nullopt;
}

int IntOption(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

absl::StatusOr<PassedSockets> PassedSockets::FromSystemd() {
  PassedSockets sockets;
  const char* const pid = std::getenv("LISTEN_PID");
  const char* const count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || pid != std::to_string(getpid())) return sockets;
  int number = 0;
  if (!absl::SimpleAtoi(count, &number) || number < 0 || number > kMostSockets) {
    return absl::InvalidArgumentError(absl::StrCat("LISTEN_FDS is \"", count, "\"; expected a number of sockets"));
  }
  for (const char* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  for (int fd = kFirstFd; fd < kFirstFd + number; ++fd) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    RETURN_IF_ERROR(sockets.Add(UniqueFd(fd)));
  }
  for (Socket& socket : sockets.sockets_) socket.may_be_joined = false;
  return sockets;
}

absl::Status PassedSockets::Add(UniqueFd fd) {
  const std::optional<Endpoint> endpoint = LocalEndpoint(fd.get());
  const int type = IntOption(fd.get(), SO_TYPE);
  const bool is_udp = endpoint && type == SOCK_DGRAM;
  const bool is_tcp = endpoint && type == SOCK_STREAM && IntOption(fd.get(), SO_ACCEPTCONN) == 1;
  if (!is_udp && !is_tcp) {
    return absl::InvalidArgumentError(absl::StrCat(
        "descriptor ", fd.get(), " was passed and is no socket of ours; expected bound UDP and listening TCP sockets"));
  }
  uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  struct stat file = {};
  if (getsockopt(fd.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0 || fstat(fd.get(), &file) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("descriptor ", fd.get(), " was passed and cannot be looked at"));
  }
  if (absl::c_any_of(sockets_, [&](const Socket& socket) { return socket.cookie == cookie; })) return absl::OkStatus();
  const SocketKind kind = is_udp ? SocketKind::kUdp : SocketKind::kTcp;
  sockets_.push_back({kind, *endpoint, std::move(fd), cookie, file.st_uid == geteuid()});
  return absl::OkStatus();
}

PassedSockets::Taken PassedSockets::Take(SocketKind kind, const Endpoint& endpoint) {
  Taken taken;
  for (auto at = sockets_.begin(); at != sockets_.end();) {
    if (at->kind != kind || at->endpoint != endpoint) {
      ++at;
      continue;
    }
    taken.fds.push_back(std::move(at->fd));
    taken.may_be_joined = taken.may_be_joined && at->may_be_joined;
    at = sockets_.erase(at);
  }
  return taken;
}

bool PassedSockets::Overlap(SocketKind kind, const Endpoint& endpoint) const {
  return absl::c_any_of(
      sockets_, [&](const Socket& socket) { return socket.kind == kind && base::Overlap(socket.endpoint, endpoint); });
}

std::vector<std::string> PassedSockets::Left() const {
  std::vector<std::string> left;
  for (const Socket& socket : sockets_) {
    left.push_back(absl::StrCat(socket.kind == SocketKind::kUdp ? "UDP " : "TCP ", socket.endpoint.ToString()));
  }
  return left;
}

}  // namespace podnamed::base
