#include "config/transfer_directive.h"

#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "config/zone_list.h"
#include "server/base/endpoint.h"
#include "server/base/ip_network.h"

namespace podnamed::config {
namespace {

constexpr std::string_view kUsage = "to ADDRESS…";
constexpr uint16_t kDnsPort = 53;

// "*", "10.0.0.0/8", "10.0.0.1", "10.0.0.1:5353", "[fd00::1]:5353".
void ReadAddress(const Token& word, TransferOptions& transfer, const Context& context) {
  if (word.text == "*") {
    transfer.to_all = true;
    return;
  }
  if (const std::optional<base::IpNetwork> network = base::ParseIpNetwork(word.text)) {
    transfer.networks.push_back(*network);
    const bool is_one = word.text.find('/') == std::string::npos;
    if (is_one) transfer.notify.push_back({network->address(), kDnsPort});
    return;
  }
  const absl::StatusOr<base::Endpoint> endpoint = base::ParseEndpoint(word.text);
  if (!endpoint.ok() || !endpoint->address) {
    context.errors.Add(
        word.position,
        "{} is no address; expected one such as \"10.0.0.1\", \"10.0.0.1:5353\", \"10.0.0.0/8\" or \"*\"",
        Quoted(word.text));
    return;
  }
  const uint8_t all_bits = endpoint->address->is_v4() ? 32 : 128;
  transfer.networks.emplace_back(*endpoint->address, all_bits);
  transfer.notify.push_back(*endpoint);
}

void ReadTo(const Directive& line, TransferOptions& transfer, const Context& context) {
  RefuseBlock(line, kUsage, context.errors);
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "to has 0 arguments; expected \"{}\"", kUsage);
  }
  for (const Token& word : line.arguments) ReadAddress(word, transfer, context);
}

constexpr Word<TransferOptions> kProperties[] = {{"to", ReadTo, /*repeatable=*/true}};
constexpr Vocabulary<TransferOptions> kVocabulary = {"transfer property", kProperties, {}};

}  // namespace

void ReadTransfer(const Directive& line, ServerBlockOptions& block, const Context& context) {
  TransferOptions transfer;
  transfer.zones = ReadZonesOrKeys(line.arguments, block, context);
  ReadBlock(line.block, kVocabulary, transfer, context);
  if (!absl::c_any_of(line.block, [](const Directive& inner) { return inner.name.text == "to"; })) {
    context.errors.Add(line.name.position, "transfer is to nobody; expected \"{}\" in its block", kUsage);
  }
  block.transfer.push_back(std::move(transfer));
}

}  // namespace podnamed::config
