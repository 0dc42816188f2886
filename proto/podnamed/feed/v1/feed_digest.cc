#include "proto/podnamed/feed/v1/feed_digest.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::feed::v1 {
namespace {

// SHA-256 fails only where memory is out or OpenSSL is not itself; no snapshot can be told from another then.
void Require(int ok) {
  if (ok != 1) std::abort();
}

}  // namespace

void SnapshotDigest::Free::operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

SnapshotDigest::SnapshotDigest() : context_(EVP_MD_CTX_new()) {
  Require(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

void SnapshotDigest::Add(const Record& record) {
  record.SerializeToString(&encoding_);
  AddEncoded(encoding_);
}

void SnapshotDigest::AddEncoded(std::string_view record) {
  const auto size = static_cast<uint32_t>(record.size());
  const std::array<uint8_t, 4> length = {static_cast<uint8_t>(size >> 24), static_cast<uint8_t>(size >> 16),
                                         static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)};
  Require(EVP_DigestUpdate(context_.get(), length.data(), length.size()));
  Require(EVP_DigestUpdate(context_.get(), record.data(), record.size()));
}

std::string SnapshotDigest::Finish() {
  std::string digest(kSize, '\0');
  Require(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<uint8_t*>(digest.data()), nullptr));
  return digest;
}

}  // namespace podnamed::feed::v1
