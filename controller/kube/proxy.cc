#include "controller/kube/proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "controller/kube/text.h"
#include "server/base/ip_address.h"

namespace podnamed::kube {
namespace {

using Octets = std::array<uint8_t, 16>;

std::optional<Octets> OctetsOf(std::string_view text) {
  const auto address = base::ParseIpAddress(text);
  if (!address) return std::nullopt;
  Octets octets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address->is_v4()) {
    const base::Ipv4Address v4 = address->v4();
    std::copy(v4.begin(), v4.end(), octets.begin() + 12);
  } else {
    std::copy(address->v6().begin(), address->v6().end(), octets.begin());
  }
  return octets;
}

bool IsLoopback(const Octets& octets) {
  constexpr Octets kV6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const bool is_v4 =
      octets[10] == 0xff && octets[11] == 0xff && std::count(octets.begin(), octets.begin() + 10, 0) == 10;
  return octets == kV6 || (is_v4 && octets[12] == 127);
}

// "10.0.0.0/8": the network and how many of its bits count; std::nullopt if it is none.
struct Network {
  Octets octets;
  size_t bits;
};
std::optional<Network> ParseNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto octets = OctetsOf(text.substr(0, slash));
  uint64_t bits;
  if (!octets || !ParseNumber(text.substr(slash + 1), &bits)) return std::nullopt;
  const bool is_v4 = text.find(':') == std::string_view::npos;
  if (bits > (is_v4 ? 32 : 128)) return std::nullopt;
  return Network{*octets, static_cast<size_t>(bits) + (is_v4 ? 96 : 0)};
}

bool Contains(const Network& network, const Octets& octets) {
  for (size_t bit = 0; bit < network.bits; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if (((network.octets[bit / 8] ^ octets[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

// "host:port", "[address]:port"; without a port that is all host.
void SplitPort(std::string_view text, std::string_view* host, std::string_view* port) {
  *host = text;
  *port = {};
  const size_t colon = text.rfind(':');
  const bool has_brackets = text.starts_with('[');
  if (colon != std::string_view::npos &&
      (has_brackets ? colon > 0 && text[colon - 1] == ']' : text.find(':') == colon)) {
    *host = text.substr(0, colon);
    *port = text.substr(colon + 1);
  }
  if (host->starts_with('[') && host->ends_with(']')) *host = host->substr(1, host->size() - 2);
}

// Whether one entry of NO_PROXY says that there goes no proxy between.
bool Matches(std::string_view entry, std::string_view host, std::string_view port,
             const std::optional<Octets>& octets) {
  if (entry == "*") return true;
  if (const auto network = ParseNetwork(entry)) return octets && Contains(*network, *octets);
  std::string_view name;
  std::string_view only_port;
  SplitPort(entry, &name, &only_port);
  if (name.empty() || (!only_port.empty() && only_port != port)) return false;
  if (const auto address = OctetsOf(name)) return octets && *octets == *address;
  if (name.starts_with("*.")) name.remove_prefix(1);
  if (name.starts_with('.')) return host.ends_with(name);
  return host == name || (host.ends_with(name) && host[host.size() - name.size() - 1] == '.');
}

bool IsExcepted(const std::string& host, uint16_t port, std::string_view no_proxy) {
  const std::string name = absl::AsciiStrToLower(host);
  const auto octets = OctetsOf(name);
  if (name == "localhost" || (octets && IsLoopback(*octets))) return true;
  const std::string port_text = std::to_string(port);
  while (!no_proxy.empty()) {
    const size_t comma = no_proxy.find(',');
    const std::string entry = absl::AsciiStrToLower(std::string(Stripped(no_proxy.substr(0, comma))));
    if (!entry.empty() && Matches(entry, name, port_text, octets)) return true;
    no_proxy.remove_prefix(comma == std::string_view::npos ? no_proxy.size() : comma + 1);
  }
  return false;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// RFC 3986, section 2.1.
std::optional<std::string> Unescaped(std::string_view text) {
  std::string unescaped;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      unescaped += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    unescaped += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return unescaped;
}

absl::StatusOr<Proxy> ParseProxy(std::string_view url, const char* variable) {
  const auto fail = [&](std::string_view what) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {}; expected the URL of a proxy like http://proxy.example:3128", variable, what));
  };
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    const std::string word = absl::AsciiStrToLower(std::string(url.substr(0, scheme)));
    if (word != "http") return fail(fmt::format("found a proxy that speaks {}, only http is known", word));
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find_first_of("/?#"));
  Proxy proxy;
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = url.substr(0, at);
    const size_t colon = user.find(':');
    const auto name = Unescaped(user.substr(0, colon));
    const auto password = Unescaped(colon == std::string_view::npos ? "" : user.substr(colon + 1));
    if (!name || !password) return fail("found credentials with a % that no two hexadecimal digits follow");
    proxy.credentials = *name + ":" + *password;
    url.remove_prefix(at + 1);
  }
  std::string_view host;
  std::string_view port;
  SplitPort(url, &host, &port);
  uint64_t number = proxy.port;
  if (host.empty() || host.find_first_of(" \t[]") != std::string_view::npos) return fail("found no host");
  if (!port.empty() && (!ParseNumber(port, &number) || number < 1 || number > 65535)) return fail("its port is none");
  proxy.host = host;
  proxy.port = static_cast<uint16_t>(number);
  return proxy;
}

std::string Variable(const char* name, const char* in_lower_case) {
  for (const char* each : {name, in_lower_case}) {
    if (const char* const value = std::getenv(each); value != nullptr && *value != '\0') return value;
  }
  return "";
}

}  // namespace

std::string Proxy::HostAndPort() const {
  return host.find(':') != std::string::npos ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

ProxyVariables ProxyVariables::FromEnvironment() {
  return {.https_proxy = Variable("HTTPS_PROXY", "https_proxy"),
          .http_proxy = Variable("HTTP_PROXY", "http_proxy"),
          .no_proxy = Variable("NO_PROXY", "no_proxy")};
}

absl::StatusOr<std::optional<Proxy>> FindProxy(bool is_tls, std::string_view host, uint16_t port,
                                               const ProxyVariables& variables) {
  const std::string& url = is_tls ? variables.https_proxy : variables.http_proxy;
  if (Stripped(url).empty() || IsExcepted(std::string(host), port, variables.no_proxy)) return std::nullopt;
  absl::StatusOr<Proxy> proxy = ParseProxy(Stripped(url), is_tls ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (!proxy.ok()) return proxy.status();
  return *std::move(proxy);
}

}  // namespace podnamed::kube
