// All records of a zone of `file` or `auto`, message by message, as it was when it began.
#pragma once

#include <memory>
#include <utility>

#include "server/plugins/transfer/zone_records.h"
#include "server/plugins/zones/zone_set.h"

namespace podnamed::plugins {

class ZoneTransfer final : public ZoneRecords {
 public:
  // REQUIRES: `zone` is one of `zones`.
  ZoneTransfer(std::shared_ptr<const ZoneSet> zones, const zone::Zone& zone) : zones_(std::move(zones)), zone_(zone) {}

  uint32_t serial() const override { return zone_.soa().serial; }
  void TellSoa(Exchange& exchange) override;
  bool is_done() const override { return is_done_; }
  void Advance(Exchange& exchange) override;

 private:
  // As much of the set as there is room for; false if that was not all.
  bool Put(Exchange& exchange, const zone::Zone::Node& node, const zone::Zone::Set& set, size_t& room);
  // The zone's own SOA.
  bool PutSoa(Exchange& exchange, size_t& room);

  const std::shared_ptr<const ZoneSet> zones_;
  const zone::Zone& zone_;
  // What comes next.
  bool has_begun_ = false;
  bool is_done_ = false;
  size_t node_ = 0;
  size_t set_ = 0;
  size_t record_ = 0;
};

}  // namespace podnamed::plugins
