#include "server/plugins/rewrite/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "config/fake_environment.h"
#include "server/plugins/test_exchange.h"
#include "server/plugins/upstream_reply.h"
#include "server/testing/reply_builder.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;
using testing::ReplyParts;

// The rules of a Corefile.
std::vector<config::RewriteRule> Rules(const std::string& lines) {
  const absl::StatusOr<config::Options> options =
      config::ParseOptions(". {\n" + lines + "\n}", "Corefile", 53, config::FakeEnvironment());
  EXPECT_TRUE(options.ok()) << options.status();
  return options.ok() ? options->blocks[0].rewrite : std::vector<config::RewriteRule>();
}

// "www.example. IN A": what the plugins behind see.
std::string QuestionOf(const Exchange& exchange) {
  return dns::NameToText(exchange.query->name.original()) + " " + dns::NameOf(exchange.query->record_class) + " " +
         dns::NameOf(exchange.query->type);
}

class RewriteTest : public ::testing::Test {
 protected:
  Rewrite& Make(const std::string& lines) {
    rules_ = Rules(lines);
    return rewrite_.emplace(rules_, Metadata::Sources{.cluster_zones = &cluster_zones_});
  }

  // What becomes of a question.
  std::string Question(const std::string& lines, std::string_view name, RecordType type = RecordType::kA) {
    Rewrite& rewrite = Make(lines);
    TestExchange test(name, type);
    if (rewrite.OnQuery(test.exchange) != Next::kPass) return "not passed on: " + test.exchange.error;
    return QuestionOf(test.exchange);
  }

  // What becomes of a reply of the plugins behind.
  std::string Reply(const std::string& lines, std::string_view name, const ReplyParts& parts,
                    RecordType type = RecordType::kA) {
    Rewrite& rewrite = Make(lines);
    TestExchange test(name, type, {.edns_size = 1232});
    EXPECT_EQ(rewrite.OnQuery(test.exchange), Next::kPass);
    const std::vector<uint8_t> octets =
        testing::MakeReply(dns::NameToText(test.exchange.query->name.original()), type, parts);
    PutReply(dns::MessageView::Read(octets).value(), test.exchange);
    rewrite.OnReply(test.exchange);
    const testing::Message reply = test.Reply();
    std::string text = reply.questions.at(0) + " " + std::string(dns::NameOf(reply.rcode));
    for (const auto* section : {&reply.answer, &reply.authority, &reply.additional}) {
      for (const std::string& record : *section) text += " | " + record;
    }
    return text;
  }

  // The options that go upstream, in hexadecimal; "shared" if other clients may have the reply.
  std::string Options(const std::string& lines, const std::string& clients_options = "",
                      std::string_view client = "10.1.2.3") {
    Rewrite& rewrite = Make(lines);
    testing::QueryOptions options;
    if (!clients_options.empty()) {
      options.edns_size = 1232;
      options.edns_options = absl::HexStringToBytes(clients_options);
    }
    TestExchange test("www.example.", RecordType::kA, options);
    test.exchange.client = *base::ParseIpAddress(std::string(client));
    test.exchange.entrance = &entrance_;
    EXPECT_EQ(rewrite.OnQuery(test.exchange), Next::kPass);
    const UpstreamOptions& upstream = test.exchange.upstream_options;
    EXPECT_TRUE(upstream.octets.empty() || test.exchange.query->edns.has_value());
    return absl::BytesToHexString(std::string(upstream.octets)) + (upstream.is_for_one_client ? "" : " shared");
  }

  const Entrance entrance_{"dns://10.0.0.53:5353", ".", 0, base::ParseIpAddress("10.0.0.53"), 5353};
  const std::vector<dns::Name> cluster_zones_ = {*dns::Name::FromText("example")};
  std::vector<config::RewriteRule> rules_;
  std::optional<Rewrite> rewrite_;
};

