#include "config/fingerprint.h"

#include <openssl/sha.h>

#include <array>

#include "absl/strings/escaping.h"

namespace podnamed::config {

std::string FingerprintOf(std::string_view effective_text) {
  std::array<unsigned char, SHA512_DIGEST_LENGTH> digest;
  SHA512(reinterpret_cast<const unsigned char*>(effective_text.data()), effective_text.size(), digest.data());
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace podnamed::config
