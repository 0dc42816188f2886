#include "server/upstream/tls_context.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "server/base/ip_address.h"

namespace podnamed::upstream {
namespace {

namespace ssl = boost::asio::ssl;

absl::Status BadFile(const std::string& path, std::string_view what, const boost::system::error_code& error) {
  return absl::InvalidArgumentError(fmt::format("{}: found no {} in PEM: {}", path, what, error.message()));
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options) : options_(options), context_(ssl::context::tls_client) {}

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::Make(const TlsOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext(options));  // its constructor is private
  ssl::context& context = made->context_;
  boost::system::error_code error;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(ssl::verify_peer, error);
  if (options.ca_file.empty()) {
    context.set_default_verify_paths(error);
    if (error) return BadFile("the system's certificate authorities", "certificate", error);
  } else {
    context.load_verify_file(options.ca_file, error);
    if (error) return BadFile(options.ca_file, "certificate authority", error);
  }
  // An intermediate certificate may be what the operator trusts, as in Go.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
  if (!options.certificate_file.empty()) {
    context.use_certificate_chain_file(options.certificate_file, error);
    if (error) return BadFile(options.certificate_file, "certificate", error);
    context.use_private_key_file(options.key_file, ssl::context::pem, error);
    if (error) return BadFile(options.key_file, "key that fits the certificate", error);
  }
  return made;
}

absl::Status TlsContext::ExpectServer(SSL* connection, const std::string& address) const {
  const std::string& name = ExpectedName(address);
  bool is_set;
  if (base::ParseIpAddress(name)) {
    is_set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), name.c_str()) == 1;
  } else {
    SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    is_set = SSL_set1_host(connection, name.c_str()) == 1 && SSL_set_tlsext_host_name(connection, name.c_str()) == 1;
  }
  return is_set ? absl::OkStatus()
                : absl::InvalidArgumentError(fmt::format("found \"{}\", expected a host's name or address", name));
}

std::string TlsContext::HandshakeError(SSL* connection, const std::string& address,
                                       const boost::system::error_code& error) const {
  const long result = SSL_get_verify_result(connection);
  switch (result) {
    case X509_V_OK:
      return fmt::format("TLS handshake: {}", error.message());
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("its certificate is not for {}: say the name that it has as tls_servername",
                         ExpectedName(address));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "its certificate has expired: renew it, or correct this host's clock";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not valid yet: correct this host's clock";
    default:
      return fmt::format("its certificate is not trusted by {}: {}",
                         options_.ca_file.empty() ? "the system's certificate authorities" : options_.ca_file,
                         X509_verify_cert_error_string(result));
  }
}

}  // namespace podnamed::upstream
