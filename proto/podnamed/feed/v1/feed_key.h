// Which record is meant, and which of two comes first: feed.proto's keys, for both sides of the feed. A KeyView points
// into what it was made from, which must outlive it. Pure functions; any thread.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::feed::v1 {

struct KeyView {
  Key::Kind kind = Key::KIND_UNSPECIFIED;
  std::string_view namespace_name;
  std::string_view service;
  std::string_view name;
  // The order of a snapshot: kind, namespace, service, name, each as octets.
  friend auto operator<=>(const KeyView&, const KeyView&) = default;
};

KeyView ViewOf(const Key& key);

// A record that holds nothing has a key of kind KIND_UNSPECIFIED.
KeyView ViewOf(const Record& record);
Key KeyOf(const Record& record);

// The key of an encoded record, without decoding the rest of it.
// REQUIRES: a protobuf serializer wrote it, so the key's fields, which have the lowest numbers, come first.
KeyView ViewOfEncoded(std::string_view record);

// The life that a record is of; empty where its source names none.
const std::string& UidOf(const Record& record);

// For a person: "pod identity default/nginx/web-0", "service default/nginx", "namespace default".
std::string KeyText(const KeyView& key);

}  // namespace podnamed::feed::v1
