#include "controller/kube/http_client.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "controller/kube/credentials.h"
#include "controller/kube/gzip_reader.h"
#include "controller/kube/host_lookup.h"
#include "controller/kube/text.h"
#include "controller/kube/tls_context.h"
#include "server/base/log.h"
#include "server/base/status.h"
#include "server/base/version.h"

namespace podnamed::kube {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
constexpr unsigned kUnauthorized = 401;
constexpr unsigned kProxyAuthenticationRequired = 407;
constexpr uint64_t kMaxRetryAfter = 3600;
constexpr uint32_t kMaxHead = 64 * 1024;
constexpr size_t kPiece = size_t{64} * 1024;
// Of what is read and not understood yet: Beast bounds the head of a reply, not that of a chunk.
constexpr size_t kMaxBuffer = 2 * size_t{kMaxHead};

// For people.
std::string ServerFor(const Access& access) {
  return access.proxy ? fmt::format("{} (by proxy {})", access.HostAndPort(), access.proxy->HostAndPort())
                      : access.HostAndPort();
}

// Linux' own: a peer that is gone without a word is found within kSilence + kProbes * kInterval seconds.
void KeepAlive(tcp::socket& socket) {
  constexpr int kSilence = 30;
  constexpr int kInterval = 10;
  constexpr int kProbes = 3;
  const auto set = [&](int level, int name, int value) {
    setsockopt(socket.native_handle(), level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kSilence);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kInterval);
  set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, (kSilence + kProbes * kInterval) * 1000);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
}

// One connection and the reply that is being read from it.
class Connection {
 public:
  Connection(const asio::any_io_executor& executor, const Access& access, Credentials credentials)
      : executor_(executor), access_(access), credentials_(std::move(credentials)) {}

  // The part of it that another connection would have to be made for is the same.
  bool IsOf(const Credentials& credentials) const {
    return credentials.ca == credentials_.ca && credentials.certificate == credentials_.certificate &&
           credentials.key == credentials_.key;
  }

  asio::awaitable<absl::Status> Open(HttpOptions options, HostLookup* lookup) {
    std::vector<tcp::endpoint> endpoints;
    error_code error;
    const uint16_t port = access_.proxy ? access_.proxy->port : access_.port;
    const std::string& host = access_.proxy ? access_.proxy->host : access_.host;
    if (const asio::ip::address address = asio::ip::make_address(host, error); !error) {
      endpoints.emplace_back(address, port);
    } else {
      const HostLookup::Addresses found = co_await lookup->Find(options.connect_deadline);
      if (!found.ok()) {
        co_return Failed(fmt::format("no address is found for it: {}", std::string(found.status().message())));
      }
      for (const asio::ip::address& entry : *found) endpoints.emplace_back(entry, port);
    }
    error = asio::error::host_not_found;
    beast::tcp_stream stream(executor_);
    for (const tcp::endpoint& endpoint : endpoints) {
      stream.expires_after(options.connect_deadline);
      std::tie(error) = co_await stream.async_connect(endpoint, kAwaitTuple);
      if (!error) break;
      stream.close();
    }
    if (error) co_return Failed(fmt::format("cannot connect: {}", error.message()));
    KeepAlive(stream.socket());
    if (access_.proxy && access_.is_tls) {
      stream.expires_after(options.connect_deadline);
      if (absl::Status status = co_await OpenTunnel(&stream); !status.ok()) co_return status;
    }
    if (!access_.is_tls) {
      plain_.emplace(std::move(stream));
      co_return absl::OkStatus();
    }
    absl::StatusOr<asio::ssl::context> context = MakeTlsContext(access_, credentials_);
    if (!context.ok()) co_return context.status();
    context_.emplace(*std::move(context));
    tls_.emplace(std::move(stream), *context_);
    if (absl::Status status = ExpectServer(tls_->native_handle(), access_); !status.ok()) co_return status;
    beast::get_lowest_layer(*tls_).expires_after(options.connect_deadline);
    std::tie(error) = co_await tls_->async_handshake(asio::ssl::stream_base::client, kAwaitTuple);
    if (error) co_return Failed(HandshakeError(tls_->native_handle(), access_, error));
    co_return absl::OkStatus();
  }

