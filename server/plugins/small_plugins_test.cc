// The plugins that are a few lines each: any, bufsize, chaos, minimal, nsid, whoami.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/plugins/any.h"
#include "server/plugins/bufsize.h"
#include "server/plugins/chaos.h"
#include "server/plugins/minimal.h"
#include "server/plugins/nsid.h"
#include "server/plugins/test_exchange.h"
#include "server/plugins/whoami.h"

namespace podnamed::plugins {
namespace {

using dns::RecordClass;
using dns::RecordType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Any, SaysThatItIsObsolete) {
  Any any;
  EXPECT_EQ(Ask(any, "a.example.org.", RecordType::kAny),
            "NOERROR | a.example.org. 8482 IN HINFO \"ANY obsoleted\" \"See RFC 8482\"");
  EXPECT_EQ(Ask(any, "a.example.org.", RecordType::kA), "pass");
}

TEST(Bufsize, IsTheLongestReplyOverUdp) {
  Bufsize bufsize(600);
  TestExchange test("a.", RecordType::kA, {.edns_size = 4096});
  EXPECT_EQ(Ask(bufsize, test), "pass");
  EXPECT_EQ(test.exchange.reply_limit, 600);
  EXPECT_EQ(test.exchange.query->edns->udp_payload_size, 600);

  TestExchange small("a.", RecordType::kA, {.edns_size = 512});
  EXPECT_EQ(Ask(bufsize, small), "pass");
  EXPECT_EQ(small.exchange.reply_limit, 512);

  TestExchange tcp("a.", RecordType::kA, {.edns_size = 4096});
  tcp.exchange.transport = net::Transport::kTcp;
  tcp.exchange.reply_limit = dns::kMaxMessageLength;
  EXPECT_EQ(Ask(bufsize, tcp), "pass");
  EXPECT_EQ(tcp.exchange.reply_limit, dns::kMaxMessageLength);
}

TEST(Chaos, TellsOfTheServer) {
  const config::ChaosOptions options = {.version = "podnamed-1", .authors = {"A", "B"}};
  Chaos chaos(options);
  const auto ask = [&](std::string_view name, RecordType type = RecordType::kTxt,
                       RecordClass record_class = RecordClass::kCh) {
    return Ask(chaos, name, type, {.record_class = record_class});
  };
  EXPECT_TRUE(chaos.takes_every_class());
  EXPECT_EQ(ask("Version.bind."), "NOERROR | Version.bind. 0 CH TXT \"podnamed-1\"");
  EXPECT_EQ(ask("version.server."), "NOERROR | version.server. 0 CH TXT \"podnamed-1\"");
  const std::string host = base::HostName("localhost");
  EXPECT_EQ(ask("hostname.bind."), "NOERROR | hostname.bind. 0 CH TXT \"" + host + "\"");
  EXPECT_EQ(ask("id.server."), "NOERROR | id.server. 0 CH TXT \"" + host + "\"");
  EXPECT_THAT(ask("authors.bind."),
              ::testing::AnyOf("NOERROR | authors.bind. 0 CH TXT \"A\", authors.bind. 0 CH TXT \"B\"",
                               "NOERROR | authors.bind. 0 CH TXT \"B\", authors.bind. 0 CH TXT \"A\""));
  EXPECT_EQ(ask("other.bind."), "pass");
  EXPECT_EQ(ask("version.bind.", RecordType::kA), "pass");
  EXPECT_EQ(ask("version.bind.", RecordType::kTxt, RecordClass::kIn), "pass");
}

TEST(Minimal, LeavesThePositiveAnswerAlone) {
  Minimal minimal;
  const dns::Name name = dns::Name::FromText("a.").value();
  const dns::RecordSet set = {dns::NamePieces(name.wire()), RecordType::kTxt, 5, dns::TxtData{"t"}};
  TestExchange test("a.");
  test.exchange.rcode = dns::Rcode::kNoError;
  auto& answer = test.exchange.answer;
  answer.authority = answer.additional = {set};
  EXPECT_EQ(Ask(minimal, test), "pass");
  minimal.OnReply(test.exchange);
  EXPECT_THAT(test.Reply().authority, ElementsAre("a. 5 IN TXT \"t\"")) << "NODATA, or a referral";
  answer.answer = {set};
  minimal.OnReply(test.exchange);
  EXPECT_THAT(test.Reply().answer, ElementsAre("a. 5 IN TXT \"t\""));
  EXPECT_THAT(test.Reply().authority, IsEmpty());
  EXPECT_THAT(test.Reply().additional, IsEmpty());
}

TEST(Nsid, IsToldToThoseWhoAsk) {
  Nsid nsid("ns 1");
  const auto options = [&](const testing::QueryOptions& query) {
    TestExchange test("a.", RecordType::kA, query);
    EXPECT_EQ(Ask(nsid, test), "pass");
    return test.Reply().edns_options;
  };
  const std::string asks("\0\3\0\0", 4);
  EXPECT_THAT(options({.edns_size = 1232, .edns_options = asks}), ElementsAre("OPTION 3 6e732031"));
  EXPECT_THAT(options({.edns_size = 1232}), IsEmpty());
  EXPECT_THAT(options({}), IsEmpty());
}

TEST(Nsid, WithoutDataItIsTheHostsName) {
  Nsid nsid("");
  TestExchange test("a.");
  EXPECT_EQ(Ask(nsid, test), "pass");
  EXPECT_EQ(test.exchange.nsid, base::HostName("localhost"));
}

TEST(Whoami, TellsClientsWhoTheyAre) {
  Whoami whoami;
  EXPECT_EQ(Ask(whoami, "a.example.org.", RecordType::kMx),
            "NOERROR aa | | | a.example.org. 0 IN A 10.0.0.7, _udp.a.example.org. 0 IN SRV 0 0 1053 .");
  TestExchange test(".");
  test.exchange.client = *base::ParseIpAddress("fd00::7");
  test.exchange.transport = net::Transport::kTcp;
  EXPECT_EQ(Ask(whoami, test), "NOERROR aa | | | . 0 IN AAAA fd00::7, _tcp. 0 IN SRV 0 0 1053 .");
  EXPECT_EQ(Ask(whoami, "a.", RecordType::kA, {.record_class = RecordClass::kCh}), "pass");
}

}  // namespace
}  // namespace podnamed::plugins