TEST_F(RewriteTest, AQueryThatNoRuleIsForIsLeftAlone) {
  Rewrite& rewrite = Make("rewrite name a.example b\nrewrite type MX A\nrewrite name regex ^x y");
  TestExchange test("www.example.");
  EXPECT_EQ(rewrite.OnQuery(test.exchange), Next::kPass);
  EXPECT_EQ(test.exchange.query, &test.exchange.asked);
  EXPECT_EQ(test.exchange.rewritten, nullptr);
}

TEST_F(RewriteTest, NamesBecomeOthers) {
  EXPECT_EQ(Question("rewrite name www.example www.other", "WWW.Example."), "www.other. IN A");
  EXPECT_EQ(Question("rewrite name www.example www.other", "x.www.example."), "x.www.example. IN A");
  EXPECT_EQ(Question("rewrite name prefix foo bar", "foo.example."), "bar.example. IN A");
  EXPECT_EQ(Question("rewrite name prefix foo bar", "foobar.example."), "foobar.example. IN A")
      << "CoreDNS adds the dot";
  EXPECT_EQ(Question("rewrite name suffix .schmoogle.com. .google.com.", "www.schmoogle.com."), "www.google.com. IN A");
  EXPECT_EQ(Question("rewrite name suffix .schmoogle.com. .google.com.", "schmoogle.com."), "schmoogle.com. IN A");
  EXPECT_EQ(Question("rewrite name substring service.us-west-1.example.org service.us-west-1.consul",
                     "ftp.service.us-west-1.example.org."),
            "ftp.service.us-west-1.consul. IN A");
  EXPECT_EQ(Question(R"(rewrite name regex (.*)-(us-west-1)\.example\.org {1}.service.{2}.consul)",
                     "FTP-us-west-1.example.org."),
            "ftp.service.us-west-1.consul. IN A");
  EXPECT_EQ(Question("rewrite name regex ^a(.)c {0}{1}{1}{x}.example", "abc."), "abcbb{x}.example. IN A");
}

TEST_F(RewriteTest, RulesStopUnlessTheyContinue) {
  EXPECT_EQ(Question("rewrite name a b\nrewrite name b c", "a."), "b. IN A");
  EXPECT_EQ(
      Question("rewrite continue name a b\nrewrite continue name b c\nrewrite type A AAAA\nrewrite name c d", "a."),
      "c. IN AAAA");
  EXPECT_EQ(Question("rewrite stop type MX A\nrewrite name a b", "a."), "b. IN A") << "only one that changes stops";
}

TEST_F(RewriteTest, WhatIsNoNameIsAnError) {
  EXPECT_EQ(Question("rewrite name regex (.*) {1}.{1}", "a."),
            "not passed on: plugin/rewrite: invalid name after rewrite: a..a..");
  const std::string label(63, 'a');
  EXPECT_EQ(Question("rewrite name regex ^(a+) {1}{1}", label + ".").substr(0, 60),
            "not passed on: plugin/rewrite: invalid name after rewrite: a");
}

TEST_F(RewriteTest, TypesAndClassesBecomeOthers) {
  EXPECT_EQ(Question("rewrite type ANY HINFO", "a.", RecordType::kAny), "a. IN HINFO");
  EXPECT_FALSE(Make("rewrite type ANY HINFO").takes_every_class());
  Rewrite& rewrite = Make("rewrite class CH IN");
  EXPECT_TRUE(rewrite.takes_every_class());
  TestExchange test("a.", RecordType::kTxt, {.record_class = dns::RecordClass::kCh});
  EXPECT_EQ(rewrite.OnQuery(test.exchange), Next::kPass);
  EXPECT_EQ(QuestionOf(test.exchange), "a. IN TXT");
  EXPECT_EQ(test.Reply().questions.at(0), "a. CH TXT");
}

