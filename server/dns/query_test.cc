#include "server/dns/query.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/testing/dns_message.h"

namespace podnamed::dns {
namespace {

using std::literals::operator""s;
using testing::MakeQuery;

std::vector<uint8_t> Octets(std::string_view octets) { return {octets.begin(), octets.end()}; }

// A packet put together by hand: header for one question and the given counts, question "web-0. IN A", then `rest`.
std::vector<uint8_t> Packet(char answers, char authorities, char additionals, std::string_view rest) {
  const std::string header = "\x10\x92\x01\x00\x00\x01\x00"s + answers + '\0' + authorities + '\0' + additionals;
  return Octets(header + "\5web-0\0\0\1\0\1"s + std::string(rest));
}

const std::string kOpt = "\0\0\x29\x04\xD0\0\0\0\0\0\0"s;
const std::string kAddress = "\xC0\x0C\0\1\0\1\0\0\0\5\0\4\x0A\0\0\1"s;

TEST(ParseQuery, ReadsHeaderQuestionAndEdns) {
  const auto packet = MakeQuery("Web-0.nginx.Default.svc.cluster.local", RecordType::kAaaa,
                                {.id = 0xBEEF, .checking_disabled = true, .edns_size = 4096, .dnssec_ok = true});
  Query query;
  ASSERT_EQ(ParseQuery(packet, query), ParseOutcome::kQuery);
  EXPECT_EQ(query.id, 0xBEEF);
  EXPECT_EQ(query.opcode, Opcode::kQuery);
  EXPECT_TRUE(query.recursion_desired);
  EXPECT_TRUE(query.checking_disabled);
  ASSERT_TRUE(query.has_question);
  EXPECT_EQ(NameToText(query.name.original()), "Web-0.nginx.Default.svc.cluster.local.");
  EXPECT_EQ(NameToText(query.name.folded()), "web-0.nginx.default.svc.cluster.local.");
  EXPECT_EQ(query.type, RecordType::kAaaa);
  EXPECT_EQ(query.record_class, RecordClass::kIn);
  ASSERT_TRUE(query.edns.has_value());
  EXPECT_EQ(query.edns->udp_payload_size, 4096);
  EXPECT_TRUE(query.edns->dnssec_ok);
}

TEST(ParseQuery, LeavesNothingOfTheQueryBefore) {
  Query query;
  ASSERT_EQ(ParseQuery(MakeQuery("a", RecordType::kA, {.edns_size = 4096}), query), ParseOutcome::kQuery);
  ASSERT_EQ(ParseQuery(MakeQuery("b", RecordType::kA), query), ParseOutcome::kQuery);
  EXPECT_FALSE(query.edns.has_value());
  ASSERT_EQ(ParseQuery(Octets("\0\1\x10\0\0\1\0\0\0\0\0\0"s), query), ParseOutcome::kNotImp);
  EXPECT_FALSE(query.has_question);
}

TEST(ParseQuery, DropsWhatMustNotBeAnswered) {
  Query query;
  std::vector<uint8_t> packet = MakeQuery("a", RecordType::kA);
  for (size_t length = 0; length < kHeaderLength; ++length) {
    EXPECT_EQ(ParseQuery({packet.data(), length}, query), ParseOutcome::kDrop) << length;
  }
  packet[2] |= 0x80;  // QR
  EXPECT_EQ(ParseQuery(packet, query), ParseOutcome::kDrop);
}

TEST(ParseQuery, RefusesOtherOpcodesWithoutReadingOn) {
  for (uint8_t opcode = 1; opcode < 16; ++opcode) {
    std::vector<uint8_t> packet = MakeQuery("a", RecordType::kSoa, {.id = 7, .edns_size = 512});
    packet[2] = static_cast<uint8_t>(packet[2] | opcode << 3);
    Query query;
    EXPECT_EQ(ParseQuery(packet, query), ParseOutcome::kNotImp);
    EXPECT_EQ(query.opcode, Opcode{opcode});
    EXPECT_EQ(query.id, 7);
    EXPECT_FALSE(query.has_question);
    EXPECT_FALSE(query.edns.has_value());
  }
}

TEST(ParseQuery, EveryCutPacketIsAFormErr) {
  const auto packet = MakeQuery("web-0.nginx", RecordType::kA, {.edns_size = 1232});
  const size_t question_end = packet.size() - kOptLength;
  for (size_t length = kHeaderLength; length < packet.size(); ++length) {
    Query query;
    EXPECT_EQ(ParseQuery({packet.data(), length}, query), ParseOutcome::kFormErr) << length;
    EXPECT_EQ(query.has_question, length >= question_end) << length;
  }
}

TEST(ParseQuery, JudgesSections) {
  struct Case {
    std::string_view what;
    std::vector<uint8_t> packet;
    ParseOutcome outcome;
    bool has_question = true;
    bool has_edns = false;
  };
  const std::string bad_version = "\0\0\x29\x04\xD0\0\1\0\0\0\0"s;
  const std::string named_opt = "\1x\0\0\x29\x04\xD0\0\0\0\0\0\0"s;
  const std::string pointed_opt = "\xC0\x12\0\x29\x04\xD0\0\0\0\0\0\0"s;
  const std::string cut_option = "\0\0\x29\x04\xD0\0\0\0\0\0\3\0\x0A\0"s;
  const std::string cookie = "\0\0\x29\x04\xD0\0\0\0\0\0\x0C\0\x0A\0\x08"s + "12345678";
  const Case kCases[] = {
      {"no EDNS", Packet(0, 0, 0, ""), ParseOutcome::kQuery},
      {"octets behind the end", Packet(0, 0, 0, "what is this"), ParseOutcome::kQuery},
      {"octets behind the OPT", Packet(0, 0, 1, kOpt + "?"), ParseOutcome::kQuery, true, true},
      {"cookie", Packet(0, 0, 1, cookie), ParseOutcome::kQuery, true, true},
      {"one record in each section", Packet(1, 1, 2, kAddress + kAddress + kAddress + kOpt), ParseOutcome::kQuery, true,
       true},
      {"OPT first, then TSIG", Packet(0, 0, 2, kOpt + "\3key\0\0\xFA\0\xFF\0\0\0\0\0\2hi"s), ParseOutcome::kQuery, true,
       true},
      {"two answers", Packet(2, 0, 0, kAddress + kAddress), ParseOutcome::kFormErr, false},
      {"two authorities", Packet(0, 2, 0, kAddress + kAddress), ParseOutcome::kFormErr, false},
      {"three additionals", Packet(0, 0, 3, kAddress + kAddress + kOpt), ParseOutcome::kFormErr, false},
      {"answer missing", Packet(1, 0, 0, ""), ParseOutcome::kFormErr},
      {"answer cut", Packet(1, 0, 0, kAddress.substr(0, 15)), ParseOutcome::kFormErr},
      {"additional missing", Packet(0, 0, 1, ""), ParseOutcome::kFormErr},
      {"two OPT", Packet(0, 0, 2, kOpt + kOpt), ParseOutcome::kFormErr, true, true},
      {"OPT not of the root", Packet(0, 0, 1, named_opt), ParseOutcome::kFormErr, true, true},
      {"OPT of the root by a pointer", Packet(0, 0, 1, pointed_opt), ParseOutcome::kFormErr, true, true},
      {"OPT with half an option", Packet(0, 0, 1, cut_option), ParseOutcome::kFormErr, true, true},
      {"EDNS version 1", Packet(0, 0, 1, bad_version), ParseOutcome::kBadVers, true, true},
      {"EDNS version 1 twice", Packet(0, 0, 2, bad_version + bad_version), ParseOutcome::kFormErr, true, true},
      {"no question", Octets("\0\1\0\0\0\0\0\0\0\0\0\0"s), ParseOutcome::kFormErr, false},
      {"two questions", Octets("\0\1\0\0\0\2\0\0\0\0\0\0\1a\0\0\1\0\1\1b\0\0\1\0\1"s), ParseOutcome::kFormErr, false},
      {"pointer as question", Octets("\0\1\0\0\0\1\0\0\0\0\0\0\xC0\x0C\0\1\0\1"s), ParseOutcome::kFormErr, false},
      {"pointer in question", Octets("\0\1\0\0\0\1\0\0\0\0\0\0\1a\xC0\x0C\0\1\0\1"s), ParseOutcome::kFormErr, false},
      {"the root", Octets("\0\1\0\0\0\1\0\0\0\0\0\0\0\0\2\0\1"s), ParseOutcome::kQuery},
      {"a label of arbitrary octets", Octets("\0\1\0\0\0\1\0\0\0\0\0\0\3\0.\xFF\0\0\1\0\1"s), ParseOutcome::kQuery},
  };
  for (const Case& c : kCases) {
    Query query;
    EXPECT_EQ(ParseQuery(c.packet, query), c.outcome) << c.what;
    EXPECT_EQ(query.has_question, c.has_question) << c.what;
    EXPECT_EQ(query.edns.has_value(), c.has_edns) << c.what;
  }
}

}  // namespace
}  // namespace podnamed::dns
