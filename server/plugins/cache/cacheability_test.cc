#include "server/plugins/cache/cacheability.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/testing/reply_builder.h"

namespace podnamed::plugins {
namespace {

using dns::Rcode;
using dns::RecordType;
using testing::MakeReply;
using testing::ReplyParts;

const std::string kSoa = "example.org. 30 SOA ns.example.org. h.example.org. 1 2 3 4 900";
const std::string kAddress = "www.example.org. 300 A 10.0.0.1";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class CacheabilityTest : public ::testing::Test {
 protected:
  CacheVerdict JudgeReply(const ReplyParts& parts, RecordType type = RecordType::kA) {
    reply_ = MakeReply("www.example.org", type, parts);
    return JudgeOctets(type);
  }
  CacheVerdict JudgeOctets(RecordType type = RecordType::kA) {
    const auto view = dns::MessageView::Read(reply_);
    EXPECT_TRUE(view.has_value());
    return Judge(*view, {.name = name_.wire(), .type = type}, rules_, kNow);
  }

  const dns::Name name_ = dns::Name::FromText("www.example.org").value();
  CacheRules rules_;
  std::vector<uint8_t> reply_;
};

TEST_F(CacheabilityTest, OneTtlForTheWholeMessageWithinBounds) {
  const auto ttl_of = [&](const std::vector<std::string>& answer) { return JudgeReply({.answer = answer}).ttl; };
  EXPECT_EQ(ttl_of({kAddress}), 300u);
  EXPECT_EQ(ttl_of({kAddress, "www.example.org. 60 A 10.0.0.2"}), 60u);
  EXPECT_EQ(ttl_of({"www.example.org. 0 A 10.0.0.2"}), 5u);
  EXPECT_EQ(ttl_of({"www.example.org. 86400 A 10.0.0.2"}), 3600u);
  EXPECT_EQ(
      JudgeReply({.answer = {kAddress}, .authority = {"example.org. 20 NS a."}, .additional = {"a. 7 A 10.0.0.1"}}).ttl,
      7u);
  EXPECT_EQ(JudgeReply({.rcode = Rcode::kNxDomain, .authority = {kSoa}}).ttl, 30u) << "not the SOA's minimum";
  rules_.success = {.min = 0, .max = 30};
  rules_.denial = {.min = 100, .max = 200};
  EXPECT_EQ(ttl_of({kAddress}), 30u);
  EXPECT_EQ(ttl_of({"www.example.org. 0 A 10.0.0.2"}), 0u);
  EXPECT_EQ(JudgeReply({.rcode = Rcode::kNxDomain, .authority = {kSoa}}).ttl, 100u);
}

TEST_F(CacheabilityTest, WhatIsStoredAndAsWhat) {
  struct Case {
    std::string_view what;
    CacheOutcome outcome;
    CacheKind kind;
    ReplyParts parts;
  };
  constexpr auto kTruncatedReply = static_cast<uint16_t>(dns::kResponseFlag | dns::kTruncatedFlag);
  constexpr auto kNotifyReply = static_cast<uint16_t>(dns::kResponseFlag | 4 << dns::kOpcodeShift);
  const Case kCases[] = {
      {"answer", CacheOutcome::kStore, CacheKind::kSuccess, {.answer = {kAddress}}},
      {"alias without its end",
       CacheOutcome::kStore,
       CacheKind::kSuccess,
       {.answer = {"www.example.org. 5 CNAME a.net."}}},
      {"NXDOMAIN", CacheOutcome::kStore, CacheKind::kDenial, {.rcode = Rcode::kNxDomain, .authority = {kSoa}}},
      {"NODATA", CacheOutcome::kStore, CacheKind::kDenial, {.authority = {kSoa}}},
      {"SERVFAIL", CacheOutcome::kStore, CacheKind::kFailure, {.rcode = Rcode::kServFail}},
      {"NOTIMP", CacheOutcome::kStore, CacheKind::kFailure, {.rcode = Rcode::kNotImp}},
      {"NXDOMAIN without SOA", CacheOutcome::kNoSoa, CacheKind::kDenial, {.rcode = Rcode::kNxDomain}},
      {"NODATA without SOA", CacheOutcome::kNoSoa, CacheKind::kSuccess, {}},
      {"referral", CacheOutcome::kNoSoa, CacheKind::kSuccess, {.authority = {"example.org. 5 NS ns.example.org."}}},
      {"REFUSED", CacheOutcome::kError, CacheKind::kSuccess, {.rcode = Rcode::kRefused}},
      {"FORMERR", CacheOutcome::kError, CacheKind::kSuccess, {.rcode = Rcode::kFormErr}},
      {"BADVERS, whose lower bits are NOERROR's",
       CacheOutcome::kError,
       CacheKind::kSuccess,
       {.rcode = Rcode::kBadVers, .answer = {kAddress}, .edns_size = 1232}},
      {"truncated", CacheOutcome::kTruncated, CacheKind::kSuccess, {.flags = kTruncatedReply, .answer = {kAddress}}},
      {"NOTIFY", CacheOutcome::kError, CacheKind::kSuccess, {.flags = kNotifyReply, .answer = {kAddress}}},
      {"a stranger", CacheOutcome::kForeignRecords, CacheKind::kSuccess, {.answer = {kAddress, "bank. 5 A 6.6.6.6"}}},
      {"a stranger's SOA",
       CacheOutcome::kForeignRecords,
       CacheKind::kDenial,
       {.rcode = Rcode::kNxDomain, .authority = {"bank. 5 SOA a. b. 1 2 3 4 5"}}},
  };
  for (const Case& c : kCases) {
    const CacheVerdict verdict = JudgeReply(c.parts);
    EXPECT_EQ(static_cast<int>(verdict.outcome), static_cast<int>(c.outcome)) << c.what;
    EXPECT_EQ(static_cast<int>(verdict.kind), static_cast<int>(c.kind)) << c.what;
  }
  EXPECT_EQ(JudgeReply({.answer = {kAddress}}, RecordType::kAxfr).outcome, CacheOutcome::kTransfer);
}

TEST_F(CacheabilityTest, FailuresHaveTheirOwnTime) {
  rules_.failure_ttl = 77;
  EXPECT_EQ(JudgeReply({.rcode = Rcode::kServFail, .authority = {kSoa}}).ttl, 77u);
  rules_.failure_ttl = 0;
  EXPECT_EQ(JudgeReply({.rcode = Rcode::kServFail}).outcome, CacheOutcome::kDisabled);
}

TEST_F(CacheabilityTest, OnlyTheQuestionThatWasAsked) {
  const auto outcome_with = [&](size_t at, uint8_t value) {
    reply_ = MakeReply("www.example.org", RecordType::kA, {.answer = {kAddress}});
    reply_[at] = value;
    return JudgeOctets().outcome;
  };
  EXPECT_EQ(outcome_with(13, 'W'), CacheOutcome::kStore);
  EXPECT_EQ(outcome_with(13, 'v'), CacheOutcome::kOtherQuestion);
  EXPECT_EQ(outcome_with(30, 28), CacheOutcome::kOtherQuestion) << "type";
  EXPECT_EQ(outcome_with(32, 3), CacheOutcome::kOtherQuestion) << "class";
  reply_ = MakeReply("www.example.org", RecordType::kA, {.rcode = Rcode::kServFail});
  reply_.resize(dns::kHeaderLength);
  reply_[5] = 0;
  EXPECT_EQ(JudgeOctets().outcome, CacheOutcome::kOtherQuestion) << "none";
}

TEST_F(CacheabilityTest, DisabledZonesAreNotStoredButHaveTheirTtl) {
  rules_.success.max = 30;
  rules_.disabled_success = {dns::Name::FromText("net").value(), dns::Name::FromText("example.org").value()};
  const CacheVerdict verdict = JudgeReply({.answer = {kAddress}});
  EXPECT_EQ(verdict.outcome, CacheOutcome::kDisabled);
  EXPECT_EQ(verdict.ttl, 30u);
  EXPECT_EQ(JudgeReply({.rcode = Rcode::kNxDomain, .authority = {kSoa}}).outcome, CacheOutcome::kStore);
  rules_.disabled_denial = {dns::Name()};
  EXPECT_EQ(JudgeReply({.rcode = Rcode::kNxDomain, .authority = {kSoa}}).outcome, CacheOutcome::kDisabled);
}

TEST_F(CacheabilityTest, KeepsWhatBelongsOfTheAdditionalSection) {
  const std::vector<std::string> answer = {"www.example.org. 5 SRV 1 2 3 a.net."};
  CacheVerdict verdict = JudgeReply({.answer = answer, .additional = {"a.net. 5 A 10.0.0.1"}}, RecordType::kSrv);
  EXPECT_EQ(verdict.kept_additional, 1u);
  EXPECT_EQ(verdict.kept_size, reply_.size());
  verdict = JudgeReply({.answer = answer, .additional = {"a.net. 5 A 10.0.0.1"}, .edns_size = 512}, RecordType::kSrv);
  EXPECT_EQ(verdict.kept_additional, 1u);
  EXPECT_EQ(verdict.kept_size, reply_.size() - dns::kOptLength);
  verdict = JudgeReply({.answer = answer, .additional = {"bank. 5 A 6.6.6.6"}, .edns_size = 512}, RecordType::kSrv);
  EXPECT_EQ(verdict.kept_additional, 0u);
  EXPECT_EQ(verdict.kept_size, dns::MessageView::Read(reply_)->section_start(dns::Section::kAdditional));
}

TEST_F(CacheabilityTest, SignaturesAreOfToday) {
  const auto signed_from_to = [&](int64_t inception, int64_t expiration) {
    const auto hex = [](int64_t at) { return absl::StrFormat("%08x", absl::ToUnixSeconds(kNow) + at); };
    return JudgeReply({.answer = {kAddress, absl::StrCat("www.example.org. 300 TYPE46 \\# 20 000108030000012c",
                                                         hex(expiration), hex(inception), "00070161")}})
        .outcome;
  };
  EXPECT_EQ(signed_from_to(-10, 10), CacheOutcome::kStore);
  EXPECT_EQ(signed_from_to(0, 0), CacheOutcome::kStore);
  EXPECT_EQ(signed_from_to(-10, -1), CacheOutcome::kInvalidSignature);
  EXPECT_EQ(signed_from_to(1, 10), CacheOutcome::kInvalidSignature);
}

}  // namespace
}  // namespace podnamed::plugins
