// Work that holds up a thread (a handshake of TLS: a millisecond or more) is done one piece at a time: between two,
// everything else that is ready on the thread gets its turn, however many wait for the next. In the order in which they
// came. One thread, that of the executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>

namespace podnamed::net {

// Held by all who wait for it.
class Turns : public std::enable_shared_from_this<Turns> {
 public:
  explicit Turns(boost::asio::any_io_executor executor);
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Waits until the caller may do one piece, at once then; false if it was cancelled instead.
  boost::asio::awaitable<bool> Next();

 private:
  struct Waiter {
    boost::asio::steady_timer called;  // by its cancellation
    bool has_turn = false;
  };

  void Call();

  const boost::asio::any_io_executor executor_;
  std::list<Waiter*> waiting_;
  bool is_taken_ = false;
};

}  // namespace podnamed::net
