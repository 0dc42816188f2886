#include "server/base/listen_address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace podnamed::base {
namespace {

absl::Status CannotListen(const ListenAddress& address, std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("cannot listen on {}: {}", address.text, why));
}

std::string ReasonOf(int error) { return std::generic_category().message(error); }

// A socket for a moment.
class Probe {
 public:
  explicit Probe(int family) : descriptor_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)), error_(errno) {
    const int on = 1;
    ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  }
  ~Probe() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // Both return errno, 0 for success.
  int Bind(const sockaddr* address, socklen_t length) { return Try(::bind(descriptor_, address, length)); }
  int Connect(const sockaddr* address, socklen_t length) { return Try(::connect(descriptor_, address, length)); }

 private:
  int Try(int result) const {
    if (descriptor_ < 0) return error_;
    return result == 0 ? 0 : errno;
  }

  const int descriptor_;
  const int error_;
};

absl::Status CheckUnix(const ListenAddress& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.unix_path.size() >= sizeof(name.sun_path)) {
    return CannotListen(address,
                        fmt::format("the path of a unix socket has at most {} characters", sizeof(name.sun_path) - 1));
  }
  const char* path = address.unix_path.c_str();
  std::memcpy(name.sun_path, path, address.unix_path.size());
  const auto* generic = reinterpret_cast<const sockaddr*>(&name);
  struct stat info;
  if (::lstat(path, &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) return CannotListen(address, "there is a file that is not a socket");
    const int error = Probe(AF_UNIX).Connect(generic, sizeof(name));
    if (error == 0) return CannotListen(address, "another process listens there");
    if (error != ECONNREFUSED) return CannotListen(address, ReasonOf(error));
    ::unlink(path);
  }
  if (const int error = Probe(AF_UNIX).Bind(generic, sizeof(name))) return CannotListen(address, ReasonOf(error));
  ::unlink(path);
  return absl::OkStatus();
}

absl::Status CheckTcp(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  if (const int error = ::getaddrinfo(host, address.port.c_str(), &hints, &found)) {
    return CannotListen(address, ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    // A machine without IPv6 still listens on every address that it has.
    const int error = Probe(entry->ai_family).Bind(entry->ai_addr, entry->ai_addrlen);
    if (error != 0 && error != EAFNOSUPPORT) return CannotListen(address, ReasonOf(error));
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

}  // namespace podnamed::base
