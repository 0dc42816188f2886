// Whatever a controller sends: what the decoder takes keeps the promises of server/state/entities.h, what it does not
// take it explains, and a message either moves the published state on by the protocol's rules or leaves it alone.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "absl/algorithm/container.h"
#include "server/dns/name.h"
#include "server/feed/feed_decoder.h"
#include "server/feed/feed_session.h"

namespace podnamed::feed {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

bool HasOnlyCharactersOf(std::string_view text, std::string_view allowed) {
  return absl::c_all_of(text, [&](char c) { return allowed.find(c) != std::string_view::npos; });
}

void RequireLabel(std::string_view text) {
  Require(!text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-');
  Require(HasOnlyCharactersOf(text, "abcdefghijklmnopqrstuvwxyz0123456789-"));
}

void RequirePodName(std::string_view text) {
  Require(!text.empty() && text.size() <= 253);
  Require(HasOnlyCharactersOf(text, "abcdefghijklmnopqrstuvwxyz0123456789-."));
}

void RequireHosts(const std::vector<base::IpAddress>& addresses, size_t most = 16) {
  Require(addresses.size() <= most);
  for (const base::IpAddress& address : addresses) {
    const std::string text = address.ToString();
    Require(text != "0.0.0.0" && text != "::");
    // Of what begins so, the IPv4-mapped ones are written with dots.
    Require(address.is_v4() || !text.starts_with("::ffff:") || text.find('.') == std::string::npos);
  }
}

void RequireDomainName(std::string_view wire) {
  Require(wire.size() > 1 && wire.size() <= 255);
  const dns::Name name = dns::Name::FromWire(wire);
  Require(name == *dns::Name::FromText(name.ToText()));
}

void RequirePorts(const std::vector<state::Port>& ports) {
  Require(ports.size() <= 100);
  for (const state::Port& port : ports) {
    if (!port.name.empty()) RequireLabel(port.name);
  }
}

struct RequirePromises {
  void operator()(const state::Namespace& entity) const { RequireLabel(entity.name); }
  void operator()(const state::Service& entity) const {
    RequireLabel(entity.namespace_name);
    RequireLabel(entity.name);
    RequireHosts(entity.addresses);
    RequirePorts(entity.ports);
    Require(entity.addresses.empty() == (entity.kind != state::ServiceKind::kClusterIp));
    Require(entity.external_name.empty() == (entity.kind != state::ServiceKind::kExternalName));
    if (!entity.external_name.empty()) RequireDomainName(entity.external_name);
    RequireHosts(entity.external_addresses, entity.clusterset ? 0 : 64);
    Require(entity.external_hostnames.size() <= (entity.clusterset ? 0 : 64));
    for (const std::string& hostname : entity.external_hostnames) RequireDomainName(hostname);
  }
  void operator()(const state::PodIdentity& entity) const {
    RequireLabel(entity.namespace_name);
    RequireLabel(entity.service);
    RequirePodName(entity.name);
    if (!entity.hostname.empty()) RequireLabel(entity.hostname);
    RequireHosts(entity.addresses);
    RequirePorts(entity.ports);
  }
  void operator()(const state::Pod& entity) const {
    RequireLabel(entity.namespace_name);
    RequirePodName(entity.name);
    RequireHosts(entity.addresses);
  }
  void operator()(const state::Deletion& deletion) const { RequirePodName(deletion.key.name); }
};

void RequirePromisesOf(const std::vector<state::Op>& ops, const std::vector<Rejection>& rejections) {
  for (const state::Op& op : ops) std::visit(RequirePromises(), op);
  for (const Rejection& rejection : rejections) Require(!rejection.message.empty());
}

void CheckDecoder(const v1::SubscribeResponse& message) {
  const DecodedPart part = DecodePart(message.snapshot_part());
  Require(part.entities.size() + part.rejections.size() == static_cast<size_t>(message.snapshot_part().records_size()));
  RequirePromisesOf(part.entities, part.rejections);
  const DecodedBatch batch = DecodeBatch(message.batch());
  Require(batch.delta.ops.size() + batch.rejections.size() == static_cast<size_t>(message.batch().ops_size()));
  RequirePromisesOf(batch.delta.ops, batch.rejections);
}

// A part comes inside a snapshot, everything else between batches.
void CheckSession(const v1::SubscribeResponse& message) {
  state::SnapshotHolder holder;
  state::Store store(holder);
  store.BeginSnapshot({{1}, 7});
  store.CommitSnapshot(absl::UnixEpoch());
  FeedSession session(store, store.position(), "fuzz");
  v1::SubscribeResponse from_us;
  from_us.mutable_welcome()->set_epoch("\1" + std::string(15, '\0'));
  from_us.mutable_welcome()->set_head(7);
  from_us.mutable_welcome()->set_mode(v1::RESUME);
  Require(session.Receive(from_us).ok());
  if (message.has_snapshot_part()) {
    from_us.mutable_snapshot_begin()->set_revision(8);
    Require(session.Receive(from_us).ok());
  }

  const state::Snapshot* before = holder.current();
  const bool taken = session.Receive(message).ok();
  if (!taken || !message.has_batch()) Require(holder.current() == before);
  if (taken && message.has_batch()) Require(holder.current()->position().revision == 8);
  if (taken && message.has_snapshot_part()) {
    v1::SnapshotDigest digest;
    for (const v1::Record& record : message.snapshot_part().records()) digest.Add(record);
    from_us.mutable_snapshot_end()->set_count(static_cast<uint64_t>(message.snapshot_part().records_size()));
    from_us.mutable_snapshot_end()->set_digest(digest.Finish());
    Require(session.Receive(from_us).ok());
    Require(holder.current()->position().revision == 8);
  }
  while (session.NextReply()) {
  }
}

}  // namespace
}  // namespace podnamed::feed

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  podnamed::feed::v1::SubscribeResponse message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  podnamed::feed::CheckDecoder(message);
  podnamed::feed::CheckSession(message);
  return 0;
}
