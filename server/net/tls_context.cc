#include "server/net/tls_context.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>
#include <string_view>

#include "absl/status/status.h"
#include "server/tls/context.h"

namespace podnamed::net {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

// The protocol's name in a handshake, by IANA's registry of them, as ALPN writes it.
constexpr unsigned char kDot[] = {3, 'd', 'o', 't'};

absl::Status BadFile(const PemFile& file, std::string_view what, const error_code& error) {
  return tls::BadPem(file.path, what, error.message());
}

// A client that names protocols, and not this one, wants to speak to another server (RFC 7301 section 3.2).
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                   unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, size, kDot, sizeof(kDot), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int BelieveAnyone(int, X509_STORE_CTX*) { return 1; }

void SetProtocol(SSL_CTX* context) {
  tls::SetCommon(context);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  // Messages have their lengths, so a client that merely closes cuts nothing off in secret.
  SSL_CTX_set_options(context,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions are the clients' to keep, in tickets.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  static constexpr unsigned char kServer[] = "podnamed";
  SSL_CTX_set_session_id_context(context, kServer, sizeof(kServer) - 1);
  // An idle connection keeps no buffers; a write may end between two records, and go on from another buffer; and a
  // client's records that bring no data (KeyUpdate) are taken one at a time, so that many of them hold up nobody.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
}

absl::Status SetIdentity(ssl::context& context, const TlsOptions& options) {
  error_code error;
  // Nobody is there to be asked for the password of a key.
  context.set_password_callback([](size_t, ssl::context::password_purpose) { return std::string(); }, error);
  context.use_certificate_chain(boost::asio::buffer(options.certificate.text), error);
  if (error) return BadFile(options.certificate, "certificate", error);
  context.use_private_key(boost::asio::buffer(options.key.text), ssl::context::pem, error);
  if (error) return BadFile(options.key, "key that fits the certificate", error);
  return absl::OkStatus();
}

absl::Status SetClients(ssl::context& context, const TlsOptions& options) {
  if (!options.asks) return absl::OkStatus();
  const int mode = SSL_VERIFY_PEER | (options.requires_one ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
  SSL_CTX_set_verify(context.native_handle(), mode, options.verifies ? nullptr : BelieveAnyone);
  error_code error;
  if (options.authorities) {
    context.add_certificate_authority(boost::asio::buffer(options.authorities->text), error);
    if (error) return BadFile(*options.authorities, "certificate authority", error);
  } else if (options.verifies) {
    context.set_default_verify_paths(error);
    if (error) return tls::BadPem(tls::kSystemAuthorities, "certificate", error.message());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Make(const TlsOptions& options) {
  ssl::context context(ssl::context::tls_server);
  SetProtocol(context.native_handle());
  if (const absl::Status status = SetIdentity(context, options); !status.ok()) return status;
  if (const absl::Status status = SetClients(context, options); !status.ok()) return status;
  SSL_CTX_up_ref(context.native_handle());
  return std::shared_ptr<const TlsContext>(new TlsContext(context.native_handle()));  // its constructor is private
}

}  // namespace podnamed::net
