#include "server/net/task_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <stdexcept>

namespace podnamed::net {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

asio::awaitable<void> WaitForEver(asio::any_io_executor executor) {
  asio::steady_timer timer(executor, asio::steady_timer::time_point::max());
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

// Does not notice that its wait was cancelled, and waits again.
asio::awaitable<void> WaitStubbornly(asio::any_io_executor executor) {
  for (;;) co_await WaitForEver(executor);
}

asio::awaitable<void> End() { co_return; }

asio::awaitable<void> Throw() {
  throw std::runtime_error("no such luck");
  co_return;
}

TEST(TaskGroup, RunsOnEndHoweverATaskEnds) {
  asio::io_context io(1);
  TaskGroup tasks(io.get_executor());
  int ended = 0;
  tasks.Spawn("ends", End(), [&] { ++ended; });
  tasks.Spawn("waits", WaitForEver(io.get_executor()), [&] { ++ended; });
  tasks.Spawn("is stubborn", WaitStubbornly(io.get_executor()), [&] { ++ended; });
  testing::internal::CaptureStderr();
  tasks.Spawn("fails", Throw(), [&] { ++ended; });
  asio::post(io, [&] { tasks.CancelAll(); });
  io.run();
  EXPECT_EQ(ended, 4);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "[ERROR] net: fails failed: no such luck\n");
}

TEST(TaskGroup, KeepsNothingBusyOnceTheLastTaskHasEnded) {
  asio::io_context io(1);
  TaskGroup tasks(io.get_executor());
  tasks.Spawn("ends", End());
  tasks.EndWithin(std::chrono::hours(1));
  io.run();  // returns
}

TEST(TaskGroup, CutsOffWhatIsStillBusyAfterTheGrace) {
  asio::io_context io(1);
  TaskGroup tasks(io.get_executor());
  bool ended = false;
  tasks.Spawn("waits", WaitForEver(io.get_executor()), [&] { ended = true; });
  testing::internal::CaptureStderr();
  tasks.EndWithin(milliseconds(10));
  io.run();
  EXPECT_TRUE(ended);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("1 tasks still busy after 10 ms"));
}

TEST(TaskGroup, MayGoBeforeTheIoContextWithTasksThatWait) {
  auto io = std::make_unique<asio::io_context>(1);
  auto tasks = std::make_unique<TaskGroup>(io->get_executor());
  bool ended = false;
  tasks->Spawn("waits", WaitForEver(io->get_executor()), [&] { ended = true; });
  io->poll();
  tasks.reset();
  io.reset();
  EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace podnamed::net
