#include "server/upstream/cares_channel.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace podnamed::upstream {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// c-ares counts its initializations without a lock, and workers make channels at the same time. (gRPC initializes it as
// well, which is no more than a count that nobody looks at but ares_library_cleanup.)
bool LibraryIsReady() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status == ARES_SUCCESS;
}

// A channel for one server, with every setting given, which is what keeps c-ares from reading resolv.conf, the
// environment and the host's name for those it lacks.
ares_channel MakeChannel(const asio::ip::udp::endpoint& server) {
  if (!LibraryIsReady()) return nullptr;
  in_addr replaced_below{};
  char lookups[] = "b";
  ares_options options{};
  options.flags = ARES_FLAG_IGNTC | ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.timeout = static_cast<int>(std::chrono::milliseconds(std::chrono::hours(24)).count());
  options.tries = 1;
  options.ndots = 0;
  options.servers = &replaced_below;
  options.nservers = 1;
  options.ndomains = 0;
  options.lookups = lookups;
  options.nsort = 0;
  constexpr int kGiven = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_SERVERS |
                         ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE;
  ares_channel channel = nullptr;
  if (ares_init_options(&channel, &options, kGiven) != ARES_SUCCESS) return nullptr;

  ares_addr_port_node node{};
  node.udp_port = node.tcp_port = server.port();
  if (server.address().is_v4()) {
    node.family = AF_INET;
    const auto octets = server.address().to_v4().to_bytes();
    std::memcpy(&node.addr.addr4, octets.data(), octets.size());
  } else {
    node.family = AF_INET6;
    const auto octets = server.address().to_v6().to_bytes();
    std::memcpy(&node.addr.addr6, octets.data(), octets.size());
  }
  if (ares_set_servers_ports(channel, &node) == ARES_SUCCESS) return channel;
  ares_destroy(channel);
  return nullptr;
}

asio::ip::udp::endpoint EndpointOf(const base::IpAddress& address) {
  if (address.is_v4()) return {asio::ip::address_v4(address.v4()), 0};
  return {asio::ip::address_v6(address.v6()), 0};
}

}  // namespace

class CaresChannel::Hooks {
 public:
  static ares_socket_t Open(int /*family*/, int /*type*/, int /*protocol*/, void* self) { return Of(self).Open(); }
  static int Close(ares_socket_t /*fd*/, void* self) {
    Of(self).Close();
    return 0;
  }
  static int Connect(ares_socket_t /*fd*/, const sockaddr* server, ares_socklen_t length, void* self) {
    return Of(self).Connect(*server, length);
  }
  static ares_ssize_t Receive(ares_socket_t /*fd*/, void* buffer, size_t size, int /*flags*/, sockaddr* from,
                              ares_socklen_t* from_length, void* self) {
    return Of(self).Receive({static_cast<uint8_t*>(buffer), size}, from, from_length);
  }
  static ares_ssize_t Send(ares_socket_t fd, const iovec* pieces, int count, void* self) {
    const ssize_t sent = writev(fd, pieces, count);
    if (sent < 0) Of(self).last_error_ = error_code(errno, boost::system::system_category());
    return sent;
  }
  static void End(void* self, int status, int /*timeouts*/, unsigned char* /*reply*/, int /*length*/) {
    Of(self).OnEnd(status);
  }

  static constexpr ares_socket_functions kFunctions{Open, Close, Connect, Receive, Send};

 private:
  static CaresChannel& Of(void* self) { return *static_cast<CaresChannel*>(self); }
};

CaresChannel::CaresChannel(const asio::any_io_executor& executor, const asio::ip::udp::endpoint& server,
                           const std::optional<base::IpAddress>& source)
    : server_(server), source_(source), socket_(executor), channel_(MakeChannel(server)) {
  if (channel_ != nullptr) ares_set_socket_functions(channel_, &Hooks::kFunctions, this);
}

