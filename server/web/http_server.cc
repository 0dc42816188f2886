#include "server/web/http_server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
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
#include "absl/synchronization/notification.h"
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

// Whether another of our sockets may have the port, at an address that this one's includes or that includes this one's.
// Without it the bind fails if anybody has the port.
enum class PortUse { kClaim, kShare };

error_code Listen(tcp::acceptor& acceptor, const tcp::endpoint& local, bool is_for_both_families, PortUse use) {
  const auto share = [&](error_code& error) {
    const int on = 1;
    if (setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
      error = error_code(errno, boost::system::system_category());
    }
  };
  error_code error;
  acceptor.open(local.protocol(), error);
  if (!error && local.address().is_v6()) acceptor.set_option(asio::ip::v6_only(!is_for_both_families), error);
  // A restart must not wait for the last run's connections in TIME_WAIT.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && use == PortUse::kShare) share(error);
  if (!error) acceptor.bind(local, error);
  if (!error && use == PortUse::kClaim) share(error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  // As in net/listen_socket.cc: another process may come to have a copy.
  if (!error) acceptor.assign(local.protocol(), acceptor.release(error), error);
  return error;
}

error_code Listen(tcp::acceptor& acceptor, const base::Endpoint& endpoint, PortUse use) {
  if (endpoint.address && endpoint.address->is_v4()) {
    return Listen(acceptor, {asio::ip::address_v4(endpoint.address->v4()), endpoint.port}, false, use);
  }
  if (endpoint.address) {
    return Listen(acceptor, {asio::ip::address_v6(endpoint.address->v6()), endpoint.port}, false, use);
  }
  const error_code error = Listen(acceptor, {asio::ip::address_v6::any(), endpoint.port}, true, use);
  if (error.value() != EAFNOSUPPORT && error.value() != EADDRNOTAVAIL) return error;
  error_code ignored;  // a host without IPv6
  acceptor.close(ignored);
  return Listen(acceptor, {asio::ip::address_v4::any(), endpoint.port}, false, use);
}

error_code Adopt(tcp::acceptor& acceptor, base::UniqueFd fd) {
  sockaddr_storage local = {};
  socklen_t size = sizeof(local);
  error_code error;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    return error_code(errno, boost::system::system_category());
  }
  acceptor.assign(local.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd.get(), error);
  if (!error) fd.release();
  return error;
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

  // Where the sites are, or why not: then nothing has changed. Not on the loop's thread.
  absl::StatusOr<std::vector<base::Endpoint>> Show(std::vector<Site> sites, base::PassedSockets* passed) {
    Listeners next;
    std::vector<base::Endpoint> bound;
    for (const Site& site : sites) {
      const auto known = absl::c_find_if(listeners_, [&](const auto& one) { return one->endpoint == site.endpoint; });
      std::shared_ptr<Listener> listener =
          known != listeners_.end() ? *known : std::make_shared<Listener>(io_context_, site.endpoint);
      if (known == listeners_.end()) {
        if (const error_code error = Open(*listener, passed)) return CannotListen(site.endpoint, error);
      }
      bound.push_back({site.endpoint.address, listener->acceptor.local_endpoint().port()});
      next.push_back(std::move(listener));
    }
    Take(std::move(next), std::move(sites));
    return bound;
  }

  std::vector<base::UniqueFd> CopyOfSockets() {
    std::vector<base::UniqueFd> copies;
    absl::Notification done;
    asio::post(io_context_, [&] {
      for (const auto& listener : listeners_) {
        copies.push_back(base::UniqueFd::CopyOf(listener->acceptor.native_handle()));
      }
      done.Notify();
    });
    done.WaitForNotification();
    return copies;
  }

  void Run() {
    thread_ = std::thread([this] { io_context_.run(); });
  }

  // Returns when every coroutine has ended.
  void Stop() {
    asio::post(io_context_, [this] {
      stay_.reset();
      for (const auto& listener : listeners_) Close(*listener);
    });
    thread_.join();
  }

 private:
  struct Listener {
    Listener(asio::io_context& io_context, const base::Endpoint& its_endpoint)
        : endpoint(its_endpoint), acceptor(io_context), pause(io_context) {}
    const base::Endpoint endpoint;
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    std::vector<Page> pages;
    bool is_accepting = false;
    bool is_closed = false;
  };
  using Listeners = std::vector<std::shared_ptr<Listener>>;

  struct Connection {
    Connection(tcp::socket socket, std::shared_ptr<const Listener> by, size_t max_buffered)
        : stream(std::move(socket)), buffer(max_buffered), listener(std::move(by)) {}
    beast::tcp_stream stream;
    beast::flat_buffer buffer;  // octets that have come and are not read yet
    const std::shared_ptr<const Listener> listener;
    bool is_used = false;                  // it has had a reply
    std::list<Connection>::iterator self;  // in the list of all
  };

  error_code Open(Listener& listener, base::PassedSockets* passed) {
    bool is_ours =
        absl::c_any_of(listeners_, [&](const auto& one) { return base::Overlap(one->endpoint, listener.endpoint); });
    if (passed != nullptr) {
      base::PassedSockets::Taken taken = passed->Take(base::SocketKind::kTcp, listener.endpoint);
      if (!taken.fds.empty()) return Adopt(listener.acceptor, std::move(taken.fds.front()));
      is_ours = is_ours || passed->Overlap(base::SocketKind::kTcp, listener.endpoint);
    }
    return Listen(listener.acceptor, listener.endpoint, is_ours ? PortUse::kShare : PortUse::kClaim);
  }

  template <typename OnEnd>
  void Spawn(asio::awaitable<void> task, OnEnd on_end) {
    asio::co_spawn(io_context_, std::move(task), [on_end](const std::exception_ptr& failure) {
      if (failure) base::LogError("web", "a page could not be served, an exception ended its connection");
      on_end();
    });
  }

  // On the loop's thread from now on; returns when that has taken them.
  void Take(Listeners next, std::vector<Site> sites) {
    absl::Notification taken;
    asio::post(io_context_, [&] {
      for (const auto& listener : listeners_) {
        if (!absl::c_linear_search(next, listener)) Close(*listener);
      }
      listeners_ = std::move(next);
      for (size_t i = 0; i < sites.size(); ++i) {
        Listener& listener = *listeners_[i];
        listener.pages = std::move(sites[i].pages);
        if (!std::exchange(listener.is_accepting, true)) Spawn(Accept(listeners_[i]), [] {});
      }
      taken.Notify();
    });
    taken.WaitForNotification();
  }

  void Close(Listener& listener) {
    error_code ignored;
    listener.is_closed = true;
    listener.acceptor.close(ignored);
    listener.pause.cancel();
    for (Connection& connection : connections_) {
      if (connection.listener.get() == &listener) connection.stream.close();
    }
  }

  asio::awaitable<void> Accept(std::shared_ptr<Listener> listener) {
    while (!listener->is_closed) {
      auto [error, socket] = co_await listener->acceptor.async_accept(kAwaitTuple);
      if (listener->is_closed) break;
      if (!error) {
        Admit(std::move(socket), listener);
      } else if (error != asio::error::connection_aborted) {  // out of file descriptors
        CloseTheFirst();
        listener->pause.expires_after(kPause);
        co_await listener->pause.async_wait(kAwaitTuple);
      }
    }
  }

  void Admit(tcp::socket socket, std::shared_ptr<const Listener> listener) {
    if (connections_.size() >= limits_.max_connections) CloseTheFirst();
    connections_.emplace_back(std::move(socket), std::move(listener), limits_.max_header_octets + kFirstRead);
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
    Response response = ToResponse(read_error ? RefusalOf(read_error) : ReplyTo(request, connection->listener->pages),
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
  // Without sites the thread waits for some.
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> stay_{io_context_.get_executor()};
  Listeners listeners_;                // changed by the loop, while Show waits for it
  std::list<Connection> connections_;  // the one that has gone without a reply for the longest stands first
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(std::vector<Site> sites, const HttpLimits& limits) {
  auto loop = std::make_unique<Loop>(limits);
  loop->Run();
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(loop)));
  RETURN_IF_ERROR(server->Show(std::move(sites)));
  return server;
}

absl::Status HttpServer::Show(std::vector<Site> sites, base::PassedSockets* passed) {
  ASSIGN_OR_RETURN(endpoints_, loop_->Show(std::move(sites), passed));
  return absl::OkStatus();
}

std::vector<base::UniqueFd> HttpServer::CopyOfSockets() { return loop_->CopyOfSockets(); }

HttpServer::HttpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

HttpServer::~HttpServer() { loop_->Stop(); }

}  // namespace podnamed::web
