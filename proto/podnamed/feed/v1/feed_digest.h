// The digest of a snapshot, for both sides of the feed: feed.proto's SnapshotEnd says over which octets. One thread.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

namespace podnamed::feed::v1 {

class Record;

class SnapshotDigest {
 public:
  static constexpr size_t kSize = 32;  // octets

  SnapshotDigest();

  // Takes in the next record, in the order of the snapshot.
  void Add(const Record& record);
  // The same, for who has its encoding at hand.
  void AddEncoded(std::string_view record);

  // The digest of all that was added: kSize octets. The last call.
  std::string Finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
  std::string encoding_;  // of the record being added, reused
};

}  // namespace podnamed::feed::v1
