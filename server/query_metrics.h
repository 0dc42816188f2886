// What the workers count of their queries, summed up when somebody asks: CoreDNS's metrics of the DNS core, and what
// each worker has done. Owns the counts; Open… before a worker's thread starts, Collect on any thread.
#pragma once

#include <prometheus/collectable.h>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/base/counter.h"
#include "server/plugins/query_counts.h"

namespace podnamed {

class QueryMetrics : public prometheus::Collectable {
 public:
  // Of queries that are refused before a server block is asked, in the place of its zone.
  static constexpr const char* kDropped = "dropped";

  // The counts of one worker for one zone and view at one server ("dns://:53"): the same when asked again, so that what
  // was counted stays. They live as long as this.
  plugins::QueryCounts& Open(int worker, const std::string& server, const std::string& zone,
                             const std::string& view = {});
  // Datagrams that came when the socket's receive buffer was full.
  base::Counter& OpenReceiveDrops(int worker, const std::string& server);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  // Server, zone, view, worker: the counts that are summed up stand side by side.
  using Key = std::tuple<std::string, std::string, std::string, int>;

  mutable absl::Mutex mutex_;
  std::map<Key, std::unique_ptr<plugins::QueryCounts>> counts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, int>, std::unique_ptr<base::Counter>> receive_drops_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace podnamed
