// A socket that is closed with its owner, connected over loopback. For the programs of the load only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace podnamed::bench {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

inline absl::StatusOr<sockaddr_in> SocketAddress(const std::string& address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("not an IPv4 address: ", address));
  }
  return result;
}

// `type` is SOCK_DGRAM or SOCK_STREAM.
inline absl::StatusOr<Socket> Connect(const std::string& address, uint16_t port, int type) {
  const absl::StatusOr<sockaddr_in> peer = SocketAddress(address, port);
  if (!peer.ok()) return peer.status();
  Socket socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return absl::ErrnoToStatus(errno, "socket");
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&*peer), sizeof *peer) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("connect to ", address, " port ", port));
  }
  return socket;
}

}  // namespace podnamed::bench
