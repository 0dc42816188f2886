// For tests of plugins: asks one of them a question without a server around it, and reads what it makes of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/dns/response.h"
#include "server/plugins/plugin.h"
#include "server/testing/dns_message.h"

namespace podnamed::plugins {

class TestExchange {
 public:
  explicit TestExchange(std::string_view name, dns::RecordType type = dns::RecordType::kA,
                        const testing::QueryOptions& options = {})
      : packet_(testing::MakeQuery(name, type, options)) {
    dns::ParseQuery(packet_, exchange.asked);
    exchange.query = &exchange.asked;
    exchange.client = *base::ParseIpAddress("10.0.0.7");
    exchange.client_port = 1053;
    exchange.reply_limit = dns::UdpReplyLimit(exchange.asked);
  }

  // What the client gets: the reply so far.
  testing::Message Reply() {
    std::vector<uint8_t> buffer(dns::kMaxMessageLength);
    const resolve::Answer& answer = exchange.answer;
    std::optional<dns::ExtendedError> reason;
    if (!answer.reason.empty()) reason = dns::ExtendedError{answer.reason.info_code(), answer.reason.text()};
    dns::ResponseEncoder encoder;
    buffer.resize(encoder.Encode(exchange.asked,
                                 {.rcode = exchange.rcode,
                                  .authoritative = exchange.authoritative,
                                  .recursion_available = exchange.recursion_available,
                                  .answer = answer.answer,
                                  .authority = answer.authority,
                                  .additional = answer.additional,
                                  .nsid = exchange.nsid,
                                  .extended_error = reason},
                                 exchange.reply_limit, absl::MakeSpan(buffer)));
    return testing::ParseMessage(buffer).value();
  }

  Exchange exchange;

 private:
  std::vector<uint8_t> packet_;
};

// "NOERROR aa | a. 5 IN A 10.0.0.1 | | x. 5 IN A 10.0.0.2": rcode, flags, and the sections up to the last with records.
// "pass", "drop" where there is no reply.
inline std::string Ask(Plugin& plugin, TestExchange& test) {
  switch (plugin.OnQuery(test.exchange)) {
    case Next::kPass:
      return "pass";
    case Next::kDrop:
      return "drop";
    case Next::kLater:
      return "later";
    case Next::kDone:
      break;
  }
  const testing::Message reply = test.Reply();
  std::string text(dns::NameOf(reply.rcode));
  if (reply.authoritative) text += " aa";
  std::string bars;
  for (const auto* section : {&reply.answer, &reply.authority, &reply.additional}) {
    bars += " |";
    for (const std::string& record : *section) {
      text += bars + " " + record;
      bars = ",";
    }
    if (bars == ",") bars.clear();
  }
  for (const std::string& option : reply.edns_options) text += " " + option;
  return text;
}

inline std::string Ask(Plugin& plugin, std::string_view name, dns::RecordType type = dns::RecordType::kA,
                       const testing::QueryOptions& options = {}) {
  TestExchange test(name, type, options);
  return Ask(plugin, test);
}

}  // namespace podnamed::plugins
