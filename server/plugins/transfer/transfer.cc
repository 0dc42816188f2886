#include "server/plugins/transfer/transfer.h"

#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/base/log.h"
#include "server/plugins/transfer/cluster_transfer.h"
#include "server/plugins/transfer/serial.h"
#include "server/plugins/transfer/zone_transfer.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;

bool Allows(const config::TransferOptions& options, const base::IpAddress& client) {
  return options.to_all || absl::c_any_of(options.networks, [&client](const base::IpNetwork& network) {
           return network.Contains(client);
         });
}

}  // namespace

Transfer::Transfer(const std::vector<config::TransferOptions>& options, Sources sources)
    : options_(options), sources_(std::move(sources)) {}

Next Transfer::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  const bool is_whole = query.type == RecordType::kAxfr;
  if ((!is_whole && query.type != RecordType::kIxfr) || query.record_class != dns::RecordClass::kIn) return Next::kPass;
  const config::TransferOptions* options = FindOptions(query.name);
  if (options == nullptr) return Next::kPass;
  exchange.answered_by = "transfer";
  exchange.rcode = dns::Rcode::kRefused;
  const bool is_tcp = exchange.transport != net::Transport::kUdp && exchange.can_wait;
  // RFC 5936 section 4.2: there is no AXFR over UDP.
  if ((is_whole && !is_tcp) || !Allows(*options, exchange.client)) return Next::kDone;
  std::unique_ptr<ZoneRecords> records = Begin(query.name);
  if (records == nullptr) {
    exchange.answered_by = {};
    exchange.rcode = dns::Rcode::kServFail;
    return Next::kPass;
  }
  exchange.rcode = dns::Rcode::kNoError;
  exchange.authoritative = true;
  const std::optional<uint32_t> known = is_whole ? std::nullopt : SerialOfClient(exchange.message);
  if (!is_whole && (!is_tcp || (known && !SerialLess(*known, records->serial())))) {
    // For who is up to date that is all; over UDP it says to come back by TCP if not (RFC 1995 section 2).
    records->TellSoa(exchange);
  } else {
    base::LogInfo("plugin/transfer", "zone {} with serial {} goes to {}", dns::NameToText(query.name.folded()),
                  records->serial(), exchange.client.ToString());
    records->Advance(exchange);
  }
  exchange.continuation = std::move(records);
  return Next::kDone;
}

const config::TransferOptions* Transfer::FindOptions(const dns::QueryName& name) const {
  const config::TransferOptions* found = nullptr;
  size_t longest = 0;
  for (const config::TransferOptions& options : options_) {
    for (const dns::Name& zone : options.zones) {
      if (zone.wire().size() > longest && name.LabelsAbove(zone.wire())) {
        longest = zone.wire().size();
        found = &options;
      }
    }
  }
  return found;
}

std::unique_ptr<ZoneRecords> Transfer::Begin(const dns::QueryName& name) const {
  for (const Published<ZoneSet>* published : sources_.zones) {
    std::shared_ptr<const ZoneSet> zones = published->Current();
    if (const std::shared_ptr<const zone::Zone> zone = zones->Get(name.folded())) {
      return std::make_unique<ZoneTransfer>(std::move(zones), *zone);
    }
  }
  for (const resolve::Resolver* resolver : sources_.resolvers) {
    if (auto records = ClusterTransfer::Begin(*resolver, *sources_.holder, name)) return records;
  }
  return nullptr;
}

}  // namespace podnamed::plugins
