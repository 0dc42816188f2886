// For tests only: the feed's messages, from text in protobuf's own form.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "proto/podnamed/feed/v1/feed.pb.h"
#include "proto/podnamed/feed/v1/feed_digest.h"

namespace podnamed::feed {

inline const std::string kEpoch = "0123456789abcdef";
inline const std::string kOtherEpoch = "fedcba9876543210";

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// A ready pod `name` of the service nginx in the namespace default, at 10.0.0.`last_octet`.
inline v1::Record PodRecord(const std::string& name, int last_octet) {
  v1::Record record;
  v1::PodIdentity& identity = *record.mutable_pod_identity();
  identity.set_namespace_("default");
  identity.set_service("nginx");
  identity.set_name(name);
  identity.set_is_pod(true);
  identity.set_hostname(name);
  identity.add_addresses(std::string("\x0a\0\0", 3) + static_cast<char>(last_octet));
  identity.set_ready(true);
  identity.set_serving(true);
  return record;
}

// One that no server takes.
inline v1::Record BadRecord(const std::string& name) {
  v1::Record record = PodRecord(name, 1);
  record.mutable_pod_identity()->set_hostname("Web");
  return record;
}

inline v1::SubscribeResponse Welcome(const std::string& epoch, uint64_t head, v1::Mode mode) {
  v1::SubscribeResponse message;
  message.mutable_welcome()->set_epoch(epoch);
  message.mutable_welcome()->set_head(head);
  message.mutable_welcome()->set_mode(mode);
  return message;
}

inline v1::SubscribeResponse Begin(uint64_t revision) {
  v1::SubscribeResponse message;
  message.mutable_snapshot_begin()->set_revision(revision);
  return message;
}

inline v1::SubscribeResponse Part(const std::vector<v1::Record>& records) {
  v1::SubscribeResponse message;
  message.mutable_snapshot_part();
  for (const v1::Record& record : records) *message.mutable_snapshot_part()->add_records() = record;
  return message;
}

// The end of a snapshot of `records`, over all its parts.
inline v1::SubscribeResponse End(const std::vector<v1::Record>& records) {
  v1::SnapshotDigest digest;
  for (const v1::Record& record : records) digest.Add(record);
  v1::SubscribeResponse message;
  message.mutable_snapshot_end()->set_count(records.size());
  message.mutable_snapshot_end()->set_digest(digest.Finish());
  return message;
}

// `ops`: text of Batch's field.
inline v1::SubscribeResponse Batch(uint64_t previous_revision, uint64_t revision, const std::string& ops = "") {
  v1::SubscribeResponse message;
  *message.mutable_batch() = Parse<v1::Batch>(ops);
  message.mutable_batch()->set_previous_revision(previous_revision);
  message.mutable_batch()->set_revision(revision);
  return message;
}

inline v1::SubscribeResponse BatchOf(uint64_t previous_revision, uint64_t revision,
                                     const std::vector<v1::Record>& upserts) {
  v1::SubscribeResponse message = Batch(previous_revision, revision);
  for (const v1::Record& record : upserts) *message.mutable_batch()->add_ops()->mutable_upsert() = record;
  return message;
}

}  // namespace podnamed::feed
