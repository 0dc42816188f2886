// Whatever the cluster and whatever the packet: Handle answers or drops as it should, the C library reads every reply,
// which echoes what belongs to the query, fits its limit and speaks of what was asked; and nothing is denied that has
// something below it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fuzz/fuzzed_cluster.h"
#include "fuzz/libc_reply.h"
#include "server/plugins/kubernetes.h"
#include "server/service/query_service.h"
#include "server/state/snapshot_builder.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::fuzz {
namespace {

using dns::RecordType;
using net::Transport;

void Require(bool holds) {
  if (!holds) std::abort();
}

constexpr uint16_t kCname = 5;
constexpr uint16_t kSoa = 6;
constexpr uint16_t kTxt = 16;
constexpr uint16_t kAny = 255;
constexpr uint16_t kNxDomain = 3;

uint16_t RcodeOf(const LibcReply& reply) { return reply.flags & dns::kRcodeMask; }

bool IsTruncated(const LibcReply& reply) { return (reply.flags & dns::kTruncatedFlag) != 0; }

// That the name asked for does not exist; with an alias in the answer it is the alias's target that does not (RFC
// 6604).
bool Denies(const LibcReply& reply) { return RcodeOf(reply) == kNxDomain && reply.answer.empty(); }

// That it does.
bool Affirms(const LibcReply& reply) {
  return (reply.flags & dns::kAuthoritativeFlag) != 0 && (RcodeOf(reply) == 0 || !reply.answer.empty());
}

// ---- queries

constexpr uint16_t kTypes[] = {1, 28, 33, 12, 6, 2, 5, 16, 255, 15, 43, 65, 251, 252, 41, 0};

std::string U16(size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }

// A name of the cluster, an ancestor of one, one below, a sibling, a short form; its letters in any case.
std::string TakeName(Octets& octets, const std::vector<dns::Name>& names) {
  std::string name(names[octets.TakeU16() % names.size()].wire());
  const uint8_t change = octets.Take();
  for (int strip = change & 3; strip > 0 && name.size() > 1; --strip) name.erase(0, 1U + static_cast<uint8_t>(name[0]));
  if ((change & 4) != 0) {
    std::string label(TakeLabel(octets));
    if ((change & 8) != 0) label.insert(0, "_");
    label.resize(std::min(label.size(), dns::kMaxLabelLength));
    if (label.size() + 1 + name.size() <= dns::kMaxNameLength) name = static_cast<char>(label.size()) + label + name;
  }
  if ((change & 16) != 0) {  // what a search list would complete
    size_t end = 0;
    for (int keep = 1 + (change >> 5 & 3); keep > 0 && name[end] != '\0'; --keep)
      end += 1U + static_cast<uint8_t>(name[end]);
    name = name.substr(0, end) + '\0';
  }
  const uint8_t upper = octets.Take();
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] >= 'a' && name[i] <= 'z' && (upper >> i % 8 & 1) != 0) name[i] = static_cast<char>(name[i] & 0xDF);
  }
  return name;
}

std::string MakeQuery(const std::string& name, uint16_t type) {
  return U16(4242) + U16(0) + U16(1) + U16(0) + U16(0) + U16(0) + name + U16(type) + U16(1);
}

std::string TakeQuery(Octets& octets, const std::vector<dns::Name>& names) {
  const uint8_t shape = octets.Take();
  const std::string name = TakeName(octets, names);
  const uint16_t type = kTypes[octets.TakeBelow(std::size(kTypes))];
  std::string query = MakeQuery(name, type);
  query[2] = static_cast<char>(shape & 1);            // RD
  query[3] = static_cast<char>((shape & 2) << 3);     // CD
  if ((shape & 0xC0) == 0xC0) query.back() = '\xFF';  // class ANY
  if ((shape & 4) == 0) return query;
  query[11] = 1;
  const std::string_view options = octets.Take(octets.TakeBelow(32));
  const std::string size = U16(octets.TakeU16());
  const std::string do_flag = U16((shape & 8) != 0 ? 0x8000 : 0);
  return query + '\0' + U16(41) + size + U16((shape & 0x30) == 0x30 ? 1 : 0) + do_flag + U16(options.size()) +
         std::string(options);
}

// ---- the server

