#include "controller/kube/tls_context.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <boost/asio/buffer.hpp>
#include <string_view>

#include "server/base/ip_address.h"

namespace podnamed::kube {
namespace {

namespace ssl = boost::asio::ssl;

const std::string& ExpectedName(const Access& access) {
  return access.tls_server_name.empty() ? access.host : access.tls_server_name;
}

absl::Status BadPem(const Secret& secret, std::string_view what, const boost::system::error_code& error) {
  return absl::InvalidArgumentError(fmt::format(
      "{}: found no {} in PEM: {}", secret.path.empty() ? "the credentials" : secret.path, what, error.message()));
}

std::string CaForPeople(const Access& access) {
  if (!access.ca.path.empty()) return access.ca.path;
  return access.ca.text.empty() ? "the system's certificate authorities" : "the given certificate authority";
}

}  // namespace

absl::StatusOr<ssl::context> MakeTlsContext(const Access& access, const Credentials& credentials) {
  ssl::context context(ssl::context::tls_client);
  boost::system::error_code error;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  if (access.is_insecure) {
    context.set_verify_mode(ssl::verify_none, error);
  } else {
    context.set_verify_mode(ssl::verify_peer, error);
    if (credentials.ca.empty()) {
      context.set_default_verify_paths(error);
    } else {
      context.add_certificate_authority(boost::asio::buffer(credentials.ca), error);
    }
    if (error) return BadPem(access.ca, "certificate authority", error);
    // An intermediate certificate may be what the operator trusts, as in Go.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
  }
  if (!credentials.certificate.empty()) {
    context.use_certificate_chain(boost::asio::buffer(credentials.certificate), error);
    if (error) return BadPem(access.certificate, "certificate", error);
    context.use_private_key(boost::asio::buffer(credentials.key), ssl::context::pem, error);
    if (error) return BadPem(access.key, "key that fits the certificate", error);
  }
  return context;
}

absl::Status ExpectServer(SSL* connection, const Access& access) {
  const std::string& name = ExpectedName(access);
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

std::string HandshakeError(SSL* connection, const Access& access, const boost::system::error_code& error) {
  const long result = access.is_insecure ? X509_V_OK : SSL_get_verify_result(connection);
  switch (result) {
    case X509_V_OK:
      return fmt::format("TLS handshake: {}", error.message());
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format(
          "its certificate is not for {}: reach it by a name that the certificate has, or say that name "
          "as tls-server-name",
          ExpectedName(access));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "its certificate has expired: renew it, or correct this host's clock";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not valid yet: correct this host's clock";
    default:
      return fmt::format("its certificate is not trusted by {}: {}", CaForPeople(access),
                         X509_verify_cert_error_string(result));
  }
}

}  // namespace podnamed::kube
