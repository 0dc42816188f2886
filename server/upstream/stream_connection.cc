#include "server/upstream/stream_connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <exception>
#include <string_view>
#include <utility>

#include "server/base/log.h"
#include "server/dns/types.h"

namespace podnamed::upstream {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A connection's coroutines belong to nobody who could wait for them: they hold it, and end when it is closed.
void Spawn(const asio::any_io_executor& executor, asio::awaitable<void> task) {
  asio::co_spawn(executor, std::move(task), [](const std::exception_ptr& failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      base::LogError("upstream", "a connection failed: {}", error.what());
    }
  });
}

}  // namespace

StreamConnection::Asking::Asking(std::shared_ptr<StreamConnection> connection, QueryMessage& query,
                                 Clock::time_point deadline)
    : connection_(std::move(connection)), query_(query), exchange_(connection_->executor_, deadline) {
  connection_->Send(*this);
}

StreamConnection::Asking::~Asking() { connection_->Forget(*this); }

asio::awaitable<void> StreamConnection::Asking::Wait() {
  co_await exchange_.Wait();
  // A peer that is gone without a word (a host that failed, a NAT that forgot) answers nobody: whoever asks next must
  // not wait as long. A server that answers others on it is only slow.
  if (exchange_.outcome() == Outcome::kTimeout && connection_->is_open() && connection_->last_received_ < since_) {
    connection_->Close(Outcome::kClosed, "the connection fell silent");
  }
}

StreamConnection::StreamConnection(const asio::any_io_executor& executor, const StreamOptions& options,
                                   RandomSource& random, Counters& counters)
    : executor_(executor),
      options_(options),
      random_(random),
      counters_(counters),
      socket_(executor, options.tls),
      timer_(executor) {}

void StreamConnection::Start() {
  CloseAt(started_at_ + options_.connect_timeout);
  Spawn(executor_, Run(shared_from_this()));
}

void StreamConnection::Close(Outcome outcome, const std::string& why) {
  if (is_closed_) return;
  is_closed_ = true;
  closed_at_ = Clock::now();
  socket_.Close();
  timer_.cancel();
  for (const auto& [id, asking] : in_flight_) asking->exchange_.End(outcome, why);
}

asio::awaitable<void> StreamConnection::Run(std::shared_ptr<StreamConnection> self) {
  if (self->is_closed_) co_return;  // before this ran for the first time
  StreamSocket::OpenResult opened = co_await self->socket_.Open(self->options_.server, self->options_.source);
  if (self->is_closed_) co_return;
  if (opened.outcome != Outcome::kReply) {
    self->Close(opened.outcome, opened.why);
    co_return;
  }
  self->is_connected_ = true;
  self->last_used_ = Clock::now();
  self->CloseAt(self->last_used_ + self->options_.expire);
  self->StartWriting();

  while (true) {
    const StreamSocket::IoResult read = co_await self->socket_.ReadSome(self->reader_.Room());
    if (self->is_closed_) co_return;
    if (read.error) {
      self->Close(Outcome::kClosed,
                  read.error == asio::error::eof ? "the server closed the connection" : read.error.message());
      co_return;
    }
    self->last_received_ = Clock::now();
    self->reader_.Filled(read.count);
    while (const auto message = self->reader_.Next()) self->OnMessage(*message);
    if (self->strangers_ > kMaxStrangers) {
      self->Close(Outcome::kClosed, "the server sends what nobody asked for");
      co_return;
    }
  }
}

asio::awaitable<void> StreamConnection::WriteUnsent(std::shared_ptr<StreamConnection> self) {
  while (!self->is_closed_ && !self->unsent_.empty()) {
    self->written_.swap(self->unsent_);
    self->unsent_.clear();
    const StreamSocket::IoResult write = co_await self->socket_.Write(self->written_);
    // The reading side closes, when it has read what the server said before.
    if (write.error) co_return;
  }
  self->is_writing_ = false;
}

void StreamConnection::Send(Asking& asking) {
  uint16_t id = random_.NextU16();
  while (!in_flight_.try_emplace(id, &asking).second) id = random_.NextU16();
  asking.query_.set_id(id);
  last_used_ = Clock::now();

  const absl::Span<const uint8_t> octets = asking.query_.octets();
  unsent_.push_back(static_cast<uint8_t>(octets.size() >> 8));
  unsent_.push_back(static_cast<uint8_t>(octets.size()));
  unsent_.insert(unsent_.end(), octets.begin(), octets.end());
  if (is_connected_) StartWriting();
}

void StreamConnection::Forget(Asking& asking) {
  const auto entry = in_flight_.find(asking.query_.id());
  if (entry == in_flight_.end() || entry->second != &asking) return;
  in_flight_.erase(entry);
  last_used_ = Clock::now();
}

void StreamConnection::StartWriting() {
  if (is_writing_ || unsent_.empty()) return;
  is_writing_ = true;
  Spawn(executor_, WriteUnsent(shared_from_this()));
}

void StreamConnection::OnMessage(absl::Span<const uint8_t> message) {
  const auto entry = message.size() < dns::kHeaderLength
                         ? in_flight_.end()
                         : in_flight_.find(static_cast<uint16_t>(message[0] << 8 | message[1]));
  // One whose coroutine has not run since it was answered is still there.
  if (entry == in_flight_.end() || entry->second->exchange_.has_ended()) {
    ++strangers_;
    counters_.wrong_ids.Add();
    return;
  }
  Asking& asking = *entry->second;
  const Match match = asking.query_.Compare(message);
  switch (match) {
    case Match::kReply:
    case Match::kOtherLetters:
      strangers_ = 0;
      has_answered_ = true;
      asking.has_other_letters_ = match == Match::kOtherLetters;
      asking.exchange_.EndWith(message);
      return;
    case Match::kOtherQuestion:
      counters_.wrong_questions.Add();
      // Nobody can have forged it on the way, so the right one will not come.
      asking.exchange_.End(Outcome::kWrongQuestion, "a reply to another question");
      return;
    case Match::kOtherId:
    case Match::kNoReply:
      ++strangers_;
      counters_.wrong_ids.Add();
      return;
  }
}

void StreamConnection::CloseAt(Clock::time_point time) {
  timer_.expires_at(time);
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    const std::shared_ptr<StreamConnection> self = weak.lock();
    if (!error && self != nullptr && !self->is_closed_) self->OnTimer();
  });
}

void StreamConnection::OnTimer() {
  const Clock::time_point now = Clock::now();
  if (!is_connected_) return Close(Outcome::kTimeout, "the connection was not made in time");
  // A look now and then, so that no question pays for setting a timer.
  if (!in_flight_.empty()) return CloseAt(now + options_.expire);
  if (now < last_used_ + options_.expire) return CloseAt(last_used_ + options_.expire);
  Close(Outcome::kClosed, "the connection was idle");
}

}  // namespace podnamed::upstream
