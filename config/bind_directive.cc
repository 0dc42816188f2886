#include "config/bind_directive.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/algorithm/container.h"
#include "server/base/ip_address.h"

namespace podnamed::config {
namespace {

std::vector<base::IpAddress> ReadAddresses(const std::vector<Token>& arguments, const Context& context) {
  std::vector<base::IpAddress> all;
  for (const Token& argument : arguments) {
    if (const std::optional<base::IpAddress> address = base::ParseIpAddress(argument.text)) {
      all.push_back(*address);
    } else if (const auto of_interface = context.environment.InterfaceAddresses(argument.text); of_interface.ok()) {
      all.insert(all.end(), of_interface->begin(), of_interface->end());
      if (of_interface->empty()) {
        context.errors.Add(argument.position, "interface {} has no address to bind; expected one",
                           Quoted(argument.text));
      }
    } else {
      context.errors.Add(argument.position, "{} is neither an address nor an interface ({}); expected one of them",
                         Quoted(argument.text), std::string(of_interface.status().message()));
    }
  }
  return all;
}

void ReadExcept(const Directive& line, std::vector<base::IpAddress>& addresses, const Context& context) {
  RefuseBlock(line, "except ADDRESS|INTERFACE…", context.errors);
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "except has 0 arguments; expected \"except ADDRESS|INTERFACE…\"");
  }
  const std::vector<base::IpAddress> left_out = ReadAddresses(line.arguments, context);
  std::erase_if(addresses, [&left_out](const auto& address) { return absl::c_linear_search(left_out, address); });
}

constexpr Word<std::vector<base::IpAddress>> kProperties[] = {{"except", ReadExcept, /*repeatable=*/true}};
constexpr Vocabulary<std::vector<base::IpAddress>> kVocabulary = {"bind property", kProperties, {}};

}  // namespace

void ReadBind(const Directive& line, ServerBlockOptions& block, const Context& context) {
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "bind has 0 arguments; expected \"bind ADDRESS|INTERFACE…\"");
  }
  std::vector<base::IpAddress> addresses = ReadAddresses(line.arguments, context);
  const bool had_any = !addresses.empty();
  ReadBlock(line.block, kVocabulary, addresses, context);
  if (had_any && addresses.empty()) {
    context.errors.Add(line.name.position, "bind has no address left; expected one that except does not name");
  }
  for (const base::IpAddress& address : addresses) {
    if (!absl::c_linear_search(block.bind, address)) block.bind.push_back(address);
  }
}

}  // namespace podnamed::config
