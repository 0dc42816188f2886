#include "server/net/tcp_connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace podnamed::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

// Some sixty queries sent ahead, read by one call. Only a longer message makes the buffer grow.
constexpr size_t kInputOctets = 4096;

void PutPrefix(size_t size, uint8_t* prefix) {
  prefix[0] = static_cast<uint8_t>(size >> 8);
  prefix[1] = static_cast<uint8_t>(size);
}

}  // namespace

// Gathers the length, then the message, and writes both at once (RFC 7766 section 8).
class TcpConnection::Path : public ReplyPath {
 public:
  explicit Path(std::shared_ptr<Link> link) : link_(std::move(link)) {}
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;
  ~Path() override {
    if (link_->connection == nullptr) return;
    if (has_part_) link_->connection->next_part_ = nullptr;
    link_->connection->OnPathGone();
  }

  void Send(absl::Span<const uint8_t> message) override {
    if (link_->connection != nullptr) link_->connection->Write(Framed(message));
  }

  void SendPart(absl::Span<const uint8_t> message, absl::AnyInvocable<void(bool)> next) override {
    if (link_->connection == nullptr) return next(false);
    has_part_ = true;
    link_->connection->WritePart(Framed(message), std::move(next));
  }

 private:
  static std::vector<uint8_t> Framed(absl::Span<const uint8_t> message) {
    std::vector<uint8_t> framed(kPrefixOctets + message.size());
    PutPrefix(message.size(), framed.data());
    std::copy(message.begin(), message.end(), framed.begin() + kPrefixOctets);
    return framed;
  }

  const std::shared_ptr<Link> link_;
  bool has_part_ = false;
};

TcpConnection::TcpConnection(asio::ip::tcp::socket socket, const Peer& client, Handler& handler,
                             absl::Span<uint8_t> reply_buffer, const TcpOptions& options,
                             std::shared_ptr<Turns> handshakes)
    : stream_(std::move(socket), options.tls ? options.tls().get() : nullptr, std::move(handshakes)),
      client_(client),
      handler_(handler),
      reply_buffer_(reply_buffer),
      deadlines_(options.deadlines),
      queries_left_(options.max_queries),
      input_(kInputOctets),
      wake_(stream_.get_executor()),
      deadline_(Clock::now() + deadlines_.first_query) {}

TcpConnection::~TcpConnection() {
  link_->connection = nullptr;
  if (next_part_) next_part_(false);
}

asio::awaitable<void> TcpConnection::Run() {
  while (!stopping_ || !has_asked_ || HasInput() || stream_.HasInput()) {
    const auto [error, count] =
        co_await stream_.ReadSome(asio::buffer(input_.data() + input_end_, input_.size() - input_end_));
    if (error == asio::error::operation_aborted && stream_.is_open() && (stopping_ || HasUnsent())) {  // woken
      co_await WriteUnsent();
      continue;
    }
    if (error == asio::error::eof) co_await AwaitPending(0);
    if (error) co_return;

    const bool message_had_begun = HasInput();
    input_end_ += count;
    has_asked_ = true;
    while (!ending_ && queries_left_ > 0 && HasWholeMessage()) {
      AnswerMessages();
      co_await WriteUnsent();
      if (next_part_ || pending_ >= kMaxPending) co_await AwaitPending(kMaxPending - 1);
    }
    if (ending_) co_return;
    if (queries_left_ == 0) break;

    // A message keeps the deadline it began with: one octet now and then does not prolong it.
    if (!HasInput()) {
      deadline_ = pending_ > 0 ? Clock::time_point::max() : Clock::now() + deadlines_.idle;
    } else if (!message_had_begun || input_begin_ > 0) {
      deadline_ = Clock::now() + deadlines_.message;
    }
    PrepareInput();
  }
  co_await AwaitPending(0);
}

void TcpConnection::Stop(std::chrono::milliseconds patience) {
  stopping_ = true;
  if (!has_asked_) {
    deadline_ = std::min(deadline_, Clock::now() + patience);
  } else if (!is_writing_) {
    stream_.Cancel();  // ends the wait for a message, but not a write
  }
}

void TcpConnection::LimitIdle(std::chrono::milliseconds idle) {
  deadlines_.idle = idle;
  if (has_asked_ && this->idle()) deadline_ = std::min(deadline_, Clock::now() + idle);
}

