#include "server/plugins/hosts_table.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace podnamed::plugins {
namespace {

constexpr std::string_view kWildcard = "\1*";
constexpr std::string_view kBlank = " \t\r\v\f";

absl::string_view Key(std::string_view wire) { return {wire.data(), wire.size()}; }

// The next word of `line`, which is shortened by it; empty at its end.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

// An IPv4 address may be written as IPv6 ("::ffff:10.0.0.1"): CoreDNS takes it for what it is.
base::IpAddress Unmapped(const base::IpAddress& address) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (address.is_v4() || !std::equal(kMapped.begin(), kMapped.end(), address.v6().begin())) return address;
  base::Ipv4Address v4;
  std::copy_n(address.v6().begin() + kMapped.size(), v4.size(), v4.begin());
  return base::IpAddress(v4);
}

}  // namespace

HostsTable::HostsTable(const config::HostsOptions& options, std::string_view file) {
  while (!file.empty()) {
    const size_t end = std::min(file.find('\n'), file.size());
    AddLine(file.substr(0, end), options);
    file.remove_prefix(std::min(end + 1, file.size()));
  }
  for (const config::HostsOptions::Line& line : options.lines) {
    for (const dns::Name& name : line.names) Add(Unmapped(line.address), name, options);
  }
}

void HostsTable::AddLine(std::string_view line, const config::HostsOptions& options) {
  line = line.substr(0, line.find('#'));
  const std::string_view first = TakeWord(line);
  const std::optional<base::IpAddress> address = base::ParseIpAddress(first.substr(0, first.find('%')));
  if (!address) return;
  for (std::string_view word = TakeWord(line); !word.empty(); word = TakeWord(line)) {
    const absl::StatusOr<dns::Name> name = dns::Name::FromText(word);
    if (name.ok()) Add(Unmapped(*address), name->Folded(), options);
  }
}

void HostsTable::Add(const base::IpAddress& address, const dns::Name& name, const config::HostsOptions& options) {
  const bool is_in_zones = std::any_of(options.zones.begin(), options.zones.end(),
                                       [&name](const dns::Name& zone) { return name.IsAtOrBelow(zone); });
  if (!is_in_zones) return;
  const auto entry = by_name_.try_emplace(std::string(name.wire())).first;
  if (address.is_v4()) {
    entry->second.ipv4.push_back(address.v4());
  } else {
    entry->second.ipv6.push_back(address.v6());
  }
  if (name.wire().starts_with(kWildcard)) {
    has_wildcards_ = true;
  } else if (options.reverse) {
    by_address_[address].emplace_back(entry->first);
  }
}

size_t HostsTable::entry_count() const {
  size_t count = 0;
  for (const auto& [name, addresses] : by_name_) count += addresses.ipv4.size() + addresses.ipv6.size();
  for (const auto& [address, names] : by_address_) count += names.size();
  return count;
}

const HostsTable::Addresses* HostsTable::FindName(const dns::QueryName& name) const {
  auto found = by_name_.find(Key(name.folded()));
  if (found == by_name_.end() && has_wildcards_ && name.label_count() > 0) {
    std::array<char, dns::kMaxNameLength + kWildcard.size()> key;
    const std::string_view rest = name.folded().substr(name.label_start(1));
    std::copy(rest.begin(), rest.end(), std::copy(kWildcard.begin(), kWildcard.end(), key.begin()));
    found = by_name_.find(absl::string_view(key.data(), kWildcard.size() + rest.size()));
  }
  return found == by_name_.end() ? nullptr : &found->second;
}

absl::Span<const dns::NamePieces> HostsTable::FindAddress(const base::IpAddress& address) const {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return {};
  return found->second;
}

}  // namespace podnamed::plugins
