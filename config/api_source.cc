#include "config/api_source.h"

#include <chrono>
#include <optional>

#include "absl/time/time.h"
#include "config/number.h"

namespace podnamed::config {
namespace {

constexpr absl::Duration kLongestStartup = absl::Hours(1);
constexpr uint32_t kWhole = 100;  // percent

void Note(const Token& word, ApiSourceReading& reading) {
  if (reading.word == nullptr) reading.word = &word;
}

}  // namespace

void ReadEndpoint(const Directive& line, ApiSourceReading& reading, const Context& context) {
  Note(line.name, reading);
  reading.endpoint_word = &line.name;
  const Token* url = OnlyArgument(line, "endpoint URL", context.errors);
  if (url != nullptr) reading.source.endpoint = url->text;
}

void ReadTls(const Directive& line, ApiSourceReading& reading, const Context& context) {
  Note(line.name, reading);
  if (line.arguments.size() != 3) {
    context.errors.Add(line.name.position, "tls has {} arguments; expected \"tls CERTIFICATE KEY CA\"",
                       line.arguments.size());
    return;
  }
  reading.source.tls_certificate = line.arguments[0].text;
  reading.source.tls_key = line.arguments[1].text;
  reading.source.tls_ca = line.arguments[2].text;
}

void ReadKubeconfig(const Directive& line, ApiSourceReading& reading, const Context& context) {
  Note(line.name, reading);
  reading.endpoint_word = &line.name;
  if (line.arguments.empty() || line.arguments.size() > 2) {
    context.errors.Add(line.name.position, "kubeconfig has {} arguments; expected \"kubeconfig FILE [CONTEXT]\"",
                       line.arguments.size());
    return;
  }
  reading.source.kubeconfig = line.arguments[0].text;
  if (line.arguments.size() == 2) reading.source.context = line.arguments[1].text;
}

void ReadStartupTimeout(const Directive& line, ApiSourceReading& reading, const Context& context) {
  Note(line.name, reading);
  const Token* argument = OnlyArgument(line, "startup_timeout DURATION", context.errors);
  if (argument == nullptr) return;
  absl::Duration timeout;
  if (!absl::ParseDuration(argument->text, &timeout) || timeout < absl::ZeroDuration() || timeout > kLongestStartup) {
    context.errors.Add(argument->position, "startup_timeout is {}; expected a duration such as 5s, at most 1h",
                       Quoted(argument->text));
    return;
  }
  reading.source.startup_timeout = absl::ToChronoMilliseconds(timeout);
}

void ReadHoldRemovals(const Directive& line, ApiSourceReading& reading, const Context& context) {
  Note(line.name, reading);
  const Token* argument = OnlyArgument(line, "hold_removals PERCENT", context.errors);
  if (argument == nullptr) return;
  const std::optional<uint32_t> percent = ParseNumber(argument->text, kWhole);
  if (!percent) {
    context.errors.Add(argument->position, "hold_removals is {}; expected 0 to {} percent", Quoted(argument->text),
                       kWhole);
    return;
  }
  reading.source.hold_removals = static_cast<int>(*percent);
}

}  // namespace podnamed::config
