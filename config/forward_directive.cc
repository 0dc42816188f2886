#include "config/forward_directive.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "config/duration.h"
#include "config/number.h"

namespace podnamed::config {
namespace {

constexpr uint16_t kDnsPort = 53;
constexpr uint16_t kTlsPort = 853;
constexpr absl::Duration kLongest = absl::Hours(1);

// "IP", "IP:PORT", "[IP6]:PORT", "IP%NAME", "IP%NAME:PORT".
std::optional<ForwardTarget> ParseHost(std::string_view text, uint16_t default_port, bool is_tls) {
  ForwardTarget target{.endpoint = {std::nullopt, default_port}, .is_tls = is_tls, .tls_server_name = {}};
  std::string address(text);
  if (const size_t percent = address.find('%'); is_tls && percent != std::string::npos) {
    const size_t colon = address.find(':', percent);
    const size_t end = colon == std::string::npos ? address.size() : colon;
    target.tls_server_name = address.substr(percent + 1, end - percent - 1);
    address.erase(percent, end - percent);
    if (target.tls_server_name.empty()) return std::nullopt;
  }
  if (const auto ip = base::ParseIpAddress(address)) {
    target.endpoint.address = *ip;
    return target;
  }
  const absl::StatusOr<base::Endpoint> endpoint = base::ParseEndpoint(address);
  if (!endpoint.ok() || !endpoint->address || endpoint->port == 0) return std::nullopt;
  target.endpoint = *endpoint;
  return target;
}

void AddTarget(ForwardTarget target, std::vector<ForwardTarget>& targets) {
  if (!absl::c_linear_search(targets, target)) targets.push_back(std::move(target));
}

bool TakePrefix(std::string_view prefix, std::string_view& text) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

void ReadTarget(const Token& token, ForwardOptions& forward, const Context& context) {
  std::string_view text = token.text;
  for (const std::string_view scheme : {"https://", "grpc://", "quic://"}) {
    if (text.substr(0, scheme.size()) != scheme) continue;
    context.errors.Add(token.position, "{} is known to CoreDNS, not supported by podnamed; expected an address, or {}",
                       Quoted(text), "tls://ADDRESS for an encrypted upstream");
    return;
  }
  const bool is_tls = TakePrefix("tls://", text);
  TakePrefix("dns://", text);
  if (std::optional<ForwardTarget> target = ParseHost(text, is_tls ? kTlsPort : kDnsPort, is_tls)) {
    AddTarget(*std::move(target), forward.targets);
    return;
  }
  const absl::StatusOr<std::string> content = context.environment.ReadFile(token.text);
  if (!content.ok()) {
    context.errors.Add(token.position,
                       "{} is neither an address nor a file that can be read ({}); expected ADDRESS, ADDRESS:PORT, "
                       "tls://ADDRESS or a file like /etc/resolv.conf",
                       Quoted(token.text), std::string(content.status().message()));
    return;
  }
  if (ReadResolvConf(*content).empty()) {
    context.errors.Add(token.position, "{} names no name server; expected a line \"nameserver ADDRESS\"",
                       Quoted(token.text));
  }
  forward.files.push_back(token.text);
}

std::optional<absl::Duration> ReadDuration(const Token& token, std::string_view what, const Context& context) {
  const std::optional<absl::Duration> duration = ParseDuration(token.text, kLongest);
  if (!duration) {
    context.errors.Add(token.position, "{} is {}; expected a duration such as \"5s\", at most 1h", what,
                       Quoted(token.text));
  }
  return duration;
}

void ReadOneDuration(const Directive& line, absl::Duration& duration, const Context& context) {
  const Token* argument = OnlyArgument(line, line.name.text + " DURATION", context.errors);
  if (argument == nullptr) return;
  duration = ReadDuration(*argument, line.name.text, context).value_or(duration);
}

template <typename Number>
void ReadOneNumber(const Directive& line, Number& number, const Context& context) {
  constexpr uint32_t kMost = 1'000'000;
  const Token* argument = OnlyArgument(line, line.name.text + " NUMBER", context.errors);
  if (argument == nullptr) return;
  const std::optional<uint32_t> value = ParseNumber(argument->text, kMost);
  if (value) {
    number = static_cast<Number>(*value);
  } else {
    context.errors.Add(argument->position, "{} is {}; expected a whole number, at most {}", line.name.text,
                       Quoted(argument->text), kMost);
  }
}

void ReadFlag(const Directive& line, bool& flag, const Context& context) {
  flag = true;
  if (line.arguments.empty()) return;
  context.errors.Add(line.arguments.front().position, "{} has an argument; expected none", line.name.text);
}

void ReadRcodes(const Directive& line, std::vector<dns::Rcode>& rcodes, const Context& context) {
  constexpr dns::Rcode kRcodes[] = {dns::Rcode::kNoError,  dns::Rcode::kFormErr, dns::Rcode::kServFail,
                                    dns::Rcode::kNxDomain, dns::Rcode::kNotImp,  dns::Rcode::kRefused};
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "{0} has 0 arguments; expected \"{0} RCODE…\"", line.name.text);
  }
  for (const Token& argument : line.arguments) {
    const auto* rcode = absl::c_find_if(kRcodes, [&](dns::Rcode one) { return dns::NameOf(one) == argument.text; });
    if (rcode == std::end(kRcodes)) {
      context.errors.Add(argument.position,
                         "{} is no rcode here; expected NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP or REFUSED",
                         Quoted(argument.text));
    } else {
      rcodes.push_back(*rcode);
    }
  }
}

