#include "server/tls/context.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace podnamed::tls {

void SetCommon(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
}

absl::Status BadPem(std::string_view source, std::string_view what, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("{}: found no {} in PEM: {}", source, what, why));
}

}  // namespace podnamed::tls