TEST_F(RewriteTest, ExactNamesAreRevertedByThemselves) {
  EXPECT_EQ(Reply("rewrite name red.example blue.test", "ReD.example.",
                  {.answer = {"blue.test. 60 CNAME x.blue.test.", "x.blue.test. 60 A 10.0.0.1"},
                   .authority = {"test. 60 NS ns.test."},
                   .additional = {"other.test. 60 A 10.0.0.2"}}),
            "ReD.example. IN A NOERROR | ReD.example. 60 IN CNAME x.ReD.example. | x.ReD.example. 60 IN A 10.0.0.1 | "
            "test. 60 IN NS ns.test. | other.test. 60 IN A 10.0.0.2");
}

TEST_F(RewriteTest, ChainsAreRevertedBackwards) {
  EXPECT_EQ(Reply("rewrite continue name a b\nrewrite continue name b c", "A.", {.answer = {"c. 60 A 10.0.0.1"}}),
            "A. IN A NOERROR | A. 60 IN A 10.0.0.1");
}

TEST_F(RewriteTest, AnswersAreRevertedWhereTheRuleSaysSo) {
  const ReplyParts parts = {.answer = {"www.google.com. 60 CNAME lb.google.com.", "lb.google.com. 60 A 10.0.0.1"}};
  EXPECT_EQ(Reply("rewrite name suffix .schmoogle.com .google.com", "WWW.schmoogle.com.", parts),
            "WWW.schmoogle.com. IN A NOERROR | www.google.com. 60 IN CNAME lb.google.com. | lb.google.com. 60 IN A "
            "10.0.0.1");
  EXPECT_EQ(Reply("rewrite name suffix .schmoogle.com .google.com answer auto", "WWW.schmoogle.com.", parts),
            "WWW.schmoogle.com. IN A NOERROR | WWW.schmoogle.com. 60 IN CNAME lb.schmoogle.com. | lb.schmoogle.com. 60 "
            "IN A 10.0.0.1");
  EXPECT_EQ(Reply(R"(rewrite name regex (.*)\.schmoogle\.com {1}.google.com answer auto)", "www.schmoogle.com.", parts),
            "www.schmoogle.com. IN A NOERROR | www.schmoogle.com. 60 IN CNAME lb.google.com. | lb.google.com. 60 IN A "
            "10.0.0.1")
      << "the very name alone";
  EXPECT_EQ(Reply(R"(rewrite name regex (.*)\.schmoogle\.com {1}.google.com answer name (.*)\.google\.com {1}.x)",
                  "www.schmoogle.com.", parts),
            "www.schmoogle.com. IN A NOERROR | www.x. 60 IN CNAME lb.google.com. | lb.x. 60 IN A 10.0.0.1");
}

TEST_F(RewriteTest, ValuesAreRewrittenInEveryTypeThatHasSome) {
  EXPECT_EQ(Reply("rewrite name exact a b answer value (.*)\\.in\\. {1}.out", "a.",
                  {.answer = {"b. 60 MX 10 mail.in.", "b. 60 SRV 0 100 53 x.in.", "b. 60 SRV 0 100 53 other.",
                              "b. 60 DNAME d.in.", "b. 60 PTR p.in.", "b. 60 TXT t.in."},
                   .authority = {"b. 60 NS ns.in.", "b. 60 SOA ns.in. root.in. 1 2 3 4 5"}},
                  RecordType::kMx),
            "a. IN MX NOERROR | a. 60 IN MX 10 mail.out. | a. 60 IN SRV 0 100 53 x.out. | a. 60 IN SRV 0 100 53 other. "
            "| a. 60 IN DNAME \\# 7 0164036f757400 | a. 60 IN PTR p.out. | a. 60 IN TXT \"t.in.\" | a. 60 IN NS "
            "ns.out. | a. 60 IN SOA ns.out. root.in. 1 2 3 4 5");
}

