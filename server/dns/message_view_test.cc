#include "server/dns/message_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/testing/dns_message.h"
#include "server/testing/reply_builder.h"

namespace podnamed::dns {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MakeReply;
using testing::ReplyParts;

const ReplyParts kParts = {
    .answer = {"www.example. 300 CNAME web.example.", "web.example. 60 A 10.0.0.1", "web.example. 60 A 10.0.0.2"},
    .authority = {"example. 3600 NS ns.example."},
    .additional = {"ns.example. 7200 AAAA fd00::1"},
    .edns_size = 1232,
};

std::vector<uint8_t> Reply() { return MakeReply("www.Example", RecordType::kA, kParts); }

// "answer A 60" for each record.
std::vector<std::string> Describe(MessageView::RecordRange records) {
  constexpr const char* kNames[] = {"answer", "authority", "additional"};
  std::vector<std::string> lines;
  for (const RecordView& record : records) {
    lines.push_back(absl::StrCat(kNames[static_cast<size_t>(record.section)], " ", NameOf(record.type),
                                 record.type == RecordType::kOpt ? "" : absl::StrCat(" ", record.ttl)));
  }
  return lines;
}

TEST(MessageView, TellsHeaderAndQuestion) {
  const std::vector<uint8_t> reply = Reply();
  const auto view = MessageView::Read(reply);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->id(), 4242);
  EXPECT_EQ(view->flags(), kResponseFlag | kRecursionDesiredFlag | kRecursionAvailableFlag);
  EXPECT_EQ(view->opcode(), Opcode::kQuery);
  EXPECT_FALSE(view->truncated());
  EXPECT_EQ(view->rcode(), Rcode::kNoError);
  ASSERT_TRUE(view->has_question());
  EXPECT_EQ(NameToText(view->question_name()), "www.Example.");
  EXPECT_EQ(view->question_type(), RecordType::kA);
  EXPECT_EQ(view->question_class(), RecordClass::kIn);
  EXPECT_EQ(view->octets().size(), reply.size());
}

TEST(MessageView, VisitsEveryRecordInItsSection) {
  const std::vector<uint8_t> reply = Reply();
  const auto view = MessageView::Read(reply);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->count(Section::kAnswer), 3u);
  EXPECT_EQ(view->count(Section::kAuthority), 1u);
  EXPECT_EQ(view->count(Section::kAdditional), 2u);
  EXPECT_THAT(Describe(view->records()), ElementsAre("answer CNAME 300", "answer A 60", "answer A 60",
                                                     "authority NS 3600", "additional AAAA 7200", "additional OPT"));
  EXPECT_THAT(Describe(view->records(Section::kAuthority)), ElementsAre("authority NS 3600"));
  EXPECT_EQ(view->records(Section::kAuthority).begin()->start, view->section_start(Section::kAuthority));
  EXPECT_EQ(view->ttl_count(), 5u);
  EXPECT_EQ(view->lowest_ttl(), 60u);
  EXPECT_FALSE(view->has_soa_in_authority());

  std::vector<std::string> owners;
  for (const RecordView& record : view->records()) {
    NameStorage storage;
    owners.push_back(NameToText(view->NameAt(record.start, storage)));
  }
  EXPECT_THAT(owners, ElementsAre("www.Example.", "web.Example.", "web.Example.", "Example.", "ns.Example.", "."));
}

TEST(MessageView, FindsTheOptRecordAndItsRcode) {
  const std::vector<uint8_t> reply =
      MakeReply("a", RecordType::kA, {.rcode = Rcode::kBadVers, .edns_size = 4096, .dnssec_ok = true});
  const auto view = MessageView::Read(reply);
  ASSERT_TRUE(view.has_value());
  ASSERT_TRUE(view->opt().has_value());
  EXPECT_EQ(view->rcode(), Rcode::kBadVers);
  EXPECT_EQ(view->opt()->start, reply.size() - kOptLength);
  EXPECT_EQ(view->opt()->end(), reply.size());
  EXPECT_EQ(view->edns().udp_payload_size, 4096);
  EXPECT_TRUE(view->edns().dnssec_ok);
  EXPECT_EQ(view->lowest_ttl(), std::nullopt);
  EXPECT_EQ(view->ttl_count(), 0u);
}

TEST(MessageView, SeesSoaInAuthorityOnly) {
  const std::string soa = "example. 30 SOA ns.example. h.example. 1 2 3 4 5";
  const auto negative = MakeReply("a.example", RecordType::kA, {.rcode = Rcode::kNxDomain, .authority = {soa}});
  const auto positive = MakeReply("example", RecordType::kSoa, {.answer = {soa}});
  EXPECT_TRUE(MessageView::Read(negative)->has_soa_in_authority());
  EXPECT_FALSE(MessageView::Read(positive)->has_soa_in_authority());
}

