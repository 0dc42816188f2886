// What every OpenSSL context of ours has in common, towards name servers, API servers and clients. Any thread.
#pragma once

#include <openssl/types.h>

#include <string_view>

#include "absl/status/status.h"

namespace podnamed::tls {

// For people, where no file of authorities is named.
inline constexpr std::string_view kSystemAuthorities = "the system's certificate authorities";

// TLS 1.2 or later; and an intermediate certificate may be what the operator trusts, as in Go.
void SetCommon(SSL_CTX* context);

// `source` (a file, or what stands for it) lacks `what` it should have; `why` is OpenSSL's reason.
absl::Status BadPem(std::string_view source, std::string_view what, std::string_view why);

}  // namespace podnamed::tls
