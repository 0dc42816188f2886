#include "server/plugins/rewrite/rewriting.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "server/dns/rdata_shape.h"
#include "server/dns/wire_reader.h"

namespace podnamed::plugins {
namespace {

void PutU16(uint16_t number, std::string& octets) {
  octets.push_back(static_cast<char>(number >> 8));
  octets.push_back(static_cast<char>(number));
}

std::string FoldedWire(const dns::NamePieces& name) {
  std::string wire;
  for (const std::string_view piece : name.pieces()) wire += piece;
  for (char& octet : wire) octet = static_cast<char>(dns::FoldCase(static_cast<uint8_t>(octet)));
  return wire;
}

bool Revert(const NameRevert& revert, std::string& text) {
  if (!text.ends_with(revert.from)) return false;
  const size_t above = text.size() - revert.from.size();
  if (above > 0 && text[above - 1] != '.') return false;
  text.replace(above, revert.from.size(), revert.to);
  return true;
}

// Where the one name in such rdata begins; std::nullopt where there is none, or it cannot be told.
std::optional<size_t> NameIn(dns::RecordType type, std::string_view rdata) {
  const dns::RdataShape shape = dns::ShapeOf(type);
  if (shape.names != 1 || shape.has_rest) return std::nullopt;
  dns::WireReader reader({reinterpret_cast<const uint8_t*>(rdata.data()), rdata.size()});
  reader.Skip(shape.fixed);
  for (uint8_t i = 0; i < shape.strings; ++i) reader.Skip(reader.ReadU8());
  return reader.ok() ? std::optional(reader.position()) : std::nullopt;
}

}  // namespace

bool Rewriting::AddOption(uint16_t code, std::string_view data) {
  constexpr size_t kHeader = 4;
  if (options_.size() + kHeader + data.size() > UpstreamOptions::kMaxSize) return false;
  PutU16(code, options_);
  PutU16(static_cast<uint16_t>(data.size()), options_);
  options_ += data;
  return true;
}

void Rewriting::RemoveOption(uint16_t code) {
  constexpr size_t kHeader = 4;
  while (const std::optional<std::string_view> data = dns::FindOption(options_, code)) {
    const size_t start = static_cast<size_t>(data->data() - options_.data()) - kHeader;
    options_.erase(start, kHeader + data->size());
  }
}

void Rewriting::RewriteReply(Exchange& exchange) {
  resolve::Answer& answer = exchange.answer;
  for (std::vector<dns::RecordSet>* section : {&answer.authority, &answer.answer, &answer.additional}) {
    for (dns::RecordSet& set : *section) RewriteSet(exchange, set);
  }
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    const auto* rcode = std::get_if<const config::RcodeRewrite*>(&*rule);
    if (rcode != nullptr && exchange.rcode == (*rcode)->from) exchange.rcode = (*rcode)->to;
  }
  // Twelve bits need an OPT record, which is for a client that has sent one.
  if (static_cast<uint16_t>(exchange.rcode) > dns::kRcodeMask && !exchange.asked.edns) {
    exchange.rcode = dns::Rcode::kServFail;
  }
}

void Rewriting::RewriteSet(const Exchange& exchange, dns::RecordSet& set) {
  std::string_view owner;
  if (RewriteName<OwnerRewrite>(exchange, set.owner, owner)) set.owner = dns::NamePieces(owner);
  RewriteTtl(set);
  RewriteValues(exchange, set);
}

void Rewriting::RewriteTtl(dns::RecordSet& set) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    const auto* ttl = std::get_if<const config::TtlRewrite*>(&*rule);
    if (ttl != nullptr) set.ttl = std::clamp(set.ttl, (*ttl)->min, (*ttl)->max);
  }
}

// The names that CoreDNS looks at: targets, mail servers, the first name server of a SOA.
void Rewriting::RewriteValues(const Exchange& exchange, dns::RecordSet& set) {
  std::string_view name;
  if (const auto* targets = std::get_if<absl::Span<const dns::NamePieces>>(&set.rdata)) {
    std::vector<dns::NamePieces> copy(targets->begin(), targets->end());
    bool changed = false;
    for (dns::NamePieces& target : copy) {
      if (!RewriteName<ValueRewrite>(exchange, target, name)) continue;
      target = dns::NamePieces(name);
      changed = true;
    }
    if (changed) set.rdata = absl::MakeConstSpan(targets_.emplace_back(std::move(copy)));
  } else if (const auto* services = std::get_if<absl::Span<const dns::SrvData>>(&set.rdata)) {
    std::vector<dns::SrvData> copy(services->begin(), services->end());
    bool changed = false;
    for (dns::SrvData& srv : copy) {
      if (!RewriteName<ValueRewrite>(exchange, srv.target, name)) continue;
      srv.target = dns::NamePieces(name);
      changed = true;
    }
    if (changed) set.rdata = absl::MakeConstSpan(srv_.emplace_back(std::move(copy)));
  } else if (auto* soa = std::get_if<dns::SoaData>(&set.rdata)) {
    if (RewriteName<ValueRewrite>(exchange, soa->mname, name)) soa->mname = dns::NamePieces(name);
  } else if (const auto* raws = std::get_if<absl::Span<const dns::RawData>>(&set.rdata)) {
    std::vector<dns::RawData> copy(raws->begin(), raws->end());
    bool changed = false;
    for (dns::RawData& raw : copy) {
      const std::optional<size_t> start = NameIn(set.type, raw.octets);
      if (!start || !RewriteName<ValueRewrite>(exchange, dns::NamePieces(raw.octets.substr(*start)), name)) continue;
      raw.octets = Keep(std::string(raw.octets.substr(0, *start)).append(name));
      changed = true;
    }
    if (changed) set.rdata = absl::MakeConstSpan(raw_.emplace_back(std::move(copy)));
  }
}

template <typename Wanted>
bool Rewriting::RewriteName(const Exchange& exchange, const dns::NamePieces& name, std::string_view& result) {
  std::string wire = FoldedWire(name);
  std::string text;
  bool changed = false;
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (const auto* revert = std::get_if<NameRevert>(&*rule)) {
      if (text.empty()) dns::AppendNameText(wire, text);
      changed |= Revert(*revert, text);
    } else if (const auto* wanted = std::get_if<Wanted>(&*rule)) {
      if (text.empty()) dns::AppendNameText(wire, text);
      if (!wanted->rewriter->Rewrite(text, renamed_)) continue;
      text.swap(renamed_);
      changed = true;
    }
  }
  if (!changed) return false;
  const absl::StatusOr<dns::Name> renamed = dns::Name::FromText(text);
  if (!renamed.ok()) return false;  // what a rule makes of it is no name
  const std::string_view asked = exchange.asked.name.original();
  result = dns::EqualIgnoringCase(renamed->wire(), asked) ? asked : Keep(std::string(renamed->wire()));
  return true;
}

}  // namespace podnamed::plugins
