// Questions to one upstream over UDP: each from a socket, and so a source port, of its own, by a channel of c-ares that
// has no other meanwhile. Channels are made when more questions wait at the same time, up to a bound, and kept for
// later ones until they have lain unused for a while. One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "server/base/ip_address.h"
#include "server/upstream/cares_channel.h"
#include "server/upstream/counters.h"
#include "server/upstream/exchange.h"
#include "server/upstream/query_message.h"

namespace podnamed::upstream {

class UdpClient {
 public:
  struct Result {
    // Besides kReply and failures: kUnverified when something came that may be forged, and nothing better is to be
    // expected of waiting on (see below).
    Outcome outcome = Outcome::kStopped;
    std::vector<uint8_t> message{};  // with kReply, as it came
    std::string why{};
    bool has_other_letters = false;  // with kUnverified: that is all that was wrong
  };

  // Datagrams that are no reply to a question, before it is given up as kUnverified: whoever sends them is guessing
  // ids, and must not have all 65,536.
  static constexpr int kMaxStrangers = 32;

  // `counters` must outlive this.
  UdpClient(boost::asio::any_io_executor executor, const boost::asio::ip::udp::endpoint& server,
            const std::optional<base::IpAddress>& source, size_t max_in_flight, Counters& counters);

  // Sends the query once. A datagram with another id is ignored, and so is what is no reply at all. One with the right
  // id that is otherwise wrong (another question, other letters, more than 4096 octets) is either forged by somebody
  // who was lucky, and then the true reply may be read next, but so may a luckier forgery; or the upstream is like
  // that, and waiting would be in vain: both times the caller does best to ask by TCP at once. `query` and this must
  // outlive the coroutine.
  boost::asio::awaitable<Result> Ask(const QueryMessage* query, Exchange::Clock::time_point deadline);

  // Lets go of the channels that nobody needed since the last call: a second, usually.
  void OnIdle();

  // Ends every question that is under way, and refuses new ones.
  void Stop();

  size_t in_flight() const { return in_flight_.size(); }
  size_t spare_channels() const { return idle_.size(); }

 private:
  class Asking;

  std::shared_ptr<CaresChannel> TakeChannel();
  void GiveBack(std::shared_ptr<CaresChannel> channel);

  boost::asio::any_io_executor executor_;
  const boost::asio::ip::udp::endpoint server_;
  const std::optional<base::IpAddress> source_;
  const size_t max_in_flight_;
  Counters& counters_;
  std::vector<std::shared_ptr<CaresChannel>> idle_;  // the last used last
  size_t unused_ = 0;                                // of idle_, the first: since the last OnIdle
  absl::flat_hash_set<Asking*> in_flight_;
  bool stopped_ = false;
};

}  // namespace podnamed::upstream
