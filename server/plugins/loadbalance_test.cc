#include "server/plugins/loadbalance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "server/plugins/test_exchange.h"

namespace podnamed::plugins {
namespace {

using dns::NamePieces;
using dns::RecordType;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const dns::Name kName = dns::Name::FromText("a.").value();

class LoadbalanceTest : public ::testing::Test {
 protected:
  // A reply of three IPv4 and two IPv6 addresses that others hold.
  void Fill(Exchange& exchange) const {
    exchange.rcode = dns::Rcode::kNoError;
    const NamePieces owner(kName.wire());
    auto& answer = exchange.answer;
    answer.answer.push_back({owner, RecordType::kMx, 5, absl::MakeConstSpan(mail_)});
    answer.answer.push_back({owner, RecordType::kA, 5, absl::MakeConstSpan(ipv4_)});
    answer.answer.push_back({owner, RecordType::kAaaa, 5, absl::MakeConstSpan(ipv6_)});
    answer.answer.push_back({owner, RecordType::kTxt, 5, dns::TxtData{"t"}});
    answer.answer.push_back({owner, RecordType::kCname, 5, absl::MakeConstSpan(&owner_, 1)});
    answer.additional.push_back({owner, RecordType::kA, 5, absl::MakeConstSpan(ipv4_)});
  }
  testing::Message Reply() {
    Loadbalance loadbalance(options_, nullptr);
    return Reply(loadbalance);
  }
  testing::Message Reply(Loadbalance& loadbalance) {
    TestExchange test("a.");
    EXPECT_EQ(loadbalance.OnQuery(test.exchange), Next::kPass);
    Fill(test.exchange);
    loadbalance.OnReply(test.exchange);
    return test.Reply();
  }

  const std::vector<base::Ipv4Address> ipv4_ = {{10, 0, 0, 1}, {10, 0, 0, 2}, {10, 0, 0, 3}};
  const std::vector<base::Ipv6Address> ipv6_ = {{0xfd}, {0xfe}};
  const std::vector<dns::RawData> mail_ = {{std::string_view("\0\1\1m\0", 5)}};
  const NamePieces owner_{kName.wire()};
  config::LoadbalanceOptions options_;
};

TEST_F(LoadbalanceTest, EveryAddressIsFirstAsOften) {
  Loadbalance loadbalance(options_, nullptr);
  std::map<std::string, int> first;
  for (int i = 0; i < 3000; ++i) ++first[Reply(loadbalance).additional.at(0)];
  ASSERT_THAT(first, SizeIs(3));
  for (const auto& [record, count] : first) EXPECT_NEAR(count, 1000, 200) << record;
}

TEST_F(LoadbalanceTest, NothingIsLostAndAliasesComeFirst) {
  const testing::Message reply = Reply();
  ASSERT_THAT(reply.answer, SizeIs(8));
  EXPECT_EQ(reply.answer[0], "a. 5 IN CNAME a.");
  EXPECT_EQ(reply.answer[1], "a. 5 IN TXT \"t\"");
  EXPECT_EQ(reply.answer[7], "a. 5 IN MX 1 m.");
  EXPECT_THAT(std::vector<std::string>(reply.answer.begin() + 2, reply.answer.begin() + 7),
              UnorderedElementsAre("a. 5 IN A 10.0.0.1", "a. 5 IN A 10.0.0.2", "a. 5 IN A 10.0.0.3",
                                   "a. 5 IN AAAA fd00::", "a. 5 IN AAAA fe00::"));
  EXPECT_EQ(ipv4_[0], (base::Ipv4Address{10, 0, 0, 1})) << "what others hold stays as it is";
}

TEST_F(LoadbalanceTest, PreferredNetworksComeFirst) {
  options_.prefer = {*base::ParseIpNetwork("10.0.0.3/32"), *base::ParseIpNetwork("10.0.0.0/31")};
  for (int i = 0; i < 20; ++i) {
    const testing::Message reply = Reply();
    EXPECT_EQ(reply.additional[0], "a. 5 IN A 10.0.0.3");
    EXPECT_EQ(reply.additional[1], "a. 5 IN A 10.0.0.1");
    EXPECT_EQ(reply.additional[2], "a. 5 IN A 10.0.0.2");
  }
}

class WeightedTest : public LoadbalanceTest {
 protected:
  WeightedTest() {
    const std::string path = ::testing::TempDir() + "podnamed_weights_" + std::to_string(getpid());
    std::ofstream(path) << "A.\n10.0.0.1 3\n10.0.0.2 1\nfe00:: 5\n";
    source_ = WeightSource::Open(path, absl::ZeroDuration()).value();
    std::remove(path.c_str());
  }

