// c-ares on Asio: one query at a time over UDP, from a socket of its own. All of c-ares that we use is here.
//
// What c-ares 1.18 does with a query of ares_send, and what we do about it (its src/lib/ares_process.c):
//   - It keeps the id that it is given, and waits on after datagrams with another id, another question (it ignores the
//     case of letters) or from another address. So do we; but we see each datagram first, because c-ares would tell
//     nobody about them.
//   - It closes a channel's sockets when no query is left, so a channel that has one query at a time has a fresh port
//     for each. ARES_FLAG_STAYOPEN would keep them.
//   - Of a reply above 512 octets it hands out the first 512 unless ARES_FLAG_EDNS is set; with that flag a FORMERR
//     without OPT record makes it cut 11 octets off our query and send the rest. So the flag is not set, and the judge
//     takes the datagram as it arrives.
//   - An empty datagram makes it give the query up, whoever sent it. It never sees one.
// For these reasons its sockets are ours, by ares_set_socket_functions, which also lets Asio own them.
//
// A channel weighs 73 KB (two hash tables); making one takes some 75 µs, mostly to touch them, and reads /dev/urandom
// and no other file. One thread.
#pragma once

#include <ares.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/types/span.h"
#include "server/base/ip_address.h"

namespace podnamed::upstream {

// Whoever asked: sees each datagram that comes from the server, and learns how the query ended. Datagrams are read as
// long as there are more, so a judge has to give up at a flood.
class DatagramJudge {
 public:
  enum class Verdict {
    kTake,    // the reply
    kIgnore,  // not a reply to this query: wait on
    kGiveUp,  // wait no longer
  };

  virtual ~DatagramJudge() = default;
  virtual Verdict OnDatagram(absl::Span<const uint8_t> datagram) = 0;
  // Once for each query, from inside of Send or later: success after kTake, operation_aborted after kGiveUp or Cancel,
  // otherwise why nothing more can come (connection_refused: the port's host said so).
  virtual void OnEnd(boost::system::error_code error) = 0;
};

class CaresChannel : public std::enable_shared_from_this<CaresChannel> {
 public:
  // The longest datagram that a judge sees whole; of a longer one, one octet more.
  static constexpr size_t kMaxDatagram = 4096;

  // nullptr if c-ares has no memory. `source`: the address to ask from, of the server's family; the kernel's choice
  // otherwise.
  static std::shared_ptr<CaresChannel> Make(const boost::asio::any_io_executor& executor,
                                            const boost::asio::ip::udp::endpoint& server,
                                            const std::optional<base::IpAddress>& source);
  ~CaresChannel();
  CaresChannel(const CaresChannel&) = delete;
  CaresChannel& operator=(const CaresChannel&) = delete;

  // Sends `query`, with its id, and waits until a judgement or Cancel: there is no other deadline. `judge` must outlive
  // the query. REQUIRES: no query is under way; 12 to 512 octets.
  void Send(absl::Span<const uint8_t> query, DatagramJudge& judge);
  // Ends the query that is under way, if one is.
  void Cancel();

 private:
  class Hooks;  // what c-ares calls

  CaresChannel(const boost::asio::any_io_executor& executor, const boost::asio::ip::udp::endpoint& server,
               const std::optional<base::IpAddress>& source);

  ares_socket_t Open();
  int Connect(const sockaddr& server, ares_socklen_t length);
  ares_ssize_t Receive(absl::Span<uint8_t> buffer, sockaddr* from, ares_socklen_t* from_length);
  void Close();
  void OnEnd(int status);

  void AwaitDatagram();
  void OnReadable();

  const boost::asio::ip::udp::endpoint server_;
  const std::optional<base::IpAddress> source_;
  boost::asio::ip::udp::socket socket_;
  uint64_t opened_ = 0;  // how many sockets there were: tells a wait for an earlier one
  ares_channel channel_ = nullptr;

  DatagramJudge* judge_ = nullptr;  // while a query is under way
  bool taken_ = false;
  bool given_up_ = false;
  boost::system::error_code last_error_;
};

}  // namespace podnamed::upstream
