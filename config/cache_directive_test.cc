#include "config/cache_directive.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/fake_environment.h"

namespace podnamed::config {
namespace {

absl::StatusOr<Options> Parse(std::string_view directive) {
  const FakeEnvironment environment;
  return ParseOptions(fmt::format("example. example.org {{\n{}\n}}", directive), "Corefile", 53, environment);
}

CacheOptions Cache(std::string_view directive) {
  const absl::StatusOr<Options> options = Parse(directive);
  EXPECT_TRUE(options.ok()) << options.status();
  return options->blocks.at(0).cache.value();
}

std::vector<std::string> Texts(const std::vector<dns::Name>& names) {
  std::vector<std::string> texts;
  for (const dns::Name& name : names) texts.push_back(name.ToText());
  return texts;
}

TEST(CacheDirective, HasCoreDnsDefaults) {
  const CacheOptions cache = Cache("cache");
  EXPECT_THAT(Texts(cache.zones), ::testing::ElementsAre("example.", "example.org."));
  EXPECT_EQ(cache.success.capacity, 9984u);
  EXPECT_EQ(cache.success.max_ttl, absl::Seconds(3600));
  EXPECT_EQ(cache.success.min_ttl, absl::Seconds(5));
  EXPECT_EQ(cache.denial.max_ttl, absl::Seconds(1800));
  EXPECT_EQ(cache.servfail, absl::Seconds(5));
  EXPECT_EQ(cache.prefetch_amount, 0);
  EXPECT_EQ(cache.serve_stale, absl::ZeroDuration());
}

TEST(CacheDirective, OneTtlIsTheLongestOfBothKinds) {
  const CacheOptions cache = Cache("cache 30 Example.org 10.0.0.0/8");
  EXPECT_EQ(cache.success.max_ttl, absl::Seconds(30));
  EXPECT_EQ(cache.denial.max_ttl, absl::Seconds(30));
  EXPECT_THAT(Texts(cache.zones), ::testing::ElementsAre("example.org.", "10.in-addr.arpa."));
  EXPECT_EQ(Cache("cache 3").success.min_ttl, absl::Seconds(3)) << "the shortest TTL is not longer than the longest";
}

TEST(CacheDirective, ReadsEveryProperty) {
  const CacheOptions cache = Cache(R"(cache {
    success 5000 100 10
    denial 2500 50
    prefetch 10 2m 20%
    serve_stale 2h verify 1s 5s 6s
    servfail 0
    disable success cluster.local
    disable denial
    keepttl
  })");
  EXPECT_EQ(cache.success.capacity, 5000u);
  EXPECT_EQ(cache.success.max_ttl, absl::Seconds(100));
  EXPECT_EQ(cache.success.min_ttl, absl::Seconds(10));
  EXPECT_EQ(cache.denial.capacity, 2500u);
  EXPECT_EQ(cache.denial.max_ttl, absl::Seconds(50));
  EXPECT_EQ(cache.prefetch_amount, 10);
  EXPECT_EQ(cache.prefetch_duration, absl::Minutes(2));
  EXPECT_EQ(cache.prefetch_percentage, 20);
  EXPECT_EQ(cache.serve_stale, absl::Hours(2));
  EXPECT_EQ(cache.stale_mode, CacheOptions::StaleMode::kVerify);
  EXPECT_EQ(cache.verify_timeout, absl::Seconds(1));
  EXPECT_EQ(cache.stale_ttl, absl::Seconds(5));
  EXPECT_EQ(cache.servfail, absl::ZeroDuration());
  EXPECT_THAT(Texts(cache.success.disabled), ::testing::ElementsAre("cluster.local."));
  EXPECT_THAT(Texts(cache.denial.disabled), ::testing::ElementsAre("."));
  EXPECT_TRUE(cache.keep_ttl);
  EXPECT_EQ(Cache("cache {\nserve_stale\n}").serve_stale, absl::Hours(1));
  EXPECT_EQ(Cache("cache {\nserve_stale 1h immediate 3s\n}").stale_ttl, absl::Seconds(3));
}

TEST(CacheDirective, SaysWhatIsWrong) {
  for (const auto& [directive, error] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"cache 0", "Corefile:2:7: cache is 0; expected the longest TTL in seconds, at least 1"},
           {"cache 30 a..b", "Corefile:2:10: "},
           {"cache\ncache", "Corefile:3:1: cache stands here a second time; expected once, first at Corefile:2:1"},
           {"cache {\nsuccess\n}",
            "Corefile:3:1: success has 0 arguments; expected \"success CAPACITY [TTL] [MINTTL]\""},
           {"cache {\nsuccess many\n}",
            "Corefile:3:9: success is \"many\"; expected how many replies to keep, at most 100000000"},
           {"cache {\ndenial 10 5s\n}", "Corefile:3:11: TTL is \"5s\"; expected whole seconds, at most 2147483647"},
           {"cache {\ndenial 10 5 6\n}", "Corefile:3:13: MINTTL 6 is more than TTL 5; expected at most as much"},
           {"cache {\nprefetch 1 1m 5%\n}", "Corefile:3:15: prefetch is \"5%\"; expected 10% to 90%"},
           {"cache {\nprefetch 1 1m 50\n}", "Corefile:3:15: prefetch is \"50\"; expected 10% to 90%"},
           {"cache {\nserve_stale 1h never\n}",
            "Corefile:3:16: serve_stale is \"never\"; expected immediate or verify"},
           {"cache {\nserve_stale 1h immediate 1s 1s 1s\n}", "Corefile:3:32: \"1s\" at the end of serve_stale"},
           {"cache {\nservfail 6m\n}",
            "Corefile:3:10: servfail is \"6m\"; expected a duration such as \"5s\", at most 5m"},
           {"cache {\ndisable\n}",
            "Corefile:3:1: disable is followed by nothing; expected success or denial, and zones"},
           {"cache {\ndisable all\n}",
            "Corefile:3:9: disable is followed by \"all\"; expected success or denial, and zones"},
           {"cache {\nkeepttl 1\n}", "Corefile:3:9: keepttl has an argument; expected none"},
       }) {
    const absl::StatusOr<Options> options = Parse(directive);
    ASSERT_FALSE(options.ok()) << directive;
    EXPECT_THAT(std::string(options.status().message()), ::testing::StartsWith(std::string(error))) << directive;
  }
}

}  // namespace
}  // namespace podnamed::config
