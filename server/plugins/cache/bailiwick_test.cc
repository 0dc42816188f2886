#include "server/plugins/cache/bailiwick.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/testing/reply_builder.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;
using testing::MakeReply;
using testing::ReplyParts;

const std::string kRrsigRdata = " TYPE46 \\# 20 0001080300000000000000000000000000000161";

bool Belong(std::string_view name, RecordType type, const ReplyParts& parts) {
  const std::vector<uint8_t> reply = MakeReply(name, type, parts);
  const auto view = dns::MessageView::Read(reply);
  EXPECT_TRUE(view.has_value());
  return AnswerAndAuthorityBelong(*view);
}

size_t CountAdditional(RecordType type, const ReplyParts& parts) {
  const std::vector<uint8_t> reply = MakeReply("example.org", type, parts);
  const auto view = dns::MessageView::Read(reply);
  EXPECT_TRUE(view.has_value());
  return CountBelongingAdditional(*view);
}

TEST(Bailiwick, TheAnswerIsTheChainFromTheQuestion) {
  struct Case {
    std::string_view what;
    bool belongs;
    std::vector<std::string> answer;
  };
  const Case kCases[] = {
      {"nothing", true, {}},
      {"the name", true, {"www.example.org. 5 A 10.0.0.1"}},
      {"in other letters", true, {"WWW.example.ORG. 5 A 10.0.0.1"}},
      {"a chain", true, {"www.example.org. 5 CNAME a.net.", "a.net. 5 CNAME b.net.", "b.net. 5 A 10.0.0.1"}},
      {"a chain backwards", true, {"b.net. 5 A 10.0.0.1", "a.net. 5 CNAME b.net.", "www.example.org. 5 CNAME a.net."}},
      {"a chain that ends nowhere", true, {"www.example.org. 5 CNAME a.net."}},
      {"a loop", true, {"www.example.org. 5 CNAME a.net.", "a.net. 5 CNAME www.example.org."}},
      {"a DNAME above",
       true,
       {"example.org. 5 DNAME a.net.", "www.example.org. 5 CNAME www.a.net.", "www.a.net. 5 A 10.0.0.1"}},
      {"signed", true, {"www.example.org. 5 A 10.0.0.1", "www.example.org. 5" + kRrsigRdata}},
      {"another name", false, {"bank.example. 5 A 6.6.6.6"}},
      {"another name besides", false, {"www.example.org. 5 A 10.0.0.1", "bank.example. 5 A 6.6.6.6"}},
      {"the name below", false, {"a.www.example.org. 5 A 10.0.0.1"}},
      {"the zone", false, {"example.org. 5 A 10.0.0.1"}},
      {"another type", false, {"www.example.org. 5 AAAA fd00::1"}},
      {"a chain with a gap", false, {"www.example.org. 5 CNAME a.net.", "b.net. 5 A 10.0.0.1"}},
      {"a DNAME elsewhere", false, {"a.net. 5 DNAME b.net."}},
      {"a signature elsewhere", false, {"a.net. 5" + kRrsigRdata}},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(Belong("www.example.org", RecordType::kA, {.answer = c.answer}), c.belongs) << c.what;
  }
}

TEST(Bailiwick, ACnameThatIsAskedForIsNotFollowed) {
  const std::string cname = "www.example.org. 5 CNAME a.net.";
  EXPECT_TRUE(Belong("www.example.org", RecordType::kCname, {.answer = {cname}}));
  EXPECT_FALSE(Belong("www.example.org", RecordType::kCname, {.answer = {cname, "a.net. 5 CNAME b.net."}}));
  EXPECT_TRUE(Belong("www.example.org", RecordType::kAny, {.answer = {cname, "www.example.org. 5 TXT x"}}));
}

TEST(Bailiwick, AChainHasAnEnd) {
  for (const size_t names : {kMaxCnameChain, kMaxCnameChain + 1}) {
    std::vector<std::string> answer;
    for (size_t i = 1; i < names; ++i) answer.push_back(absl::StrCat("h", i, ".org. 5 CNAME h", i + 1, ".org."));
    answer.push_back(absl::StrCat("h", names, ".org. 5 A 10.0.0.1"));
    EXPECT_EQ(Belong("h1.org", RecordType::kA, {.answer = answer}), names == kMaxCnameChain);
  }
}

TEST(Bailiwick, AuthorityStandsAtOrAboveTheChain) {
  const std::string soa_rdata = " 5 SOA ns.x. h.x. 1 2 3 4 5";
  struct Case {
    bool belongs;
    std::string owner;
    std::vector<std::string> answer;
  };
  const Case kCases[] = {
      {true, "www.example.org.", {}},
      {true, "example.org.", {}},
      {true, ".", {}},
      {true, "net.", {"www.example.org. 5 CNAME a.net."}},
      {false, "net.", {}},
      {false, "a.www.example.org.", {}},
      {false, "xample.org.", {}},
      {false, "bank.example.", {}},
  };
  for (const Case& c : kCases) {
    const ReplyParts parts = {.answer = c.answer, .authority = {c.owner + soa_rdata}};
    EXPECT_EQ(Belong("www.example.org", RecordType::kA, parts), c.belongs) << c.owner;
  }
  const ReplyParts proofs = {.authority = {"a.example.org. 5 TYPE47 \\# 2 0000", "a.example.org. 5" + kRrsigRdata,
                                           "123.example.org. 5 TYPE50 \\# 2 0000"}};
  EXPECT_TRUE(Belong("www.example.org", RecordType::kA, proofs));
}

TEST(Bailiwick, AdditionalAreAddressesOfNamedHosts) {
  const std::string v4 = "host.example.net. 5 A 10.0.0.1";
  const std::string v6 = "HOST.example.net. 5 AAAA fd00::1";
  const std::string other = "bank.example. 5 A 6.6.6.6";
  EXPECT_EQ(
      CountAdditional(RecordType::kMx, {.answer = {"example.org. 5 MX 1 host.example.net."}, .additional = {v4, v6}}),
      2u);
  EXPECT_EQ(CountAdditional(RecordType::kSrv,
                            {.answer = {"example.org. 5 SRV 1 2 3 host.example.net."}, .additional = {v4, other, v6}}),
            1u);
  EXPECT_EQ(CountAdditional(RecordType::kA, {.authority = {"example.org. 5 NS host.example.net."}, .additional = {v4}}),
            1u);
  EXPECT_EQ(CountAdditional(RecordType::kA, {.answer = {"example.org. 5 A 10.0.0.1"}, .additional = {v4}}), 0u);
  EXPECT_EQ(CountAdditional(RecordType::kMx, {.answer = {"example.org. 5 MX 1 host.example.net."},
                                              .additional = {v4},
                                              .edns_size = 1232,
                                              .behind_opt = {v6}}),
            1u);
  EXPECT_EQ(CountAdditional(RecordType::kMx, {.answer = {"example.org. 5 MX 1 host.example.net."},
                                              .additional = std::vector<std::string>(100, v4)}),
            kMaxKeptAdditional);
}

}  // namespace
}  // namespace podnamed::plugins
