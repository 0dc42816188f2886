#include "server/upstream/stream_client.h"

#include <algorithm>
#include <utility>

namespace podnamed::upstream {

namespace asio = boost::asio;
using Clock = Exchange::Clock;

namespace {

// In all. Enough for a server that closes a connection after some replies; each further one needs one that was closed.
constexpr int kMaxAttempts = 4;

}  // namespace

StreamClient::StreamClient(asio::any_io_executor executor, const StreamOptions& options, const StreamBounds& bounds,
                           RandomSource& random, Counters& counters)
    : executor_(std::move(executor)),
      options_(options),
      bounds_(bounds),
      random_(random),
      counters_(counters),
      transport_(static_cast<size_t>(options.tls == nullptr ? Transport::kTcp : Transport::kTls)) {}

asio::awaitable<StreamClient::Result> StreamClient::Ask(QueryMessage* query, std::chrono::milliseconds read_timeout,
                                                        Clock::time_point deadline) {
  Clock::time_point newer_than = Clock::time_point::min();
  Result result;
  for (int attempt = 1; !stopped_; ++attempt) {
    const std::shared_ptr<StreamConnection> connection = Choose(newer_than);
    if (connection == nullptr) {
      counters_.busy.Add();
      co_return Result{.outcome = Outcome::kBusy, .why = "too many questions on its connections at once"};
    }
    const Clock::time_point now = Clock::now();
    const bool was_in_use = connection->in_flight() > 0 || connection->has_answered();
    const auto patience =
        read_timeout + (connection->is_connected() ? std::chrono::milliseconds(0) : options_.connect_timeout);
    {
      StreamConnection::Asking asking(connection, *query, std::min(deadline, now + patience));
      co_await asking.Wait();
      result = {.outcome = asking.exchange().outcome(),
                .message = std::move(asking.exchange().message()),
                .why = std::move(asking.exchange().why()),
                .has_other_letters = asking.has_other_letters()};
    }
    CloseSurplus();
    if (result.outcome != Outcome::kClosed || attempt == kMaxAttempts) co_return result;
    if (!was_in_use && !connection->has_answered()) co_return result;
    newer_than = connection->closed_at();
    counters_.retries.Add();
  }
  co_return result;
}

void StreamClient::Stop() {
  stopped_ = true;
  for (const auto& connection : connections_) connection->Close(Outcome::kStopped, "");
  connections_.clear();
}

size_t StreamClient::connections() const {
  return static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(),
                                           [](const auto& connection) { return connection->is_open(); }));
}

std::shared_ptr<StreamConnection> StreamClient::Choose(Clock::time_point newer_than) {
  std::erase_if(connections_, [](const auto& connection) { return !connection->is_open(); });
  std::shared_ptr<StreamConnection> best;
  for (const auto& connection : connections_) {
    if (connection->started_at() < newer_than) continue;
    if (best == nullptr || connection->in_flight() < best->in_flight()) best = connection;
  }
  const bool has_room = connections_.size() < bounds_.max_connections;
  if (has_room && (best == nullptr || best->in_flight() >= kPipelineDepth)) return Dial();
  if (best == nullptr || best->in_flight() >= bounds_.max_in_flight_per_connection) return nullptr;
  counters_.connection_hits[transport_].Add();
  return best;
}

std::shared_ptr<StreamConnection> StreamClient::Dial() {
  counters_.connection_misses[transport_].Add();
  auto connection = std::make_shared<StreamConnection>(executor_, options_, random_, counters_);
  connection->Start();
  connections_.push_back(connection);
  return connection;
}

void StreamClient::CloseSurplus() {
  if (bounds_.max_idle_connections == 0) return;
  size_t idle = 0;
  for (const auto& connection : connections_) {
    if (!connection->is_open() || connection->in_flight() > 0) continue;
    if (++idle > bounds_.max_idle_connections) connection->Close(Outcome::kClosed, "one idle connection too many");
  }
}

}  // namespace podnamed::upstream
