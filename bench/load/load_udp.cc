#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "bench/load/load.h"
#include "bench/load/socket.h"
#include "server/base/status.h"

namespace podnamed::bench {
namespace {

// What one system call takes or brings at most.
constexpr size_t kBatch = 32;
constexpr size_t kMaxReply = 4096;
constexpr auto kBetweenExpiries = std::chrono::milliseconds(50);

// A connected socket and the conversation over it. Not movable: the kernel's message headers point into it.
class UdpClient {
 public:
  UdpClient(Socket socket, const QueryList& queries, size_t first, const Conversation::Options& options, Tally& tally)
      : socket_(std::move(socket)), conversation_(queries, first, options, tally) {
    for (size_t i = 0; i < kBatch; ++i) {
      outgoing_[i] = {.iov_base = query_buffers_[i].data(), .iov_len = 0};
      incoming_[i] = {.iov_base = reply_buffers_[i].data(), .iov_len = kMaxReply};
      queries_[i].msg_hdr.msg_iov = &outgoing_[i];
      replies_[i].msg_hdr.msg_iov = &incoming_[i];
      queries_[i].msg_hdr.msg_iovlen = replies_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  UdpClient(const UdpClient&) = delete;

  Conversation& conversation() { return conversation_; }

  // Takes what is there; does not wait.
  absl::Status Receive() {
    int count = recvmmsg(socket_.fd(), replies_.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) return absl::OkStatus();
      return absl::ErrnoToStatus(errno, "receive");
    }
    const Clock::time_point now = Clock::now();
    for (int i = 0; i < count; ++i) {
      const auto index = static_cast<size_t>(i);
      conversation_.Receive(absl::MakeConstSpan(reply_buffers_[index]).first(replies_[index].msg_len), now);
    }
    return absl::OkStatus();
  }

  // Sends `count` queries, the first due at `due` and each next one `interval` later.
  // REQUIRES: count <= kBatch and count <= conversation().Room().
  absl::Status Send(size_t count, Clock::time_point due, std::chrono::duration<double> interval) {
    for (size_t i = 0; i < count; ++i) {
      const auto later = std::chrono::duration_cast<Clock::duration>(interval * static_cast<double>(i));
      outgoing_[i].iov_len = conversation_.Next(due + later, query_buffers_[i].data());
    }
    for (size_t sent = 0; sent < count;) {
      const int n = sendmmsg(socket_.fd(), queries_.data() + sent, static_cast<unsigned>(count - sent), 0);
      if (n < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "send");
      if (n > 0) sent += static_cast<size_t>(n);
    }
    return absl::OkStatus();
  }

 private:
  Socket socket_;
  Conversation conversation_;
  std::array<mmsghdr, kBatch> queries_{};
  std::array<mmsghdr, kBatch> replies_{};
  std::array<iovec, kBatch> outgoing_{};
  std::array<iovec, kBatch> incoming_{};
  std::array<std::array<uint8_t, Conversation::kMaxQuery>, kBatch> query_buffers_;
  std::array<std::array<uint8_t, kMaxReply>, kBatch> reply_buffers_;
};

using Clients = std::vector<std::unique_ptr<UdpClient>>;

// A closed loop: whatever came back is asked for again.
class Refill {
 public:
  absl::Status operator()(Clients& clients, Clock::time_point now) {
    for (auto& client : clients) {
      const size_t count = std::min(client->conversation().Room(), kBatch);
      if (count > 0) RETURN_IF_ERROR(client->Send(count, now, {}));
    }
    return absl::OkStatus();
  }
};

// An open loop: query k is due at start + k / rate, and the sockets take turns.
class Schedule {
 public:
  Schedule(Clock::time_point start, double rate) : start_(start), interval_(1 / rate) {}

  absl::Status operator()(Clients& clients, Clock::time_point now) {
    auto due = static_cast<uint64_t>(std::chrono::duration<double>(now - start_) / interval_);
    for (size_t tried = 0; next_ < due && tried < clients.size(); ++tried) {
      UdpClient& client = *clients[turn_++ % clients.size()];
      const size_t count = std::min({static_cast<size_t>(due - next_), client.conversation().Room(), kBatch});
      const auto offset = std::chrono::duration_cast<Clock::duration>(interval_ * static_cast<double>(next_));
      if (count > 0) RETURN_IF_ERROR(client.Send(count, start_ + offset, interval_));
      next_ += count;
    }
    return absl::OkStatus();
  }

 private:
  const Clock::time_point start_;
  const std::chrono::duration<double> interval_;
  uint64_t next_ = 0;
  size_t turn_ = 0;
};

// Sends by `send` until the time is over, then waits for the last replies.
template <typename Sender>
absl::Status Run(Clients& clients, const LoadOptions& options, Clock::time_point start, Sender send) {
  const Clock::time_point end = start + options.time;
  const Clock::time_point last = end + options.timeout;
  Clock::time_point next_expiry = start + kBetweenExpiries;
  for (Clock::time_point now = start; now < last; now = Clock::now()) {
    if (now < end) {
      RETURN_IF_ERROR(send(clients, now));
    } else if (std::all_of(clients.begin(), clients.end(), [](auto& c) { return c->conversation().Idle(); })) {
      break;
    }
    for (auto& client : clients) RETURN_IF_ERROR(client->Receive());
    if (now < next_expiry) continue;
    for (auto& client : clients) client->conversation().Expire(now - options.timeout);
    next_expiry = now + kBetweenExpiries;
  }
  for (auto& client : clients) client->conversation().Expire(Clock::time_point::max());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Tally> LoadUdp(const QueryList& queries, const LoadOptions& options) {
  Tally tally;
  Clients clients;
  const Conversation::Options conversation{
      .window = options.in_flight / options.sockets, .measure_latency = options.rate > 0, .echo = options.echo};
  for (size_t i = 0; i < options.sockets; ++i) {
    ASSIGN_OR_RETURN(Socket socket, Connect(options.server, options.port, SOCK_DGRAM));
    const size_t first = queries.size() / options.sockets * i;
    clients.push_back(std::make_unique<UdpClient>(std::move(socket), queries, first, conversation, tally));
  }
  tally.time = options.time;
  const Clock::time_point start = Clock::now();
  RETURN_IF_ERROR(options.rate > 0 ? Run(clients, options, start, Schedule(start, options.rate))
                                   : Run(clients, options, start, Refill()));
  return tally;
}

}  // namespace podnamed::bench
