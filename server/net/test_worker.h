// For the tests of this room: a worker thread as the server has it, a handler that does what the first octet of a query
// says, and blocking clients that fail instead of waiting for ever.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "server/net/handler.h"
#include "server/net/task_group.h"

namespace podnamed::net {

inline constexpr std::chrono::seconds kPatience{20};

// 'D…' is dropped; 'W…' is answered with the client's address, 'A…' with the one that was asked; 'L…' with a reply of
// the buffer's full length; 'H…' is held until Release, on the worker's thread; 'P…' is echoed later, when
// ReplyToPending is called; 'M…' comes back in kParts messages of 60,000 octets, each with its number behind the query;
// all else is echoed at once.
class TestHandler : public Handler {
 public:
  Verdict Handle(const Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) override {
    ++handled_;
    if (!announced_.empty()) {
      EXPECT_EQ(announced_.front(), request.message.data());
      announced_.erase(announced_.begin());
    }
    const std::string_view text(reinterpret_cast<const char*>(request.message.data()), request.message.size());
    std::string reply(text);
    switch (text.empty() ? '\0' : text.front()) {
      case 'D':
        return Verdict::kDrop;
      case 'W':
        reply = request.client.ToString();
        break;
      case 'A': {
        const std::optional<base::IpAddress> asked = request.later->LocalAddress(request);
        reply = asked ? asked->ToString() : "unknown";
        break;
      }
      case 'L':
        reply.assign(buffer.size(), 'L');
        break;
      case 'H':
        if (!held_.HasBeenNotified()) held_.Notify();
        released_.WaitForNotification();
        break;
      case 'M':
        SendPart(std::string(text), request.later->MakeReplyPath(request), 0);
        return Verdict::kLater;
      case 'P':
        pending_.push_back({std::string(text), request.later->MakeReplyPath(request)});
        return Verdict::kLater;
    }
    std::copy(reply.begin(), reply.end(), buffer.begin());
    reply_size = reply.size();
    return Verdict::kReply;
  }

  // What is announced together; only what is announced and not handled yet may be handled next.
  void LookAhead(absl::Span<const Request> requests) override {
    EXPECT_TRUE(announced_.empty());
    for (const Request& request : requests) announced_.push_back(request.message.data());
    most_announced_ = std::max<int>(most_announced_, static_cast<int>(requests.size()));
  }
  int most_announced() const { return most_announced_; }

  static constexpr int kParts = 100;
  int handled() const { return handled_; }
  // Parts that were sent, of all replies; and replies whose clients had gone before the end.
  int parts() const { return parts_; }
  int given_up() const { return given_up_; }
  void WaitUntilHeld() { ASSERT_TRUE(held_.WaitForNotificationWithTimeout(absl::FromChrono(kPatience))); }
  void Release() { released_.Notify(); }

  // On the worker's thread: the last that came gets its reply first, and `longer` octets behind it.
  void ReplyToPending(size_t longer = 0) {
    for (; !pending_.empty(); pending_.pop_back()) {
      const std::string reply = pending_.back().first + std::string(longer, '.');
      pending_.back().second->Send(absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(reply.data()), reply.size()));
    }
  }
  // On the worker's thread: they get none.
  void ForgetPending() { pending_.clear(); }

 private:
  void SendPart(const std::string& query, std::shared_ptr<ReplyPath> path, int number) {
    std::string part = query + " " + std::to_string(number);
    part.resize(60'000, '.');
    ReplyPath& way = *path;
    const auto octets = absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(part.data()), part.size());
    ++parts_;
    if (number + 1 == kParts) return way.Send(octets);
    way.SendPart(octets, [this, query, number, kept = std::move(path)](bool is_taken) {
      if (is_taken) return SendPart(query, kept, number + 1);
      ++given_up_;
    });
  }

  std::atomic<int> handled_ = 0;
  std::atomic<int> most_announced_ = 0;
  std::vector<const uint8_t*> announced_;
  std::atomic<int> parts_ = 0;
  std::atomic<int> given_up_ = 0;
  absl::Notification held_;
  absl::Notification released_;
  std::vector<std::pair<std::string, std::unique_ptr<ReplyPath>>> pending_;
};

// One io_context on its own thread, from Start to Join or Kill.
class TestWorker {
 public:
  TestWorker() : tasks(io.get_executor()) {}

  void Start() {
    thread_ = std::thread([this] { io.run(); });
  }
  // Runs `action` on the worker's thread; does not wait for it.
  void Post(std::function<void()> action) { boost::asio::post(io, std::move(action)); }
  // Waits until nothing is left to run: every task has ended.
  void Join() { thread_.join(); }
  // Ends the thread wherever it is, with tasks left waiting. Before anything that they use is destroyed.
  void Kill() {
    io.stop();
    if (thread_.joinable()) thread_.join();
  }

  boost::asio::io_context io{1};
  TaskGroup tasks;

 private:
  std::thread thread_;
};

// A blocking client socket of either kind. Each call fails after kPatience.
class TestClient {
 public:
  // `receive_octets`: a small receive buffer, for a client that is slow to read.
  TestClient(int type, std::string_view address, uint16_t port, std::optional<int> receive_octets = std::nullopt) {
    const boost::asio::ip::udp::endpoint server(boost::asio::ip::make_address(address), port);
    fd_ = socket(server.protocol().family(), type | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (receive_octets) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &*receive_octets, sizeof(int));
    const int on = 1;
    if (type == SOCK_STREAM) setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    EXPECT_EQ(connect(fd_, server.data(), static_cast<socklen_t>(server.size())), 0) << strerror(errno);
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient() { Close(); }

  int fd() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  void Send(std::string_view octets) {
    ASSERT_EQ(send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL), static_cast<ssize_t>(octets.size()))
        << strerror(errno);
  }
  // What one receive call returns; std::nullopt at an error or after kPatience.
  std::optional<std::string> Receive() {
    std::string octets(70'000, '\0');
    const ssize_t size = recv(fd_, octets.data(), octets.size(), 0);
    if (size < 0) return std::nullopt;
    octets.resize(static_cast<size_t>(size));
    return octets;
  }

 private:
  int fd_ = -1;
};

inline bool HostHasIpv6() {
  const boost::asio::ip::udp::endpoint loopback(boost::asio::ip::address_v6::loopback(), 0);
  const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool has = bind(fd, loopback.data(), static_cast<socklen_t>(loopback.size())) == 0;
  close(fd);
  return has;
}

}  // namespace podnamed::net
