#include "server/notifier.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <random>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/memory/memory.h"
#include "absl/time/clock.h"
#include "server/base/log.h"
#include "server/dns/types.h"

namespace podnamed {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
constexpr char kLog[] = "plugin/transfer";

constexpr std::chrono::seconds kLookInterval(1);
constexpr int kTries = 3;                          // as CoreDNS
constexpr std::chrono::seconds kFirstPatience(2);  // twice as long each time
constexpr size_t kMostUnderWay = 64;               // further changes are told when there is room again

std::vector<uint8_t> NotifyMessage(const dns::Name& zone, uint16_t id) {
  constexpr uint16_t kFlags =
      static_cast<uint16_t>(dns::Opcode::kNotify) << dns::kOpcodeShift | dns::kAuthoritativeFlag;
  std::vector<uint8_t> message = {
      static_cast<uint8_t>(id >> 8), static_cast<uint8_t>(id), kFlags >> 8, kFlags & 0xFF, 0, 1, 0, 0, 0, 0, 0, 0};
  message.insert(message.end(), zone.wire().begin(), zone.wire().end());
  message.insert(message.end(), {0, static_cast<uint8_t>(dns::RecordType::kSoa), 0, 1});
  return message;
}

bool IsReply(absl::Span<const uint8_t> message, uint16_t id) {
  constexpr uint8_t kResponseAndOpcode = 0xF8;
  return message.size() >= dns::kHeaderLength && message[0] == id >> 8 && message[1] == (id & 0xFF) &&
         (message[2] & kResponseAndOpcode) ==
             (dns::kResponseFlag >> 8 | static_cast<uint8_t>(dns::Opcode::kNotify) << 3);
}

}  // namespace

std::unique_ptr<Notifier> Notifier::Start(std::shared_ptr<const Configuration> configuration) {
  auto notifier = absl::WrapUnique(new Notifier(std::move(configuration)));
  for (const Block& block : notifier->configuration_->blocks()) {
    if (absl::c_all_of(block.options.transfer, [](const auto& transfer) { return transfer.notify.empty(); })) continue;
    Watched& watched = notifier->watched_.emplace_back();
    watched.block = &block;
    if (block.resolver != nullptr) watched.reader = std::make_unique<state::SnapshotReader>(*block.holder());
  }
  if (notifier->watched_.empty()) return nullptr;
  notifier->tasks_.Spawn("notify", notifier->Watch());
  notifier->thread_ = std::thread([raw = notifier.get()] { raw->io_context_.run(); });
  return notifier;
}

Notifier::~Notifier() {
  if (!thread_.joinable()) return;
  asio::post(io_context_, [this] {
    stopping_ = true;
    tasks_.CancelAll();
  });
  thread_.join();
}

asio::awaitable<void> Notifier::Watch() {
  while (!stopping_) {
    for (Watched& watched : watched_) Look(watched);
    timer_.expires_after(kLookInterval);
    const auto [error] = co_await timer_.async_wait(kAwaitTuple);
    if (error) co_return;
  }
}

void Notifier::Look(Watched& watched) {
  for (const plugins::Published<plugins::ZoneSet>* published : watched.block->ZoneSets()) {
    for (const auto& [name, zone] : published->Current()->zones()) {
      if (zone != nullptr) Tell(watched, dns::Name::FromWire(name), zone->soa().serial);
    }
  }
  if (watched.reader != nullptr) LookAtCluster(watched);
}

// While the second of its serial lasts the cluster may change once more, without another serial.
void Notifier::LookAtCluster(Watched& watched) {
  const state::Snapshot* snapshot = watched.reader->Current();
  if (snapshot == nullptr) return;
  const int64_t serial = absl::ToUnixSeconds(snapshot->origin_time());
  if (serial >= absl::ToUnixSeconds(absl::Now())) return;
  for (const resolve::Resolver* resolver : watched.block->resolvers()) {
    for (const resolve::ForwardZone& zone : resolver->forward_zones()) {
      Tell(watched, zone.name, static_cast<uint32_t>(serial));
    }
  }
}

void Notifier::Tell(Watched& watched, const dns::Name& zone, uint32_t serial) {
  const auto told = watched.told.find(zone);
  if ((told != watched.told.end() && told->second == serial) || under_way_ >= kMostUnderWay) return;
  watched.told[zone] = serial;
  for (const config::TransferOptions& transfer : watched.block->options.transfer) {
    if (!absl::c_linear_search(transfer.zones, zone)) continue;
    for (const base::Endpoint& secondary : transfer.notify) {
      ++under_way_;
      tasks_.Spawn("notify", Notify(zone, serial, secondary), [this] { --under_way_; });
    }
  }
}

// Each try has a socket and an id of its own, which nobody can guess.
asio::awaitable<void> Notifier::Notify(dns::Name zone, uint32_t serial, base::Endpoint secondary) {
  const asio::ip::udp::endpoint peer(asio::ip::make_address(secondary.address->ToString()), secondary.port);
  std::string failure = "no reply";
  auto patience = kFirstPatience;
  for (int i = 0; i < kTries; ++i, patience *= 2) {
    const auto id = static_cast<uint16_t>(std::random_device()());
    asio::ip::udp::socket socket(co_await asio::this_coro::executor);
    error_code error;
    socket.connect(peer, error);
    const std::vector<uint8_t> message = NotifyMessage(zone, id);
    if (!error) socket.send(asio::buffer(message), 0, error);
    asio::steady_timer late(socket.get_executor(), patience);
    late.async_wait([&socket](error_code cancelled) {
      error_code ignored;
      if (!cancelled) socket.close(ignored);
    });
    std::array<uint8_t, dns::kMinUdpLimit> reply;
    while (!error && !stopping_) {
      const auto [failed, size] = co_await socket.async_receive(asio::buffer(reply), kAwaitTuple);
      error = failed;
      if (error || !IsReply(absl::MakeConstSpan(reply).first(size), id)) continue;
      const auto rcode = static_cast<dns::Rcode>(reply[3] & dns::kRcodeMask);
      if (rcode == dns::Rcode::kNoError) {
        base::LogInfo(kLog, "{} knows that {} has serial {}", secondary.ToString(), zone.ToText(), serial);
        co_return;
      }
      failure = dns::NameOf(rcode);
      break;
    }
    if (stopping_) co_return;
    if (error && error != asio::error::bad_descriptor && error != asio::error::operation_aborted) {
      failure = error.message();
    }
    // Who says no at once is asked again later.
    co_await late.async_wait(kAwaitTuple);
    if (stopping_) co_return;
  }
  base::LogError(kLog, "{} was not told that {} has serial {}: {}", secondary.ToString(), zone.ToText(), serial,
                 failure);
}

}  // namespace podnamed
