// One question that waits for its end: a reply, a failure or the deadline. It lives in the coroutine that waits; who
// ends it knows it by pointer and forgets it when it is gone. One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "server/upstream/question.h"

namespace podnamed::upstream {

class Exchange {
 public:
  using Clock = std::chrono::steady_clock;

  Exchange(const boost::asio::any_io_executor& executor, Clock::time_point deadline) : timer_(executor, deadline) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The first end counts.
  void End(Outcome outcome, std::string why = {}) {
    if (has_ended_) return;
    has_ended_ = true;
    outcome_ = outcome;
    why_ = std::move(why);
    timer_.cancel();
  }
  void EndWith(absl::Span<const uint8_t> message) {
    if (!has_ended_) message_.assign(message.begin(), message.end());
    End(Outcome::kReply);
  }
  bool has_ended() const { return has_ended_; }

  // Suspends until the end. When the waiting coroutine is cancelled, that is the end.
  boost::asio::awaitable<void> Wait() {
    if (has_ended_) co_return;
    const auto [error] = co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    End(error ? Outcome::kStopped : Outcome::kTimeout);
  }

  Outcome outcome() const { return outcome_; }
  std::string& why() { return why_; }
  std::vector<uint8_t>& message() { return message_; }

 private:
  boost::asio::steady_timer timer_;  // runs until the deadline; cancelled at the end
  bool has_ended_ = false;
  Outcome outcome_ = Outcome::kStopped;
  std::string why_;
  std::vector<uint8_t> message_;
};

}  // namespace podnamed::upstream
