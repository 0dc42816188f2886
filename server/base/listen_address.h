// Where a gRPC server of ours can listen, checked before gRPC is asked to: gRPC says only that it failed, and takes a
// unix socket away from whoever listens on it. At start-up; any thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace podnamed::base {

struct ListenAddress {
  std::string text;       // as it was given
  std::string unix_path;  // of a unix socket; empty: TCP
  std::string host;       // TCP only; empty: every address
  std::string port;

  // The same in gRPC's words.
  std::string GrpcUri() const;
};

// "unix:PATH", "unix:///PATH" or "HOST:PORT", where an IPv6 host stands in brackets and none means every address.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// Whether a program of ours could listen there now; removes the socket file that a dead one left. The error is one
// sentence that names the address.
absl::Status CheckListenAddress(const ListenAddress& address);

}  // namespace podnamed::base
