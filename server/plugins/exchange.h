// One query on its way through the chain of a server block, and the reply as it comes together. One per query that is
// under way: used again for the next, so that its vectors keep their memory. One thread, its worker's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/types/span.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"
#include "server/dns/query.h"
#include "server/dns/reply_records.h"
#include "server/dns/types.h"
#include "server/net/handler.h"
#include "server/resolve/answer.h"

namespace podnamed::plugins {

enum class Next : uint8_t {
  kPass,   // not mine: the next plugin may know; the reply is untouched
  kDone,   // the reply is here
  kLater,  // the reply comes later: whoever said so calls Exchange::Resume then
  kDrop,   // there shall be no reply
};

struct Exchange;

// Where a question of a plugin's own begins.
enum class AskFrom : uint8_t {
  kServer,      // at the server block that serves the name, as if a client had asked
  kNextPlugin,  // behind the plugin that asks
};

// Where a query comes in: one zone of a server block on one of its endpoints. Outlives the exchanges.
struct Entrance {
  std::string server;                           // "dns://:53"
  std::string zone;                             // "cluster.local."
  size_t index = 0;                             // among those of the server block
  std::optional<base::IpAddress> address = {};  // of its endpoint; none: every address of the machine
  uint16_t port = 0;
  std::string view = {};  // the name of the block's; empty: it has none
};

// Options of EDNS that go upstream with a query, which otherwise has none.
struct UpstreamOptions {
  std::string_view octets = {};    // one behind the other, with their headers; at most kMaxSize
  bool is_for_one_client = false;  // no other client may have the reply

  static constexpr size_t kMaxSize = 1024;
};

// What a plugin keeps of an exchange until its reply has been sent.
class Remembered {
 public:
  virtual ~Remembered() = default;
};

// A reply of several messages (RFC 5936 section 2.2): what is to come after the one at hand. Over TCP alone.
class Continuation {
 public:
  virtual ~Continuation() = default;
  // No message follows the one at hand.
  virtual bool is_done() const = 0;
  // The client has taken the message at hand: puts the next one's records into the exchange in its place.
  // REQUIRES: !is_done().
  virtual void Advance(Exchange& exchange) = 0;
};

// What an exchange asks of whoever takes it through its chain.
class Conductor {
 public:
  using Done = absl::AnyInvocable<void(const Exchange& child)>;
  virtual void Resume(Exchange& exchange, Next next) = 0;
  virtual void Ask(Exchange& parent, const dns::Name& name, dns::RecordType type, AskFrom from, Done done) = 0;
  virtual void AskAside(Exchange& exchange, Done done) = 0;

 protected:
  ~Conductor() = default;
};

struct Exchange {
  // ---- the question; good until the reply has been sent

  dns::Query asked;             // as the client sent it; class IN unless a plugin takes every class
  dns::Query* query = nullptr;  // as the plugins see it: &asked, unless one has put another in its place
  base::IpAddress client;
  uint16_t client_port = 0;
  net::Transport transport = net::Transport::kUdp;
  size_t reply_limit = 0;             // octets of the whole reply
  bool can_wait = false;              // whether kLater is allowed
  absl::Span<const uint8_t> message;  // the client's, whole; empty in questions that plugins ask
  UpstreamOptions upstream_options;
  std::unique_ptr<Remembered> rewritten;  // what `rewrite` has put in the place of the question; mostly nothing

  // ---- the reply

  dns::Rcode rcode = dns::Rcode::kServFail;
  bool authoritative = false;
  bool recursion_available = false;
  bool authentic_data = false;
  bool truncated = false;
  resolve::Answer answer;             // its sections, and why they are as they are
  dns::ReplyRecords records;          // what the sections above point to, of a reply that came in octets
  std::vector<uint8_t> octets;        // these, of a reply that an upstream has just given; else empty
  std::string_view nsid = {};         // who answers, for clients that ask (RFC 5001); of the plugin that knows
  std::string_view answered_by = {};  // the plugin, a literal; empty: none was asked
  // With kDone, by a plugin that has more to tell than fits one message. REQUIRES: can_wait, TCP.
  std::unique_ptr<Continuation> continuation;
  std::string error;  // what went wrong, for the log of errors; empty: nothing

  // ---- what plugins tell of it: each costs a query a store, and what is not filled in nothing

  const Entrance* entrance = nullptr;  // where it came in
  size_t query_size = 0;               // octets of the client's message
  std::string upstream;                // who replied to what was forwarded; empty: nobody
  uint16_t reply_flags = 0;            // the second 16 bits of the reply's header; once it has been written
  // Since when the client waits; the clock's epoch until a plugin has looked at the clock.
  std::chrono::steady_clock::time_point started{};

  // ---- its way

  // On the worker's thread, once, by the plugin that says kLater, or is about to, when it knows: kDone, kPass or kDrop.
  // The exchange may be gone when this returns. What snapshots or other queries hold is not to be in the reply of an
  // exchange that waits: it may be gone when it resumes.
  void Resume(Next next) { conductor->Resume(*this, next); }

  // Asks a question on behalf of this one, by the plugin that is asked, which then says kLater. `done` gets the reply,
  // perhaps before this returns; what the reply holds is good until this exchange has been sent, or waits again.
  // REQUIRES: can_wait.
  void Ask(const dns::Name& name, dns::RecordType type, AskFrom from, Conductor::Done done) {
    conductor->Ask(*this, name, type, from, std::move(done));
  }

  // Asks the same question of the plugins behind the one that is asked, on nobody's behalf: `done` gets the reply when
  // this exchange may long be gone. REQUIRES: can_wait.
  void AskAside(Conductor::Done done) { conductor->AskAside(*this, std::move(done)); }

  size_t position = 0;          // of the plugin that is asked
  int depth = 0;                // of questions that questions have led to
  std::optional<Next> resumed;  // before kLater was said
  Conductor* conductor = nullptr;
};

}  // namespace podnamed::plugins