void ReadExcept(const Directive& line, ForwardOptions& forward, const Context& context) {
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "except has 0 arguments; expected \"except ZONE…\"");
  }
  for (const Token& argument : line.arguments) {
    const absl::StatusOr<std::vector<dns::Name>> zones = ParseZone(argument.text);
    if (zones.ok()) {
      forward.except.insert(forward.except.end(), zones->begin(), zones->end());
    } else {
      context.errors.Add(argument.position, zones.status());
    }
  }
}

void ReadPolicy(const Directive& line, ForwardOptions& forward, const Context& context) {
  using Policy = ForwardOptions::Policy;
  const Token* argument = OnlyArgument(line, "policy random|round_robin|sequential", context.errors);
  if (argument == nullptr) return;
  if (argument->text == "random") {
    forward.policy = Policy::kRandom;
  } else if (argument->text == "round_robin") {
    forward.policy = Policy::kRoundRobin;
  } else if (argument->text == "sequential") {
    forward.policy = Policy::kSequential;
  } else {
    context.errors.Add(argument->position, "policy is {}; expected random, round_robin or sequential",
                       Quoted(argument->text));
  }
}

// health_check DURATION [no_rec] [domain NAME]
void ReadHealthCheck(const Directive& line, ForwardOptions& forward, const Context& context) {
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position,
                       "health_check has 0 arguments; expected \"health_check DURATION [no_rec] [domain NAME]\"");
    return;
  }
  if (const auto interval = ReadDuration(line.arguments[0], "health_check", context)) {
    if (*interval == absl::ZeroDuration()) {
      context.errors.Add(line.arguments[0].position, "health_check is {}; expected more than 0",
                         Quoted(line.arguments[0].text));
    }
    forward.health_interval = *interval;
  }
  for (size_t i = 1; i < line.arguments.size(); ++i) {
    const Token& word = line.arguments[i];
    if (word.text == "no_rec") {
      forward.health_recursion = false;
    } else if (word.text == "domain" && i + 1 < line.arguments.size()) {
      const Token& name = line.arguments[++i];
      const absl::StatusOr<dns::Name> domain = dns::Name::FromText(name.text);
      if (domain.ok()) {
        forward.health_domain = *domain;
      } else {
        context.errors.Add(name.position, domain.status());
      }
    } else {
      context.errors.Add(word.position, "{} after health_check; expected no_rec, or domain and a name",
                         Quoted(word.text));
    }
  }
}

// tls, tls CA, tls CERTIFICATE KEY, tls CERTIFICATE KEY CA
void ReadTlsFiles(const Directive& line, ForwardOptions& forward, const Context& context) {
  const std::vector<Token>& files = line.arguments;
  if (files.size() > 3) {
    context.errors.Add(line.name.position, "tls has {} arguments; expected \"tls [CERTIFICATE KEY] [CA]\"",
                       files.size());
    return;
  }
  if (files.size() >= 2) {
    forward.tls_certificate = files[0].text;
    forward.tls_key = files[1].text;
  }
  if (files.size() == 1 || files.size() == 3) forward.tls_ca = files.back().text;
  for (const Token& file : files) {
    const absl::StatusOr<std::string> content = context.environment.ReadFile(file.text);
    if (!content.ok()) {
      context.errors.Add(file.position, "{} cannot be read ({}); expected a file in PEM", Quoted(file.text),
                         std::string(content.status().message()));
    }
  }
}

