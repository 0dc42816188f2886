#include "controller/kube/host_lookup.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/synchronization/notification.h"

// GCC 12 takes Asio's own allocation of coroutines for a mismatch under sanitizers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace podnamed::kube {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

HostLookup::Addresses AskSystem(const std::string& host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return absl::UnavailableError(error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error));
  }
  const auto free = absl::MakeCleanup([found] { freeaddrinfo(found); });
  std::vector<asio::ip::address> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (entry->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    addresses.push_back(endpoint.address());
  }
  return addresses;
}

}  // namespace

// Of the thread that asks and of the coroutine that waits, whichever lives longer.
struct HostLookup::Question {
  Question() = default;
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() {
    if (is_answered >= 0) close(is_answered);
  }

  const int is_answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);  // readable then
  Addresses answer;                                                // the thread's, until then
  absl::Notification answered;
};

HostLookup::HostLookup(std::string host) : HostLookup(std::move(host), AskSystem) {}

HostLookup::HostLookup(std::string host, Ask ask) : host_(std::move(host)), ask_(std::move(ask)) {}

asio::awaitable<HostLookup::Addresses> HostLookup::Find(std::chrono::milliseconds deadline) {
  if (!question_) {
    auto question = std::make_shared<Question>();
    try {
      std::thread([question, host = host_, ask = ask_] {
        question->answer = ask(host);
        question->answered.Notify();
        eventfd_write(question->is_answered, 1);
      }).detach();
    } catch (const std::system_error& error) {
      co_return absl::UnavailableError(fmt::format("no thread to ask with: {}", error.what()));
    }
    question_ = std::move(question);
  }
  const std::shared_ptr<Question> question = question_;
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor is_answered(executor);
  boost::system::error_code error;
  is_answered.assign(dup(question->is_answered), error);
  if (error) co_return absl::UnavailableError(fmt::format("no descriptor to wait with: {}", error.message()));
  asio::steady_timer timer(executor, deadline);
  co_await (is_answered.async_wait(asio::posix::stream_descriptor::wait_read, kAwaitTuple) ||
            timer.async_wait(kAwaitTuple));
  if (!question->answered.HasBeenNotified()) {
    co_return absl::DeadlineExceededError(fmt::format("no answer within {} s", deadline.count() / 1000));
  }
  question_.reset();
  co_return question->answer;
}

}  // namespace podnamed::kube
