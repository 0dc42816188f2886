#include "controller/feed/feed_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "controller/feed/feed_server.h"
#include "controller/feed/test_subscriber.h"

namespace podnamed::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

feed::v1::Record Namespace(const std::string& name) {
  feed::v1::Record record;
  record.mutable_namespace_()->set_name(name);
  return record;
}

class FeedMetricsTest : public testing::Test {
 protected:
  // One that has acknowledged `revision` and says so.
  void Follow(const std::string& node, uint64_t revision) {
    TestSubscriber& subscriber = subscribers_.emplace_back(server_->InProcessChannel());
    subscriber.Hello(std::nullopt, node);
    ASSERT_TRUE(subscriber.ReadUntil(log_.head()));
    subscriber.Ack(revision);
    const auto has_come = [&] {
      for (const Subscriber& known : service_.Subscribers()) {
        if (known.node == node && known.acked == revision) return true;
      }
      return false;
    };
    while (!has_come()) std::this_thread::yield();
  }

  // The values of a family by that of their label, or by "" where they have none.
  std::map<std::string, double> Values(const std::string& family_name) const {
    std::map<std::string, double> values;
    for (const prometheus::MetricFamily& family : metrics_.Collect()) {
      if (family.name != family_name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        values[metric.label.empty() ? "" : metric.label.front().value] = metric.gauge.value;
      }
    }
    return values;
  }

  FeedLog log_{RandomEpoch()};
  FeedService service_{log_};
  FeedMetrics metrics_{log_, service_};
  std::unique_ptr<FeedServer> server_ = *FeedServer::Start(service_, {});
  std::list<TestSubscriber> subscribers_;
};

TEST_F(FeedMetricsTest, ALogThatKnowsNothingSaysSo) {
  EXPECT_THAT(Values("podname_controller_source_synced"), ElementsAre(Pair("", 0)));
  EXPECT_THAT(Values("podname_controller_feed_revision"), ElementsAre(Pair("", 0)));
  EXPECT_THAT(Values("podname_controller_feed_subscribers"), ElementsAre(Pair("", 0)));
  EXPECT_THAT(Values("podname_controller_feed_acked_revision"), ElementsAre());
}

TEST_F(FeedMetricsTest, RecordsAreCountedAsTheyComeChangeAndGo) {
  log_.Replace({Namespace("a"), Namespace("b")}, absl::Now());
  feed::v1::Record changed = Namespace("b");
  changed.mutable_namespace_()->set_uid("2");
  log_.Replace({changed, Namespace("c"), Namespace("d")}, absl::Now());
  EXPECT_THAT(Values("podname_controller_feed_records"),
              ElementsAre(Pair("imported_identity", 0), Pair("namespace", 3), Pair("pod", 0), Pair("pod_identity", 0),
                          Pair("service", 0), Pair("service_import", 0)));
  EXPECT_THAT(Values("podname_controller_source_synced"), ElementsAre(Pair("", 1)));
  EXPECT_THAT(Values("podname_controller_feed_revision"), ElementsAre(Pair("", 2)));
}

TEST_F(FeedMetricsTest, TellsHowFarEachNodeIs) {
  log_.Replace({Namespace("a")}, absl::Now());
  Follow("node-1", 1);
  log_.Replace({Namespace("b")}, absl::Now());
  Follow("node-2", 2);
  Follow("node-2", 1);
  EXPECT_THAT(Values("podname_controller_feed_subscribers"), ElementsAre(Pair("", 3)));
  EXPECT_THAT(Values("podname_controller_feed_acked_revision"), ElementsAre(Pair("node-1", 1), Pair("node-2", 1)));
  EXPECT_THAT(Values("podname_controller_feed_lag_revisions"), ElementsAre(Pair("node-1", 1), Pair("node-2", 1)));
}

TEST_F(FeedMetricsTest, ManyNodesHaveABoundedNumberOfSeries) {
  log_.Replace({Namespace("a")}, absl::Now());
  for (size_t i = 0; i <= FeedMetrics::kMostNodes; ++i) Follow("node-" + std::to_string(100 + i), 1);
  Follow("node-999", 0);
  const std::map<std::string, double> lags = Values("podname_controller_feed_lag_revisions");
  EXPECT_THAT(lags, SizeIs(FeedMetrics::kMostNodes + 1));
  EXPECT_EQ(lags.at("node-100"), 0);
  EXPECT_EQ(lags.at("other"), 1) << "of those together, the one that is farthest behind";
}

}  // namespace
}  // namespace podnamed::controller
