#include "server/net/turns.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace podnamed::net {

namespace asio = boost::asio;

Turns::Turns(asio::any_io_executor executor) : executor_(std::move(executor)) {}

asio::awaitable<bool> Turns::Next() {
  if (std::exchange(is_taken_, true)) {
    Waiter waiter{asio::steady_timer(executor_, asio::steady_timer::time_point::max())};
    waiting_.push_back(&waiter);
    co_await waiter.called.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!waiter.has_turn) {
      waiting_.remove(&waiter);
      co_return false;
    }
  }
  // What is posted runs after the thread has looked for what is ready.
  asio::post(executor_, [self = shared_from_this()] { self->Call(); });
  co_return true;
}

void Turns::Call() {
  if (waiting_.empty()) {
    is_taken_ = false;
    return;
  }
  Waiter& next = *waiting_.front();
  waiting_.pop_front();
  next.has_turn = true;
  next.called.cancel();
}

}  // namespace podnamed::net
