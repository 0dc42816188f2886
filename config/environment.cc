#include "config/environment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"

namespace podnamed::config {
namespace {

absl::Status LastError() {
  const int error = errno;
  return absl::Status(absl::ErrnoToStatusCode(error), std::generic_category().message(error));
}

std::optional<base::IpAddress> BindableAddress(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof(v4));
    base::Ipv4Address octets;
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    return base::IpAddress(octets);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof(v6));
    if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) return std::nullopt;
    base::Ipv6Address octets;
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    return base::IpAddress(octets);
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::string> SystemEnvironment::ReadFile(const std::string& path) const {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return LastError();
  const absl::Cleanup close_file = [file] { close(file); };
  std::string content;
  char chunk[16 << 10];
  while (true) {
    const ssize_t count = read(file, chunk, sizeof(chunk));
    if (count == 0) return content;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return LastError();
    content.append(chunk, static_cast<size_t>(count));
    if (content.size() > largest_file_)
      return absl::OutOfRangeError(fmt::format("longer than {} MiB", largest_file_ >> 20));
  }
}

std::vector<std::string> SystemEnvironment::Glob(const std::string& pattern) const {
  glob_t found = {};
  const absl::Cleanup free_found = [&found] { globfree(&found); };
  if (glob(pattern.c_str(), 0, nullptr, &found) != 0) return {};
  return {found.gl_pathv, found.gl_pathv + found.gl_pathc};
}

std::string SystemEnvironment::Variable(const std::string& name) const {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

absl::StatusOr<std::vector<base::IpAddress>> SystemEnvironment::InterfaceAddresses(const std::string& name) const {
  ifaddrs* interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0) return LastError();
  const absl::Cleanup free_interfaces = [interfaces] { freeifaddrs(interfaces); };
  bool exists = false;
  std::vector<base::IpAddress> addresses;
  for (const ifaddrs* entry = interfaces; entry != nullptr; entry = entry->ifa_next) {
    if (name != entry->ifa_name) continue;
    exists = true;
    if (const auto address = BindableAddress(entry->ifa_addr)) addresses.push_back(*address);
  }
  if (!exists) return absl::NotFoundError("no such interface");
  return addresses;
}

}  // namespace podnamed::config
