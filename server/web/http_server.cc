#include "server/web/http_server.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <exception>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/base/log.h"
#include "server/base/status.h"

namespace podnamed::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

constexpr size_t kFirstRead = 1024;
// Before accepting again when the process is out of file descriptors.
constexpr std::chrono::milliseconds kPause{100};
// What a client may have sent besides, and we read so that the end of the connection does not cost it our reply: where
// octets lie unread, the kernel ends it by a reset, and that throws the reply away.
constexpr size_t kMaxDrained = 64 << 10;

absl::Status CannotListen(const base::Endpoint& endpoint, const error_code& error) {
  std::string reason;
  switch (error.value()) {
    case EACCES:
      reason = "permission denied; ports below 1024 need root or CAP_NET_BIND_SERVICE";
      break;
    case EADDRINUSE:
      reason = "another program listens there";
      break;
    case EADDRNOTAVAIL:
      reason = "this host has no such address";
      break;
    default:
      reason = error.message();
  }
  return absl::Status(absl::ErrnoToStatusCode(error.value()),
                      fmt::format("cannot serve HTTP at {}: {}", endpoint.ToString(), reason));
}

error_code Listen(tcp::acceptor& acceptor, const tcp::endpoint& local, bool is_for_both_families) {
  error_code error;
  acceptor.open(local.protocol(), error);
  if (!error && local.address().is_v6()) acceptor.set_option(asio::ip::v6_only(!is_for_both_families), error);
  // A restart must not wait for the last run's connections in TIME_WAIT.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(local, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  return error;
}

error_code Listen(tcp::acceptor& acceptor, const base::Endpoint& endpoint) {
  if (endpoint.address && endpoint.address->is_v4()) {
    return Listen(acceptor, {asio::ip::address_v4(endpoint.address->v4()), endpoint.port}, false);
  }
  if (endpoint.address) return Listen(acceptor, {asio::ip::address_v6(endpoint.address->v6()), endpoint.port}, false);
  const error_code error = Listen(acceptor, {asio::ip::address_v6::any(), endpoint.port}, true);
  if (error.value() != EAFNOSUPPORT && error.value() != EADDRNOTAVAIL) return error;
  error_code ignored;  // a host without IPv6
  acceptor.close(ignored);
  return Listen(acceptor, {asio::ip::address_v4::any(), endpoint.port}, false);
}

// The path of a request's target, which a proxy writes with "http://HOST" in front (RFC 9112 section 3.2.2).
std::string_view PathOf(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (target.starts_with(kScheme)) {
    const size_t slash = target.find('/', kScheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target.substr(0, target.find('?'));
}

Reply Refusal(http::status status, std::string_view why) {
  return {.status = static_cast<unsigned>(status), .body = fmt::format("{}\n", why)};
}

// To a request whose head could not be read.
Reply RefusalOf(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Refusal(http::status::request_header_fields_too_large, "the request's header is too large");
  }
  return Refusal(http::status::bad_request, "this is no HTTP request");
}

Reply ReplyTo(const Request& request, const std::vector<Page>& pages) {
  if (request.version() >= 11 && request.count(http::field::host) != 1) {  // RFC 9112 section 3.2
    return Refusal(http::status::bad_request, "the request names no host");
  }
  const beast::string_view target = request.target();
  const std::string_view path = PathOf({target.data(), target.size()});
  const auto page = absl::c_find_if(pages, [&](const Page& candidate) { return candidate.path == path; });
  if (page == pages.end()) return Refusal(http::status::not_found, "there is no such page");
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    return Refusal(http::status::method_not_allowed, "pages are read with GET or HEAD");
  }
  return page->make();
}

Response ToResponse(Reply reply, unsigned version, bool keep_alive) {
  Response response;
  response.version(version);
  response.result(reply.status);
  response.keep_alive(keep_alive);
  response.set(http::field::date, absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone()));
  response.set(http::field::content_type, reply.content_type);
  if (response.result() == http::status::method_not_allowed) response.set(http::field::allow, "GET, HEAD");
  response.body() = std::move(reply.body);
  response.prepare_payload();
  return response;
}

}  // namespace

// All that the thread owns. One io_context on one thread: no locks inside.
class HttpServer::Loop {
 public:
  explicit Loop(const HttpLimits& limits) : limits_(limits) {}

  absl::StatusOr<base::Endpoint> Open(Site site) {
    Listener& listener = listeners_.emplace_back(io_context_, std::move(site.pages));
    if (const error_code error = Listen(listener.acceptor, site.endpoint)) return CannotListen(site.endpoint, error);
    return base::Endpoint{site.endpoint.address, listener.acceptor.local_endpoint().port()};
  }

  void Run() {
    for (Listener& listener : listeners_) Spawn(Accept(&listener), [] {});
    thread_ = std::thread([this] { io_context_.run(); });
  }

  // Returns when every coroutine has ended.
  void Stop() {
    asio::post(io_context_, [this] {
      stopping_ = true;
      error_code ignored;
      for (Listener& listener : listeners_) {
        listener.acceptor.close(ignored);
        listener.pause.cancel();
      }
      for (Connection& connection : connections_) connection.stream.close();
    });
    thread_.join();
  }

 private:
  struct Listener {
    Listener(asio::io_context& io_context, std::vector<Page> its_pages)
        : acceptor(io_context), pause(io_context), pages(std::move(its_pages)) {}
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    const std::vector<Page> pages;
  };

