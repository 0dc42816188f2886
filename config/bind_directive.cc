#include "config/bind_directive.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/algorithm/container.h"
#include "server/base/ip_address.h"

namespace podnamed::config {
namespace {

// CoreDNS's own properties of bind.
constexpr std::string_view kPropertiesOfCoreDns[] = {"except"};

}  // namespace

void ReadBind(const Directive& line, ServerBlockOptions& block, const Context& context) {
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "bind has 0 arguments; expected \"bind ADDRESS|INTERFACE…\"");
  }
  for (const Token& argument : line.arguments) {
    std::vector<base::IpAddress> addresses;
    if (const std::optional<base::IpAddress> address = base::ParseIpAddress(argument.text)) {
      addresses.push_back(*address);
    } else if (auto of_interface = context.environment.InterfaceAddresses(argument.text); of_interface.ok()) {
      addresses = *std::move(of_interface);
      if (addresses.empty()) {
        context.errors.Add(argument.position, "interface {} has no address to bind; expected one",
                           Quoted(argument.text));
      }
    } else {
      context.errors.Add(argument.position, "{} is neither an address nor an interface ({}); expected one of them",
                         Quoted(argument.text), std::string(of_interface.status().message()));
    }
    for (const base::IpAddress& address : addresses) {
      if (!absl::c_linear_search(block.bind, address)) block.bind.push_back(address);
    }
  }
  ReadBlock(line.block, {.kind = "bind property", .words = {}, .words_of_coredns = kPropertiesOfCoreDns}, block,
            context);
}

}  // namespace podnamed::config