TEST_F(RewriteTest, TtlsAreSetOrKeptInBounds) {
  const ReplyParts parts = {.answer = {"a.x. 5 A 10.0.0.1", "b.x. 500 A 10.0.0.2"}, .authority = {"x. 60 NS n."}};
  const auto reply = [&](const std::string& rule) { return Reply(rule, "a.x.", parts); };
  EXPECT_EQ(reply("rewrite ttl a.x 15"),
            "a.x. IN A NOERROR | a.x. 15 IN A 10.0.0.1 | b.x. 15 IN A 10.0.0.2 | x. 15 IN NS n.");
  EXPECT_EQ(reply("rewrite ttl regex ^a 30-"),
            "a.x. IN A NOERROR | a.x. 30 IN A 10.0.0.1 | b.x. 500 IN A 10.0.0.2 | x. 60 IN NS n.");
  EXPECT_EQ(reply("rewrite ttl suffix .x -30"),
            "a.x. IN A NOERROR | a.x. 5 IN A 10.0.0.1 | b.x. 30 IN A 10.0.0.2 | x. 30 IN NS n.");
  EXPECT_EQ(reply("rewrite ttl other 1"),
            "a.x. IN A NOERROR | a.x. 5 IN A 10.0.0.1 | b.x. 500 IN A 10.0.0.2 | x. 60 IN NS n.");
}

TEST_F(RewriteTest, RcodesBecomeOthers) {
  EXPECT_EQ(Reply("rewrite rcode regex .* SERVFAIL NXDOMAIN", "a.", {.rcode = dns::Rcode::kServFail}),
            "a. IN A NXDOMAIN");
  EXPECT_EQ(Reply("rewrite rcode a SERVFAIL NXDOMAIN", "a.", {.rcode = dns::Rcode::kRefused}), "a. IN A REFUSED");
}

TEST_F(RewriteTest, AnRcodeThatNeedsEdnsIsForThoseWhoSpeakIt) {
  Rewrite& rewrite = Make("rewrite rcode a REFUSED BADCOOKIE");
  TestExchange test("a.");
  rewrite.OnQuery(test.exchange);
  test.exchange.rcode = dns::Rcode::kRefused;
  rewrite.OnReply(test.exchange);
  EXPECT_EQ(test.Reply().rcode, dns::Rcode::kServFail);
}

TEST_F(RewriteTest, OptionsGoUpstream) {
  EXPECT_EQ(Options("rewrite edns0 local set 0xffee abcd"), "ffee000461626364 shared");
  EXPECT_EQ(Options("rewrite edns0 local set 0xffee abcd", "ffee0001ff"), "ffee000461626364");
  EXPECT_EQ(Options("rewrite edns0 local append 0xffee abcd", "ffee0001ff"), "ffee0001ff") << "the client's own";
  EXPECT_EQ(Options("rewrite edns0 local replace 0xffee abcd"), " shared");
  EXPECT_EQ(Options("rewrite edns0 local replace 0xffee abcd", "ffee0001ff"), "ffee000461626364");
  EXPECT_EQ(Options("rewrite continue edns0 local set 1 a\nrewrite continue edns0 local set 2 b\n"
                    "rewrite continue edns0 local unset 1\nrewrite edns0 local set 2 c"),
            "0002000163 shared");
  EXPECT_EQ(Options("rewrite edns0 nsid set"), "00030000 shared");
  EXPECT_EQ(Options("rewrite edns0 subnet set 20 56"),
            "0008000700011400"
            "0a0100");
  EXPECT_EQ(Options("rewrite edns0 subnet set 24 52", "", "2001:db8:1:2fff::1"),
            "0008000b00023400"
            "20010db8000120");
  EXPECT_EQ(Options("rewrite edns0 subnet set 0 0"), "0008000400010000");
  EXPECT_EQ(Options("rewrite edns0 local set 1 {client_ip}"), "000100040a010203");
  EXPECT_EQ(Options("rewrite edns0 local set 1 {client_port}"), "00010002041d");
  EXPECT_EQ(Options("rewrite edns0 local set 1 {protocol}"), "00010003756470");
  EXPECT_EQ(Options("rewrite edns0 local set 1 {qtype}"), "000100020001 shared");
  EXPECT_EQ(Options("rewrite edns0 local set 1 {qname}"), "0001000c7777772e6578616d706c652e shared");
  EXPECT_EQ(Options("rewrite edns0 local set 1 {server_ip}"), "000100040a000035 shared");
  EXPECT_EQ(Options("rewrite edns0 local set 1 {kubernetes/parse-error}"),
            "00010012696e76616c6964207175657279206e616d65");
  EXPECT_EQ(Options("rewrite edns0 local set 1 {kubernetes/service}"), " shared") << "not known";
  EXPECT_EQ(Options("rewrite edns0 local set 1 {server_port}"), "0001000214e9 shared");
}