void TcpConnection::Close() {
  if (HasUnsent()) {
    stream_.Abort();  // a client that takes no replies
  } else {
    stream_.Close();
  }
  wake_.cancel();
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
  while (!ending_ && queries_left_ > 0 && unsent_.empty() && pending_ < kMaxPending && !next_part_ &&
         HasWholeMessage()) {
    gathered += AnswerMessage(reply_buffer_.subspan(gathered));
    if (gathered >= kGatherOctets) {
      Write(reply_buffer_.first(gathered));
      gathered = 0;
    }
  }
  if (gathered > 0) Write(reply_buffer_.first(gathered));
  handler_.OnBatchSent();
}

size_t TcpConnection::AnswerMessage(absl::Span<uint8_t> buffer) {
  const size_t octets = FirstMessageOctets();
  const Request request{
      .message = absl::MakeConstSpan(input_).subspan(input_begin_ + kPrefixOctets, octets - kPrefixOctets),
      .client = client_.address,
      .client_port = client_.port,
      .transport = stream_.is_tls() ? Transport::kTls : Transport::kTcp,
      .later = this,
  };
  input_begin_ += octets;
  --queries_left_;

  size_t size = 0;
  const Verdict verdict = request.message.empty()
                              ? Verdict::kDrop
                              : handler_.Handle(request, buffer.subspan(kPrefixOctets, kMaxMessageOctets), size);
  if (verdict == Verdict::kDrop) ending_ = true;
  if (verdict != Verdict::kReply) return 0;
  // Length and message go out in one write (RFC 7766 section 8).
  PutPrefix(size, buffer.data());
  return kPrefixOctets + size;
}

void TcpConnection::Write(absl::Span<const uint8_t> replies) {
  if (!stream_.is_open()) return;
  if (HasUnsent()) {
    unsent_.insert(unsent_.end(), replies.begin(), replies.end());
    return;
  }
  error_code error;
  const size_t written = stream_.WriteSome(asio::buffer(replies.data(), replies.size()), error);
  if (error) {
    ending_ = true;
    return;
  }
  unsent_.assign(replies.begin() + static_cast<ptrdiff_t>(written), replies.end());
}

void TcpConnection::WritePart(absl::Span<const uint8_t> framed, absl::AnyInvocable<void(bool)> next) {
  next_part_ = std::move(next);
  Write(framed);
}

// What comes meanwhile joins what is unsent.
asio::awaitable<void> TcpConnection::WriteUnsent() {
  while (!unsent_.empty() && !ending_) {
    const std::vector<uint8_t> replies = std::exchange(unsent_, {});
    is_writing_ = true;
    deadline_ = Clock::now() + deadlines_.write;
    const auto [error, written] = co_await stream_.Write(asio::buffer(replies));
    if (error) {
      Close();
      ending_ = true;
    }
    is_writing_ = false;
  }
}

asio::awaitable<void> TcpConnection::AwaitPending(size_t most) {
  co_await WriteUnsent();
  while ((next_part_ || pending_ > most) && !ending_ && stream_.is_open()) {
    deadline_ = Clock::time_point::max();
    if (next_part_) {
      co_await asio::post(stream_.get_executor(), asio::use_awaitable);  // it is the others' turn
      if (next_part_) std::exchange(next_part_, nullptr)(true);
    } else {
      wake_.expires_at(Clock::time_point::max());
      co_await wake_.async_wait(kAwaitTuple);
    }
    co_await WriteUnsent();
  }
}

std::unique_ptr<ReplyPath> TcpConnection::MakeReplyPath(const Request&) {
  ++pending_;
  return std::make_unique<Path>(link_);
}

std::optional<base::IpAddress> TcpConnection::LocalAddress(const Request&) { return stream_.LocalAddress(); }

void TcpConnection::OnPathGone() {
  --pending_;
  if (pending_ == 0 && !HasInput()) deadline_ = Clock::now() + deadlines_.idle;
  Wake();
}

// Whoever waits looks at what has changed: a reader when the stream took not all of a reply, AwaitPending always.
void TcpConnection::Wake() {
  wake_.cancel();
  if (!unsent_.empty() && !is_writing_) stream_.Cancel();
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
