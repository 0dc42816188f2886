#include "server/net/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "server/base/log.h"

namespace podnamed::net {

namespace asio = boost::asio;

TaskGroup::TaskGroup(asio::any_io_executor executor) : executor_(std::move(executor)), grace_(executor_) {}

void TaskGroup::Spawn(std::string_view name, asio::awaitable<void> task, absl::AnyInvocable<void()> on_end) {
  tasks_.emplace_back().name = name;
  const auto entry = std::prev(tasks_.end());
  asio::co_spawn(executor_, std::move(task),
                 asio::bind_cancellation_slot(entry->cancel.slot(), [this, entry, on_end = std::move(on_end)](
                                                                        std::exception_ptr failure) mutable {
                   on_end();
                   OnEnd(entry, std::move(failure));
                 }));
}

void TaskGroup::CancelAll() {
  // Safe while iterating: what a cancelled operation resumes runs later, from the io_context.
  for (Task& task : tasks_) task.cancel.emit(asio::cancellation_type::terminal);
}

void TaskGroup::EndWithin(std::chrono::milliseconds grace) {
  if (tasks_.empty()) return;
  grace_.expires_after(grace);
  grace_.async_wait([this, grace, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired() || tasks_.empty()) return;
    base::LogWarning("net", "{} tasks still busy after {} ms are cut off", tasks_.size(), grace.count());
    CancelAll();
  });
}

void TaskGroup::OnEnd(std::list<Task>::iterator task, std::exception_ptr failure) {
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      // Asio throws this at the next co_await of a task that was cancelled while it was not waiting.
      if (error.code() != asio::error::operation_aborted)
        base::LogError("net", "{} failed: {}", task->name, error.what());
    } catch (const std::exception& error) {
      base::LogError("net", "{} failed: {}", task->name, error.what());
    }
  }
  tasks_.erase(task);
  if (tasks_.empty()) grace_.cancel();
}

}  // namespace podnamed::net
