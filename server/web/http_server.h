// Serves pages to the machines that watch over us (the kubelet's probes, Prometheus) by HTTP/1.1: GET and HEAD on
// connections that are kept, on a thread of its own, so that no page makes a query wait.
//
// Everything is bounded, and nobody can hold it: a request has a deadline from its first octet on, a reply one to be
// taken, a kept connection one to be used again; at the limit of connections the one that has gone without a reply for
// the longest makes room, so that who opens many and says nothing does not keep a probe out.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/endpoint.h"
#include "server/base/passed_sockets.h"
#include "server/base/unique_fd.h"
#include "server/web/page.h"

namespace podnamed::web {

// Pages at one address.
struct Site {
  base::Endpoint endpoint;
  std::vector<Page> pages;  // no two with one path
};

struct HttpLimits {
  size_t max_connections = 256;               // of all sites, at least 1
  size_t max_header_octets = 8192;            // of a request
  std::chrono::milliseconds request{5'000};   // for a request to come in whole
  std::chrono::milliseconds reply{10'000};    // for a reply to be taken
  std::chrono::milliseconds unused{180'000};  // between two requests; Prometheus asks every minute by default
  std::chrono::milliseconds farewell{1'000};  // for a client to take the last reply before the connection goes
};

class HttpServer {
 public:
  // Listens at every site, each at an endpoint of its own. An error is one sentence that names the address; then
  // nothing is left behind.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(std::vector<Site> sites, const HttpLimits& limits = {});
  // Closes all connections, wherever they are, and ends the thread: no page is asked for after that.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Shows these sites from now on. Addresses that had been among the sites stay open, and so do their connections; the
  // new ones are taken from `passed`, if it has them, or opened first. An error is as Start's, and then nothing has
  // changed.
  absl::Status Show(std::vector<Site> sites, base::PassedSockets* passed = nullptr);

  // Another descriptor of each listening socket. Any thread but its own.
  std::vector<base::UniqueFd> CopyOfSockets();

  // Where it listens, in the order of the sites; a port 0 has become the port taken. The thread that calls Show.
  const std::vector<base::Endpoint>& endpoints() const { return endpoints_; }

 private:
  class Loop;

  explicit HttpServer(std::unique_ptr<Loop> loop);

  const std::unique_ptr<Loop> loop_;
  std::vector<base::Endpoint> endpoints_;
};

}  // namespace podnamed::web
