// Sockets that another process has bound and given to this one, so that what arrives between the two is not lost:
// systemd's (sd_listen_fds(3)), or those of the podnamed whose place this one takes. One thread, that which starts the
// server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/endpoint.h"
#include "server/base/unique_fd.h"

namespace podnamed::base {

enum class SocketKind : uint8_t { kUdp, kTcp };

class PassedSockets {
 public:
  // None.
  PassedSockets() = default;
  // Those that $LISTEN_FDS tells of, if they are for this process; the variables are unset then. An error is one
  // sentence.
  static absl::StatusOr<PassedSockets> FromSystemd();

  // A bound UDP socket or a listening TCP one, over IP; InvalidArgument says what it is else. A socket that is here
  // already is not taken twice.
  absl::Status Add(UniqueFd fd);

  struct Taken {
    std::vector<UniqueFd> fds;
    // Others may be bound beside them. Not beside those that their giver keeps open (systemd), or that another user
    // made: what comes to a socket beside them is lost when we end, and the kernel keeps users apart. Who needs more
    // copies them.
    bool may_be_joined = true;
  };
  // All that are bound to `endpoint`, none of them another time. An endpoint without address is one for all addresses.
  Taken Take(SocketKind kind, const Endpoint& endpoint);

  // Whether one of them takes some of what is meant for `endpoint`, or the other way round.
  bool Overlap(SocketKind kind, const Endpoint& endpoint) const;

  // "UDP 127.0.0.1:53" of each that nobody has taken.
  std::vector<std::string> Left() const;

 private:
  struct Socket {
    SocketKind kind;
    Endpoint endpoint;
    UniqueFd fd;
    uint64_t cookie;  // the kernel's name of the socket
    bool may_be_joined;
  };

  std::vector<Socket> sockets_;
};

}  // namespace podnamed::base
