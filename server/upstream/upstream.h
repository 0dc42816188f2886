// One upstream name server: ask it a question, get its reply, checked. Whom to ask when it fails, and when to stop
// asking it, is for others (the forward plugin).
//
// Over UDP every question has a socket, an id and letters (0x20) of its own that nobody can guess; over TCP and TLS
// questions share connections that are kept. A reply over UDP with the right id that is wrong otherwise, and a row of
// datagrams with wrong ids, may be forgery: the question is then asked again by TCP at once, and that counts. So is an
// upstream known that does not keep the letters (letter_memory.h).
//
// One per worker and upstream, on the thread of `executor` alone. It may be destroyed with questions in flight: they
// end with Outcome::kStopped when the io_context next runs, or with their coroutines when it is destroyed; it must be
// destroyed before the io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "server/base/ip_address.h"
#include "server/upstream/counters.h"
#include "server/upstream/question.h"
#include "server/upstream/stream_client.h"
#include "server/upstream/tls_context.h"

namespace podnamed::upstream {

struct Options {
  base::IpAddress address{};
  uint16_t port = 53;
  std::shared_ptr<TlsContext> tls{};                 // DNS over TLS for every question; nullptr: UDP and TCP
  std::optional<base::IpAddress> source_address{};   // to ask from; of the family of `address`
  std::chrono::milliseconds read_timeout{2'000};     // for a reply
  std::chrono::milliseconds connect_timeout{2'000};  // for a connection, TLS handshake included
  std::chrono::milliseconds expire{10'000};          // an idle connection is kept so long
  bool mix_letters = true;                           // 0x20
  // A question over UDP weighs 73 KB while it is in flight (cares_channel.h), one on a connection about 1 KB.
  size_t max_udp_in_flight = 256;
  StreamBounds streams{};
  std::shared_ptr<Counters> counters{};  // where it counts; others of this thread may count there too. nullptr: its own
};

class Upstream {
 public:
  using Clock = std::chrono::steady_clock;

  Upstream(boost::asio::any_io_executor executor, const Options& options);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // Asks once: over TLS if that is what the upstream speaks, else by `transport`, kUdp or kTcp. Over UDP a truncated
  // reply is given back as it is, with TC. Ends at the deadline at the latest; earlier when read_timeout is over. The
  // coroutine may be cancelled, and may outlive this.
  boost::asio::awaitable<Reply> Ask(Question question, Transport transport, Clock::time_point deadline);

  // To be called about once a second: gives back what was not needed since.
  void OnIdle();

  // Questions over UDP that wait for their reply, what is kept for further ones, and connections that are open.
  size_t udp_in_flight() const;
  size_t spare_channels() const;
  size_t connections() const;
  // False while the upstream is known to change the letters of questions.
  bool keeps_letters() const;

  // Any thread may read it, also when this is gone.
  std::shared_ptr<const Counters> counters() const;

 private:
  struct State;
  static boost::asio::awaitable<Reply> AskOn(std::shared_ptr<State> state, Question question, Transport transport,
                                             Clock::time_point deadline);

  // Shared with the coroutines of Ask, which may come to their end later than this.
  std::shared_ptr<State> state_;
};

// The reply's TC: what it says is not all (RFC 1035 section 4.1.1). REQUIRES: reply.ok().
bool IsTruncated(const Reply& reply);

}  // namespace podnamed::upstream
