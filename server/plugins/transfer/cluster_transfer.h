// All records of a zone of the cluster, message by message, from the snapshot that was there when it began.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "server/dns/record.h"
#include "server/plugins/transfer/zone_records.h"
#include "server/resolve/cluster_records.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::plugins {

class ClusterTransfer final : public ZoneRecords {
 public:
  // nullptr if the name is no zone of the cluster, or one for addresses, or if nothing is known of the cluster yet.
  // `resolver` and `holder` must outlive this.
  static std::unique_ptr<ClusterTransfer> Begin(const resolve::Resolver& resolver, const state::SnapshotHolder& holder,
                                                const dns::QueryName& name);

  uint32_t serial() const override { return serial_; }
  void TellSoa(Exchange& exchange) override;
  bool is_done() const override { return is_done_; }
  void Advance(Exchange& exchange) override;

 private:
  explicit ClusterTransfer(const state::SnapshotHolder& holder) : reader_(holder) {}

  void TakeSoa();
  void Clear(Exchange& exchange);
  // The rest of what is at hand, as far as there is room; false if that was not all. Copies it into the exchange: what
  // is at hand is good for one question only.
  bool Put(Exchange& exchange);

  state::SnapshotReader reader_;  // asked once: keeps the snapshot
  uint32_t serial_ = 0;
  std::optional<resolve::ClusterRecords> records_;
  resolve::Answer at_hand_;
  size_t set_ = 0;  // of it, that comes next
  size_t record_ = 0;
  std::vector<dns::RawData> rdata_;  // of the message at hand
  size_t room_ = 0;
  enum class Stage : uint8_t { kBegin, kRecords, kEnd } stage_ = Stage::kBegin;
  bool is_done_ = false;
};

}  // namespace podnamed::plugins
