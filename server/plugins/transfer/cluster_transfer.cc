#include "server/plugins/transfer/cluster_transfer.h"

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/memory/memory.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace podnamed::plugins {
namespace {

// Of a message: none is smaller than its owner's pointer, type, class, TTL, length and an address.
constexpr size_t kMostRecords = kTransferMessage / 14;

void PutU16(std::string& out, uint16_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

void PutU32(std::string& out, uint32_t value) {
  PutU16(out, static_cast<uint16_t>(value >> 16));
  PutU16(out, static_cast<uint16_t>(value));
}

void PutName(std::string& out, const dns::NamePieces& name) {
  for (const std::string_view piece : name.pieces()) out += piece;
}

void Put(std::string& out, const base::Ipv4Address& address) { out.append(address.begin(), address.end()); }
void Put(std::string& out, const base::Ipv6Address& address) { out.append(address.begin(), address.end()); }
void Put(std::string& out, const dns::NamePieces& name) { PutName(out, name); }
void Put(std::string& out, const dns::RawData& raw) { out += raw.octets; }

void Put(std::string& out, const dns::SrvData& srv) {
  PutU16(out, srv.priority);
  PutU16(out, srv.weight);
  PutU16(out, srv.port);
  PutName(out, srv.target);
}

void Put(std::string& out, const dns::SoaData& soa) {
  PutName(out, soa.mname);
  PutName(out, soa.rname);
  for (const uint32_t number : {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum}) PutU32(out, number);
}

void Put(std::string& out, const dns::TxtData& txt) {
  out.push_back(static_cast<char>(txt.text.size()));
  out += txt.text;
}

size_t CountOf(const dns::Rdata& rdata) {
  return std::visit(
      [](const auto& data) -> size_t {
        if constexpr (requires { data.size(); }) {
          return data.size();
        } else {
          return 1;
        }
      },
      rdata);
}

// Record `i` of a set, as on the wire.
std::string OctetsOf(const dns::Rdata& rdata, size_t i) {
  std::string octets;
  std::visit(
      [&](const auto& data) {
        if constexpr (requires { data.size(); }) {
          Put(octets, data[i]);
        } else {
          Put(octets, data);
        }
      },
      rdata);
  return octets;
}

}  // namespace

std::unique_ptr<ClusterTransfer> ClusterTransfer::Begin(const resolve::Resolver& resolver,
                                                        const state::SnapshotHolder& holder,
                                                        const dns::QueryName& name) {
  for (const resolve::ForwardZone& zone : resolver.forward_zones()) {
    if (name.folded() != zone.name.wire()) continue;
    auto transfer = absl::WrapUnique(new ClusterTransfer(holder));
    const state::Snapshot* snapshot = transfer->reader_.Current();
    if (snapshot == nullptr) return nullptr;
    transfer->records_.emplace(resolver, zone, *snapshot);
    // While the second of its serial lasts the cluster may change once more, without another serial: who has it now
    // has what may not be the last of it, and is to come back.
    const int64_t changed = absl::ToUnixSeconds(snapshot->origin_time());
    const bool may_change = changed >= absl::ToUnixSeconds(absl::Now());
    transfer->serial_ = static_cast<uint32_t>(changed) - (may_change ? 1 : 0);
    transfer->TakeSoa();
    transfer->rdata_.reserve(kMostRecords);  // it must not move under the sets that point to it
    return transfer;
  }
  return nullptr;
}

void ClusterTransfer::TakeSoa() {
  records_->Soa(at_hand_);
  std::get<dns::SoaData>(at_hand_.answer.front().rdata).serial = serial_;
}

void ClusterTransfer::TellSoa(Exchange& exchange) {
  Clear(exchange);
  is_done_ = Put(exchange);
}

void ClusterTransfer::Advance(Exchange& exchange) {
  Clear(exchange);
  while (Put(exchange)) {
    if (stage_ == Stage::kEnd) {
      is_done_ = true;
      return;
    }
    stage_ = Stage::kRecords;
    set_ = record_ = 0;
    if (!records_->Next(at_hand_)) {
      stage_ = Stage::kEnd;
      TakeSoa();
    }
  }
}

void ClusterTransfer::Clear(Exchange& exchange) {
  exchange.answer.Clear();
  exchange.answer.outcome = resolve::Outcome::kAnswer;
  exchange.records.Clear();
  rdata_.clear();
  room_ = kTransferMessage;
}

bool ClusterTransfer::Put(Exchange& exchange) {
  constexpr size_t kBesideNameAndRdata = 10;
  for (; set_ < at_hand_.answer.size(); ++set_, record_ = 0) {
    const dns::RecordSet& set = at_hand_.answer[set_];
    const size_t count = CountOf(set.rdata);
    const size_t first = rdata_.size();
    for (; record_ < count; ++record_) {
      const std::string octets = OctetsOf(set.rdata, record_);
      const size_t size = set.owner.size() + kBesideNameAndRdata + octets.size();
      if (size > room_ || rdata_.size() == kMostRecords) break;
      room_ -= size;
      rdata_.push_back({exchange.records.Keep(octets)});
    }
    if (rdata_.size() > first) {
      const std::string_view owner = exchange.records.Keep(set.owner.ToName().wire());
      exchange.answer.answer.push_back(
          {dns::NamePieces(owner), set.type, set.ttl, absl::MakeConstSpan(rdata_).subspan(first)});
    }
    if (record_ < count) return false;
  }
  return true;
}

}  // namespace podnamed::plugins
