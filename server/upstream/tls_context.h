// OpenSSL as we use it towards an upstream (DNS over TLS, RFC 7858; who the server is, RFC 8310): whom we trust, who we
// are, and what is wrong when a handshake fails, in words. Made once from the configuration and shared by all workers'
// upstreams: a bundle of certificate authorities weighs about a megabyte. Any thread, once made.
#pragma once

#include <openssl/types.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace podnamed::upstream {

struct TlsOptions {
  // The name, or address, that the server's certificate must have, and that is sent to it (SNI) if it is a name. Empty:
  // its address, as in CoreDNS.
  std::string server_name{};
  std::string ca_file{};           // PEM; empty: the system's certificate authorities
  std::string certificate_file{};  // PEM, ours, with its chain; empty: none. Needs key_file
  std::string key_file{};
};

class TlsContext {
 public:
  // Reads the files. The error names the one that lacks what it should have. TLS 1.2 or later; there is no way to do
  // without verification, as there is none in CoreDNS.
  static absl::StatusOr<std::shared_ptr<TlsContext>> Make(const TlsOptions& options);

  boost::asio::ssl::context& context() { return context_; }

  // Before a handshake with the server at `address` (text): what its certificate will have to say.
  absl::Status ExpectServer(SSL* connection, const std::string& address) const;
  // Why a handshake has failed, as the end of a sentence, with what to do about it.
  std::string HandshakeError(SSL* connection, const std::string& address, const boost::system::error_code& error) const;

 private:
  explicit TlsContext(const TlsOptions& options);

  const std::string& ExpectedName(const std::string& address) const {
    return options_.server_name.empty() ? address : options_.server_name;
  }

  const TlsOptions options_;
  boost::asio::ssl::context context_;
};

}  // namespace podnamed::upstream
