#include "config/bufsize_directive.h"

#include <fmt/format.h>

#include <optional>

#include "config/number.h"

namespace podnamed::config {
namespace {

constexpr uint32_t kMost = 4096;  // CoreDNS's

}  // namespace

void ReadBufsize(const Directive& line, ServerBlockOptions& block, const Context& context) {
  block.bufsize = dns::kDefaultUdpLimit;
  RefuseBlock(line, "bufsize [OCTETS]", context.errors);
  if (line.arguments.empty()) return;
  const Token* argument = OnlyArgument(line, "bufsize [OCTETS]", context.errors);
  if (argument == nullptr) return;
  const std::optional<uint32_t> octets = ParseNumber(argument->text, kMost);
  if (!octets || *octets < dns::kMinUdpLimit) {
    context.errors.Add(argument->position, "bufsize is {}; expected {} to {} octets", Quoted(argument->text),
                       dns::kMinUdpLimit, kMost);
    return;
  }
  block.bufsize = static_cast<uint16_t>(*octets);
  if (*octets > dns::kDefaultUdpLimit) {
    block.warnings.push_back(fmt::format("{}: bufsize {}: a reply of podnamed over UDP has at most {} octets",
                                         PositionText(argument->position), *octets, dns::kDefaultUdpLimit));
  }
}

}  // namespace podnamed::config
