#include "server/plugins/zones/zone_plugin.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "server/plugins/test_exchange.h"
#include "server/plugins/zones/zone_loader.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;

std::string ZoneText(int serial, std::string_view records) {
  return "$TTL 60\n@ SOA ns hostmaster " + std::to_string(serial) + " 2 3 4 30\n@ NS ns.elsewhere.\n" +
         std::string(records);
}

class ZonePluginTest : public ::testing::Test {
 protected:
  void TearDown() override { static_cast<void>(std::remove(path_.c_str())); }

  // The file is another one for whoever looks at its stamp.
  void Write(const std::string& text) {
    static_cast<void>(std::remove(path_.c_str()));
    std::ofstream(path_ + ".new") << text;
    std::rename((path_ + ".new").c_str(), path_.c_str());
  }

  void Publish(const std::vector<ZoneLoader*>& loaders) {
    ZoneSet::Zones zones;
    for (const ZoneLoader* loader : loaders) zones.emplace(loader->origin().wire(), loader->zone());
    published_.Publish(std::make_shared<const ZoneSet>(std::move(zones)));
  }

  static ZoneLoader Loader(const std::string& path, std::string_view origin,
                           ZoneLoader::Decision decision = ZoneLoader::Decision::kBySerial) {
    return {"plugin/file", path, dns::Name::FromText(origin).value(), decision};
  }

  const std::string path_ =
      ::testing::TempDir() + "zone_plugin_test." + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  Published<ZoneSet> published_;
};

TEST_F(ZonePluginTest, AnswersFromTheLongestZone) {
  Write(ZoneText(1, "www A 10.0.0.1\n"));
  ZoneLoader outer = Loader(path_, "example.org.");
  ZoneLoader inner = Loader(path_, "sub.example.org.");
  ZoneLoader missing = Loader(path_ + ".none", "none.example.org.");
  ASSERT_TRUE(outer.Load().ok());
  ASSERT_TRUE(inner.Load().ok());
  EXPECT_EQ(missing.Load().code(), absl::StatusCode::kNotFound);
  Publish({&outer, &inner, &missing});
  ZonePlugin plugin("file", {{&published_, {}}});
  EXPECT_EQ(Ask(plugin, "www.example.org."),
            "NOERROR aa | www.example.org. 60 IN A 10.0.0.1 | example.org. 60 IN NS ns.elsewhere.");
  EXPECT_EQ(Ask(plugin, "www.sub.example.org."),
            "NOERROR aa | www.sub.example.org. 60 IN A 10.0.0.1 | sub.example.org. 60 IN NS ns.elsewhere.");
  EXPECT_EQ(Ask(plugin, "nothing.example.org."),
            "NXDOMAIN aa | | example.org. 30 IN SOA ns.example.org. hostmaster.example.org. 1 2 3 4 30");
  EXPECT_EQ(Ask(plugin, "www.none.example.org."), "SERVFAIL");
  EXPECT_EQ(Ask(plugin, "www.example.org.", RecordType::kAxfr), "REFUSED");
  EXPECT_EQ(Ask(plugin, "www.example.com."), "pass");
  EXPECT_EQ(Ask(plugin, "www.example.org.", RecordType::kA, {.record_class = dns::RecordClass::kCh}), "pass");
}

TEST_F(ZonePluginTest, LeavesToTheNextWhatHasNoRecords) {
  Write(ZoneText(1, "www A 10.0.0.1\na.empty A 10.0.0.1\nlost CNAME nothing\n"));
  ZoneLoader loader = Loader(path_, "example.org.");
  ASSERT_TRUE(loader.Load().ok());
  Publish({&loader});
  ZonePlugin plugin("file", {{&published_, {dns::Name()}}});
  EXPECT_EQ(Ask(plugin, "nothing.example.org."), "pass");
  EXPECT_EQ(Ask(plugin, "empty.example.org."), "pass");
  EXPECT_TRUE(Ask(plugin, "www.example.org.", RecordType::kTxt).starts_with("NOERROR aa | | example.org. 30 IN SOA"));
  EXPECT_TRUE(Ask(plugin, "lost.example.org.").starts_with("NXDOMAIN aa | lost.example.org. 60 IN CNAME"));
  ZonePlugin elsewhere("file", {{&published_, {dns::Name::FromText("a.example.org.").value()}}});
  EXPECT_TRUE(Ask(elsewhere, "nothing.example.org.").starts_with("NXDOMAIN"));
  EXPECT_EQ(Ask(elsewhere, "nothing.a.example.org."), "pass");
}

TEST_F(ZonePluginTest, AnAliasOutOfTheZoneStandsAloneWhereNobodyCanWait) {
  Write(ZoneText(1, "out CNAME www.elsewhere.\n"));
  ZoneLoader loader = Loader(path_, "example.org.");
  ASSERT_TRUE(loader.Load().ok());
  Publish({&loader});
  ZonePlugin plugin("file", {{&published_, {}}});
  EXPECT_EQ(Ask(plugin, "out.example.org."),
            "NOERROR aa | out.example.org. 60 IN CNAME www.elsewhere. | example.org. 60 IN NS ns.elsewhere.");
}

TEST_F(ZonePluginTest, TakesAFileWithAnotherSerial) {
  Write(ZoneText(1, ""));
  ZoneLoader loader = Loader(path_, "example.org.");
  ASSERT_TRUE(loader.Load().ok());
  EXPECT_FALSE(loader.Reload()) << "nothing has changed";
  Write(ZoneText(1, "www A 10.0.0.1\n"));
  EXPECT_FALSE(loader.Reload()) << "the same serial";
  EXPECT_EQ(loader.zone()->record_count(), 2);
  Write(ZoneText(2, "www A 10.0.0\n"));
  EXPECT_FALSE(loader.Reload()) << "an error";
  Write(ZoneText(2, "www A 10.0.0.1\n"));
  EXPECT_TRUE(loader.Reload());
  EXPECT_EQ(loader.zone()->soa().serial, 2);
  static_cast<void>(std::remove(path_.c_str()));
  EXPECT_FALSE(loader.Reload());
  EXPECT_EQ(loader.zone()->record_count(), 3) << "what was read before stays";
}

TEST_F(ZonePluginTest, TakesEveryChangeWhereTimeDecides) {
  Write(ZoneText(1, ""));
  ZoneLoader loader = Loader(path_, "example.org.", ZoneLoader::Decision::kByTime);
  ASSERT_TRUE(loader.Load().ok());
  Write(ZoneText(1, "www A 10.0.0.1\n"));
  EXPECT_TRUE(loader.Reload());
  EXPECT_EQ(loader.zone()->record_count(), 3);
}

TEST_F(ZonePluginTest, SeesThatAnIncludedFileHasChanged) {
  const std::string other = path_ + ".other";
  std::ofstream(other) << ZoneText(1, "");
  Write("$INCLUDE " + other + "\n");
  ZoneLoader loader = Loader(path_, "example.org.");
  ASSERT_TRUE(loader.Load().ok());
  std::ofstream(other) << ZoneText(2, "www A 10.0.0.1\n");
  EXPECT_TRUE(loader.Reload());
  EXPECT_EQ(loader.zone()->soa().serial, 2);
  static_cast<void>(std::remove(other.c_str()));
}

}  // namespace
}  // namespace podnamed::plugins
