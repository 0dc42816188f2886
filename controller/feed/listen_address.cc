#include "controller/feed/listen_address.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace podnamed::controller {
namespace {

using boost::asio::ip::tcp;
using Unix = boost::asio::local::stream_protocol;

absl::Status CannotListen(const ListenAddress& address, std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("cannot listen on {}: {}", address.text, why));
}

// Binds for a moment.
template <typename Protocol>
boost::system::error_code TryToBind(const typename Protocol::endpoint& endpoint) {
  boost::asio::io_context context;
  typename Protocol::acceptor acceptor(context);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(typename Protocol::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  return error;
}

absl::Status CheckUnix(const ListenAddress& address) {
  if (address.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
    return CannotListen(
        address, fmt::format("the path of a unix socket has at most {} characters", sizeof(sockaddr_un::sun_path) - 1));
  }
  const char* path = address.unix_path.c_str();
  const Unix::endpoint endpoint(address.unix_path);
  struct stat info;
  if (::lstat(path, &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) return CannotListen(address, "there is a file that is not a socket");
    boost::asio::io_context context;
    Unix::socket socket(context);
    boost::system::error_code error;
    socket.connect(endpoint, error);
    if (!error) return CannotListen(address, "another process listens there");
    if (error != boost::asio::error::connection_refused) return CannotListen(address, error.message());
    ::unlink(path);
  }
  const boost::system::error_code error = TryToBind<Unix>(endpoint);
  if (error) return CannotListen(address, error.message());
  ::unlink(path);
  return absl::OkStatus();
}

absl::Status CheckTcp(const ListenAddress& address) {
  boost::asio::io_context context;
  boost::system::error_code error;
  const auto found = tcp::resolver(context).resolve(address.host, address.port, tcp::resolver::passive, error);
  if (error) return CannotListen(address, error.message());
  for (const auto& entry : found) {
    // A machine without IPv6 still listens on every address that it has.
    error = TryToBind<tcp>(entry.endpoint());
    if (error && error != boost::asio::error::address_family_not_supported) {
      return CannotListen(address, error.message());
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string ListenAddress::GrpcUri() const {
  if (!unix_path.empty()) return fmt::format("unix:{}", unix_path);
  if (host.empty()) return fmt::format("[::]:{}", port);  // IPv4 too
  if (host.find(':') == std::string::npos) return fmt::format("{}:{}", host, port);
  return fmt::format("[{}]:{}", host, port);
}

absl::Status CheckListenAddress(const ListenAddress& address) {
  return address.unix_path.empty() ? CheckTcp(address) : CheckUnix(address);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  ListenAddress address;
  address.text = text;
  if (text.starts_with(kUnix)) {
    std::string_view path = text.substr(kUnix.size());
    if (path.starts_with("///")) path.remove_prefix(2);
    address.unix_path = path;
    if (!path.empty() && !path.starts_with("//")) return address;
  } else if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    const bool brackets = host.starts_with('[') && host.ends_with(']');
    if (brackets) host = host.substr(1, host.size() - 2);
    address.host = host;
    address.port = text.substr(colon + 1);
    const bool number =
        !address.port.empty() && address.port.size() <= 5 &&
        std::all_of(address.port.begin(), address.port.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
        std::stoi(address.port) <= 65535;
    if (number && (brackets ? !host.empty() : host.find(':') == std::string_view::npos)) return address;
  }
  return absl::InvalidArgumentError(
      fmt::format("cannot listen on '{}': an address is unix:PATH, HOST:PORT or :PORT", text));
}

}  // namespace podnamed::controller
