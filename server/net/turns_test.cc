#include "server/net/turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "server/net/task_group.h"

namespace podnamed::net {
namespace {

namespace asio = boost::asio;

constexpr int kPieces = 50;

asio::awaitable<void> Work(std::shared_ptr<Turns> turns, std::string* log, char letter) {
  const bool has_turn = co_await turns->Next();
  if (has_turn) *log += letter;
}

// Something that the thread finds ready whenever it looks.
asio::awaitable<void> BeReady(std::string* log) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (int i = 0; i < 3 * kPieces; ++i) {
    timer.expires_after(std::chrono::nanoseconds(0));
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    *log += '.';
  }
}

class TurnsTest : public ::testing::Test {
 protected:
  asio::io_context io_{1};
  TaskGroup tasks_{io_.get_executor()};
  std::shared_ptr<Turns> turns_ = std::make_shared<Turns>(io_.get_executor());
  std::string log_;
};

TEST_F(TurnsTest, BetweenTwoPiecesIsTimeForEverythingElse) {
  for (int i = 0; i < kPieces; ++i) tasks_.Spawn("work", Work(turns_, &log_, 'w'));
  tasks_.Spawn("be ready", BeReady(&log_));
  io_.run();
  EXPECT_EQ(std::count(log_.begin(), log_.end(), 'w'), kPieces);
  EXPECT_EQ(log_.find("ww"), std::string::npos) << log_;
}

TEST_F(TurnsTest, ComeInOrderAndGoOnWithoutThoseWhoAreCancelled) {
  TaskGroup others(io_.get_executor());
  for (char letter = 'a'; letter <= 'f'; ++letter) {
    tasks_.Spawn("work", Work(turns_, &log_, letter));
    others.Spawn("other work", Work(turns_, &log_, '-'));
  }
  while (log_.empty()) io_.run_one();
  others.CancelAll();
  io_.run();
  std::erase(log_, '-');  // of those who did not have to wait
  EXPECT_EQ(log_, "abcdef");
}

}  // namespace
}  // namespace podnamed::net
