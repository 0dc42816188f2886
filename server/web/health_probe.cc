#include "server/web/health_probe.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <string>

#include "absl/time/time.h"
#include "server/base/log.h"

namespace podnamed::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kTimeout(3);  // CoreDNS's, both
constexpr std::chrono::seconds kSlow(1);

tcp::endpoint TargetOf(const base::Endpoint& endpoint) {
  if (!endpoint.address) return {asio::ip::address_v4::loopback(), endpoint.port};
  asio::ip::address address = asio::ip::make_address(endpoint.address->ToString());
  if (address.is_unspecified()) {
    address = address.is_v4() ? asio::ip::address(asio::ip::address_v4::loopback()) : asio::ip::address_v6::loopback();
  }
  return {address, endpoint.port};
}

// What went wrong; empty if the page came.
asio::awaitable<std::string> Request(tcp::endpoint target) {
  beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_after(kTimeout);
  const auto [unreachable] = co_await stream.async_connect(target, kAwaitTuple);
  if (unreachable) co_return unreachable.message();
  http::request<http::empty_body> request(http::verb::get, "/health", 11);
  request.set(http::field::host, "localhost");
  request.set(http::field::connection, "close");
  const auto [unsent, sent] = co_await http::async_write(stream, request, kAwaitTuple);
  if (unsent) co_return unsent.message();
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  const auto [unread, read] = co_await http::async_read(stream, buffer, response, kAwaitTuple);
  if (unread) co_return unread.message();
  co_return response.result() == http::status::ok ? "" : std::string(response.reason());
}

}  // namespace

HealthMetrics::HealthMetrics(prometheus::Registry& registry)
    : duration_(&prometheus::BuildHistogram()
                     .Name("coredns_health_request_duration_seconds")
                     .Help("Histogram of the time (in seconds) each request took.")
                     .Register(registry)
                     .Add({}, prometheus::Histogram::BucketBoundaries{.00025, .0025, .025, .25, 2.5})),
      failures_(&prometheus::BuildCounter()
                     .Name("coredns_health_request_failures_total")
                     .Help("The number of times the health check failed.")
                     .Register(registry)
                     .Add({})) {}

void HealthMetrics::Observe(std::chrono::nanoseconds duration, bool failed) {
  duration_->Observe(std::chrono::duration<double>(duration).count());
  if (failed) failures_->Increment();
}

HealthProbe::HealthProbe(const base::Endpoint& endpoint, HealthMetrics& metrics, std::chrono::milliseconds period)
    : metrics_(metrics) {
  asio::co_spawn(io_context_, Run(endpoint, period), asio::detached);
  thread_ = std::thread([this] { io_context_.run(); });
}

HealthProbe::~HealthProbe() {
  io_context_.stop();
  thread_.join();
}

asio::awaitable<void> HealthProbe::Run(base::Endpoint endpoint, std::chrono::milliseconds period) {
  const tcp::endpoint target = TargetOf(endpoint);
  asio::steady_timer timer(io_context_);
  while (true) {
    timer.expires_after(period);
    co_await timer.async_wait(kAwaitTuple);
    const Clock::time_point start = Clock::now();
    const std::string error = co_await Request(target);
    const Clock::duration duration = Clock::now() - start;
    metrics_.Observe(duration, !error.empty());
    if (!error.empty()) {
      base::LogWarning("plugin/health", "Local health request to \"http://{}/health\" failed: {}", endpoint.ToString(),
                       error);
    } else if (duration > kSlow) {
      base::LogWarning("plugin/health", "Local health request to \"http://{}/health\" took more than 1s: {}",
                       endpoint.ToString(), absl::FormatDuration(absl::FromChrono(duration)));
    }
  }
}

}  // namespace podnamed::web
