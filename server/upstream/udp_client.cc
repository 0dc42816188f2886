#include "server/upstream/udp_client.h"

#include <algorithm>
#include <utility>

namespace podnamed::upstream {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace

// One question under way. Counts itself in and out, so that it is safe to destroy its coroutine at any time.
class UdpClient::Asking : public DatagramJudge {
 public:
  Asking(UdpClient& client, const QueryMessage& query, Exchange::Clock::time_point deadline)
      : client_(client), query_(query), exchange_(client.executor_, deadline), channel_(client.TakeChannel()) {
    client_.in_flight_.insert(this);
  }
  ~Asking() override {
    client_.in_flight_.erase(this);
    if (channel_ == nullptr) return;
    channel_->Cancel();
    client_.GiveBack(std::move(channel_));
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  void Send() {
    if (channel_ == nullptr) return exchange_.End(Outcome::kBusy, "no memory for another query over UDP");
    channel_->Send(query_.octets(), *this);
  }

  Exchange& exchange() { return exchange_; }
  bool has_other_letters() const { return has_other_letters_; }

  Verdict OnDatagram(absl::Span<const uint8_t> datagram) override {
    if (datagram.size() > CaresChannel::kMaxDatagram) return GiveUp("a reply over UDP of more than 4096 octets");
    switch (query_.Compare(datagram)) {
      case Match::kReply:
        exchange_.EndWith(datagram);
        return Verdict::kTake;
      case Match::kOtherLetters:
        client_.counters_.wrong_letters.Add();
        has_other_letters_ = true;
        return GiveUp("a reply over UDP with other letters in its question than were sent");
      case Match::kOtherQuestion:
        client_.counters_.wrong_questions.Add();
        return GiveUp("a reply over UDP to another question");
      case Match::kOtherId:
      case Match::kNoReply:
        break;
    }
    client_.counters_.wrong_ids.Add();
    if (++strangers_ >= kMaxStrangers) return GiveUp("many datagrams that answer another query");
    return Verdict::kIgnore;
  }

  void OnEnd(error_code error) override {
    // The other ends have been told to the exchange before they reach the channel.
    if (error) exchange_.End(Outcome::kUnreachable, error.message());
  }

 private:
  Verdict GiveUp(std::string why) {
    exchange_.End(Outcome::kUnverified, std::move(why));
    return Verdict::kGiveUp;
  }

  UdpClient& client_;
  const QueryMessage& query_;
  Exchange exchange_;
  std::shared_ptr<CaresChannel> channel_;
  int strangers_ = 0;
  bool has_other_letters_ = false;
};

UdpClient::UdpClient(asio::any_io_executor executor, const asio::ip::udp::endpoint& server,
                     const std::optional<base::IpAddress>& source, size_t max_in_flight, Counters& counters)
    : executor_(std::move(executor)),
      server_(server),
      source_(source),
      max_in_flight_(max_in_flight),
      counters_(counters) {}

asio::awaitable<UdpClient::Result> UdpClient::Ask(const QueryMessage* query, Exchange::Clock::time_point deadline) {
  if (stopped_) co_return Result{};
  if (in_flight_.size() >= max_in_flight_) {
    counters_.busy.Add();
    co_return Result{.outcome = Outcome::kBusy, .why = "too many questions over UDP at once"};
  }
  counters_.connection_misses[static_cast<size_t>(Transport::kUdp)].Add();
  Asking asking(*this, *query, deadline);
  asking.Send();
  co_await asking.exchange().Wait();
  co_return Result{.outcome = asking.exchange().outcome(),
                   .message = std::move(asking.exchange().message()),
                   .why = std::move(asking.exchange().why()),
                   .has_other_letters = asking.has_other_letters()};
}

void UdpClient::OnIdle() {
  idle_.erase(idle_.begin(), idle_.begin() + static_cast<ptrdiff_t>(unused_));
  unused_ = idle_.size();
}

void UdpClient::Stop() {
  stopped_ = true;
  for (Asking* asking : in_flight_) asking->exchange().End(Outcome::kStopped);
  idle_.clear();
  unused_ = 0;
}

std::shared_ptr<CaresChannel> UdpClient::TakeChannel() {
  if (idle_.empty()) return CaresChannel::Make(executor_, server_, source_);
  std::shared_ptr<CaresChannel> channel = std::move(idle_.back());
  idle_.pop_back();
  unused_ = std::min(unused_, idle_.size());
  return channel;
}

void UdpClient::GiveBack(std::shared_ptr<CaresChannel> channel) {
  if (!stopped_) idle_.push_back(std::move(channel));
}

}  // namespace podnamed::upstream
