#include "server/plugins/transfer/transfer.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "server/plugins/test_exchange.h"
#include "server/plugins/transfer/serial.h"
#include "server/zone/zone_file.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;

class TransferTest : public ::testing::Test {
 protected:
  explicit TransferTest(int hosts = 5000) {
    std::string text = "$TTL 60\n@ SOA ns hostmaster 7 2 3 4 30\n@ NS ns\nns A 10.0.0.1\n";
    absl::StrAppend(&text, "$GENERATE 1-", hosts, " host-$ TXT ", std::string(40, 'x'), "\n");
    absl::StrAppend(&text, "$GENERATE 1-", hosts, " all TXT ", "$-", std::string(40, 'x'), "\n");
    const dns::Name origin = dns::Name::FromText("example.org.").value();
    absl::StatusOr<zone::LoadedZone> loaded =
        zone::ReadZoneFile("db", text, origin, [](const std::string&) { return absl::NotFoundError("none"); });
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    record_count_ = loaded->zone->record_count();
    ZoneSet::Zones zones;
    zones.emplace(origin.wire(), std::move(loaded->zone));
    published_.Publish(std::make_shared<const ZoneSet>(std::move(zones)));
    config::TransferOptions options;
    options.zones = {origin};
    options.networks = {*base::ParseIpNetwork("10.0.0.7")};
    options_.push_back(options);
  }

  Published<ZoneSet> published_;
  size_t record_count_ = 0;
  std::vector<config::TransferOptions> options_;
};

// What the plugin says, in as many messages as it likes.
std::vector<testing::Message> AskAll(Plugin& plugin, TestExchange& test) {
  test.exchange.can_wait = true;
  std::vector<testing::Message> messages;
  if (plugin.OnQuery(test.exchange) != Next::kDone) return messages;
  messages.push_back(test.Reply());
  while (test.exchange.continuation != nullptr && !test.exchange.continuation->is_done()) {
    test.exchange.continuation->Advance(test.exchange);
    messages.push_back(test.Reply());
  }
  return messages;
}

TEST_F(TransferTest, TellsTheWholeZoneInSeveralMessages) {
  Transfer plugin(options_, {.zones = {&published_}});
  TestExchange test("example.org.", RecordType::kAxfr);
  test.exchange.transport = net::Transport::kTcp;
  test.exchange.reply_limit = dns::kMaxMessageLength;
  const std::vector<testing::Message> messages = AskAll(plugin, test);
  EXPECT_GT(messages.size(), 10);
  size_t records = 0;
  for (const testing::Message& message : messages) {
    EXPECT_EQ(message.rcode, dns::Rcode::kNoError);
    EXPECT_TRUE(message.authoritative);
    EXPECT_FALSE(message.truncated);
    EXPECT_FALSE(message.answer.empty());
    records += message.answer.size();
  }
  EXPECT_EQ(records, record_count_ + 1) << "the SOA is told twice";
  EXPECT_EQ(messages.front().answer.front(), messages.back().answer.back());
  EXPECT_TRUE(messages.front().answer.front().starts_with("example.org. 60 IN SOA ns.example.org."));
}

TEST_F(TransferTest, IsForThoseWhoMay) {
  Transfer plugin(options_, {.zones = {&published_}});
  const auto ask = [&](std::string_view name, RecordType type, net::Transport transport, std::string_view client) {
    TestExchange test(name, type);
    test.exchange.transport = transport;
    test.exchange.client = *base::ParseIpAddress(client);
    const std::vector<testing::Message> messages = AskAll(plugin, test);
    if (messages.empty()) return std::string("pass");
    return absl::StrCat(std::string(dns::NameOf(messages.front().rcode)), " ",
                        messages.size() > 1 ? "many" : std::to_string(messages.front().answer.size()));
  };
  using enum net::Transport;
  EXPECT_EQ(ask("example.org.", RecordType::kAxfr, kTcp, "10.0.0.7"), "NOERROR many");
  EXPECT_EQ(ask("EXAMPLE.org.", RecordType::kAxfr, kTcp, "10.0.0.7"), "NOERROR many");
  EXPECT_EQ(ask("example.org.", RecordType::kAxfr, kTcp, "10.0.0.8"), "REFUSED 0");
  EXPECT_EQ(ask("example.org.", RecordType::kAxfr, kUdp, "10.0.0.7"), "REFUSED 0");
  EXPECT_EQ(ask("example.org.", RecordType::kIxfr, kUdp, "10.0.0.7"), "NOERROR 1");
  EXPECT_EQ(ask("example.org.", RecordType::kIxfr, kUdp, "10.0.0.8"), "REFUSED 0");
  EXPECT_EQ(ask("example.org.", RecordType::kIxfr, kTcp, "10.0.0.7"), "NOERROR many") << "without a serial";
  EXPECT_EQ(ask("sub.example.org.", RecordType::kAxfr, kTcp, "10.0.0.7"), "pass") << "no zone";
  EXPECT_EQ(ask("example.com.", RecordType::kAxfr, kTcp, "10.0.0.7"), "pass");
  EXPECT_EQ(ask("example.org.", RecordType::kA, kTcp, "10.0.0.7"), "pass");
}

TEST(Serial, GoesRound) {
  EXPECT_TRUE(SerialLess(1, 2));
  EXPECT_FALSE(SerialLess(2, 1));
  EXPECT_FALSE(SerialLess(2, 2));
  EXPECT_TRUE(SerialLess(0xFFFFFFFF, 0));
  EXPECT_FALSE(SerialLess(0, 0x80000000));
}

}  // namespace
}  // namespace podnamed::plugins
