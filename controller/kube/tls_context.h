// OpenSSL as we use it towards an API server: whom we trust, who we are, and what is wrong when a handshake fails, in
// words. Any thread.
#pragma once

#include <openssl/types.h>

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/kube/access.h"
#include "controller/kube/credentials.h"

namespace podnamed::kube {

// The error names the file that holds no certificate or key.
absl::StatusOr<boost::asio::ssl::context> MakeTlsContext(const Access& access, const Credentials& credentials);

// Before a handshake: the server's name is sent to it and demanded of its certificate.
absl::Status ExpectServer(SSL* connection, const Access& access);

// Why a handshake has failed, as the end of a sentence, with what to do about it.
std::string HandshakeError(SSL* connection, const Access& access, const boost::system::error_code& error);

}  // namespace podnamed::kube
