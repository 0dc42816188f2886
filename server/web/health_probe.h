// Asks the process for its own /health each second, as CoreDNS does, and tells how long the page took to come: an
// overloaded process is late with it before its clients notice. On a thread of its own.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <thread>

#include "server/base/endpoint.h"

namespace podnamed::web {

// CoreDNS's metrics of `health`, at 0 before the first request. One for a process.
class HealthMetrics {
 public:
  // `registry` must outlive this.
  explicit HealthMetrics(prometheus::Registry& registry);

  // Any thread. `failed`: there was no page, or not in time.
  void Observe(std::chrono::nanoseconds duration, bool failed);

 private:
  prometheus::Histogram* duration_;
  prometheus::Counter* failures_;
};

class HealthProbe {
 public:
  // `endpoint` is where /health is served; a wildcard address is asked over loopback. `metrics` must outlive this.
  HealthProbe(const base::Endpoint& endpoint, HealthMetrics& metrics,
              std::chrono::milliseconds period = std::chrono::seconds(1));
  // Ends the thread, also in the middle of a request.
  ~HealthProbe();
  HealthProbe(const HealthProbe&) = delete;
  HealthProbe& operator=(const HealthProbe&) = delete;

 private:
  boost::asio::awaitable<void> Run(base::Endpoint endpoint, std::chrono::milliseconds period);

  HealthMetrics& metrics_;
  boost::asio::io_context io_context_{1};
  std::thread thread_;
};

}  // namespace podnamed::web
