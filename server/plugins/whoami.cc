#include "server/plugins/whoami.h"

namespace podnamed::plugins {

using dns::RecordType;

Next Whoami::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (query.record_class != dns::RecordClass::kIn) return Next::kPass;  // addresses of class CH look otherwise
  resolve::Answer& answer = exchange.answer;
  const std::string_view name = query.name.original();
  const auto add = [&](const dns::NamePieces& owner, RecordType type, const dns::Rdata& rdata) {
    answer.additional.push_back({owner, type, 0, rdata});
  };
  if (exchange.client.is_v4()) {
    answer.ipv4.push_back(exchange.client.v4());
    add(dns::NamePieces(name), RecordType::kA, absl::MakeConstSpan(answer.ipv4));
  } else {
    answer.ipv6.push_back(exchange.client.v6());
    add(dns::NamePieces(name), RecordType::kAaaa, absl::MakeConstSpan(answer.ipv6));
  }
  constexpr std::string_view kRoot("\0", 1);
  answer.srv.push_back({.port = exchange.client_port, .target = dns::NamePieces(kRoot)});
  const std::string_view transport = exchange.transport == net::Transport::kUdp ? "\4_udp" : "\4_tcp";
  add(dns::NamePieces(transport, name), RecordType::kSrv, absl::MakeConstSpan(answer.srv));

  answer.outcome = resolve::Outcome::kNoData;
  exchange.rcode = dns::Rcode::kNoError;
  exchange.authoritative = true;
  exchange.answered_by = "whoami";
  return Next::kDone;
}

}  // namespace podnamed::plugins
