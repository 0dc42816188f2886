#include "controller/testing/record_map.h"

#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {

using feed::v1::ViewOf;

bool RecordMap::Before::operator()(const feed::v1::Key& a, const feed::v1::Key& b) const {
  return ViewOf(a) < ViewOf(b);
}

std::string RecordMap::Apply(const std::vector<feed::v1::Op>& ops) {
  std::string complaints;
  for (const feed::v1::Op& op : ops) {
    if (op.has_upsert()) {
      const auto [record, is_new] = records_.try_emplace(KeyOf(op.upsert()));
      if (!is_new && record->second.SerializeAsString() == op.upsert().SerializeAsString()) {
        complaints += "upsert of what is there: " + op.ShortDebugString() + "\n";
      }
      record->second = op.upsert();
    } else {
      const auto record = records_.find(op.delete_().key());
      if (record == records_.end() || UidOf(record->second) != op.delete_().uid()) {
        complaints += "delete of what is not there: " + op.ShortDebugString() + "\n";
      } else {
        records_.erase(record);
      }
    }
  }
  return complaints;
}

std::vector<feed::v1::Record> RecordMap::Records() const {
  std::vector<feed::v1::Record> records;
  for (const auto& [key, record] : records_) records.push_back(record);
  return records;
}

}  // namespace podnamed::controller