TEST(MessageView, AHugeTtlIsZero) {
  const auto reply = MakeReply("a", RecordType::kA, {.answer = {"a. 2147483648 A 10.0.0.1", "a. 5 A 10.0.0.2"}});
  EXPECT_EQ(MessageView::Read(reply)->lowest_ttl(), 0u);
}

TEST(MessageView, AnErrorMayComeWithoutAQuestion) {
  std::vector<uint8_t> reply = MakeReply("a", RecordType::kA, {.rcode = Rcode::kRefused});
  reply.resize(kHeaderLength);
  reply[5] = 0;
  const auto view = MessageView::Read(reply);
  ASSERT_TRUE(view.has_value());
  EXPECT_FALSE(view->has_question());
  EXPECT_EQ(view->rcode(), Rcode::kRefused);
  EXPECT_THAT(Describe(view->records()), IsEmpty());
}

TEST(MessageView, OctetsBehindTheLastRecordAreNotPartOfIt) {
  std::vector<uint8_t> reply = Reply();
  const size_t size = reply.size();
  reply.push_back(7);
  EXPECT_EQ(MessageView::Read(reply)->octets().size(), size);
}

TEST(MessageView, NoCutReplyIsWhole) {
  const std::vector<uint8_t> reply = Reply();
  for (size_t size = 0; size < reply.size(); ++size) {
    const std::vector<uint8_t> cut(reply.begin(), reply.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(MessageView::Read(cut).has_value()) << size;
  }
}

TEST(MessageView, RefusesWhatIsNoReply) {
  std::vector<uint8_t> reply = Reply();
  const auto read_with = [&](size_t at, uint8_t value) {
    std::vector<uint8_t> changed = reply;
    changed[at] = value;
    return MessageView::Read(changed).has_value();
  };
  EXPECT_TRUE(read_with(0, 1));
  EXPECT_FALSE(read_with(2, 0x01)) << "a query";
  EXPECT_FALSE(read_with(5, 2)) << "two questions";
  EXPECT_FALSE(read_with(7, 9)) << "more records than there are";
  EXPECT_FALSE(read_with(12, 0x40)) << "a label of an abandoned type";
  EXPECT_FALSE(read_with(12, 0xC0)) << "a question that is a pointer";
  const auto view = MessageView::Read(reply);
  const size_t owner = view->section_start(Section::kAnswer);
  ASSERT_EQ(reply[owner], 0xC0);
  EXPECT_FALSE(read_with(owner + 1, 2)) << "a pointer into the header";
  EXPECT_FALSE(read_with(owner + 1, static_cast<uint8_t>(owner))) << "a pointer to itself";
  EXPECT_FALSE(read_with(view->opt()->start + 10, 4)) << "an option that is not there";
}

TEST(MessageView, AnOptRecordIsOneAndTheRootsAndAdditional) {
  const auto whole = [&](const ReplyParts& parts) {
    return MessageView::Read(MakeReply("a", RecordType::kA, parts)).has_value();
  };
  EXPECT_TRUE(whole({.edns_size = 512}));
  EXPECT_FALSE(whole({.edns_size = 512, .behind_opt = {". 0 TYPE41 \\# 0"}}));
  EXPECT_FALSE(whole({.additional = {"a. 0 TYPE41 \\# 0"}}));
  EXPECT_FALSE(whole({.answer = {". 0 TYPE41 \\# 0"}}));
  EXPECT_FALSE(whole({.authority = {". 0 TYPE41 \\# 0"}}));
}

TEST(MessageView, EveryTtlButThatOfOptIsWritten) {
  std::vector<uint8_t> reply = Reply();
  const auto view = MessageView::Read(reply);
  SetEveryTtl(*view, 0x01020304, absl::MakeSpan(reply));
  const auto message = testing::ParseMessage(reply);
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_THAT(message->answer,
              ElementsAre("www.Example. 16909060 IN CNAME web.Example.", "web.Example. 16909060 IN A 10.0.0.1",
                          "web.Example. 16909060 IN A 10.0.0.2"));
  EXPECT_THAT(message->authority, ElementsAre("Example. 16909060 IN NS ns.Example."));
  EXPECT_THAT(message->additional, ElementsAre("ns.Example. 16909060 IN AAAA fd00::1"));
  ASSERT_TRUE(message->edns.has_value());
  EXPECT_EQ(message->edns->version, 0);
}

}  // namespace
}  // namespace podnamed::dns
