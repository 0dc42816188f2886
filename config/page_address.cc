#include "config/page_address.h"

#include "absl/status/statusor.h"

namespace podnamed::config {

std::optional<base::Endpoint> ReadPageAddress(const Directive& line, std::string_view default_address,
                                              std::string_view usage, const Context& context) {
  if (line.arguments.size() > 1) {
    context.errors.Add(line.name.position, "{} has {} arguments; expected \"{}\"", line.name.text,
                       line.arguments.size(), usage);
    return std::nullopt;
  }
  const bool is_given = !line.arguments.empty();
  const absl::StatusOr<base::Endpoint> endpoint =
      base::ParseEndpoint(is_given ? std::string_view(line.arguments.front().text) : default_address);
  if (!endpoint.ok()) {
    context.errors.Add(line.arguments.front().position, endpoint.status());
    return std::nullopt;
  }
  return *endpoint;
}

}  // namespace podnamed::config
