#include "server/tls/expected_server.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "server/base/ip_address.h"

namespace podnamed::tls {

absl::Status ExpectServer(SSL* connection, const std::string& name) {
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

std::string HandshakeError(const SSL* connection, const ExpectedServer& server, std::string_view why) {
  const bool is_verified = SSL_get_verify_mode(connection) != SSL_VERIFY_NONE;
  const long result = is_verified ? SSL_get_verify_result(connection) : X509_V_OK;
  switch (result) {
    case X509_V_OK:
      return fmt::format("TLS handshake: {}", why);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("its certificate is not for {}: {}", server.name, server.advice);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "its certificate has expired: renew it, or correct this host's clock";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not valid yet: correct this host's clock";
    default:
      return fmt::format("its certificate is not trusted by {}: {}", server.authorities,
                         X509_verify_cert_error_string(result));
  }
}

}  // namespace podnamed::tls
