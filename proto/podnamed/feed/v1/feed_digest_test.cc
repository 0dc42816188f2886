#include "proto/podnamed/feed/v1/feed_digest.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::feed::v1 {
namespace {

Record Namespace(const std::string& name) {
  Record record;
  record.mutable_namespace_()->set_name(name);
  return record;
}

TEST(SnapshotDigest, OfNothingIsTheDigestOfNoOctets) {
  EXPECT_EQ(absl::BytesToHexString(SnapshotDigest().Finish()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// printf '\0\0\0\x05\x0a\x03\x0a\x01a\0\0\0\x06\x0a\x04\x0a\x02bc' | sha256sum
TEST(SnapshotDigest, FramesEachRecordByItsLengthInFourOctets) {
  SnapshotDigest digest;
  digest.Add(Namespace("a"));
  digest.Add(Namespace("bc"));
  EXPECT_EQ(absl::BytesToHexString(digest.Finish()),
            "20c81a3673f80410b1a3181c8f6814edfc0b3bb44f8748d37b593c718f9f4acf");
}

TEST(SnapshotDigest, IsTheSameForARecordAndItsEncoding) {
  SnapshotDigest of_record;
  of_record.Add(Namespace("default"));
  SnapshotDigest of_encoding;
  of_encoding.AddEncoded(Namespace("default").SerializeAsString());
  EXPECT_EQ(of_record.Finish(), of_encoding.Finish());
}

}  // namespace
}  // namespace podnamed::feed::v1
