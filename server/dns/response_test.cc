#include "server/dns/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/testing/dns_message.h"

namespace podnamed::dns {
namespace {

using std::literals::operator""sv;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MakeQuery;
using testing::Message;
using testing::ParseMessage;
using testing::QueryOptions;

constexpr std::string_view kZone = "\7cluster\5local\0"sv;
constexpr std::string_view kServiceZone = "\5nginx\7default\3svc\7cluster\5local\0"sv;
const NamePieces kWeb0("\5web-0", kServiceZone);

base::Ipv4Address Address(size_t number) {
  return {10, 0, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
}

RecordSet Soa() {
  return {
      NamePieces(kZone), RecordType::kSoa, 5,
      SoaData{NamePieces("\2ns\3dns", kZone), NamePieces("\12hostmaster", kZone), 1716200000, 7200, 1800, 86400, 5}};
}

class ResponseTest : public ::testing::Test {
 protected:
  // Asks, encodes `response` and reads the reply back.
  Message Exchange(std::string_view name, RecordType type, const Response& response, const QueryOptions& options = {},
                   size_t limit = kMaxMessageLength) {
    packet_ = MakeQuery(name, type, options);
    Query query;
    EXPECT_EQ(ParseQuery(packet_, query), ParseOutcome::kQuery);
    return Encode(query, response, limit);
  }

  Message Encode(const Query& query, const Response& response, size_t limit = kMaxMessageLength) {
    buffer_.assign(limit + kBeyond.size(), '\0');
    std::copy(kBeyond.begin(), kBeyond.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(limit));
    size_ = encoder_.Encode(query, response, limit, absl::MakeSpan(buffer_));
    EXPECT_LE(size_, limit);
    EXPECT_EQ(std::string(buffer_.begin() + static_cast<std::ptrdiff_t>(limit), buffer_.end()), kBeyond);
    const auto message = ParseMessage({buffer_.data(), size_});
    EXPECT_TRUE(message.ok()) << message.status();
    return message.ok() ? *message : Message();
  }

  std::string_view reply() const { return {reinterpret_cast<const char*>(buffer_.data()), size_}; }

  static constexpr std::string_view kBeyond = "not to be touched";
  std::vector<uint8_t> packet_;
  std::vector<uint8_t> buffer_;
  size_t size_ = 0;
  ResponseEncoder encoder_;
};

TEST_F(ResponseTest, AnswersOneAddress) {
  const base::Ipv4Address addresses[] = {{10, 0, 0, 7}};
  const RecordSet answer[] = {{kWeb0, RecordType::kA, 5, addresses}};
  const Message reply = Exchange("WEB-0.nginx.Default.svc.cluster.LOCAL", RecordType::kA,
                                 {.authoritative = true, .answer = answer}, {.id = 99});
  EXPECT_EQ(reply.id, 99);
  EXPECT_TRUE(reply.response);
  EXPECT_EQ(reply.rcode, Rcode::kNoError);
  EXPECT_TRUE(reply.authoritative);
  EXPECT_FALSE(reply.truncated);
  EXPECT_FALSE(reply.recursion_available);
  EXPECT_FALSE(reply.authentic_data);
  EXPECT_THAT(reply.questions, ElementsAre("WEB-0.nginx.Default.svc.cluster.LOCAL. IN A"));
  EXPECT_THAT(reply.answer, ElementsAre("WEB-0.nginx.Default.svc.cluster.LOCAL. 5 IN A 10.0.0.7"));
  EXPECT_FALSE(reply.edns.has_value());
  EXPECT_EQ(size_, packet_.size() + 16);  // one record behind a pointer
}

TEST_F(ResponseTest, WritesEveryKindOfRdata) {
  const base::Ipv4Address v4[] = {{10, 0, 0, 1}, {10, 0, 0, 2}};
  const base::Ipv6Address v6[] = {{0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}};
  const SrvData srv[] = {{0, 33, 80, kWeb0}};
  const NamePieces name_servers[] = {NamePieces("\2ns\3dns", kZone), NamePieces("\7example\3com\0"sv)};
  const NamePieces pointer[] = {kWeb0};
  const NamePieces own_name("\5nginx", "\7default\3svc", kZone);
  const RecordSet answer[] = {
      {own_name, RecordType::kA, 5, v4},
      {own_name, RecordType::kAaaa, 5, v6},
      {NamePieces("\5_http\4_tcp", kServiceZone), RecordType::kSrv, 30, srv},
      {NamePieces(kZone), RecordType::kNs, 5, name_servers},
      {NamePieces("\5alias", kZone), RecordType::kCname, 3600, pointer},
      {NamePieces("\1"
                  "1\1"
                  "0\1"
                  "0\002"
                  "10\7in-addr\4arpa\0"sv),
       RecordType::kPtr, 5, pointer},
      {NamePieces("\13dns-version", kZone), RecordType::kTxt, 28800, TxtData{"1.1.0"}},
      Soa(),
  };
  const Message reply = Exchange("nginx.default.svc.cluster.local", RecordType::kAny, {.answer = answer});
  EXPECT_THAT(
      reply.answer,
      ElementsAre("nginx.default.svc.cluster.local. 5 IN A 10.0.0.1",
                  "nginx.default.svc.cluster.local. 5 IN A 10.0.0.2",
                  "nginx.default.svc.cluster.local. 5 IN AAAA fd00::7",
                  "_http._tcp.nginx.default.svc.cluster.local. 30 IN SRV 0 33 80 "
                  "web-0.nginx.default.svc.cluster.local.",
                  "cluster.local. 5 IN NS ns.dns.cluster.local.", "cluster.local. 5 IN NS example.com.",
                  "alias.cluster.local. 3600 IN CNAME web-0.nginx.default.svc.cluster.local.",
                  "1.0.0.10.in-addr.arpa. 5 IN PTR web-0.nginx.default.svc.cluster.local.",
                  "dns-version.cluster.local. 28800 IN TXT \"1.1.0\"",
                  "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1716200000 7200 1800 "
                  "86400 5"));
}

TEST_F(ResponseTest, NegativeReplyIsNearlyAllPointers) {
  const RecordSet authority[] = {Soa()};
  const Message reply = Exchange("web-9.nginx.default.svc.cluster.local", RecordType::kA,
                                 {.rcode = Rcode::kNxDomain, .authoritative = true, .authority = authority});
  EXPECT_EQ(reply.rcode, Rcode::kNxDomain);
  EXPECT_THAT(reply.answer, IsEmpty());
  EXPECT_THAT(reply.authority, ElementsAre("cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. "
                                           "1716200000 7200 1800 86400 5"));
  // Owner, fixed fields, "ns.dns" and "hostmaster" with a pointer each, five numbers.
  EXPECT_EQ(size_, packet_.size() + 2 + 10 + (7 + 2) + (11 + 2) + 20);
}

TEST_F(ResponseTest, AdditionalOwnersPointToTheTargetsOfSrvRecords) {
  const SrvData srv[] = {{0, 33, 80, kWeb0}, {0, 33, 80, NamePieces("\5web-1", kServiceZone)}};
  const base::Ipv4Address v4_0[] = {Address(0)};
  const base::Ipv4Address v4_1[] = {Address(1)};
  const RecordSet answer[] = {{NamePieces("\5_http\4_tcp", kServiceZone), RecordType::kSrv, 5, srv}};
  const RecordSet additional[] = {{kWeb0, RecordType::kA, 5, v4_0},
                                  {NamePieces("\5web-1", kServiceZone), RecordType::kA, 5, v4_1}};
  const Message reply = Exchange("_http._tcp.nginx.default.svc.cluster.local", RecordType::kSrv,
                                 {.answer = answer, .additional = additional});
  EXPECT_THAT(reply.additional, ElementsAre("web-0.nginx.default.svc.cluster.local. 5 IN A 10.0.0.0",
                                            "web-1.nginx.default.svc.cluster.local. 5 IN A 10.0.0.1"));
  const size_t target = 6 + kServiceZone.size();  // in full
  EXPECT_EQ(size_, packet_.size() + 2 * (2 + 10 + 6 + target) + 2 * 16);
}

TEST_F(ResponseTest, CopiesWhatBelongsToTheQuery) {
  for (const bool flag : {false, true}) {
    const Message reply = Exchange("a", RecordType::kA, {.recursion_available = !flag},
                                   {.recursion_desired = flag, .checking_disabled = flag});
    EXPECT_EQ(reply.recursion_desired, flag);
    EXPECT_EQ(reply.checking_disabled, flag);
    EXPECT_EQ(reply.recursion_available, !flag);
    EXPECT_FALSE(reply.authoritative);
  }
}

TEST_F(ResponseTest, AnswersEdnsWithEdns) {
  for (const bool dnssec_ok : {false, true}) {
    const Message reply =
        Exchange("a", RecordType::kA, {.rcode = Rcode::kRefused}, {.edns_size = 4096, .dnssec_ok = dnssec_ok});
    ASSERT_TRUE(reply.edns.has_value());
    EXPECT_EQ(reply.edns->udp_payload_size, kDefaultUdpLimit);
    EXPECT_EQ(reply.edns->version, 0);
    EXPECT_EQ(reply.edns->dnssec_ok, dnssec_ok);
    EXPECT_EQ(reply.rcode, Rcode::kRefused);
  }
}

TEST_F(ResponseTest, TellsWhyToClientsWithEdns) {
  const Response response{.rcode = Rcode::kServFail,
                          .extended_error = ExtendedError{ExtendedError::kNotReady, "not synced yet"}};
  EXPECT_THAT(Exchange("a", RecordType::kA, response, {.edns_size = 1232}).edns_options,
              ElementsAre("EDE 14 \"not synced yet\""));
  EXPECT_FALSE(Exchange("a", RecordType::kA, response).edns.has_value());
  EXPECT_EQ(size_, packet_.size());
}

TEST_F(ResponseTest, RefusesEdnsVersionsThatItDoesNotSpeak) {
  packet_ = MakeQuery("a", RecordType::kA, {.edns_size = 4096});
  packet_[packet_.size() - 5] = 1;  // the version
  Query query;
  ASSERT_EQ(ParseQuery(packet_, query), ParseOutcome::kBadVers);
  const Message reply = Encode(query, {.rcode = Rcode::kBadVers});
  EXPECT_EQ(reply.rcode, Rcode::kBadVers);
  ASSERT_TRUE(reply.edns.has_value());
  EXPECT_EQ(reply.edns->version, 0);
}

TEST_F(ResponseTest, RefusalWithoutAQuestionIsAHeader) {
  packet_ = MakeQuery("a", RecordType::kA, {.id = 77});
  packet_[2] |= 5 << 3;  // UPDATE
  Query query;
  ASSERT_EQ(ParseQuery(packet_, query), ParseOutcome::kNotImp);
  const Message reply = Encode(query, {.rcode = Rcode::kNotImp});
  EXPECT_EQ(size_, kHeaderLength);
  EXPECT_EQ(reply.id, 77);
  EXPECT_EQ(reply.opcode, Opcode::kUpdate);
  EXPECT_EQ(reply.rcode, Rcode::kNotImp);
  EXPECT_THAT(reply.questions, IsEmpty());
}

// A service of many pods at every limit, from what has room for few to what has room for all.
class TruncationTest : public ResponseTest {
 protected:
  static constexpr size_t kPods = 40;
  TruncationTest() {
    for (size_t i = 0; i < kPods; ++i) {
      addresses_.push_back(Address(i));
      hosts_.push_back(absl::StrCat("\6web-", i / 10, i % 10));
      lines_.push_back(absl::StrCat("nginx.default.svc.cluster.local. 5 IN A 10.0.0.", i));
    }
    for (const std::string& host : hosts_) srv_.push_back({0, 2, 80, NamePieces(host, kServiceZone)});
    for (size_t i = 0; i < kPods; ++i) {
      glue_.push_back({NamePieces(hosts_[i], kServiceZone), RecordType::kA, 5,
                       absl::MakeConstSpan(addresses_).subspan(i, i + 1 < kPods ? 2 : 1)});
    }
  }

  std::vector<base::Ipv4Address> addresses_;
  std::vector<std::string> hosts_;
  std::vector<std::string> lines_;
  std::vector<SrvData> srv_;
  std::vector<RecordSet> glue_;  // of two addresses each, but the last
};

TEST_F(TruncationTest, AnswerIsCutOnARecordAndSaysSo) {
  const RecordSet answer[] = {{NamePieces(kServiceZone), RecordType::kA, 5, absl::MakeConstSpan(addresses_)}};
  const RecordSet authority[] = {Soa()};
  for (const bool edns : {false, true}) {
    const QueryOptions options{.edns_size = edns ? std::optional<uint16_t>(4096) : std::nullopt};
    for (size_t limit = kMinUdpLimit; limit < 900; ++limit) {
      const Message reply = Exchange("nginx.default.svc.cluster.local", RecordType::kA,
                                     {.answer = answer, .authority = authority}, options, limit);
      const size_t fitting = (limit - packet_.size()) / 16;  // the query has the question and the OPT record, too
      const size_t expected = std::min(fitting, kPods);
      ASSERT_EQ(reply.answer, std::vector(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(expected)));
      ASSERT_EQ(reply.truncated, fitting < kPods) << limit;
      ASSERT_EQ(reply.authority.size(), limit >= packet_.size() + kPods * 16 + 2 + 10 + 9 + 13 + 20 ? 1u : 0u) << limit;
      ASSERT_EQ(reply.edns.has_value(), edns);
    }
  }
}

TEST_F(TruncationTest, AdditionalIsLeftOutBySetsAndSilently) {
  const RecordSet answer[] = {
      {NamePieces("\5_http\4_tcp", kServiceZone), RecordType::kSrv, 5, absl::MakeConstSpan(srv_)}};
  size_t sizes_seen = 0;
  size_t before = 0;
  for (size_t limit = kMinUdpLimit; limit < 4200; ++limit) {
    const Message reply = Exchange("_http._tcp.nginx.default.svc.cluster.local", RecordType::kSrv,
                                   {.answer = answer, .additional = glue_}, {.edns_size = 4096}, limit);
    ASSERT_EQ(reply.truncated, reply.answer.size() < kPods) << limit;
    if (reply.truncated) {
      ASSERT_THAT(reply.additional, IsEmpty());
    }
    ASSERT_TRUE(reply.additional.size() % 2 == 0 || reply.additional.size() == 2 * kPods - 1) << limit;
    ASSERT_TRUE(reply.edns.has_value());
    const size_t records = reply.answer.size() + reply.additional.size();
    ASSERT_GE(records, before) << limit;
    sizes_seen += records > before ? 1 : 0;
    before = records;
  }
  EXPECT_EQ(before, kPods + 2 * kPods - 1);
  EXPECT_GE(sizes_seen, kPods);
}

TEST_F(TruncationTest, AnExtendedErrorDisplacesNothing) {
  const RecordSet answer[] = {
      {NamePieces("\5_http\4_tcp", kServiceZone), RecordType::kSrv, 5, absl::MakeConstSpan(srv_)}};
  const RecordSet authority[] = {Soa()};
  const Response without{.answer = answer, .authority = authority, .additional = glue_};
  Response with = without;
  with.extended_error = ExtendedError{ExtendedError::kStaleAnswer, "stale: no feed for 42 s"};
  const std::string_view name = "_http._tcp.nginx.default.svc.cluster.local";
  std::vector<std::string> seen;
  for (size_t limit = kMinUdpLimit; limit < 4300; ++limit) {
    const Message expected = Exchange(name, RecordType::kSrv, without, {.edns_size = 4096}, limit);
    const Message reply = Exchange(name, RecordType::kSrv, with, {.edns_size = 4096}, limit);
    ASSERT_EQ(reply.truncated, expected.truncated) << limit;
    ASSERT_EQ(reply.answer, expected.answer) << limit;
    ASSERT_EQ(reply.authority, expected.authority) << limit;
    ASSERT_EQ(reply.additional, expected.additional) << limit;
    seen.insert(seen.end(), reply.edns_options.begin(), reply.edns_options.end());
  }
  EXPECT_THAT(seen, Contains("EDE 3 \"stale: no feed for 42 s\""));
  EXPECT_THAT(seen, Contains("EDE 3 \"stale: no fe\""));
  EXPECT_THAT(seen, Contains("EDE 3 \"\""));
}

TEST_F(TruncationTest, NegativeReplyWithoutRoomForItsSoaIsTruncated) {
  // Names so long that they share nothing with the question and leave no room.
  const std::string zone =
      std::string("\77") + std::string(63, 'z') + "\77" + std::string(63, 'y') + "\77" + std::string(63, 'x') + '\0';
  const RecordSet authority[] = {{NamePieces(zone), RecordType::kSoa, 5,
                                  SoaData{NamePieces("\2ns", zone), NamePieces("\12hostmaster", zone), 1, 2, 3, 4, 5}}};
  for (const auto& [limit, fits] : {std::pair<size_t, bool>{512, false}, {kMaxMessageLength, true}}) {
    const Message reply = Exchange("a", RecordType::kA, {.rcode = Rcode::kNxDomain, .authority = authority}, {}, limit);
    EXPECT_EQ(reply.truncated, !fits);
    EXPECT_EQ(reply.authority.size(), fits ? 1u : 0u);
    EXPECT_EQ(reply.rcode, Rcode::kNxDomain);
  }
}

TEST_F(TruncationTest, LongestQuestionStillHasRoomForOpt) {
  const std::string label(63, 'q');
  const std::string name = absl::StrCat(label, ".", label, ".", label, ".", label.substr(2));
  const base::Ipv4Address address[] = {Address(1)};
  const RecordSet answer[] = {{NamePieces(kZone), RecordType::kA, 5, address}};
  const Message reply = Exchange(name, RecordType::kA, {.answer = answer}, {.edns_size = 0}, kMinUdpLimit);
  EXPECT_THAT(reply.answer, ElementsAre("cluster.local. 5 IN A 10.0.0.1"));
  EXPECT_TRUE(reply.edns.has_value());
}

TEST_F(ResponseTest, FillsATcpReplyFarBeyondThePointersReach) {
  constexpr size_t kPods = 2000;
  std::vector<std::string> hosts;
  std::vector<SrvData> srv;
  std::vector<base::Ipv4Address> addresses;
  std::vector<RecordSet> glue;
  for (size_t i = 0; i < kPods; ++i) {
    const std::string host = absl::StrCat("web-", i);
    hosts.push_back(static_cast<char>(host.size()) + host);
    addresses.push_back(Address(i));
  }
  for (size_t i = 0; i < kPods; ++i) {
    srv.push_back({0, 1, 80, NamePieces(hosts[i], "\5nginx\2ns\0"sv)});
    glue.push_back({NamePieces(hosts[i], "\5nginx\2ns\0"sv), RecordType::kA, 5, absl::MakeConstSpan(&addresses[i], 1)});
  }
  for (const size_t pods : {400, 1000, 2000}) {
    const RecordSet answer[] = {
        {NamePieces("\5nginx\2ns\0"sv), RecordType::kSrv, 5, absl::MakeConstSpan(srv).first(pods)}};
    const Message reply =
        Exchange("nginx.ns", RecordType::kSrv, {.answer = answer, .additional = absl::MakeConstSpan(glue).first(pods)});
    ASSERT_GT(size_, kMaxPointerTarget);
    ASSERT_FALSE(reply.truncated);
    ASSERT_EQ(reply.answer.size() < pods, pods == 2000);
    for (size_t i = 0; i < reply.answer.size(); ++i) {
      ASSERT_EQ(reply.answer[i], absl::StrCat("nginx.ns. 5 IN SRV 0 1 80 web-", i, ".nginx.ns."));
    }
    for (size_t i = 0; i < reply.additional.size(); ++i) {
      ASSERT_EQ(reply.additional[i], absl::StrCat("web-", i, ".nginx.ns. 5 IN A 10.0.", i / 256, ".", i % 256));
    }
    EXPECT_EQ(reply.additional.size(), pods < 2000 ? pods : 0u);
  }
}

TEST_F(ResponseTest, ASetTooLargeForTcpTellsEachRecordEquallyOften) {
  constexpr size_t kPods = 3000;
  std::vector<std::string> hosts;
  std::vector<SrvData> srv;
  std::map<std::string, size_t> index_of;
  for (size_t i = 0; i < kPods; ++i) {
    const std::string host = absl::StrCat("web-", i);
    hosts.push_back(static_cast<char>(host.size()) + host);
    index_of[absl::StrCat("nginx.ns. 5 IN SRV 0 1 80 ", host, ".nginx.ns.")] = i;
  }
  for (size_t i = 0; i < kPods; ++i) srv.push_back({0, 1, 80, NamePieces(hosts[i], "\5nginx\2ns\0"sv)});
  const RecordSet answer[] = {{NamePieces("\5nginx\2ns\0"sv), RecordType::kSrv, 5, absl::MakeConstSpan(srv)}};
  const RecordSet additional[] = {{NamePieces("\1x\0"sv), RecordType::kTxt, 5, TxtData{"no room for it"}}};

  constexpr size_t kReplies = 200;
  std::vector<size_t> told(kPods);
  size_t sum = 0;
  for (size_t turn = 0; turn < kReplies; ++turn) {
    const Message reply =
        Exchange("nginx.ns", RecordType::kSrv, {.answer = answer, .additional = additional}, {.edns_size = 1232});
    ASSERT_FALSE(reply.truncated);
    ASSERT_TRUE(reply.edns.has_value());
    ASSERT_GT(reply.answer.size(), kPods / 2);
    const size_t first = index_of.at(reply.answer.front());
    for (size_t i = 0; i < reply.answer.size(); ++i) {
      const size_t index = index_of.at(reply.answer[i]);
      ASSERT_EQ(index, (first + i) % kPods) << "in their order, around the whole";
      ++told[index];
    }
    sum += reply.answer.size();
  }
  const auto [least, most] = std::minmax_element(told.begin(), told.end());
  EXPECT_GT(*least, sum / kPods * 19 / 20);
  EXPECT_LT(*most, sum / kPods * 21 / 20);
}

TEST(FairTurns, ReachEveryPlaceAndLeaveOutNoneForLong) {
  for (const size_t count : {1, 2, 3, 7, 100, 5000}) {
    for (const size_t others : {0, 1, 6}) {  // sets that take a turn in between
      FairTurns turns;
      std::vector<size_t> seen(count);
      for (size_t i = 0; i < 20 * count; ++i) {
        ++seen[turns.Next(count)];
        for (size_t other = 0; other < others; ++other) turns.Next(17);
      }
      EXPECT_GT(*std::min_element(seen.begin(), seen.end()), 15u) << count << " and " << others;
      EXPECT_LT(*std::max_element(seen.begin(), seen.end()), 25u) << count << " and " << others;
    }
  }
}

TEST_F(ResponseTest, OwnersBeyondThePointersReachAreRepeated) {
  const std::vector<base::Ipv4Address> many(1200, Address(9));
  const base::Ipv4Address two[] = {Address(1), Address(2)};
  const RecordSet answer[] = {{NamePieces(kServiceZone), RecordType::kA, 5, absl::MakeConstSpan(many)}};
  const RecordSet additional[] = {{NamePieces("\3far\4away\0"sv), RecordType::kA, 5, two}};
  const Message reply =
      Exchange("nginx.default.svc.cluster.local", RecordType::kA, {.answer = answer, .additional = additional});
  EXPECT_EQ(reply.answer.size(), 1200u);
  EXPECT_THAT(reply.additional, ElementsAre("far.away. 5 IN A 10.0.0.1", "far.away. 5 IN A 10.0.0.2"));
  EXPECT_EQ(size_, packet_.size() + 1200 * 16 + 2 * (10 + 14));
}

TEST_F(ResponseTest, TheRootIsANameLikeAnyOther) {
  const NamePieces targets[] = {NamePieces("\1a\0"sv), NamePieces("\0"sv)};
  const RecordSet answer[] = {{NamePieces("\0"sv), RecordType::kNs, 5, targets}};
  const Message reply = Exchange(".", RecordType::kNs, {.answer = answer});
  EXPECT_THAT(reply.answer, ElementsAre(". 5 IN NS a.", ". 5 IN NS ."));
}

TEST(UdpReplyLimit, IsTheClientsWithinBounds) {
  struct Case {
    std::optional<uint16_t> advertised;
    size_t ours;
    size_t limit;
  };
  const Case kCases[] = {
      {std::nullopt, 1232, 512}, {0, 1232, 512},     {511, 1232, 512},    {512, 1232, 512}, {1000, 1232, 1000},
      {1232, 1232, 1232},        {4096, 1232, 1232}, {65535, 4096, 4096}, {4096, 100, 512},
  };
  for (const Case& c : kCases) {
    Query query;
    if (c.advertised.has_value()) query.edns = Edns{.udp_payload_size = *c.advertised};
    EXPECT_EQ(UdpReplyLimit(query, c.ours), c.limit) << c.advertised.value_or(0) << " and " << c.ours;
  }
}

}  // namespace
}  // namespace podnamed::dns
