#include "server/plugins/prometheus.h"

#include <utility>

namespace podnamed::plugins {

using Clock = std::chrono::steady_clock;

Next Prometheus::OnQuery(Exchange& exchange) {
  if (exchange.depth > 0) return Next::kPass;  // a plugin's own question, which may come between two batches
  if (!is_in_batch_) {
    batch_started_ = Clock::now();
    is_in_batch_ = true;
  }
  exchange.started = batch_started_;
  return Next::kPass;
}

void Prometheus::OnSent(const Exchange& exchange, size_t size) {
  const size_t index = exchange.entrance->index;
  counts_[index]->Count(exchange, size);
  if (is_in_batch_ && exchange.started == batch_started_) {
    ++at_hand_[index];
  } else {
    counts_[index]->CountDuration(Clock::now() - exchange.started);
  }
}

void Prometheus::OnBatchSent() {
  if (!std::exchange(is_in_batch_, false)) return;
  const auto duration = Clock::now() - batch_started_;
  for (size_t i = 0; i < at_hand_.size(); ++i) {
    const uint32_t answered = std::exchange(at_hand_[i], 0);
    if (answered > 0) counts_[i]->CountDuration(duration, answered);
  }
}

}  // namespace podnamed::plugins
