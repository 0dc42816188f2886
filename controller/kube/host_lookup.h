// The addresses of a host, by the C library. It knows every way in which a host may be set up to find names, and no way
// to be told to stop: for a minute and longer it waits for name servers that are silent. So it asks on a thread that
// nobody waits for. One thread: that of the coroutine; one coroutine at a time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace podnamed::kube {

class HostLookup {
 public:
  using Addresses = absl::StatusOr<std::vector<boost::asio::ip::address>>;
  // Blocks; on a thread of its own, which may outlive all but the process.
  using Ask = std::function<Addresses(const std::string& host)>;

  // As getaddrinfo finds them, in its order.
  explicit HostLookup(std::string host);
  // For tests.
  HostLookup(std::string host, Ask ask);

  // UNAVAILABLE where there are none, DEADLINE_EXCEEDED where it takes longer. Then it is not asked again: whoever
  // looks next waits for the same answer.
  boost::asio::awaitable<Addresses> Find(std::chrono::milliseconds deadline);

 private:
  struct Question;
  const std::string host_;
  const Ask ask_;
  std::shared_ptr<Question> question_;  // that has had no answer yet
};

}  // namespace podnamed::kube
