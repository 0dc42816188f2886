// Whatever stands in a file: it is an error with a place, or objects whose records are in the order of their keys, none
// twice, and what the feed's reader demands of a record holds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "controller/source/manifest_set.h"
#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

template <typename Record>
void CheckPorts(const Record& record) {
  for (const feed::v1::Port& port : record.ports()) {
    Require(port.protocol() != feed::v1::PROTOCOL_UNSPECIFIED && port.number() <= 65535);
  }
}

template <typename Record>
void CheckAddresses(const Record& record) {
  for (const std::string& octets : record.addresses()) Require(octets.size() == 4 || octets.size() == 16);
}

void Check(std::string_view text) {
  ManifestSet set;
  const auto notes = set.Put("f", text);
  if (!notes.ok()) Require(std::string_view(notes.status().message().data(), 2) == "f:");
  std::vector<feed::v1::Record> records;
  for (const feed::v1::Op& op : set.TakeChanges()) {
    Require(op.has_upsert());
    records.push_back(op.upsert());
  }
  Require(notes.ok() || records.empty());
  for (size_t i = 0; i < records.size(); ++i) {
    if (i > 0) Require(feed::v1::ViewOf(records[i - 1]) < feed::v1::ViewOf(records[i]));
    CheckPorts(records[i].service());
    CheckPorts(records[i].pod_identity());
    CheckAddresses(records[i].service());
    CheckAddresses(records[i].pod_identity());
    CheckAddresses(records[i].pod());
    feed::v1::Record read;
    Require(read.ParseFromString(records[i].SerializeAsString()));  // protobuf refuses what is no UTF-8
    Require(!records[i].has_pod_identity() || !records[i].pod_identity().addresses().empty());
  }
}

}  // namespace
}  // namespace podnamed::controller

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  podnamed::controller::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