std::shared_ptr<CaresChannel> CaresChannel::Make(const asio::any_io_executor& executor,
                                                 const asio::ip::udp::endpoint& server,
                                                 const std::optional<base::IpAddress>& source) {
  // The constructor is private: everybody holds a channel by shared_ptr, since a wait may outlast it.
  std::shared_ptr<CaresChannel> channel(new CaresChannel(executor, server, source));
  return channel->channel_ == nullptr ? nullptr : channel;
}

CaresChannel::~CaresChannel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

void CaresChannel::Send(absl::Span<const uint8_t> query, DatagramJudge& judge) {
  judge_ = &judge;
  taken_ = given_up_ = false;
  last_error_.clear();
  ares_send(channel_, query.data(), static_cast<int>(query.size()), &Hooks::End, this);
  if (judge_ != nullptr) AwaitDatagram();
}

void CaresChannel::Cancel() { ares_cancel(channel_); }

ares_socket_t CaresChannel::Open() {
  const int fd = ::socket(server_.protocol().family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    last_error_ = error_code(errno, boost::system::system_category());
    return ARES_SOCKET_BAD;
  }
  socket_.assign(server_.protocol(), fd, last_error_);
  if (last_error_) {
    ::close(fd);
    return ARES_SOCKET_BAD;
  }
  ++opened_;
  return fd;
}

int CaresChannel::Connect(const sockaddr& server, ares_socklen_t length) {
  if (source_) socket_.bind(EndpointOf(*source_), last_error_);
  if (!last_error_ && ::connect(socket_.native_handle(), &server, length) != 0) {
    last_error_ = error_code(errno, boost::system::system_category());
  }
  if (!last_error_) return 0;
  errno = last_error_.value();
  return -1;
}

ares_ssize_t CaresChannel::Receive(absl::Span<uint8_t> buffer, sockaddr* from, ares_socklen_t* from_length) {
  const ares_socklen_t room = *from_length;
  while (true) {
    *from_length = room;
    const ssize_t count = ::recvfrom(socket_.native_handle(), buffer.data(), buffer.size(), 0, from, from_length);
    if (count < 0) {
      last_error_ = error_code(errno, boost::system::system_category());
      return -1;
    }
    switch (judge_->OnDatagram(buffer.first(static_cast<size_t>(count)))) {
      case DatagramJudge::Verdict::kTake:
        taken_ = true;
        return count;
      case DatagramJudge::Verdict::kGiveUp:
        given_up_ = true;
        errno = ECONNABORTED;
        return -1;
      case DatagramJudge::Verdict::kIgnore:
        break;
    }
  }
}

void CaresChannel::Close() {
  error_code ignored;
  socket_.close(ignored);
}

void CaresChannel::OnEnd(int status) {
  error_code error = last_error_;
  if (taken_) {
    error.clear();
  } else if (given_up_ || status == ARES_ECANCELLED || status == ARES_EDESTRUCTION) {
    error = asio::error::operation_aborted;
  } else if (!error) {
    error = asio::error::no_memory;  // the only error of c-ares itself that is left
  }
  std::exchange(judge_, nullptr)->OnEnd(error);
}

void CaresChannel::AwaitDatagram() {
  socket_.async_wait(asio::ip::udp::socket::wait_read,
                     [weak = weak_from_this(), opened = opened_](const error_code& error) {
                       const std::shared_ptr<CaresChannel> self = weak.lock();
                       if (self != nullptr && self->judge_ != nullptr && !error && self->opened_ == opened) {
                         self->OnReadable();
                       }
                     });
}

void CaresChannel::OnReadable() {
  ares_process_fd(channel_, socket_.native_handle(), ARES_SOCKET_BAD);
  // Should c-ares not recognize the reply that the judge has taken, nothing else would end the query.
  if (judge_ != nullptr && taken_) Cancel();
  if (judge_ != nullptr) AwaitDatagram();
}

}  // namespace podnamed::upstream