  struct Connection {
    Connection(tcp::socket socket, const std::vector<Page>& its_pages, size_t max_buffered)
        : stream(std::move(socket)), buffer(max_buffered), pages(its_pages) {}
    beast::tcp_stream stream;
    beast::flat_buffer buffer;  // octets that have come and are not read yet
    const std::vector<Page>& pages;
    bool is_used = false;                  // it has had a reply
    std::list<Connection>::iterator self;  // in the list of all
  };

  template <typename OnEnd>
  void Spawn(asio::awaitable<void> task, OnEnd on_end) {
    asio::co_spawn(io_context_, std::move(task), [on_end](const std::exception_ptr& failure) {
      if (failure) base::LogError("web", "a page could not be served, an exception ended its connection");
      on_end();
    });
  }

  asio::awaitable<void> Accept(Listener* listener) {
    while (!stopping_) {
      auto [error, socket] = co_await listener->acceptor.async_accept(kAwaitTuple);
      if (stopping_) break;
      if (!error) {
        Admit(std::move(socket), listener->pages);
      } else if (error != asio::error::connection_aborted) {  // out of file descriptors
        CloseTheFirst();
        listener->pause.expires_after(kPause);
        co_await listener->pause.async_wait(kAwaitTuple);
      }
    }
  }

  void Admit(tcp::socket socket, const std::vector<Page>& pages) {
    if (connections_.size() >= limits_.max_connections) CloseTheFirst();
    connections_.emplace_back(std::move(socket), pages, limits_.max_header_octets + kFirstRead);
    Connection& connection = connections_.back();
    connection.self = std::prev(connections_.end());
    Spawn(Serve(&connection), [this, self = connection.self] { connections_.erase(self); });
  }

  // It ends soon; until then it stands last, where the next newcomer does not close it once more.
  void CloseTheFirst() {
    if (connections_.empty()) return;
    connections_.front().stream.close();
    connections_.splice(connections_.end(), connections_, connections_.begin());
  }

  asio::awaitable<void> Serve(Connection* connection) {
    while (true) {
      const bool another_follows = co_await ServeOne(connection);  // not in the condition: GCC 12 miscompiles that
      if (!another_follows) break;
      connection->is_used = true;
      connections_.splice(connections_.end(), connections_, connection->self);
    }
    co_await TakeLeave(connection);
  }

  // One request and its reply; false: no other follows.
  asio::awaitable<bool> ServeOne(Connection* connection) {
    beast::tcp_stream& stream = connection->stream;
    if (connection->buffer.size() == 0) {
      stream.expires_after(connection->is_used ? limits_.unused : limits_.request);
      const auto [error, size] = co_await stream.async_read_some(connection->buffer.prepare(kFirstRead), kAwaitTuple);
      if (error) co_return false;
      connection->buffer.commit(size);
    }
    stream.expires_after(limits_.request);
    http::request_parser<http::empty_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(limits_.max_header_octets));
    parser.body_limit(boost::none);  // it is not read, whatever its length
    const auto [read_error, read_size] =
        co_await http::async_read_header(stream, connection->buffer, parser, kAwaitTuple);
    const bool is_no_request = read_error.category() == make_error_code(http::error::bad_method).category() &&
                               read_error != http::error::end_of_stream && read_error != http::error::partial_message;
    if (read_error && !is_no_request) co_return false;  // gone, or too slow

    // What follows a request that we cannot read, or with a body, we would not know where to look for.
    const Request& request = parser.get();
    const bool is_last = read_error || !parser.is_done() || !request.keep_alive();
    Response response = ToResponse(read_error ? RefusalOf(read_error) : ReplyTo(request, connection->pages),
                                   read_error ? 11 : request.version(), !is_last);
    const bool is_head = !read_error && request.method() == http::verb::head;
    co_return co_await Write(&stream, std::move(response), is_head) && !is_last;
  }

  // False: the client is gone, or takes too long.
  asio::awaitable<bool> Write(beast::tcp_stream* stream, Response response, bool is_head) {
    http::response_serializer<http::string_body> serializer(response);
    stream->expires_after(limits_.reply);
    error_code error;
    if (is_head) {
      std::tie(error, std::ignore) = co_await http::async_write_header(*stream, serializer, kAwaitTuple);
    } else {
      std::tie(error, std::ignore) = co_await http::async_write(*stream, serializer, kAwaitTuple);
    }
    co_return !error;
  }

  // Says that nothing follows, and waits for the client to have read so.
  asio::awaitable<void> TakeLeave(Connection* connection) {
    beast::tcp_stream& stream = connection->stream;
    error_code error;
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
    stream.expires_after(limits_.farewell);
    std::array<char, 1024> octets;
    size_t drained = 0;
    while (!error && drained < kMaxDrained) {
      const auto [read_error, size] = co_await stream.async_read_some(asio::buffer(octets), kAwaitTuple);
      error = read_error;
      drained += size;
    }
  }

  const HttpLimits limits_;
  asio::io_context io_context_{1};
  std::list<Listener> listeners_;
  std::list<Connection> connections_;  // the one that has gone without a reply for the longest stands first
  bool stopping_ = false;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(std::vector<Site> sites, const HttpLimits& limits) {
  auto loop = std::make_unique<Loop>(limits);
  std::vector<base::Endpoint> endpoints;
  for (Site& site : sites) {
    ASSIGN_OR_RETURN(const base::Endpoint endpoint, loop->Open(std::move(site)));
    endpoints.push_back(endpoint);
  }
  loop->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(loop), std::move(endpoints)));
}

HttpServer::HttpServer(std::unique_ptr<Loop> loop, std::vector<base::Endpoint> endpoints)
    : loop_(std::move(loop)), endpoints_(std::move(endpoints)) {}

HttpServer::~HttpServer() { loop_->Stop(); }

}  // namespace podnamed::web
