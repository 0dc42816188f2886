#include "server/web/metrics_page.h"

#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

namespace podnamed::web {
namespace {

TEST(MetricsPage, ShowsFamiliesOfOneNameTogether) {
  prometheus::Registry first;
  prometheus::Registry second;
  const auto batches = [](prometheus::Registry& registry) -> prometheus::Family<prometheus::Counter>& {
    return prometheus::BuildCounter().Name("batches_total").Help("Batches.").Register(registry);
  };
  batches(first).Add({{"source", "a\"b"}}).Increment(3);
  batches(second).Add({{"source", "c"}}).Increment();
  prometheus::BuildGauge().Name("alive").Help("Alive.").Register(second).Add({}).Set(1);
  const Reply reply = MetricsPage({&first, &second}).make();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(reply.body,
            "# HELP alive Alive.\n"
            "# TYPE alive gauge\n"
            "alive 1\n"
            "# HELP batches_total Batches.\n"
            "# TYPE batches_total counter\n"
            "batches_total{source=\"a\\\"b\"} 3\n"
            "batches_total{source=\"c\"} 1\n");
}

}  // namespace
}  // namespace podnamed::web
