#include "server/plugins/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "server/plugins/answered_exchange.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/dns_message.h"
#include "server/testing/entities.h"

namespace podnamed::plugins {
namespace {

using ::testing::ContainsRegex;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

constexpr size_t kReplySize = 90;
constexpr uint16_t kFlags = dns::kResponseFlag | dns::kAuthoritativeFlag | dns::kRecursionDesiredFlag;

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    exchange_.reply_flags = kFlags;
    exchange_.started = std::chrono::steady_clock::now();
  }

  std::string Line(std::string_view format, size_t size = kReplySize) {
    std::string line = "of the query before";
    LogFormat(format).Write(exchange_, size, "[::]", nullptr, line);
    return line;
  }
  std::string LogOf(Log& log, size_t size = kReplySize) {
    CaptureStderr();
    log.OnQuery(exchange_);
    log.OnSent(exchange_, size);
    return GetCapturedStderr();
  }
  std::string LogOf(const std::vector<config::LogRule>& rules, size_t size = kReplySize) {
    Log log(rules, {"127.0.0.1"}, {});
    return LogOf(log, size);
  }
  static config::LogRule Rule(std::string_view zone, std::string format) {
    return {.zone = dns::Name::FromText(zone)->Folded(), .format = std::move(format)};
  }

  const Entrance entrance_{"dns://127.0.0.1:53", ".", 0};
  AnsweredExchange exchange_{entrance_, testing::MakeQuery("web-0.Nginx.", dns::RecordType::kAaaa,
                                                           {.id = 4711, .edns_size = 1232, .dnssec_ok = true})};
};

TEST_F(LogTest, WritesCoreDnsDefaultFormat) {
  const std::string line = Line(
      "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} {>rflags} {rsize} "
      "{duration}");
  EXPECT_THAT(line,
              ContainsRegex("^10.0.0.1:40000 - 4711 \"AAAA IN web-0.nginx. udp 40 true 1232\" NOERROR qr,aa,rd 90 "
                            "0.[0-9]+s$"));
}

TEST_F(LogTest, KnowsEveryField) {
  EXPECT_EQ(Line("{>opcode} {local}"), "0 [::]");
  EXPECT_EQ(Line("{>ID} {>Do}"), "4711 true") << "those of the header in any case";
  EXPECT_EQ(Line("{/kubernetes/client-namespace}/{/kubernetes/client-pod-name}"), "-/-");
  EXPECT_EQ(Line("{/other/metadata}"), "-");
  exchange_.rcode = dns::Rcode{3000};
  exchange_.reply_flags = 0xFFFF;
  EXPECT_EQ(Line("{rcode} {>rflags}"), "3000 qr,aa,tc,rd,ra,z,ad,cd");
  exchange_.transport = net::Transport::kTcp;
  exchange_.client = *base::ParseIpAddress("fd00::1");
  EXPECT_EQ(Line("{proto} {>bufsize} {remote}:{port}"), "tcp 65535 [fd00::1]:40000");
}

TEST_F(LogTest, WithoutEdnsTheClientTakes512Octets) {
  AnsweredExchange plain(entrance_, testing::MakeQuery("a.", dns::RecordType::kA));
  std::string line;
  LogFormat("{>bufsize} {>do}").Write(plain, kReplySize, "", nullptr, line);
  EXPECT_EQ(line, "512 false");
}

TEST_F(LogTest, WithoutAReplyThereIsLittleToTell) {
  exchange_.rcode = dns::Rcode::kServFail;
  EXPECT_EQ(Line("{rcode} {>rflags} {rsize}", 0), "NOERROR - 0") << "as CoreDNS tells it";
}

TEST_F(LogTest, WhatIsNoFieldStaysAsItIs) {
  EXPECT_EQ(Line("{\"type\":\"{type}\",\"name\":\"{name}\"}"), "{\"type\":\"AAAA\",\"name\":\"web-0.nginx.\"}");
  EXPECT_EQ(Line("{unknown} {Type} { {type"), "{unknown} {Type} { {type");
}

TEST_F(LogTest, TheFirstRuleThatTheNameIsInDecides) {
  EXPECT_EQ(LogOf({Rule("other", "a"), Rule("nginx", "b"), Rule(".", "c")}), "[INFO] b\n");
  EXPECT_EQ(LogOf({Rule("other", "a")}), "");
  config::LogRule denials = Rule("nginx", "b");
  denials.success = false;
  EXPECT_EQ(LogOf({denials, Rule(".", "c")}), "") << "also when it does not want the reply";
}

TEST_F(LogTest, ClassesAreSuccessDenialAndError) {
  const auto only = [](bool success, bool denial, bool error) {
    return std::vector<config::LogRule>{
        {.zone = {}, .format = "x", .success = success, .denial = denial, .error = error}};
  };
  const auto class_of = [&](size_t size = kReplySize) -> std::string {
    if (!LogOf(only(true, false, false), size).empty()) return "success";
    if (!LogOf(only(false, true, false), size).empty()) return "denial";
    return LogOf(only(false, false, true), size).empty() ? "none" : "error";
  };
  EXPECT_EQ(class_of(), "success") << "NOERROR without records";
  EXPECT_EQ(class_of(0), "error");
  exchange_.rcode = dns::Rcode::kNxDomain;
  EXPECT_EQ(class_of(), "error") << "without a SOA nobody denies";
  exchange_.answer.authority.push_back({dns::NamePieces(), dns::RecordType::kSoa, 5, dns::SoaData()});
  EXPECT_EQ(class_of(), "denial");
  exchange_.rcode = dns::Rcode::kNoError;
  EXPECT_EQ(class_of(), "denial") << "NODATA";
  const base::Ipv4Address address = {10, 0, 0, 1};
  exchange_.answer.answer.push_back({dns::NamePieces(), dns::RecordType::kA, 5, absl::MakeConstSpan(&address, 1)});
  EXPECT_EQ(class_of(), "success");
  exchange_.rcode = dns::Rcode::kServFail;
  EXPECT_EQ(class_of(), "error");
}

TEST_F(LogTest, KnowsThePodThatAsks) {
  state::SnapshotHolder holder;
  Log log({Rule(".", "{/kubernetes/client-namespace}/{/kubernetes/client-pod-name}")}, {"127.0.0.1"},
          {.holder = &holder});
  EXPECT_EQ(LogOf(log), "[INFO] -/-\n") << "nothing is known yet";
  state::SnapshotBuilder builder;
  builder.Add({state::Namespace{"default", 0}, testing::Headless("nginx"), testing::Headless("proxy"),
               testing::Pod("nginx", "web-0", {"10.0.0.1"}), testing::Pod("proxy", "web-0", {"10.0.0.1"})});
  holder.Publish(builder.Build({}, absl::UnixEpoch()));
  EXPECT_EQ(LogOf(log), "[INFO] default/web-0\n") << "two services select it";
  exchange_.client = *base::ParseIpAddress("10.0.0.2");
  EXPECT_EQ(LogOf(log), "[INFO] -/-\n");
  exchange_.client = *base::ParseIpAddress("10.0.0.1");
  builder.Add({testing::Pod("nginx", "web-1", {"10.0.0.1"})});
  holder.Publish(builder.Build({}, absl::UnixEpoch()));
  EXPECT_EQ(LogOf(log), "[INFO] -/-\n") << "who shares a node's address is not told apart";
  log.OnIdle();
}

}  // namespace
}  // namespace podnamed::plugins
