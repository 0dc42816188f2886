#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "bench/load/load.h"
#include "bench/load/socket.h"
#include "server/base/status.h"

namespace podnamed::bench {
namespace {

constexpr size_t kPrefix = 2;  // RFC 1035 section 4.2.2
constexpr size_t kMaxFrame = kPrefix + 65535;

// One persistent connection and the conversation over it (RFC 7766 section 6.2.1.1: queries are pipelined).
class TcpClient {
 public:
  TcpClient(Socket socket, const QueryList& queries, size_t first, const Conversation::Options& options, Tally& tally)
      : socket_(std::move(socket)), conversation_(queries, first, options, tally), incoming_(2 * kMaxFrame) {}

  Conversation& conversation() { return conversation_; }

  // Takes what is there; does not wait.
  absl::Status Receive() {
    const ssize_t count = recv(socket_.fd(), incoming_.data() + received_, incoming_.size() - received_, MSG_DONTWAIT);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) return absl::OkStatus();
      return absl::ErrnoToStatus(errno, "receive");
    }
    if (count == 0) return absl::UnavailableError("the server closed a connection with queries under way");
    received_ += static_cast<size_t>(count);
    const Clock::time_point now = Clock::now();
    size_t begin = 0;
    while (received_ - begin >= kPrefix) {
      const size_t size = static_cast<size_t>(incoming_[begin] << 8 | incoming_[begin + 1]);
      if (received_ - begin - kPrefix < size) break;
      conversation_.Receive(absl::MakeConstSpan(incoming_).subspan(begin + kPrefix, size), now);
      begin += kPrefix + size;
    }
    std::memmove(incoming_.data(), incoming_.data() + begin, received_ - begin);
    received_ -= begin;
    return absl::OkStatus();
  }

  // Asks as many queries as there is room for; Send() takes them on their way.
  void Ask(Clock::time_point now) {
    while (conversation_.Room() > 0) {
      const size_t begin = outgoing_.size();
      outgoing_.resize(begin + kPrefix + Conversation::kMaxQuery);
      const size_t size = conversation_.Next(now, outgoing_.data() + begin + kPrefix);
      outgoing_[begin] = static_cast<uint8_t>(size >> 8);
      outgoing_[begin + 1] = static_cast<uint8_t>(size);
      outgoing_.resize(begin + kPrefix + size);
    }
  }

  // Sends what the connection takes now.
  absl::Status Send() {
    if (outgoing_.empty()) return absl::OkStatus();
    const ssize_t count = send(socket_.fd(), outgoing_.data(), outgoing_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) return absl::OkStatus();
      return absl::ErrnoToStatus(errno, "send");
    }
    outgoing_.erase(outgoing_.begin(), outgoing_.begin() + count);
    return absl::OkStatus();
  }

 private:
  Socket socket_;
  Conversation conversation_;
  std::vector<uint8_t> outgoing_;  // not sent yet
  std::vector<uint8_t> incoming_;  // room for what is received
  size_t received_ = 0;            // octets of incoming_ that hold unfinished frames
};

absl::StatusOr<std::unique_ptr<TcpClient>> Dial(const QueryList& queries, size_t first, const LoadOptions& options,
                                                Tally& tally) {
  ASSIGN_OR_RETURN(Socket socket, Connect(options.server, options.port, SOCK_STREAM));
  const int on = 1;
  if (setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
    return absl::ErrnoToStatus(errno, "TCP_NODELAY");
  }
  const Conversation::Options conversation{.window = options.in_flight / options.sockets};
  return std::make_unique<TcpClient>(std::move(socket), queries, first, conversation, tally);
}

}  // namespace

absl::StatusOr<Tally> LoadTcp(const QueryList& queries, const LoadOptions& options) {
  Tally tally;
  std::vector<std::unique_ptr<TcpClient>> clients;
  for (size_t i = 0; i < options.sockets; ++i) {
    ASSIGN_OR_RETURN(auto client, Dial(queries, queries.size() / options.sockets * i, options, tally));
    clients.push_back(std::move(client));
  }
  tally.time = options.time;
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + options.time;
  const Clock::time_point last = end + options.timeout;
  for (Clock::time_point now = start; now < last; now = Clock::now()) {
    for (auto& client : clients) {
      if (now < end) client->Ask(now);
      if (client->conversation().Idle()) continue;
      RETURN_IF_ERROR(client->Send());
      RETURN_IF_ERROR(client->Receive());
    }
    if (now >= end && std::all_of(clients.begin(), clients.end(), [](auto& c) { return c->conversation().Idle(); })) {
      break;
    }
  }
  // A connection delivers in order and whole: only what never came is late.
  for (auto& client : clients) client->conversation().Expire(Clock::time_point::max());
  return tally;
}

}  // namespace podnamed::bench