  std::unique_ptr<const WeightSource> source_;
};

TEST_F(WeightedTest, AnAddressIsFirstAsOftenAsItsWeightSays) {
  Loadbalance loadbalance(options_, source_.get());
  std::map<std::string, int> additional;
  std::map<std::string, int> answer;
  for (int i = 0; i < 5000; ++i) {
    const testing::Message reply = Reply(loadbalance);
    ASSERT_THAT(reply.answer, SizeIs(8));
    EXPECT_EQ(reply.answer[0], "a. 5 IN CNAME a.");
    EXPECT_EQ(reply.answer[1], "a. 5 IN TXT \"t\"");
    EXPECT_EQ(reply.answer[7], "a. 5 IN MX 1 m.");
    ++answer[reply.answer[2]];
    ++additional[reply.additional.at(0)];
  }
  EXPECT_NEAR(additional["a. 5 IN A 10.0.0.1"], 3000, 250) << "3 of 5";
  EXPECT_NEAR(additional["a. 5 IN A 10.0.0.2"], 1000, 250);
  EXPECT_NEAR(additional["a. 5 IN A 10.0.0.3"], 1000, 250) << "weighs 1";
  EXPECT_NEAR(answer["a. 5 IN AAAA fe00::"], 2273, 250) << "5 of 11";
  EXPECT_EQ(ipv4_[0], (base::Ipv4Address{10, 0, 0, 1})) << "what others hold stays as it is";
}

TEST_F(WeightedTest, PreferredNetworksComeFirstInTheirOrder) {
  options_.prefer = {*base::ParseIpNetwork("10.0.0.2/31"), *base::ParseIpNetwork("fe00::/8")};
  Loadbalance loadbalance(options_, source_.get());
  std::map<std::string, int> first;
  for (int i = 0; i < 1000; ++i) {
    const testing::Message reply = Reply(loadbalance);
    EXPECT_EQ(reply.additional[2], "a. 5 IN A 10.0.0.1") << "however heavy";
    ++first[reply.additional[0]];
  }
  EXPECT_NEAR(first["a. 5 IN A 10.0.0.3"], 200, 80) << "when it has been picked";
}

TEST_F(WeightedTest, OtherTypesAreLeftAloneAndTheClustersAnswersAreNot) {
  Loadbalance loadbalance(options_, source_.get());
  const auto is_untouched = [&](std::string_view answered_by, RecordType type) {
    TestExchange test("a.", type);
    Fill(test.exchange);
    test.exchange.answered_by = answered_by;
    loadbalance.OnReply(test.exchange);
    return test.exchange.answer.answer[0].type == RecordType::kMx && test.exchange.answer.reordered_ipv4.empty();
  };
  EXPECT_TRUE(is_untouched("file", RecordType::kMx));
  EXPECT_TRUE(is_untouched("file", RecordType::kTxt));
  for (const RecordType type : {RecordType::kA, RecordType::kAaaa, RecordType::kSrv}) {
    EXPECT_FALSE(is_untouched("kubernetes", type));
  }
}

TEST_F(LoadbalanceTest, ErrorsAndTheClustersAnswersAreLeftAlone) {
  Loadbalance loadbalance(options_, nullptr);
  const auto is_untouched = [&](dns::Rcode rcode, std::string_view answered_by, RecordType type) {
    TestExchange test("a.", type);
    Fill(test.exchange);
    test.exchange.rcode = rcode;
    test.exchange.answered_by = answered_by;
    loadbalance.OnReply(test.exchange);
    return test.exchange.answer.answer[0].type == RecordType::kMx && test.exchange.answer.reordered_ipv4.empty();
  };
  EXPECT_TRUE(is_untouched(dns::Rcode::kNoError, "kubernetes", RecordType::kA));
  EXPECT_TRUE(is_untouched(dns::Rcode::kServFail, "forward", RecordType::kA));
  EXPECT_TRUE(is_untouched(dns::Rcode::kNoError, "file", RecordType::kAxfr));
  EXPECT_FALSE(is_untouched(dns::Rcode::kNoError, "forward", RecordType::kA));
}

}  // namespace
}  // namespace podnamed::plugins