  // RFC 9110, section 9.3.6.
  asio::awaitable<absl::Status> OpenTunnel(beast::tcp_stream* stream) const {
    http::request<http::empty_body> request(http::verb::connect, access_.HostAndPort(), 11);
    request.set(http::field::host, access_.HostAndPort());
    IntroduceToProxy(&request);
    error_code error;
    std::tie(error, std::ignore) = co_await http::async_write(*stream, request, kAwaitTuple);
    beast::flat_buffer buffer(kMaxBuffer);
    http::response_parser<http::empty_body> parser;
    parser.header_limit(kMaxHead);
    parser.skip(true);
    if (!error) std::tie(error, std::ignore) = co_await http::async_read_header(*stream, buffer, parser, kAwaitTuple);
    if (error) co_return Lost(error, "no reply to CONNECT");
    const unsigned status = parser.get().result_int();
    if (http::to_status_class(status) != http::status_class::successful) {
      co_return Failed(
          fmt::format("its proxy has answered CONNECT with {}{}", status,
                      status == kProxyAuthenticationRequired ? ": give its URL a user and a password" : ""));
    }
    // The server speaks when it has been spoken to.
    if (buffer.size() > 0) co_return Failed("its proxy speaks before the server does");
    co_return absl::OkStatus();
  }

  // Sends a request and reads the head of its reply. UNAVAILABLE where the connection is lost before a reply begins.
  asio::awaitable<absl::Status> Ask(HttpRequest asked, std::string token, milliseconds deadline) {
    // What a proxy is to pass on has the server in its target (RFC 9112, section 3.2.2).
    const bool is_passed_on = access_.proxy && !access_.is_tls;
    http::request<http::empty_body> request(http::verb::get,
                                            (is_passed_on ? access_.Url() : access_.path) + asked.target, 11);
    request.set(http::field::host, access_.HostAndPort());
    if (is_passed_on) IntroduceToProxy(&request);
    request.set(http::field::user_agent, fmt::format("podnamed/{}", base::kVersion));
    request.set(http::field::accept, asked.accept);
    request.set(http::field::accept_encoding, "gzip");
    if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
    parser_.emplace();
    parser_->header_limit(kMaxHead);
    parser_->body_limit(boost::none);
    gzip_.reset();
    Lowest().expires_after(deadline);
    error_code error;
    if (tls_) {
      std::tie(error, std::ignore) = co_await http::async_write(*tls_, request, kAwaitTuple);
      if (!error)
        std::tie(error, std::ignore) = co_await http::async_read_header(*tls_, buffer_, *parser_, kAwaitTuple);
    } else {
      std::tie(error, std::ignore) = co_await http::async_write(*plain_, request, kAwaitTuple);
      if (!error) {
        std::tie(error, std::ignore) = co_await http::async_read_header(*plain_, buffer_, *parser_, kAwaitTuple);
      }
    }
    if (error) co_return Lost(error, "no reply");
    const auto encoding = parser_->get()[http::field::content_encoding];
    if (boost::beast::iequals(encoding, "gzip")) gzip_.emplace();
    // Eager, a read would not return an octet of a chunk before it has the next chunk's head.
    parser_->eager(false);
    co_return absl::OkStatus();
  }

  HttpReply Reply() const {
    const auto& head = parser_->get();
    HttpReply reply{.status = head.result_int(), .content_type = std::string(head[http::field::content_type])};
    const auto text = head[http::field::retry_after];
    uint64_t seconds;
    if (ParseNumber(std::string_view(text.data(), text.size()), &seconds)) {
      reply.retry_after = std::chrono::seconds(std::min(seconds, kMaxRetryAfter));
    }
    return reply;
  }

  bool IsWholeReply() const { return !parser_ || parser_->is_done(); }
  bool IsKept() const { return IsWholeReply() && (!parser_ || parser_->keep_alive()); }

  asio::awaitable<absl::StatusOr<bool>> ReadSome(std::string* text, milliseconds patience) {
    const size_t size_before = text->size();
    while (!parser_->is_done()) {
      parser_->get().body().data = piece_.data();
      parser_->get().body().size = piece_.size();
      Lowest().expires_after(patience);
      error_code error;
      if (tls_) {
        std::tie(error, std::ignore) = co_await http::async_read_some(*tls_, buffer_, *parser_, kAwaitTuple);
      } else {
        std::tie(error, std::ignore) = co_await http::async_read_some(*plain_, buffer_, *parser_, kAwaitTuple);
      }
      const std::string_view octets(piece_.data(), piece_.size() - parser_->get().body().size);
      if (!gzip_) {
        text->append(octets);
      } else if (absl::Status status = gzip_->Read(octets, text); !status.ok()) {
        co_return Failed(std::string(status.message()));
      }
      if (error && error != http::error::need_buffer) co_return Lost(error, "the reply broke off");
      if (text->size() > size_before) co_return true;
    }
    if (gzip_ && !gzip_->is_done()) co_return Failed("a reply in gzip that broke off");
    co_return false;
  }

 private:
  void IntroduceToProxy(http::request<http::empty_body>* request) const {
    const std::string& credentials = access_.proxy->credentials;
    if (credentials.empty()) return;
    request->set(http::field::proxy_authorization, "Basic " + absl::Base64Escape(credentials));
  }

