// The coroutines of one worker: every one starts here, so that none is lost, none fails in silence, and all can be
// ended. One thread: that of the executor. Must outlive its tasks, or be destroyed after the io_context last ran.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <list>
#include <memory>
#include <string_view>

#include "absl/functional/any_invocable.h"

namespace podnamed::net {

class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor executor);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Runs `task` until it ends, and then `on_end`, however it ended. A task that ends by an exception other than its own
  // cancellation is logged under `name`, which must be a literal.
  void Spawn(std::string_view name, boost::asio::awaitable<void> task, absl::AnyInvocable<void()> on_end = [] {});

  // Cancels what every task is waiting for; a task ends when it sees this as an error of its operation.
  void CancelAll();

  // Lets the tasks end by themselves for `grace`, then cancels those that are left. Nothing of the group keeps the
  // io_context busy once the last task has ended, so a worker's thread waits for all by running it until it returns.
  void EndWithin(std::chrono::milliseconds grace);

  // No task is left; then the group may go.
  bool empty() const { return tasks_.empty(); }

 private:
  struct Task {
    std::string_view name;
    boost::asio::cancellation_signal cancel;
  };

  void OnEnd(std::list<Task>::iterator task, std::exception_ptr failure);

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer grace_;
  std::list<Task> tasks_;
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // for the wait of `grace_`
};

}  // namespace podnamed::net
