#include "server/upstream/tls_context.h"

#include "server/tls/context.h"
#include "server/tls/expected_server.h"

namespace podnamed::upstream {
namespace {

namespace ssl = boost::asio::ssl;

absl::Status BadFile(std::string_view path, std::string_view what, const boost::system::error_code& error) {
  return tls::BadPem(path, what, error.message());
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options) : options_(options), context_(ssl::context::tls_client) {}

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::Make(const TlsOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext(options));  // its constructor is private
  ssl::context& context = made->context_;
  boost::system::error_code error;
  tls::SetCommon(context.native_handle());
  context.set_verify_mode(ssl::verify_peer, error);
  if (options.ca_file.empty()) {
    context.set_default_verify_paths(error);
    if (error) return BadFile(tls::kSystemAuthorities, "certificate", error);
  } else {
    context.load_verify_file(options.ca_file, error);
    if (error) return BadFile(options.ca_file, "certificate authority", error);
  }
  if (!options.certificate_file.empty()) {
    context.use_certificate_chain_file(options.certificate_file, error);
    if (error) return BadFile(options.certificate_file, "certificate", error);
    context.use_private_key_file(options.key_file, ssl::context::pem, error);
    if (error) return BadFile(options.key_file, "key that fits the certificate", error);
  }
  return made;
}

absl::Status TlsContext::ExpectServer(SSL* connection, const std::string& address) const {
  return tls::ExpectServer(connection, ExpectedName(address));
}

std::string TlsContext::HandshakeError(SSL* connection, const std::string& address,
                                       const boost::system::error_code& error) const {
  const tls::ExpectedServer server = {
      .name = ExpectedName(address),
      .authorities = options_.ca_file.empty() ? tls::kSystemAuthorities : options_.ca_file,
      .advice = "say the name that it has as tls_servername",
  };
  return tls::HandshakeError(connection, server, error.message());
}

}  // namespace podnamed::upstream
