#include "server/net/tcp_connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace podnamed::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

// Some sixty queries sent ahead, read by one call. Only a longer message makes the buffer grow.
constexpr size_t kInputOctets = 4096;

}  // namespace

TcpConnection::TcpConnection(asio::ip::tcp::socket socket, const Peer& client, Handler& handler,
                             absl::Span<uint8_t> reply_buffer, const TcpDeadlines& deadlines)
    : socket_(std::move(socket)),
      client_(client),
      handler_(handler),
      reply_buffer_(reply_buffer),
      deadlines_(deadlines),
      input_(kInputOctets),
      deadline_(Clock::now() + deadlines.first_query) {
  error_code ignored;  // a socket that cannot even do this fails at its first read
  socket_.non_blocking(true, ignored);
}

asio::awaitable<void> TcpConnection::Run() {
  error_code unreadable;
  while (!stopping_ || HasInput() || socket_.available(unreadable) > 0) {
    const auto [error, count] = co_await socket_.async_read_some(
        asio::buffer(input_.data() + input_end_, input_.size() - input_end_), kAwaitTuple);
    if (error == asio::error::operation_aborted && stopping_) continue;  // woken by Stop
    if (error) co_return;

    const bool message_had_begun = HasInput();
    input_end_ += count;
    while (!ending_ && HasWholeMessage()) {
      AnswerMessages();
      if (!unsent_.empty()) co_await WriteUnsent();
    }
    if (ending_) co_return;

    // A message keeps the deadline it began with: one octet now and then does not prolong it.
    if (!HasInput()) {
      deadline_ = Clock::now() + deadlines_.idle;
    } else if (!message_had_begun || input_begin_ > 0) {
      deadline_ = Clock::now() + deadlines_.message;
    }
    PrepareInput();
  }
}

void TcpConnection::Stop() {
  stopping_ = true;
  error_code ignored;
  if (unsent_.empty()) socket_.cancel(ignored);  // ends the wait for a message, but not a write
}

void TcpConnection::Close() {
  error_code ignored;
  // A client that takes no replies gets a RST: the kernel would go on keeping them for it, with nobody watching.
  if (!unsent_.empty()) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

bool TcpConnection::HasWholeMessage() const {
  const size_t octets = input_end_ - input_begin_;
  return octets >= kPrefixOctets && octets >= FirstMessageOctets();
}

size_t TcpConnection::FirstMessageOctets() const {
  return kPrefixOctets + (size_t{input_[input_begin_]} << 8 | input_[input_begin_ + 1]);
}

void TcpConnection::AnswerMessages() {
  size_t gathered = 0;
  while (!ending_ && unsent_.empty() && HasWholeMessage()) {
    gathered += AnswerMessage(reply_buffer_.subspan(gathered));
    if (gathered >= kGatherOctets) {
      Write(reply_buffer_.first(gathered));
      gathered = 0;
    }
  }
  if (gathered > 0) Write(reply_buffer_.first(gathered));
}

size_t TcpConnection::AnswerMessage(absl::Span<uint8_t> buffer) {
  const size_t octets = FirstMessageOctets();
  const Request request{
      .message = absl::MakeConstSpan(input_).subspan(input_begin_ + kPrefixOctets, octets - kPrefixOctets),
      .client = client_.address,
      .client_port = client_.port,
      .transport = Transport::kTcp,
  };
  input_begin_ += octets;

  size_t size = 0;
  if (request.message.empty() ||
      handler_.Handle(request, buffer.subspan(kPrefixOctets, kMaxMessageOctets), size) == Verdict::kDrop) {
    ending_ = true;
    return 0;
  }
  // Length and message go out in one write (RFC 7766 section 8).
  buffer[0] = static_cast<uint8_t>(size >> 8);
  buffer[1] = static_cast<uint8_t>(size);
  return kPrefixOctets + size;
}

void TcpConnection::Write(absl::Span<const uint8_t> replies) {
  error_code error;
  const size_t written = socket_.write_some(asio::buffer(replies.data(), replies.size()), error);
  if (error && error != asio::error::would_block) {
    ending_ = true;
    return;
  }
  unsent_.assign(replies.begin() + static_cast<ptrdiff_t>(written), replies.end());
}

asio::awaitable<void> TcpConnection::WriteUnsent() {
  deadline_ = Clock::now() + deadlines_.write;
  const auto [error, written] = co_await asio::async_write(socket_, asio::buffer(unsent_), kAwaitTuple);
  if (error) {
    Close();
    ending_ = true;
  }
  unsent_ = {};  // gives the memory back
}

void TcpConnection::PrepareInput() {
  std::copy(input_.begin() + static_cast<ptrdiff_t>(input_begin_), input_.begin() + static_cast<ptrdiff_t>(input_end_),
            input_.begin());
  input_end_ -= std::exchange(input_begin_, 0);
  if (input_end_ == input_.size()) {
    // No faster than the client sends: two octets that announce a long message cost nothing yet.
    input_.resize(std::min(2 * input_.size(), FirstMessageOctets()));
  } else if (input_end_ == 0 && input_.size() > kInputOctets) {
    input_ = std::vector<uint8_t>(kInputOctets);
  }
}

}  // namespace podnamed::net
