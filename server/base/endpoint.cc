#include "server/base/endpoint.h"

#include <charconv>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace podnamed::base {
namespace {

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// An IPv6 address stands in brackets, an IPv4 address does not.
std::optional<IpAddress> ParseHost(std::string_view text) {
  if (text == "localhost") return IpAddress(Ipv4Address{127, 0, 0, 1});
  const bool has_brackets = text.starts_with('[') && text.ends_with(']');
  if (has_brackets) text = text.substr(1, text.size() - 2);
  const std::optional<IpAddress> address = ParseIpAddress(text);
  if (!address || address->is_v4() == has_brackets) return std::nullopt;
  return address;
}

}  // namespace

std::string Endpoint::ToString() const {
  if (!address.has_value()) return absl::StrCat(":", port);
  const std::string text = address->ToString();
  return address->is_v4() ? absl::StrCat(text, ":", port) : absl::StrCat("[", text, "]:", port);
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view host = text.substr(0, colon);
    const std::optional<IpAddress> address = ParseHost(host);
    const std::optional<uint16_t> port = ParsePort(text.substr(colon + 1));
    if (port && (address || host.empty())) return Endpoint{address, *port};
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", absl::Utf8SafeCHexEscape(std::string(text.substr(0, 80))),
                                                 "\" is no address to listen on; expected \":PORT\", \"IP:PORT\" (an "
                                                 "IPv6 address in brackets) or \"localhost:PORT\""));
}

}  // namespace podnamed::base
