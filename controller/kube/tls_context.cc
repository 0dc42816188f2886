#include "controller/kube/tls_context.h"

#include <boost/asio/buffer.hpp>
#include <string_view>

#include "server/tls/context.h"
#include "server/tls/expected_server.h"

namespace podnamed::kube {
namespace {

namespace ssl = boost::asio::ssl;

const std::string& ExpectedName(const Access& access) {
  return access.tls_server_name.empty() ? access.host : access.tls_server_name;
}

absl::Status BadPem(const Secret& secret, std::string_view what, const boost::system::error_code& error) {
  return tls::BadPem(secret.path.empty() ? "the credentials" : secret.path, what, error.message());
}

std::string_view CaForPeople(const Access& access) {
  if (!access.ca.path.empty()) return access.ca.path;
  return access.ca.text.empty() ? tls::kSystemAuthorities : "the given certificate authority";
}

}  // namespace

absl::StatusOr<ssl::context> MakeTlsContext(const Access& access, const Credentials& credentials) {
  ssl::context context(ssl::context::tls_client);
  boost::system::error_code error;
  tls::SetCommon(context.native_handle());
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
  return tls::ExpectServer(connection, ExpectedName(access));
}

std::string HandshakeError(SSL* connection, const Access& access, const boost::system::error_code& error) {
  const tls::ExpectedServer server = {
      .name = ExpectedName(access),
      .authorities = CaForPeople(access),
      .advice = "reach it by a name that the certificate has, or say that name as tls-server-name",
  };
  return tls::HandshakeError(connection, server, error.message());
}

}  // namespace podnamed::kube