// Answers what a plugin asks of others from a list of replies.
class FakeConductor final : public Conductor {
 public:
  void Resume(Exchange&, Next) override { resumed = true; }
  void Ask(Exchange&, const dns::Name& name, RecordType, AskFrom from, Done done) override {
    asked.push_back(name.ToText() + (from == AskFrom::kServer ? " of the server" : " of those behind"));
    const std::vector<uint8_t> octets = testing::MakeReply(name.ToText(), RecordType::kA, replies.at(asked.size() - 1));
    TestExchange& child = *children.emplace_back(std::make_unique<TestExchange>(name.ToText()));
    PutReply(dns::MessageView::Read(octets).value(), child.exchange);
    done(child.exchange);
  }
  void AskAside(Exchange&, Done) override {}

  std::vector<ReplyParts> replies;
  std::vector<std::string> asked;
  std::vector<std::unique_ptr<TestExchange>> children;
  bool resumed = false;
};

TEST_F(RewriteTest, AliasesLeadElsewhere) {
  Rewrite& rewrite = Make(R"(rewrite cname regex (.*)\.cdn\.example\.net\. {1}.other.com.)");
  FakeConductor conductor;
  conductor.replies = {{.answer = {"www.shop. 60 CNAME my.cdn.example.net.", "my.cdn.example.net. 60 A 10.0.0.1"},
                        .authority = {"net. 60 NS ns."}},
                       {.answer = {"my.other.com. 30 A 10.0.0.2"}}};
  TestExchange test("WWW.shop.");
  test.exchange.can_wait = true;
  test.exchange.conductor = &conductor;
  EXPECT_EQ(rewrite.OnQuery(test.exchange), Next::kLater);
  EXPECT_TRUE(conductor.resumed);
  EXPECT_THAT(conductor.asked, ::testing::ElementsAre("WWW.shop. of those behind", "my.other.com. of the server"));
  const testing::Message reply = test.Reply();
  EXPECT_THAT(reply.answer,
              ::testing::ElementsAre("WWW.shop. 60 IN CNAME my.other.com.", "my.other.com. 30 IN A 10.0.0.2"));
  EXPECT_THAT(reply.authority, ::testing::IsEmpty());
}

TEST_F(RewriteTest, OtherAliasesStay) {
  Rewrite& rewrite = Make("rewrite continue ttl www.shop 5\nrewrite cname x y");
  FakeConductor conductor;
  conductor.replies = {{.answer = {"www.shop. 60 CNAME z.", "z. 60 A 10.0.0.1"}, .authority = {"net. 60 NS ns."}}};
  TestExchange test("www.shop.");
  test.exchange.can_wait = true;
  test.exchange.conductor = &conductor;
  EXPECT_EQ(rewrite.OnQuery(test.exchange), Next::kLater);
  EXPECT_THAT(test.Reply().answer, ::testing::ElementsAre("www.shop. 5 IN CNAME z.", "z. 5 IN A 10.0.0.1"));
  EXPECT_THAT(test.Reply().authority, ::testing::ElementsAre("net. 5 IN NS ns."));
}

}  // namespace
}  // namespace podnamed::plugins
