#include "server/plugins/hosts_table.h"

#include <gtest/gtest.h>

namespace podnamed::plugins {
namespace {

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value(); }

config::HostsOptions InZone(std::string_view zone) {
  config::HostsOptions options;
  options.zones = {Zone(zone)};
  return options;
}

// The addresses of a name, one behind the other.
std::string Addresses(const HostsTable& table, std::string_view name) {
  const dns::Name wire = Zone(name);
  dns::QueryName query;
  query.Read(wire.wire());
  const HostsTable::Addresses* found = table.FindName(query);
  if (found == nullptr) return "none";
  std::string text;
  for (const auto& address : found->ipv4) text += base::IpAddress(address).ToString() + " ";
  for (const auto& address : found->ipv6) text += base::IpAddress(address).ToString() + " ";
  return text;
}

std::string Names(const HostsTable& table, std::string_view address) {
  std::string text;
  for (const dns::NamePieces& name : table.FindAddress(*base::ParseIpAddress(address))) {
    text += name.ToName().ToText() + " ";
  }
  return text;
}

TEST(HostsTable, ReadsAFileLikeEtcHosts) {
  const config::HostsOptions options = InZone(".");
  const HostsTable table(options, R"(# names of this host
127.0.0.1	localhost  localhost.localdomain # loopback
fe80::1%lo0 localhost
::ffff:10.0.0.9 mapped

10.0.0.1 Web.Example.org web
10.0.0.2 web
10.0.0.3
not-an-address web
10.0.0.4 bad..name good
10.0.0.5 last)");
  EXPECT_EQ(Addresses(table, "localhost"), "127.0.0.1 fe80::1 ");
  EXPECT_EQ(Addresses(table, "LOCALHOST.localdomain"), "127.0.0.1 ");
  EXPECT_EQ(Addresses(table, "web"), "10.0.0.1 10.0.0.2 ");
  EXPECT_EQ(Addresses(table, "web.example.org"), "10.0.0.1 ");
  EXPECT_EQ(Addresses(table, "mapped"), "10.0.0.9 ");
  EXPECT_EQ(Addresses(table, "good"), "10.0.0.4 ");
  EXPECT_EQ(Addresses(table, "last"), "10.0.0.5 ");
  EXPECT_EQ(Addresses(table, "example.org"), "none");
  EXPECT_EQ(Addresses(table, "."), "none");
  EXPECT_EQ(Names(table, "10.0.0.1"), "web.example.org. web. ");
  EXPECT_EQ(Names(table, "fe80::1"), "localhost. ");
  EXPECT_EQ(table.entry_count(), 18) << "each name's addresses, and each address's names";
  EXPECT_EQ(Names(table, "10.0.0.3"), "");
}

TEST(HostsTable, AWildcardStandsForOneLabel) {
  const config::HostsOptions options = InZone("example.org");
  const HostsTable table(options, "10.0.0.1 *.example.org\n10.0.0.2 www.example.org");
  EXPECT_EQ(Addresses(table, "any.example.org"), "10.0.0.1 ");
  EXPECT_EQ(Addresses(table, "www.example.org"), "10.0.0.2 ");
  EXPECT_EQ(Addresses(table, "a.b.example.org"), "none");
  EXPECT_EQ(Addresses(table, "example.org"), "none");
  EXPECT_EQ(Names(table, "10.0.0.1"), "");
  const std::string long_label(63, 'l');
  EXPECT_EQ(Addresses(table, long_label + ".example.org"), "10.0.0.1 ");
}

TEST(HostsTable, KnowsNamesOfItsZonesOnly) {
  config::HostsOptions options = InZone("example.org");
  options.lines = {{*base::ParseIpAddress("10.0.0.3"), {Zone("b.example.org"), Zone("b.example.com")}}};
  options.reverse = false;
  const HostsTable table(options, "10.0.0.1 a.example.org a.example.com\n10.0.0.2 b.example.org\r\n");
  EXPECT_EQ(Addresses(table, "a.example.org"), "10.0.0.1 ");
  EXPECT_EQ(Addresses(table, "a.example.com"), "none");
  EXPECT_EQ(Addresses(table, "b.example.org"), "10.0.0.2 10.0.0.3 ") << "the file's, then the Corefile's";
  EXPECT_EQ(Names(table, "10.0.0.1"), "") << "no_reverse";
  EXPECT_EQ(table.name_count(), 2);
}

}  // namespace
}  // namespace podnamed::plugins
