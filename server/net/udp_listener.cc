#include "server/net/udp_listener.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace podnamed::net {
namespace {

namespace asio = boost::asio;

// After so many full batches everything else on this thread gets its turn: about a millisecond of answers.
constexpr int kBatchesPerTurn = 8;

// More than the receive buffer holds, so that stopping answers all of it, but not a flood that goes on.
constexpr int kBatchesAtStop = 128;

}  // namespace

class UdpListener::Path : public ReplyPath {
 public:
  Path(UdpListener& listener, const UdpBatch::Envelope& envelope) : listener_(listener), envelope_(envelope) {
    ++listener_.pending_;
  }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;
  ~Path() override {
    if (--listener_.pending_ == 0) listener_.none_pending_.cancel();
  }

  void Send(absl::Span<const uint8_t> message) override {
    if (listener_.socket_.is_open()) UdpBatch::Send(listener_.socket_.native_handle(), envelope_, message);
  }

 private:
  UdpListener& listener_;
  const UdpBatch::Envelope envelope_;
};

UdpListener::UdpListener(asio::ip::udp::socket socket, Handler& handler)
    : socket_(std::move(socket)), handler_(handler), none_pending_(socket_.get_executor()) {
  TakeReceiveDrops();  // of a process that had the socket before
}

asio::awaitable<void> UdpListener::Run() {
  while (!stopping_) {
    const auto [error] = co_await socket_.async_wait(asio::socket_base::wait_read, asio::as_tuple(asio::use_awaitable));
    if (error) break;
    Serve(kBatchesPerTurn);
  }
  Serve(kBatchesAtStop);
  if (pending_ > 0) {
    none_pending_.expires_at(asio::steady_timer::time_point::max());
    co_await none_pending_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void UdpListener::Stop() {
  stopping_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

uint32_t UdpListener::TakeReceiveDrops() {
  std::array<uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof(memory);
  if (getsockopt(socket_.native_handle(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return 0;
  const uint32_t drops = memory[SK_MEMINFO_DROPS];
  return drops - std::exchange(receive_drops_, drops);  // also when the kernel's counter has wrapped
}

std::unique_ptr<ReplyPath> UdpListener::MakeReplyPath(const Request&) {
  return std::make_unique<Path>(*this, batch_.EnvelopeOf(at_hand_));
}

std::optional<base::IpAddress> UdpListener::LocalAddress(const Request&) { return batch_.LocalAddressOf(at_hand_); }

void UdpListener::Serve(int batches) {
  const int socket = socket_.native_handle();
  for (int served = 0; served < batches; ++served) {
    const size_t received = batch_.Receive(socket, this);
    const absl::Span<const Request> queries = batch_.queries();
    if (queries.size() > 1) handler_.LookAhead(queries);
    for (size_t i = 0; i < queries.size(); ++i) {
      size_t reply_size = 0;
      at_hand_ = i;
      if (handler_.Handle(queries[i], batch_.reply_buffer(), reply_size) == Verdict::kReply) {
        batch_.Reply(i, reply_size);
      }
    }
    batch_.Send(socket);
    if (!queries.empty()) handler_.OnBatchSent();
    if (received < UdpBatch::kMaxDatagrams) return;
  }
}

}  // namespace podnamed::net