  beast::tcp_stream& Lowest() { return tls_ ? beast::get_lowest_layer(*tls_) : *plain_; }

  absl::Status Failed(std::string_view what) const {
    return absl::UnavailableError(fmt::format("API server {}: {}", ServerFor(access_), what));
  }
  absl::Status Lost(const error_code& error, std::string_view what) const {
    if (error == beast::error::timeout) {
      return absl::DeadlineExceededError(fmt::format("API server {}: {} in time", ServerFor(access_), what));
    }
    const bool is_end = error == http::error::end_of_stream || error == http::error::partial_message ||
                        error == asio::ssl::error::stream_truncated;
    return Failed(fmt::format("{}: {}", what, is_end ? "it closed the connection" : error.message()));
  }

  const asio::any_io_executor executor_;
  const Access& access_;
  const Credentials credentials_;  // of the connection; a token may be newer
  std::optional<asio::ssl::context> context_;
  std::optional<beast::ssl_stream<beast::tcp_stream>> tls_;
  std::optional<beast::tcp_stream> plain_;
  beast::flat_buffer buffer_{kMaxBuffer};
  std::optional<http::response_parser<http::buffer_body>> parser_;
  std::optional<GzipReader> gzip_;
  std::array<char, kPiece> piece_;
};

}  // namespace

struct HttpClient::State {
  State(asio::any_io_executor its_executor, Access its_access, HttpOptions its_options)
      : executor(std::move(its_executor)),
        access(std::move(its_access)),
        options(its_options),
        server(ServerFor(access)),
        lookup(access.proxy ? access.proxy->host : access.host),
        credentials(access) {}

  asio::awaitable<absl::Status> Ask(HttpRequest request) {
    absl::StatusOr<Credentials> current = co_await credentials.Read();
    if (!current.ok()) co_return current.status();
    if (connection && (!connection->IsKept() || !connection->IsOf(*current))) connection.reset();
    // A server may close a connection that it has kept; then the request is asked again on a new one.
    while (true) {
      const bool is_new = connection == nullptr;
      if (is_new) {
        connection = std::make_unique<Connection>(executor, access, *current);
        absl::Status status = co_await connection->Open(options, &lookup);
        if (!status.ok()) {
          connection.reset();
          co_return status;
        }
      }
      absl::Status status = co_await connection->Ask(request, current->token, options.reply_deadline);
      if (!status.ok()) connection.reset();
      if (status.ok() || is_new || !absl::IsUnavailable(status)) co_return status;
    }
  }

  const asio::any_io_executor executor;
  const Access access;
  const HttpOptions options;
  const std::string server;
  HostLookup lookup;
  CredentialsReader credentials;
  std::unique_ptr<Connection> connection;
};

HttpClient::HttpClient(asio::any_io_executor executor, Access access, HttpOptions options)
    : state_(std::make_unique<State>(std::move(executor), std::move(access), std::move(options))) {}

HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

const std::string& HttpClient::server() const { return state_->server; }

void HttpClient::Close() { state_->connection.reset(); }

asio::awaitable<absl::StatusOr<HttpReply>> HttpClient::Get(HttpRequest request) {
  for (bool is_retry = false;; is_retry = true) {
    const auto start = std::chrono::steady_clock::now();
    absl::Status status = co_await state_->Ask(request);
    const HttpReply reply = status.ok() ? state_->connection->Reply() : HttpReply();
    if (state_->options.on_request) {
      state_->options.on_request(state_->server, reply.status, std::chrono::steady_clock::now() - start);
    }
    if (!status.ok()) co_return status;
    if (reply.status != kUnauthorized || is_retry) co_return reply;
    // A certificate that has been renewed belongs to a new connection.
    state_->credentials.Refuse();
    Close();
  }
}

asio::awaitable<absl::StatusOr<bool>> HttpClient::ReadSome(std::string* text, milliseconds patience) {
  if (!state_->connection) co_return absl::FailedPreconditionError("no reply to read");
  absl::StatusOr<bool> has_more = co_await state_->connection->ReadSome(text, patience);
  if (!has_more.ok()) Close();
  co_return has_more;
}

asio::awaitable<absl::StatusOr<std::string>> HttpClient::ReadAll(size_t max_size) {
  std::string text;
  while (true) {
    const absl::StatusOr<bool> has_more = co_await ReadSome(&text, state_->options.reply_deadline);
    if (!has_more.ok()) co_return has_more.status();
    if (text.size() > max_size) {
      Close();
      co_return absl::ResourceExhaustedError(
          fmt::format("API server {}: a reply of more than {} octets", state_->server, max_size));
    }
    if (!*has_more) co_return text;
  }
}

}  // namespace podnamed::kube
