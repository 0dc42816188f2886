#include "server/plugins/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "server/plugins/answered_exchange.h"
#include "server/testing/dns_message.h"

namespace podnamed::plugins {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr size_t kReplySize = 120;

std::vector<uint8_t> Query(dns::RecordType type, const testing::QueryOptions& options = {}) {
  return testing::MakeQuery("web-0.nginx.", type, options);
}

class PrometheusTest : public ::testing::Test {
 protected:
  void Serve(AnsweredExchange& exchange, size_t size = kReplySize) {
    EXPECT_EQ(plugin_.OnQuery(exchange), Next::kPass);
    plugin_.OnSent(exchange, size);
  }

  void Serve(const Entrance& entrance, dns::RecordType type, const testing::QueryOptions& options = {}) {
    AnsweredExchange exchange(entrance, Query(type, options));
    Serve(exchange);
  }

  static size_t IndexOf(dns::RecordType type) {
    return static_cast<size_t>(std::ranges::find(QueryCounts::kTypes, type) - std::begin(QueryCounts::kTypes));
  }
  static uint64_t Durations(const QueryCounts& counts) {
    uint64_t sum = 0;
    for (size_t i = 0; i <= kDurationBounds.size(); ++i) sum += counts.durations().bucket(i);
    return sum;
  }
  static std::map<std::string, uint64_t> Responses(const QueryCounts& counts) {
    std::map<std::string, uint64_t> responses;
    counts.ForEachResponse([&](std::string_view plugin, dns::Rcode rcode, uint64_t count) {
      responses[std::string(plugin) + " " + std::string(dns::NameOf(rcode))] += count;
    });
    return responses;
  }

  const Entrance local_entrance_{"dns://:53", "local.", 0};
  const Entrance example_entrance_{"dns://:53", "example.", 1};
  QueryCounts local_;
  QueryCounts example_;
  Prometheus plugin_{{&local_, &example_}};
};

TEST_F(PrometheusTest, CountsByZoneTransportFamilyAndType) {
  Serve(local_entrance_, dns::RecordType::kA);
  Serve(local_entrance_, dns::RecordType::kA, {.edns_size = 1232, .dnssec_ok = true});
  AnsweredExchange over_tcp(local_entrance_, Query(dns::RecordType::kAaaa));
  over_tcp.transport = net::Transport::kTcp;
  over_tcp.client = *base::ParseIpAddress("fd00::1");
  Serve(over_tcp);
  Serve(example_entrance_, dns::RecordType{99});
  Serve(example_entrance_, dns::RecordType{65280});
  EXPECT_EQ(local_.requests(0, 0, IndexOf(dns::RecordType::kA)), 2);
  EXPECT_EQ(local_.requests(1, 1, IndexOf(dns::RecordType::kAaaa)), 1);
  EXPECT_EQ(local_.requests(1, 0, IndexOf(dns::RecordType::kAaaa)), 0);
  EXPECT_EQ(local_.with_do(), 1);
  EXPECT_EQ(example_.requests(0, 0, QueryCounts::kTypeCount - 1), 2) << "other";
  EXPECT_EQ(example_.with_do(), 0);
}

TEST_F(PrometheusTest, CountsRcodesByThePluginThatAnswered) {
  AnsweredExchange exchange(local_entrance_, Query(dns::RecordType::kA));
  Serve(exchange);
  Serve(exchange);
  exchange.rcode = dns::Rcode::kNxDomain;
  Serve(exchange);
  exchange.rcode = dns::Rcode{3000};
  Serve(exchange);
  exchange.answered_by = {};
  exchange.rcode = dns::Rcode::kServFail;
  Serve(exchange);
  Serve(exchange, 0);
  EXPECT_THAT(Responses(local_), ElementsAre(Pair(" NOERROR", 1), Pair(" SERVFAIL", 1), Pair("kubernetes NOERROR", 2),
                                             Pair("kubernetes NXDOMAIN", 1), Pair("kubernetes OTHER", 1)))
      << "without a reply as CoreDNS counts it";
}

TEST_F(PrometheusTest, MorePluginsThanThereIsRoomForCountForTheLast) {
  std::vector<std::string> names;
  for (size_t i = 0; i <= QueryCounts::kMaxPlugins; ++i) names.push_back("plugin-" + std::to_string(i));
  for (const std::string& name : names) {
    AnsweredExchange exchange(local_entrance_, Query(dns::RecordType::kA));
    exchange.answered_by = name;
    Serve(exchange);
  }
  const auto responses = Responses(local_);
  EXPECT_EQ(responses.size(), QueryCounts::kMaxPlugins);
  EXPECT_EQ(responses.at("plugin-23 NOERROR"), 2);
}

TEST_F(PrometheusTest, SizesFallIntoTheBucketWhoseBoundTheyDoNotExceed) {
  AnsweredExchange exchange(local_entrance_, Query(dns::RecordType::kA));
  Serve(exchange);
  EXPECT_EQ(local_.query_sizes(0).sum(), exchange.packet.size());
  EXPECT_EQ(local_.query_sizes(0).bucket(1), 1) << "up to 100";
  EXPECT_EQ(local_.reply_sizes(0).sum(), kReplySize);
  EXPECT_EQ(local_.reply_sizes(0).bucket(2), 1) << "up to 200";
  base::Histogram<kSizeBounds> sizes;
  for (const uint64_t size : {0, 100, 101, 511, 64000, 65535}) sizes.Observe(size);
  std::vector<uint64_t> buckets;
  for (size_t i = 0; i <= kSizeBounds.size(); ++i) buckets.push_back(sizes.bucket(i));
  EXPECT_THAT(buckets, ElementsAre(1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1));
}

TEST_F(PrometheusTest, WhatCameTogetherHasWaitedTogether) {
  Serve(local_entrance_, dns::RecordType::kA);
  Serve(example_entrance_, dns::RecordType::kA);
  Serve(local_entrance_, dns::RecordType::kA);
  EXPECT_EQ(Durations(local_), 0) << "the replies are not sent yet";
  plugin_.OnBatchSent();
  EXPECT_EQ(Durations(local_), 2);
  EXPECT_EQ(Durations(example_), 1);
  EXPECT_GT(local_.durations().sum(), 0);
  EXPECT_EQ(local_.durations().sum(), 2 * example_.durations().sum());
  plugin_.OnBatchSent();
  EXPECT_EQ(Durations(local_), 2);
}

TEST_F(PrometheusTest, WhatComesLaterHasATimeOfItsOwn) {
  AnsweredExchange waiting(local_entrance_, Query(dns::RecordType::kA));
  plugin_.OnQuery(waiting);
  plugin_.OnBatchSent();
  EXPECT_EQ(Durations(local_), 0);
  Serve(local_entrance_, dns::RecordType::kA);  // of the next batch, in which the first one resumes
  plugin_.OnSent(waiting, kReplySize);
  EXPECT_EQ(Durations(local_), 1);
  plugin_.OnBatchSent();
  EXPECT_EQ(Durations(local_), 2);
}

TEST_F(PrometheusTest, AQuestionOfAPluginBeginsNoBatch) {
  AnsweredExchange own(local_entrance_, Query(dns::RecordType::kA));
  own.depth = 1;
  EXPECT_EQ(plugin_.OnQuery(own), Next::kPass);
  EXPECT_EQ(own.started, std::chrono::steady_clock::time_point());
}

}  // namespace
}  // namespace podnamed::plugins
