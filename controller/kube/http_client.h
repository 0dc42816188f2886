// Requests to the API server, one after the other on one connection that is kept: HTTP/1.1 over TLS 1.2 or later, with
// deadlines on every wait. A stream of requests has its own client, so that none waits for another's watch. Where
// an HTTP proxy stands between (proxy.h), TLS goes through it by CONNECT.
//
// A server that refuses our credentials (401) is asked once more with what the files and the plugin then hold. Errors
// are sentences for whoever operates the cluster, with the server's address. One thread: that of the coroutines; one
// coroutine at a time. Cancelling it closes the connection.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/kube/access.h"

namespace podnamed::kube {

struct HttpOptions {
  // Per address; to find the addresses and for the TLS handshake as much again.
  std::chrono::milliseconds connect_deadline{10'000};
  std::chrono::milliseconds reply_deadline{60'000};  // to the head of a reply, and between pieces of its body
  // Told of each request, by its client: the server as server() has it, the reply's status, 0 if there was none, and
  // how long its head took to come.
  std::function<void(const std::string& server, unsigned status, std::chrono::nanoseconds duration)> on_request = {};
};

struct HttpRequest {
  std::string target;  // "/api/v1/services?limit=500"
  std::string accept;
};

// What stands before a reply's body.
struct HttpReply {
  unsigned status = 0;
  std::string content_type;
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
};

class HttpClient {
 public:
  HttpClient(boost::asio::any_io_executor executor, Access access, HttpOptions options = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  // Asks, and reads as far as the head of the reply, whatever its status. What was left of the last reply is lost, and
  // the connection with it.
  boost::asio::awaitable<absl::StatusOr<HttpReply>> Get(HttpRequest request);

  // Appends to `text` what has come of the body since, at least one octet; false: the body has ended. Silence for
  // longer than `patience` is DEADLINE_EXCEEDED.
  boost::asio::awaitable<absl::StatusOr<bool>> ReadSome(std::string* text, std::chrono::milliseconds patience);

  // The rest of the body; an error if there are more than `max_size` octets.
  boost::asio::awaitable<absl::StatusOr<std::string>> ReadAll(size_t max_size);

  // The next request makes a new connection.
  void Close();

  // "10.0.0.1:6443", for people.
  const std::string& server() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podnamed::kube
