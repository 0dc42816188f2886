#include "server/web/health_probe.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/web/health_pages.h"
#include "server/web/http_server.h"

namespace podnamed::web {
namespace {

constexpr std::chrono::milliseconds kPeriod(5);

struct Seen {
  double requests = 0;
  double failures = 0;
};

Seen Look(const prometheus::Registry& registry) {
  Seen seen;
  for (const prometheus::MetricFamily& family : registry.Collect()) {
    if (family.name == "coredns_health_request_failures_total") seen.failures = family.metric[0].counter.value;
    if (family.name == "coredns_health_request_duration_seconds") {
      seen.requests = static_cast<double>(family.metric[0].histogram.sample_count);
      EXPECT_EQ(family.metric[0].histogram.bucket.size(), 6U);
    }
  }
  return seen;
}

// As soon as there have been `requests`, or after a while.
Seen WaitFor(const prometheus::Registry& registry, double requests) {
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (Look(registry).requests < requests && absl::Now() < deadline) std::this_thread::sleep_for(kPeriod);
  return Look(registry);
}

TEST(HealthProbe, AsksForThePageAgainAndAgain) {
  auto server = HttpServer::Start({{.endpoint = {}, .pages = {HealthPage()}}});
  ASSERT_TRUE(server.ok()) << server.status();
  prometheus::Registry registry;
  HealthMetrics metrics(registry);
  EXPECT_EQ(Look(registry).requests, 0);
  const HealthProbe probe((*server)->endpoints().front(), metrics, kPeriod);
  const Seen seen = WaitFor(registry, 3);
  EXPECT_GE(seen.requests, 3);
  EXPECT_EQ(seen.failures, 0);
}

TEST(HealthProbe, CountsPagesThatDoNotCome) {
  prometheus::Registry registry;
  HealthMetrics metrics(registry);
  base::Endpoint gone;
  {
    auto server = HttpServer::Start({{.endpoint = {}, .pages = {}}});
    ASSERT_TRUE(server.ok()) << server.status();
    gone = (*server)->endpoints().front();
    const HealthProbe probe(gone, metrics, kPeriod);
    EXPECT_GE(WaitFor(registry, 1).failures, 1) << "404";
  }
  const double before = Look(registry).requests;
  const HealthProbe probe(gone, metrics, kPeriod);
  const Seen seen = WaitFor(registry, before + 2);
  EXPECT_GE(seen.requests, before + 2);
  EXPECT_EQ(seen.failures, seen.requests) << "nobody listens";
}

}  // namespace
}  // namespace podnamed::web
