// What is asked of an upstream name server, and what comes of it. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::upstream {

// The query that goes upstream is made anew from these, and from nothing else that the client sent. CoreDNS passes the
// client's message on as it is. What is left out here are the client's EDNS options: most are between two neighbours
// and not to be passed on (cookies, RFC 7873; padding, RFC 7830; keepalive, RFC 7828; NSID, RFC 5001), and the client's
// subnet (RFC 7871) would make replies differ for clients who share one cache.
struct Question {
  dns::Name name;  // the client's letters: the reply comes back with them
  dns::RecordType type{};
  dns::RecordClass record_class = dns::RecordClass::kIn;
  bool recursion_desired = true;
  bool checking_disabled = false;  // RFC 4035 section 3.2.2
  bool authentic_data = false;     // the client understands AD in a reply (RFC 6840 section 5.7)
  // The client spoke EDNS. The OPT record upstream then has our payload size, whatever the client's was, so that one
  // reply serves every client; without it there is none, and a reply over UDP has at most 512 octets.
  bool edns = false;
  bool dnssec_ok = false;  // DO; only with EDNS
  // In the OPT record, with their headers, as the operator wants them; only with EDNS.
  std::string edns_options{};
};

// By which way a reply came, or may come.
enum class Transport : uint8_t { kUdp, kTcp, kTls };
inline constexpr size_t kTransports = 3;

// As CoreDNS's metrics say it: "udp", "tcp", "tcp-tls".
constexpr std::string_view NameOf(Transport transport) {
  switch (transport) {
    case Transport::kUdp:
      return "udp";
    case Transport::kTcp:
      return "tcp";
    case Transport::kTls:
      return "tcp-tls";
  }
  return "";
}

enum class Outcome : uint8_t {
  kReply,          // any rcode, truncated or not
  kTimeout,        // nothing that counts came in time
  kUnreachable,    // host or network refused the datagram or the connection
  kClosed,         // the connection ended before the reply, and again when asked anew
  kTlsFailed,      // the server is not who it should be, or speaks no TLS that we accept
  kWrongQuestion,  // it answers something else than was asked
  kUnverified,     // over UDP came what may be forged, and TCP could not settle it
  kBusy,           // too many questions to this upstream are in flight
  kStopped,        // the Upstream was destroyed, or the caller cancelled
};

// For people and for a metric's label: "timeout".
constexpr std::string_view NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kReply:
      return "reply";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kUnreachable:
      return "unreachable";
    case Outcome::kClosed:
      return "closed";
    case Outcome::kTlsFailed:
      return "tls_failed";
    case Outcome::kWrongQuestion:
      return "wrong_question";
    case Outcome::kUnverified:
      return "unverified";
    case Outcome::kBusy:
      return "busy";
    case Outcome::kStopped:
      return "stopped";
  }
  return "";
}

struct Reply {
  Outcome outcome = Outcome::kStopped;
  // Only with kReply: a whole message of at least a header and the one question that was asked, with the letters of
  // Question::name and id 0. All that follows is as it came: untrusted and not yet looked at.
  std::vector<uint8_t> message{};
  Transport transport = Transport::kUdp;  // by which it came; may be TCP although UDP was asked for (see upstream.h)
  std::string why{};                      // without a reply: one sentence's end for people, where there is more to say

  bool ok() const { return outcome == Outcome::kReply; }
};

}  // namespace podnamed::upstream
