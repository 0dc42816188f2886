// What the feed says of itself to machines, when one asks: the log and who follows it. Any thread.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "controller/feed/feed_log.h"
#include "controller/feed/feed_service.h"

namespace podnamed::controller {

class FeedMetrics final : public prometheus::Collectable {
 public:
  // So many nodes have a series of their own, the first by name; the others have one together, "other", which tells of
  // the one that is farthest behind.
  static constexpr size_t kMostNodes = 48;

  // Both outlive this.
  FeedMetrics(const FeedLog& log, const FeedService& service) : log_(log), service_(service) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const FeedLog& log_;
  const FeedService& service_;
};

}  // namespace podnamed::controller
