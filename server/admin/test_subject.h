// For this room's tests: a cluster that changes when it is told to, and a subject that looks at it. Answers come from
// the real resolver and encoder, without a server around them.
#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "server/admin/subject.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/resolve/resolver.h"
#include "server/state/store.h"

namespace podnamed::admin {

inline dns::Name NameOfText(std::string_view text) { return dns::Name::FromText(text).value(); }

class TestSubject {
 public:
  TestSubject() {
    subject_.started_at = absl::Now();
    subject_.workers = 2;
    subject_.blocks = {{.zones = {{":53", "cluster.local."}}, .source = "manifests cluster"}};
    subject_.clusters = {
        {.source = "manifests cluster",
         .zones = {{NameOfText("cluster.local")}, {NameOfText("in-addr.arpa")}},
         .holder = &holder_,
         .feed_status = [this] { return feed_; },
         .controller = grpc::CreateChannel("unix:/nowhere/feed.sock", grpc::InsecureChannelCredentials())}};
    subject_.answer = [this](absl::Span<const uint8_t> query, const base::IpAddress& client) {
      return Answer(query, client);
    };
  }

  const Subject& subject() const { return subject_; }
  FeedStatus& feed() { return feed_; }

  // The first one begins the state. The writer's thread is the caller's.
  void Publish(std::vector<state::Op> ops) {
    ++revision_;
    if (revision_ == 1) {
      store_.BeginSnapshot({.epoch = {0xab}, .revision = revision_});
      store_.AddToSnapshot(std::move(ops));
      store_.CommitSnapshot(absl::FromUnixSeconds(1'000'000));
      return;
    }
    const absl::Time time = absl::FromUnixSeconds(1'000'000 + static_cast<int64_t>(revision_));
    const absl::Status applied = store_.Apply(
        {.previous_revision = revision_ - 1, .revision = revision_, .origin_time = time, .ops = std::move(ops)});
    if (!applied.ok()) std::abort();
  }

  // Begins the state of a source that has had nothing yet, as the feed tells it.
  void PublishNothing() {
    store_.BeginSnapshot({.epoch = {0xab}, .revision = revision_});
    store_.CommitSnapshot(absl::UnixEpoch());
  }

  void SetStaleSince(absl::Time when) { store_.SetStaleSince(when); }

  // What a holder keeps of old states: nothing, when nobody holds on to one.
  size_t Retired() { return holder_.Reclaim(); }
  const state::Snapshot& Current() const { return *holder_.current(); }
  const state::SnapshotHolder& holder() const { return holder_; }

 private:
  std::vector<uint8_t> Answer(absl::Span<const uint8_t> octets, const base::IpAddress& client) {
    dns::Query query;
    if (dns::ParseQuery(octets, query) != dns::ParseOutcome::kQuery) return {};
    absl::InsecureBitGen random;
    resolve::Answer answer;
    state::SnapshotReader reader(holder_);
    const resolve::Question question{query.name, query.type, client, query.edns.has_value()};
    resolver_.Resolve(question, reader.Current(), reader.stale_seconds(), random, answer);
    std::optional<dns::ExtendedError> why;
    if (!answer.reason.empty()) why = dns::ExtendedError{answer.reason.info_code(), answer.reason.text()};
    std::vector<uint8_t> reply(dns::kMaxMessageLength);
    dns::ResponseEncoder encoder;
    reply.resize(encoder.Encode(query,
                                {.rcode = resolve::RcodeOf(answer.outcome),
                                 .authoritative = answer.outcome == resolve::Outcome::kAnswer,
                                 .answer = answer.answer,
                                 .authority = answer.authority,
                                 .additional = answer.additional,
                                 .extended_error = why},
                                reply.size(), absl::MakeSpan(reply)));
    return reply;
  }

  state::SnapshotHolder holder_;
  state::Store store_{holder_};
  const resolve::Resolver resolver_{{.zones = {NameOfText("cluster.local"), NameOfText("in-addr.arpa")},
                                     .short_names = true,
                                     .server_ipv4 = {},
                                     .server_ipv6 = {}}};
  uint64_t revision_ = 0;
  FeedStatus feed_;
  Subject subject_;
};

inline state::Namespace NamespaceNamed(std::string_view name) { return {.name = std::string(name), .uid = 0}; }

inline state::Deletion DeletionOf(const state::PodIdentity& identity) {
  return {.key = {.kind = state::EntityKind::kPodIdentity,
                  .namespace_name = identity.namespace_name,
                  .service = identity.service,
                  .name = identity.name},
          .uid = identity.uid};
}

}  // namespace podnamed::admin
