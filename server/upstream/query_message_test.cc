#include "server/upstream/query_message.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/testing/dns_message.h"

namespace podnamed::upstream {
namespace {

using Octets = std::vector<uint8_t>;

Question QuestionFor(std::string_view name) {
  return {.name = dns::Name::FromText(name).value(), .type = dns::RecordType::kA};
}

// What a server would send: the query, marked as a reply.
Octets Echo(const QueryMessage& query) {
  Octets reply(query.octets().begin(), query.octets().end());
  reply[2] |= 0x80;
  return reply;
}

TEST(QueryMessage, AsksWhatTheClientAsked) {
  Question question = QuestionFor("Web-0.Nginx.example");
  question.type = dns::RecordType::kSrv;
  QueryMessage query(question);
  query.set_id(0xABCD);
  const auto message = testing::ParseMessage(query.octets());
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->id, 0xABCD);
  EXPECT_EQ(query.id(), 0xABCD);
  EXPECT_FALSE(message->response);
  EXPECT_TRUE(message->recursion_desired);
  EXPECT_FALSE(message->checking_disabled);
  EXPECT_FALSE(message->authentic_data);
  EXPECT_THAT(message->questions, ::testing::ElementsAre("Web-0.Nginx.example. IN SRV"));
  EXPECT_FALSE(message->edns.has_value());
}

TEST(QueryMessage, SpeaksEdnsWhenTheClientDid) {
  Question question = QuestionFor("example");
  question.recursion_desired = false;
  question.checking_disabled = question.authentic_data = question.edns = question.dnssec_ok = true;
  const auto message = testing::ParseMessage(QueryMessage(question).octets());
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_FALSE(message->recursion_desired);
  EXPECT_TRUE(message->checking_disabled);
  EXPECT_TRUE(message->authentic_data);
  ASSERT_TRUE(message->edns.has_value());
  EXPECT_EQ(message->edns->udp_payload_size, dns::kDefaultUdpLimit);
  EXPECT_TRUE(message->edns->dnssec_ok);
  EXPECT_TRUE(message->edns_options.empty());
}

TEST(QueryMessage, HoldsTheLongestName) {
  const std::string label(63, 'x');
  Question question = QuestionFor(label + "." + label + "." + label + "." + label.substr(2));
  ASSERT_EQ(question.name.wire().size(), dns::kMaxNameLength);
  question.edns = true;
  EXPECT_TRUE(testing::ParseMessage(QueryMessage(question).octets()).ok());
}

TEST(QueryMessage, MixesEveryLetterAndNothingElse) {
  RandomSource random;
  const Question question = QuestionFor("abcdefghijklmnopqrstuvwxyz-0123456789_@[`{.ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  std::set<Octets> spellings;
  std::set<std::string> seen_at[80];
  for (int i = 0; i < 100; ++i) {
    QueryMessage query(question);
    query.MixLetters(random);
    const Octets octets(query.octets().begin(), query.octets().end());
    spellings.insert(octets);
    const std::string_view name(reinterpret_cast<const char*>(octets.data()) + dns::kHeaderLength,
                                question.name.wire().size());
    ASSERT_TRUE(dns::EqualIgnoringCase(name, question.name.wire()));
    for (size_t at = 0; at < name.size(); ++at) seen_at[at].insert(std::string(1, name[at]));
  }
  EXPECT_EQ(spellings.size(), 100u);
  for (size_t at = 0; at < question.name.wire().size(); ++at) {
    const uint8_t folded = dns::FoldCase(static_cast<uint8_t>(question.name.wire()[at]));
    EXPECT_EQ(seen_at[at].size(), folded >= 'a' && folded <= 'z' ? 2u : 1u) << at;
  }
}

TEST(QueryMessage, KnowsWhetherFoldingWouldShow) {
  RandomSource random;
  for (const std::string_view name : {".", "10.in", "x.example", "1.2.3.4"}) {
    for (int i = 0; i < 50; ++i) {
      QueryMessage query(QuestionFor(name));
      EXPECT_FALSE(query.shows_folding());
      query.MixLetters(random);
      const bool has_capital = std::any_of(query.octets().begin() + dns::kHeaderLength, query.octets().end(),
                                           [](uint8_t octet) { return octet >= 'A' && octet <= 'Z'; });
      EXPECT_EQ(query.shows_folding(), has_capital);
    }
  }
}

TEST(QueryMessage, KnowsItsReply) {
  RandomSource random;
  QueryMessage query(QuestionFor("some.quite.long.name.example"));
  query.set_id(1234);
  Octets reply = Echo(query);
  EXPECT_EQ(query.Compare(reply), Match::kReply);
  reply[13] ^= 0x20;
  EXPECT_EQ(query.Compare(reply), Match::kReply);  // its letters were not mixed
  query.MixLetters(random);
  reply = Echo(query);
  EXPECT_EQ(query.Compare(reply), Match::kReply);
  reply[13] ^= 0x20;
  EXPECT_EQ(query.Compare(reply), Match::kOtherLetters);
}

TEST(QueryMessage, KnowsWhatIsNotItsReply) {
  QueryMessage query(QuestionFor("name.example"));
  query.set_id(1234);
  const Octets reply = Echo(query);
  const auto changed = [&reply](size_t at, uint8_t bits) {
    Octets other = reply;
    other[at] ^= bits;
    return other;
  };
  EXPECT_EQ(query.Compare(changed(0, 1)), Match::kOtherId);
  EXPECT_EQ(query.Compare(changed(1, 1)), Match::kOtherId);
  EXPECT_EQ(query.Compare(changed(2, 0x80)), Match::kNoReply);         // a query
  EXPECT_EQ(query.Compare(changed(2, 0x20)), Match::kNoReply);         // opcode 4
  EXPECT_EQ(query.Compare(changed(5, 1)), Match::kOtherQuestion);      // no question
  EXPECT_EQ(query.Compare(changed(5, 3)), Match::kOtherQuestion);      // two
  EXPECT_EQ(query.Compare(changed(13, 1)), Match::kOtherQuestion);     // another name
  EXPECT_EQ(query.Compare(changed(12, 0xC0)), Match::kOtherQuestion);  // a pointer
  for (size_t from_end = 1; from_end <= 4; ++from_end) {               // type and class
    EXPECT_EQ(query.Compare(changed(reply.size() - from_end, 1)), Match::kOtherQuestion);
  }
  for (size_t size = 0; size < reply.size(); ++size) {
    EXPECT_EQ(query.Compare(absl::MakeConstSpan(reply).first(size)),
              size < dns::kHeaderLength ? Match::kNoReply : Match::kOtherQuestion);
  }
}

TEST(QueryMessage, RestoresTheClientsLetters) {
  RandomSource random;
  QueryMessage query(QuestionFor("Some.Quite.Long.Name.Example"));
  query.set_id(1234);
  query.MixLetters(random);
  Octets reply = Echo(query);
  query.Restore(absl::MakeSpan(reply));
  const auto message = testing::ParseMessage(reply);
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->id, 0);
  EXPECT_THAT(message->questions, ::testing::ElementsAre("Some.Quite.Long.Name.Example. IN A"));
}

}  // namespace
}  // namespace podnamed::upstream