class Server {
 public:
  explicit Server(const Cluster& cluster) : zones_(cluster.options.zones), resolver_(cluster.options) {
    chain_.push_back(std::make_unique<plugins::Kubernetes>(resolver_, holder_));
    std::vector<service::ServedZone> zones;
    for (const dns::Name& zone : cluster.options.zones) zones.push_back({zone, &chain_});
    if (cluster.options.short_names) zones.push_back({dns::Name(), &chain_});
    service_.emplace(std::move(zones));
    if (!cluster.is_synced) return;
    state::SnapshotBuilder builder;
    builder.Add(cluster.ops);
    holder_.Publish(builder.Build({}, absl::UnixEpoch()));
  }

  // std::nullopt: dropped.
  std::optional<LibcReply> Ask(std::string_view packet, Transport transport) {
    // Memory of just these octets, so that the sanitizer watches its end.
    const std::vector<uint8_t> message(packet.begin(), packet.end());
    std::vector<uint8_t>& buffer = transport == Transport::kTcp ? tcp_buffer_ : udp_buffer_;
    size_t size = 0;
    const net::Request request{.message = message,
                               .client = base::IpAddress(base::Ipv4Address{10, 0, 0, 1}),
                               .client_port = 1053,
                               .transport = transport};
    service_->LookAhead(absl::MakeConstSpan(&request, 1));
    const bool is_query = packet.size() >= dns::kHeaderLength && (packet[2] & 0x80) == 0;
    const net::Verdict verdict = service_->Handle(request, absl::MakeSpan(buffer), size);
    Require((verdict == net::Verdict::kReply) == is_query);
    if (!is_query) return std::nullopt;
    LibcReply reply = ReadWithLibc(absl::MakeConstSpan(buffer).first(size));
    CheckEcho(packet, {reinterpret_cast<const char*>(buffer.data()), size}, reply);
    CheckLimit(packet, transport, size, reply);
    if (!reply.questions.empty()) CheckSections(reply, reply.questions.front());
    return reply;
  }

  LibcReply AnswerTo(const std::string& name, uint16_t type) { return *Ask(MakeQuery(name, type), Transport::kTcp); }

 private:
  static void CheckEcho(std::string_view packet, std::string_view octets, const LibcReply& reply) {
    constexpr uint8_t kOpcodeAndRd = 0x79;
    constexpr uint8_t kRaZAndAd = 0xE0;
    Require(octets.substr(0, 2) == packet.substr(0, 2));
    Require((octets[2] & 0x80) != 0 && ((octets[2] ^ packet[2]) & kOpcodeAndRd) == 0);
    Require((octets[3] & kRaZAndAd) == 0 && ((octets[3] ^ packet[3]) & dns::kCheckingDisabledFlag) == 0);
    Require(reply.questions.size() <= 1);
    const std::string_view question = octets.substr(dns::kHeaderLength, QuestionLength(reply));
    Require(packet.substr(dns::kHeaderLength, question.size()) == question);
  }

  // Over UDP 512 without EDNS, with it what the client advertised, as far as that can be seen without our parser: where
  // the OPT record follows the question.
  static void CheckLimit(std::string_view packet, Transport transport, size_t size, const LibcReply& reply) {
    if (transport == Transport::kTcp) {
      Require(!IsTruncated(reply));
      return;
    }
    const bool has_opt = std::any_of(reply.additional.begin(), reply.additional.end(), IsOpt);
    Require(size <= (has_opt ? dns::kDefaultUdpLimit : dns::kMinUdpLimit));
    packet.remove_prefix(std::min(packet.size(), dns::kHeaderLength + QuestionLength(reply)));
    if (!has_opt || packet.size() < dns::kOptLength || !packet.starts_with(std::string_view("\0\0\x29", 3))) return;
    const auto advertised = static_cast<size_t>(static_cast<uint8_t>(packet[3]) << 8 | static_cast<uint8_t>(packet[4]));
    Require(size <= std::max(dns::kMinUdpLimit, advertised));
  }

