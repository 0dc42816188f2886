// Any text is either options that keep their promises, or errors of which each has its place. What follows the first
// zero octet is the content of a second file, "other", that the text may import.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "config/fake_environment.h"
#include "config/options.h"

namespace podnamed::config {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

std::string_view TakeDigits(std::string_view& text) {
  size_t length = 0;
  while (length < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[length]))) ++length;
  const std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  return digits;
}

bool Take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "Corefile:1:2: what was found".
bool StartsWithPlace(std::string_view line) {
  return (Take(line, "Corefile:") || Take(line, "other:")) && !TakeDigits(line).empty() && Take(line, ":") &&
         !TakeDigits(line).empty() && Take(line, ": ") && !line.empty();
}

void EveryErrorHasItsPlace(std::string_view message) {
  while (true) {
    const size_t end = message.find('\n');
    const std::string_view line = message.substr(0, end);
    Require(StartsWithPlace(line) || (line.starts_with("and ") && line.ends_with(" more errors")));
    if (end == std::string_view::npos) return;
    message.remove_prefix(end + 1);
  }
}

void OptionsKeepTheirPromises(const Options& options) {
  Require(!options.blocks.empty());
  for (const ServerBlockOptions& block : options.blocks) {
    Require(!block.keys.empty() && StartsWithPlace(block.place + ": x"));
    if (!block.kubernetes) continue;
    Require(!block.kubernetes->answers.zones.empty() && block.kubernetes->answers.ttl <= 3600);
  }
}

}  // namespace
}  // namespace podnamed::config

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace podnamed::config;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  const std::string corefile(input.substr(0, zero));
  FakeEnvironment environment;
  environment.files = {{"Corefile", corefile},
                       {"other", zero == std::string_view::npos ? "" : std::string(input.substr(zero + 1))}};
  environment.variables = {{"V", "a, {b} \"c\"\n#"}};
  environment.interfaces = {{"lo", {podnamed::base::IpAddress()}}, {"down0", {}}};
  const absl::StatusOr<Options> options = ParseOptions(corefile, "Corefile", 53, environment);
  if (options.ok()) {
    OptionsKeepTheirPromises(*options);
  } else {
    EveryErrorHasItsPlace(std::string(options.status().message()));
  }
  return 0;
}
