// `prometheus`: counts every query of the server block, and how long its client waited for the reply. The clock is read
// twice a batch and not for each query: queries that came together have waited together, from the first of them until
// the replies are sent, which is one system call for all. One that waits for somebody else has a time of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "server/plugins/plugin.h"
#include "server/plugins/query_counts.h"

namespace podnamed::plugins {

class Prometheus : public Plugin {
 public:
  // The counts by Entrance::index; all must outlive this.
  explicit Prometheus(std::vector<QueryCounts*> counts) : counts_(std::move(counts)), at_hand_(counts_.size()) {}

  std::string_view name() const override { return "prometheus"; }
  Next OnQuery(Exchange& exchange) override;
  void OnSent(const Exchange& exchange, size_t size) override;
  bool WantsBatches() const override { return true; }
  void OnBatchSent() override;

 private:
  const std::vector<QueryCounts*> counts_;
  std::vector<uint32_t> at_hand_;  // answered in this batch, by entrance: their time is not known yet
  bool is_in_batch_ = false;
  std::chrono::steady_clock::time_point batch_started_;
};

}  // namespace podnamed::plugins