  // The answer is of the name that was asked or, where that is an alias, of its target; a denial has its zone's SOA;
  // glue is for what the answer leads to; no record of the answer comes twice; OPT comes last.
  void CheckSections(const LibcReply& reply, const LibcRecord& question) const {
    std::set<std::string> names = {question.owner};
    std::set<std::string> targets;
    for (const LibcRecord& record : reply.answer) {
      Require(names.contains(record.owner) && record.record_class == 1);
      Require(record.type == question.type || record.type == kCname || question.type == kAny);
      if (record.type == kCname) names.insert(record.target);
      if (!record.target.empty()) targets.insert(record.target);
    }
    for (const LibcRecord& record : reply.authority) {
      const auto is_below = [&record](const std::string& name) { return name.ends_with(record.owner); };
      Require(std::any_of(names.begin(), names.end(), is_below) && record.record_class == 1 && !IsOpt(record));
    }
    for (const LibcRecord& record : reply.additional) {
      Require(IsOpt(record) ? &record == &reply.additional.back() : targets.contains(record.owner));
    }
    RequireDistinct(reply.answer);
    RequireDistinct(reply.additional);

    const bool is_whole = (reply.flags & dns::kAuthoritativeFlag) != 0 && !IsTruncated(reply);
    if (is_whole && reply.answer.empty() && IsInOurZones(question.owner)) {  // short names have no SOA to show
      Require(reply.authority.size() == 1 && reply.authority[0].type == kSoa);
    }
    Require(RcodeOf(reply) == 0 || reply.answer.empty() || reply.answer.back().type == kCname);
  }

  bool IsInOurZones(const std::string& name) const {
    const dns::Name asked = dns::Name::FromWire(name);
    return std::any_of(zones_.begin(), zones_.end(), [&](const dns::Name& zone) { return asked.IsAtOrBelow(zone); });
  }
  static void RequireDistinct(std::vector<LibcRecord> records) {
    std::sort(records.begin(), records.end());
    Require(std::adjacent_find(records.begin(), records.end()) == records.end());
  }
  static bool IsOpt(const LibcRecord& record) { return record.type == static_cast<uint16_t>(RecordType::kOpt); }
  static size_t QuestionLength(const LibcReply& reply) {
    return reply.questions.empty() ? 0 : reply.questions.front().owner.size() + 4;
  }

  const std::vector<dns::Name> zones_;
  state::SnapshotHolder holder_;
  resolve::Resolver resolver_;
  plugins::PluginChain chain_;
  std::optional<service::QueryService> service_;
  // As large as Handle asks for and no larger.
  std::vector<uint8_t> udp_buffer_ = std::vector<uint8_t>(dns::kDefaultUdpLimit);
  std::vector<uint8_t> tcp_buffer_ = std::vector<uint8_t>(dns::kMaxMessageLength);
};

constexpr uint16_t kTypesOfAnyName[] = {1, 28, 33, 12, 6, 2, 5, 16, 255, 65280};

// A name that does not exist has no record of any type and nothing below it (RFC 8020), but what falls through to other
// plugins; one that exists has ancestors.
void CheckTree(Server& server, const LibcReply& reply, const std::vector<dns::Name>& names) {
  const std::string& question = reply.questions.at(0).owner;
  if (Denies(reply)) {
    for (const uint16_t type : kTypesOfAnyName) Require(Denies(server.AnswerTo(question, type)));
    const dns::Name denied = dns::Name::FromWire(question);
    for (const dns::Name& name : names) {
      if (name.IsAtOrBelow(denied)) Require(!Affirms(server.AnswerTo(std::string(name.wire()), kTxt)));
    }
    return;
  }
  std::string ancestor = question;
  while (ancestor.size() > 1) {
    ancestor.erase(0, 1U + static_cast<uint8_t>(ancestor[0]));
    Require(!Denies(server.AnswerTo(ancestor, kTxt)));
  }
}

void CheckHandle(Octets octets) {
  const Cluster cluster = TakeCluster(octets);
  Server server(cluster);
  const bool is_raw = octets.Take() % 2 != 0;
  const std::string packet = is_raw ? std::string(octets.rest()) : TakeQuery(octets, cluster.names);
  const std::optional<LibcReply> udp = server.Ask(packet, Transport::kUdp);
  const std::optional<LibcReply> tcp = server.Ask(packet, Transport::kTcp);
  if (!tcp.has_value()) return;

  Require(RcodeOf(*udp) == RcodeOf(*tcp));
  Require(IsTruncated(*udp) ? udp->answer.size() < std::max<size_t>(tcp->answer.size(), 1)
                            : udp->answer.size() == tcp->answer.size());
  if (Denies(*tcp) || Affirms(*tcp)) CheckTree(server, *tcp, cluster.names);
}

}  // namespace
}  // namespace podnamed::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  podnamed::fuzz::CheckHandle({data, size});
  return 0;
}
