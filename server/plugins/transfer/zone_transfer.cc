#include "server/plugins/transfer/zone_transfer.h"

namespace podnamed::plugins {

using dns::RecordType;

void ZoneTransfer::Advance(Exchange& exchange) {
  exchange.answer.Clear();
  exchange.answer.outcome = resolve::Outcome::kAnswer;
  size_t room = kTransferMessage;
  if (!has_begun_) has_begun_ = PutSoa(exchange, room);
  const absl::Span<const zone::Zone::Node> nodes = zone_.nodes();
  for (; node_ < nodes.size(); ++node_, set_ = 0) {
    const absl::Span<const zone::Zone::Set> sets = zone_.SetsOf(nodes[node_]);
    for (; set_ < sets.size(); ++set_) {
      if (sets[set_].type != RecordType::kSoa && !Put(exchange, nodes[node_], sets[set_], room)) return;
    }
  }
  is_done_ = PutSoa(exchange, room);
}

void ZoneTransfer::TellSoa(Exchange& exchange) {
  size_t room = kTransferMessage;
  exchange.answer.Clear();
  is_done_ = PutSoa(exchange, room);
}

// A message has one record at least, however long that is.
bool ZoneTransfer::Put(Exchange& exchange, const zone::Zone::Node& node, const zone::Zone::Set& set, size_t& room) {
  constexpr size_t kBesideNameAndRdata = 10;
  std::vector<dns::RecordSet>& answer = exchange.answer.answer;
  const size_t first = record_;
  while (record_ < set.count) {
    const size_t size = node.name.size() + kBesideNameAndRdata + zone_.RdataSize(set, record_);
    if (size > room && !(answer.empty() && record_ == first)) break;
    room -= std::min(room, size);
    ++record_;
  }
  if (record_ > first) answer.push_back(zone_.Tell(set, dns::NamePieces(node.name), first, record_ - first));
  if (record_ < set.count) return false;
  record_ = 0;
  return true;
}

bool ZoneTransfer::PutSoa(Exchange& exchange, size_t& room) {
  const zone::Zone::Node& apex = zone_.nodes().front();
  return Put(exchange, apex, *zone_.FindSet(apex, RecordType::kSoa), room);
}

}  // namespace podnamed::plugins
