#include "server/upstream/upstream.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <utility>

#include "server/base/log.h"
#include "server/dns/types.h"
#include "server/upstream/letter_memory.h"
#include "server/upstream/query_message.h"
#include "server/upstream/random_source.h"
#include "server/upstream/udp_client.h"

namespace podnamed::upstream {
namespace {

namespace asio = boost::asio;

asio::ip::address AddressOf(const base::IpAddress& address) {
  if (address.is_v4()) return asio::ip::address_v4(address.v4());
  return asio::ip::address_v6(address.v6());
}

StreamOptions StreamOptionsOf(const Options& options) {
  return {.server = {AddressOf(options.address), options.port},
          .source = options.source_address,
          .tls = options.tls,
          .connect_timeout = options.connect_timeout,
          .expire = options.expire};
}

// `result` is a UdpClient's or a StreamClient's.
Reply ToReply(auto result, const QueryMessage& query, Transport transport) {
  if (result.outcome == Outcome::kReply) query.Restore(absl::MakeSpan(result.message));
  return {.outcome = result.outcome,
          .message = std::move(result.message),
          .transport = transport,
          .why = std::move(result.why)};
}

}  // namespace

struct Upstream::State {
  State(const asio::any_io_executor& executor, const Options& given)
      : options(given),
        counters(given.counters ? given.counters : std::make_shared<Counters>()),
        stream_options(StreamOptionsOf(given)),
        udp(executor, {AddressOf(given.address), given.port}, given.source_address, given.max_udp_in_flight, *counters),
        stream(executor, stream_options, given.streams, random, *counters) {}

  asio::awaitable<Reply> AskByStream(QueryMessage* query, Clock::time_point deadline);
  asio::awaitable<Reply> AskByUdp(QueryMessage* query, Clock::time_point deadline);
  asio::awaitable<Reply> Settle(QueryMessage* query, UdpClient::Result doubted, Clock::time_point deadline);
  void OnFoldedLetters();

  const Options options;
  const std::shared_ptr<Counters> counters;
  const StreamOptions stream_options;
  RandomSource random;
  LetterMemory letters;
  UdpClient udp;
  StreamClient stream;
};

Upstream::Upstream(asio::any_io_executor executor, const Options& options)
    : state_(std::make_shared<State>(executor, options)) {}

Upstream::~Upstream() {
  state_->udp.Stop();
  state_->stream.Stop();
}

asio::awaitable<Reply> Upstream::Ask(Question question, Transport transport, Clock::time_point deadline) {
  return AskOn(state_, std::move(question), transport, deadline);
}

asio::awaitable<Reply> Upstream::AskOn(std::shared_ptr<State> state, Question question, Transport transport,
                                       Clock::time_point deadline) {
  QueryMessage query(question);
  if (state->options.tls != nullptr || transport != Transport::kUdp) {
    co_return co_await state->AskByStream(&query, deadline);
  }
  co_return co_await state->AskByUdp(&query, deadline);
}

asio::awaitable<Reply> Upstream::State::AskByStream(QueryMessage* query, Clock::time_point deadline) {
  StreamClient::Result result = co_await stream.Ask(query, options.read_timeout, deadline);
  co_return ToReply(std::move(result), *query, options.tls == nullptr ? Transport::kTcp : Transport::kTls);
}

asio::awaitable<Reply> Upstream::State::AskByUdp(QueryMessage* query, Clock::time_point deadline) {
  query->set_id(random.NextU16());
  if (options.mix_letters && letters.KeepsLetters(Clock::now())) query->MixLetters(random);
  UdpClient::Result result = co_await udp.Ask(query, std::min(deadline, Clock::now() + options.read_timeout));
  if (result.outcome == Outcome::kUnverified) co_return co_await Settle(query, std::move(result), deadline);
  if (result.outcome == Outcome::kReply && query->shows_folding()) letters.OnKept();
  co_return ToReply(std::move(result), *query, Transport::kUdp);
}

asio::awaitable<Reply> Upstream::State::Settle(QueryMessage* query, UdpClient::Result doubted,
                                               Clock::time_point deadline) {
  counters->settled_by_tcp.Add();
  StreamClient::Result result = co_await stream.Ask(query, options.read_timeout, deadline);
  if (result.outcome == Outcome::kReply) {
    const bool folds = doubted.has_other_letters && result.has_other_letters;
    if (folds && letters.OnFoldedByTcp(Clock::now())) OnFoldedLetters();
    co_return ToReply(std::move(result), *query, Transport::kTcp);
  }
  if (result.outcome == Outcome::kWrongQuestion || result.outcome == Outcome::kStopped) {
    co_return ToReply(std::move(result), *query, Transport::kTcp);
  }
  if (doubted.has_other_letters && letters.OnUnsettled(Clock::now())) OnFoldedLetters();
  co_return Reply{.outcome = Outcome::kUnverified,
                  .transport = Transport::kTcp,
                  .why = doubted.why + "; and when asked by TCP: " +
                         (result.why.empty() ? std::string(NameOf(result.outcome)) : result.why)};
}

void Upstream::State::OnFoldedLetters() {
  counters->letters_given_up.Add();
  base::LogInfo(
      "upstream",
      "{}:{} does not keep the letters of questions: for a while its replies over UDP are checked without them",
      options.address.ToString(), options.port);
}

void Upstream::OnIdle() { state_->udp.OnIdle(); }

size_t Upstream::spare_channels() const { return state_->udp.spare_channels(); }

size_t Upstream::udp_in_flight() const { return state_->udp.in_flight(); }

size_t Upstream::connections() const { return state_->stream.connections(); }

bool Upstream::keeps_letters() const { return state_->letters.KeepsLetters(Clock::now()); }

std::shared_ptr<const Counters> Upstream::counters() const { return state_->counters; }

bool IsTruncated(const Reply& reply) { return ((reply.message[2] << 8 | reply.message[3]) & dns::kTruncatedFlag) != 0; }

}  // namespace podnamed::upstream
