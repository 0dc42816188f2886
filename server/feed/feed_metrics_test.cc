#include "server/feed/feed_metrics.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <map>
#include <string>
#include <utility>

#include "server/feed/feed_session.h"
#include "server/feed/test_messages.h"
#include "server/state/store.h"

namespace podnamed::feed {
namespace {

const absl::Time kChange = absl::FromUnixSeconds(1'700'000'000);

// A feed whose snapshot has the services that the tests speak of.
class FeedMetricsTest : public ::testing::Test {
 protected:
  FeedMetricsTest() : session_(store_, std::nullopt, "node-1") {
    const std::vector<v1::Record> records = {ServiceRecord("api", "CLUSTER_IP addresses: '\\012\\000\\001\\001'"),
                                             ServiceRecord("nginx", "HEADLESS")};
    EXPECT_TRUE(session_.Receive(Welcome(kEpoch, 5, v1::SNAPSHOT)).ok());
    EXPECT_TRUE(session_.Receive(Begin(5)).ok());
    EXPECT_TRUE(session_.Receive(Part(records)).ok());
    EXPECT_TRUE(session_.Receive(End(records)).ok());
  }

  static v1::Record ServiceRecord(const std::string& name, const std::string& kind) {
    return Parse<v1::Record>("service { namespace: 'default' name: '" + name + "' kind: " + kind + " }");
  }

  // The next batch, with the operations of that text, published that long after its change.
  void Publish(const std::string& ops, absl::Duration delay) {
    v1::SubscribeResponse message = Batch(revision_, revision_ + 1, ops);
    ++revision_;
    message.mutable_batch()->mutable_origin_time()->set_seconds(absl::ToUnixSeconds(kChange));
    ASSERT_TRUE(session_.Receive(message).ok());
    metrics_.OnBatch(message.batch(), kChange + delay);
  }

  static std::string Endpoint(const std::string& service) {
    return "ops { upsert { pod_identity { namespace: 'default' service: '" + service +
           "' name: 'web-0' hostname: 'web-0' addresses: '\\012\\000\\000\\007' ready: true } } }";
  }

  // Counts and sums of the histogram's metrics, by the value of their only label.
  std::map<std::string, std::pair<uint64_t, double>> Histogram(const std::string& name) const {
    std::map<std::string, std::pair<uint64_t, double>> values;
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        values[metric.label.at(0).value] = {metric.histogram.sample_count, metric.histogram.sample_sum};
      }
    }
    return values;
  }

  double Counter(const std::string& name) const {
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name == name) return family.metric.at(0).counter.value;
    }
    return -1;
  }

  static constexpr char kProgramming[] = "coredns_kubernetes_dns_programming_duration_seconds";

  prometheus::Registry registry_;
  state::SnapshotHolder holder_;
  state::Store store_{holder_};
  FeedSession session_;
  FeedMetrics metrics_{registry_, holder_, "feed x"};
  uint64_t revision_ = 5;
};

using Values = std::map<std::string, std::pair<uint64_t, double>>;

TEST_F(FeedMetricsTest, EverythingIsThereBeforeItHappens) {
  EXPECT_EQ(Counter("podnamed_feed_batches_total"), 0);
  EXPECT_EQ(Counter("podnamed_feed_rejected_records_total"), 0);
  EXPECT_EQ(Histogram(kProgramming), (Values{{"cluster_ip", {0, 0}}, {"headless_with_selector", {0, 0}}}));
}

TEST_F(FeedMetricsTest, AServicesEndpointsCountOnceABatchAsTheServiceIs) {
  Publish(Endpoint("nginx") + Endpoint("nginx"), absl::Milliseconds(250));
  EXPECT_EQ(Histogram(kProgramming), (Values{{"cluster_ip", {0, 0}}, {"headless_with_selector", {1, 0.25}}}));
  Publish(Endpoint("api") + Endpoint("nginx"), absl::Seconds(1));
  EXPECT_EQ(Histogram(kProgramming), (Values{{"cluster_ip", {1, 1}}, {"headless_with_selector", {2, 1.25}}}));
  Publish("ops { delete { key { kind: POD_IDENTITY namespace: 'default' service: 'api' name: 'web-0' } } }",
          absl::Seconds(2));
  EXPECT_EQ(Histogram(kProgramming).at("cluster_ip"), (std::pair<uint64_t, double>(2, 3)));
  EXPECT_EQ(Counter("podnamed_feed_batches_total"), 3);
  EXPECT_EQ(Histogram("podnamed_publication_delay_seconds"), (Values{{"feed x", {3, 3.25}}}));
}

TEST_F(FeedMetricsTest, WhatIsNoEndpointOfAKnownServiceIsNoProgramming) {
  Publish("ops { upsert { namespace { name: 'shop' } } }" + Endpoint("unknown"), absl::Seconds(1));
  EXPECT_EQ(Histogram(kProgramming), (Values{{"cluster_ip", {0, 0}}, {"headless_with_selector", {0, 0}}}));
  EXPECT_EQ(Histogram("podnamed_publication_delay_seconds"), (Values{{"feed x", {1, 1}}}));
}

TEST_F(FeedMetricsTest, AClockThatIsBehindTheSourcesIsNoNegativeDelay) {
  Publish(Endpoint("nginx"), absl::Seconds(-3));
  EXPECT_EQ(Histogram(kProgramming).at("headless_with_selector"), (std::pair<uint64_t, double>(1, 0)));
}

}  // namespace
}  // namespace podnamed::feed
