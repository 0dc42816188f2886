// OpenSSL as a server of DNS over TLS uses it (RFC 7858): who we are, which clients' certificates we want to see, and
// what both sides must be able to do. Made anew whenever a file of it changes; connections keep the one that they began
// with. Any thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace podnamed::net {

struct PemFile {
  std::string path;  // for messages
  std::string text;
};

struct TlsOptions {
  PemFile certificate;  // with those between it and its authority
  PemFile key;
  // Whom we believe who a client is; std::nullopt: the system's certificate authorities.
  std::optional<PemFile> authorities;

  // Of clients' certificates. Without `asks` there are none.
  bool asks = false;
  bool requires_one = false;
  bool verifies = false;
};

class TlsContext {
 public:
  // TLS 1.2 or later, with session tickets that all workers understand, and "dot" for clients that name protocols. A
  // failure names the file that lacks what it should have, and says what OpenSSL says.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Make(const TlsOptions& options);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext() { SSL_CTX_free(context_); }

  // The server's side of a connection, which keeps what it needs of this. Owned by the caller.
  SSL* NewConnection() const { return SSL_new(context_); }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}

  SSL_CTX* const context_;
};

}  // namespace podnamed::net
