// Whom a client of ours expects at the other end, and what is wrong when somebody else is there, in words. Any thread.
#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace podnamed::tls {

struct ExpectedServer {
  std::string name;              // a host's, or an address: its certificate must have it
  std::string_view authorities;  // who is to vouch for it, for people
  std::string_view advice;       // for a certificate that has another name
};

// Before a handshake: `name` is demanded of the server's certificate, and sent to it (SNI) if it is no address.
absl::Status ExpectServer(SSL* connection, const std::string& name);

// Why a handshake has failed, as the end of a sentence, with what to do about it. `why` is what the connection said.
std::string HandshakeError(const SSL* connection, const ExpectedServer& server, std::string_view why);

}  // namespace podnamed::tls