void ReadTlsServerName(const Directive& line, ForwardOptions& forward, const Context& context) {
  const Token* argument = OnlyArgument(line, "tls_servername NAME", context.errors);
  if (argument != nullptr) forward.tls_server_name = argument->text;
}

constexpr Word<ForwardOptions> kProperties[] = {
    {"except", ReadExcept, /*repeatable=*/true},
    {"policy", ReadPolicy},
    {"force_tcp",
     [](const Directive& line, ForwardOptions& to, const Context& context) { ReadFlag(line, to.force_tcp, context); }},
    {"prefer_udp",
     [](const Directive& line, ForwardOptions& to, const Context& context) { ReadFlag(line, to.prefer_udp, context); }},
    {"expire", [](const Directive& line, ForwardOptions& to,
                  const Context& context) { ReadOneDuration(line, to.expire, context); }},
    {"max_idle_conns", [](const Directive& line, ForwardOptions& to,
                          const Context& context) { ReadOneNumber(line, to.max_idle_connections, context); }},
    {"max_fails", [](const Directive& line, ForwardOptions& to,
                     const Context& context) { ReadOneNumber(line, to.max_fails, context); }},
    {"max_connect_attempts", [](const Directive& line, ForwardOptions& to,
                                const Context& context) { ReadOneNumber(line, to.max_attempts, context); }},
    {"max_concurrent", [](const Directive& line, ForwardOptions& to,
                          const Context& context) { ReadOneNumber(line, to.max_concurrent, context); }},
    {"read_timeout", [](const Directive& line, ForwardOptions& to,
                        const Context& context) { ReadOneDuration(line, to.read_timeout, context); }},
    {"failfast_all_unhealthy_upstreams",
     [](const Directive& line, ForwardOptions& to, const Context& context) { ReadFlag(line, to.fail_fast, context); }},
    {"health_check", ReadHealthCheck},
    {"tls", ReadTlsFiles},
    {"tls_servername", ReadTlsServerName},
    {"failover",
     [](const Directive& line, ForwardOptions& to, const Context& context) { ReadRcodes(line, to.failover, context); }},
    {"next",
     [](const Directive& line, ForwardOptions& to, const Context& context) { ReadRcodes(line, to.next, context); }},
    {"next_on_nodata", [](const Directive& line, ForwardOptions& to,
                          const Context& context) { ReadFlag(line, to.next_on_nodata, context); }},
};

constexpr ForeignWord kPropertiesOfCoreDns[] = {
    {"source_address", "remove it, and let a route choose the address"},
    {"resolver", "name the upstreams by their addresses"},
    {"doh_method", "remove it: upstreams are asked over UDP, TCP or TLS"},
};

constexpr Vocabulary<ForwardOptions> kVocabulary = {"forward property", kProperties, kPropertiesOfCoreDns};

}  // namespace

void ReadForward(const Directive& line, ServerBlockOptions& block, const Context& context) {
  if (line.arguments.size() < 2) {
    context.errors.Add(line.name.position, "forward has {} arguments; expected \"forward FROM TO…\"",
                       line.arguments.size());
    return;
  }
  // A network may stand for several zones: each has upstreams of its own, as in CoreDNS.
  const absl::StatusOr<std::vector<dns::Name>> zones = ParseZone(line.arguments.front().text);
  if (!zones.ok()) context.errors.Add(line.arguments.front().position, zones.status());
  ForwardOptions forward;
  for (size_t i = 1; i < line.arguments.size(); ++i) ReadTarget(line.arguments[i], forward, context);
  if (forward.targets.size() > kMaxForwardTargets) {
    context.errors.Add(line.name.position, "forward has {} upstreams; expected at most {}", forward.targets.size(),
                       kMaxForwardTargets);
  }
  ReadBlock(line.block, kVocabulary, forward, context);
  if (!zones.ok()) return;
  for (const dns::Name& zone : *zones) {
    forward.from = zone;
    block.forward.push_back(forward);
  }
}

std::vector<ForwardTarget> ReadResolvConf(std::string_view text) {
  std::vector<ForwardTarget> targets;
  for (const absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.size() < 2 || words[0] != "nameserver") continue;
    if (const auto address = base::ParseIpAddress(words[1])) {
      AddTarget({.endpoint = {*address, kDnsPort}, .is_tls = false, .tls_server_name = {}}, targets);
    }
  }
  return targets;
}

}  // namespace podnamed::config
