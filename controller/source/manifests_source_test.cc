#include "controller/source/manifests_source.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "controller/testing/record_map.h"
#include "controller/testing/record_text.h"

namespace podnamed::controller {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kDeadline(20);

// A headless service of this name, as a manifest.
std::string Service(std::string_view name) {
  return absl::StrCat("apiVersion: v1\nkind: Service\nmetadata:\n  name: ", std::string(name),
                      "\nspec:\n  clusterIP: None\n");
}

// What the source publishes, and a directory of its own to publish from.
class ManifestsSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "podnamed-manifests-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    directory_ = root_ / "manifests";
    fs::create_directory(directory_);
  }
  void TearDown() override {
    source_.reset();
    fs::remove_all(root_);
  }

  void Start(std::chrono::milliseconds look_anyway = std::chrono::hours(1)) {
    source_ = std::make_unique<ManifestsSource>(
        directory_.string(), SourceListener{[this](const std::vector<feed::v1::Op>& ops, absl::Time origin_time) {
          const std::scoped_lock gate(gate_);
          const std::scoped_lock lock(mutex_);
          EXPECT_EQ(records_.Apply(ops), "");
          text_ = ToText(records_.Records());
          ever_published_.insert(Services());
          origin_time_ = origin_time;
          ++publications_;
          published_.notify_all();
        }},
        look_anyway);
    ASSERT_TRUE(source_->Start().ok());
  }

  // In place, like a shell's redirection.
  void Write(const fs::path& path, std::string_view text) { std::ofstream(directory_ / path) << text; }
  // Beside, and then renamed over: like most editors.
  void Replace(const fs::path& path, std::string_view text) {
    fs::path temporary = directory_ / path;
    temporary.replace_filename(".tmp-" + path.filename().string());
    std::ofstream(temporary) << text;
    fs::rename(temporary, directory_ / path);
  }

  // The names of the services published last, with a space after each. REQUIRES: mutex_ is held.
  std::string Services() const {
    std::string names;
    constexpr std::string_view kWord = "service default/";
    for (size_t at = text_.find(kWord); at != std::string::npos; at = text_.find(kWord, at + 1)) {
      const size_t start = at + kWord.size();
      names += text_.substr(start, text_.find(' ', start) - start) + " ";
    }
    return names;
  }

  // Waits until `holds` of what was published last.
  bool Await(const std::function<bool()>& holds) {
    std::unique_lock lock(mutex_);
    return published_.wait_for(lock, kDeadline, holds);
  }

  // Waits until exactly these services are published.
  void ExpectServices(const std::string& names) {
    if (Await([&] { return Services() == names; })) return;
    const std::scoped_lock lock(mutex_);
    EXPECT_EQ(Services(), names);
  }

  // What has been done so far has been looked at, once this returns: a service "zz-sync" comes and goes.
  void Settle(const std::string& names) {
    Replace("zz-sync.yaml", Service("zz-sync"));
    ExpectServices(names + "zz-sync ");
    fs::remove(directory_ / "zz-sync.yaml");
    ExpectServices(names);
  }

  int publications() {
    const std::scoped_lock lock(mutex_);
    return publications_;
  }

  fs::path root_;
  fs::path directory_;
  std::mutex gate_;  // whoever holds it keeps publications waiting
  // The standard library's, as ThreadSanitizer does not see into the mutex of a packaged Abseil.
  std::mutex mutex_;
  std::condition_variable published_;
  RecordMap records_;  // guarded by mutex_, like the next four
  std::string text_;
  std::set<std::string> ever_published_;  // as Services() spells it
  absl::Time origin_time_;
  int publications_ = 0;
  std::unique_ptr<ManifestsSource> source_;
};

TEST_F(ManifestsSourceTest, PublishesTheFirstStateBeforeStartReturns) {
  fs::create_directories(directory_ / "a" / "b");
  Write("one.yaml", Service("one"));
  Write("a/two.yml", Service("two"));
  Write("a/b/three.json",
        R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"three"},"spec":{"clusterIP":"None"}})");
  Write("a/notes.txt", "no: [manifest");
  Write(".hidden.yaml", Service("hidden"));
  Write("bad.yaml", "kind: [");
  const absl::Time before = absl::Now();
  Start();
  const std::scoped_lock lock(mutex_);
  EXPECT_EQ(Services(), "one three two ");
  EXPECT_EQ(publications_, 1);
  EXPECT_GE(origin_time_, before);
  EXPECT_LE(origin_time_, absl::Now());
}

TEST_F(ManifestsSourceTest, ADirectoryThatIsNotThereIsOneClearError) {
  ManifestsSource source((root_ / "none").string() + "/", {[](auto&&...) { FAIL(); }, [] { FAIL(); }});
  EXPECT_EQ(source.Start().message(),
            (root_ / "none").string() + ": found No such file or directory, expected a directory that can be read");
  Write("file", "");
  ManifestsSource file((directory_ / "file").string(), {[](auto&&...) { FAIL(); }, [] { FAIL(); }});
  EXPECT_EQ(file.Start().message(),
            (directory_ / "file").string() + ": found Not a directory, expected a directory that can be read");
}

TEST_F(ManifestsSourceTest, AnEmptyDirectoryIsAnEmptyCluster) {
  Start();
  EXPECT_EQ(publications(), 1);
  ExpectServices("");
  Write("a.yaml", Service("a"));
  ExpectServices("a ");
}

TEST_F(ManifestsSourceTest, FollowsEditsRenamesAndRemovals) {
  Write("a.yaml", Service("a"));
  Write("b.yaml", Service("b"));
  Start();
  Write("a.yaml", Service("a1"));
  ExpectServices("a1 b ");
  Replace("a.yaml", Service("a2"));
  ExpectServices("a2 b ");
  fs::rename(directory_ / "a.yaml", directory_ / "c.yaml");
  Settle("a2 b ");
  fs::remove(directory_ / "b.yaml");
  ExpectServices("a2 ");
  fs::rename(directory_ / "c.yaml", directory_ / "c.yaml.off");
  ExpectServices("");
}

TEST_F(ManifestsSourceTest, FollowsDirectoriesThatComeMoveAndGo) {
  Start();
  fs::create_directories(root_ / "made" / "deep");
  std::ofstream(root_ / "made" / "deep" / "a.yaml") << Service("a");
  fs::rename(root_ / "made", directory_ / "moved-in");
  ExpectServices("a ");
  Write("moved-in/deep/a.yaml", Service("a1"));
  ExpectServices("a1 ");
  fs::rename(directory_ / "moved-in", directory_ / "renamed");
  Settle("a1 ");
  Write("renamed/deep/a.yaml", Service("a2"));
  ExpectServices("a2 ");
  fs::create_directory(directory_ / "new");
  Write("new/b.yaml", Service("b"));
  ExpectServices("a2 b ");
  fs::remove_all(directory_ / "renamed");
  ExpectServices("b ");
}

// The kubelet's layout: user-visible names are links into ..data, which is a link to a directory of one version.
TEST_F(ManifestsSourceTest, FollowsTheSwapOfAMountedConfigMap) {
  const auto make_version = [&](const std::string& version,
                                const std::vector<std::pair<std::string, std::string>>& files) {
    fs::create_directories(directory_ / version / "sub");
    for (const auto& [name, text] : files) Write(fs::path(version) / name, text);
    fs::create_directory_symlink(version, directory_ / "..data_tmp");
    fs::rename(directory_ / "..data_tmp", directory_ / "..data");
  };
  make_version("..2026_1", {{"a.yaml", Service("a1")}, {"b.yaml", Service("b1")}, {"sub/c.yaml", Service("c1")}});
  for (const char* name : {"a.yaml", "b.yaml", "sub"}) {
    fs::create_symlink(fs::path("..data") / name, directory_ / name);
  }
  Start();
  ExpectServices("a1 b1 c1 ");
  for (int version = 2; version < 6; ++version) {
    const std::string number = std::to_string(version);
    make_version("..2026_" + number, {{"a.yaml", Service("a" + number)}, {"sub/c.yaml", Service("c" + number)}});
    fs::remove_all(directory_ / ("..2026_" + std::to_string(version - 1)));
    ExpectServices(absl::StrCat("a", number, " c", number, " "));
  }
}

TEST_F(ManifestsSourceTest, AConfigMapSwappedWhileItIsReadIsNotPublishedByHalves) {
  const auto swap_to = [&](const std::string& version) {
    fs::create_directory_symlink(version, directory_ / "..data_tmp");
    fs::rename(directory_ / "..data_tmp", directory_ / "..data");
  };
  const std::string long_to_read = absl::StrCat(std::string(1'000'000, '#'), "\n");
  for (const std::string version : {"1", "2", "3"}) {
    fs::create_directory(directory_ / (".." + version));
    Write(".." + version + "/a.yaml", long_to_read + Service("a" + version));
    Write(".." + version + "/b.yaml", Service("b" + version));
  }
  swap_to("..1");
  for (const char* name : {"a.yaml", "b.yaml"}) fs::create_symlink(fs::path("..data") / name, directory_ / name);
  Start();
  pollfd opened = {inotify_init1(IN_CLOEXEC), POLLIN, 0};
  ASSERT_GE(inotify_add_watch(opened.fd, (directory_ / "..2" / "a.yaml").c_str(), IN_OPEN), 0);
  swap_to("..2");
  EXPECT_EQ(poll(&opened, 1, 20'000), 1);
  close(opened.fd);
  swap_to("..3");
  ExpectServices("a3 b3 ");
  const std::scoped_lock lock(mutex_);
  ever_published_.erase("a2 b2 ");  // on a machine that kept us waiting
  EXPECT_EQ(ever_published_, (std::set<std::string>{"a1 b1 ", "a3 b3 "}));
}

TEST_F(ManifestsSourceTest, AFileThatIsALinkIsFollowedToWhereItPoints) {
  std::ofstream(root_ / "outside.yaml") << Service("a");
  fs::create_symlink(root_ / "outside.yaml", directory_ / "a.yaml");
  fs::create_symlink("a.yaml", directory_ / "again.yaml");  // read once
  fs::create_directory_symlink(".", directory_ / "loop");
  Start();
  ExpectServices("a ");
  std::ofstream(root_ / "outside.yaml") << Service("a1");
  ExpectServices("a1 ");
  std::ofstream(root_ / "next.yaml") << Service("a2");
  fs::rename(root_ / "next.yaml", root_ / "outside.yaml");
  ExpectServices("a2 ");
}

TEST_F(ManifestsSourceTest, LooksAnywayForWhatNoWatchTells) {
  const auto link = [&](const fs::path& target, const fs::path& name) {
    fs::create_symlink(target, root_ / "new-link");
    fs::rename(root_ / "new-link", name);
  };
  for (const char* version : {"v1", "v2"}) {
    fs::create_directories(root_ / version / "manifests");
    std::ofstream(root_ / version / "manifests" / "a.yaml") << Service(version);
  }
  link("v1", root_ / "current");
  directory_ = root_ / "current" / "manifests";
  link(root_ / "later.yaml", directory_ / "b.yaml");
  Start(std::chrono::milliseconds(20));
  ExpectServices("v1 ");
  std::ofstream(root_ / "later.yaml") << Service("b");
  ExpectServices("b v1 ");
  fs::remove(root_ / "later.yaml");
  ExpectServices("v1 ");
  std::ofstream(root_ / "later.yaml") << Service("b");
  ExpectServices("b v1 ");
  link("v2", root_ / "current");
  ExpectServices("v2 ");
}

TEST_F(ManifestsSourceTest, AFileThatDoesNotParseKeepsItsLastGoodObjects) {
  Write("a.yaml", Service("a"));
  Start();
  Replace("a.yaml", "kind: [");
  Settle("a ");
  Replace("a.yaml", Service("a1"));
  ExpectServices("a1 ");
}

TEST_F(ManifestsSourceTest, AFileIsNotReadWhileItIsWritten) {
  Write("a.yaml", Service("a"));
  Start();
  {
    std::ofstream file(directory_ / "a.yaml");  // and now it is empty
    file << Service("a1") << std::flush;
    Settle("a ");
    file << "---\n" << Service("a2");
  }
  ExpectServices("a1 a2 ");
}

TEST_F(ManifestsSourceTest, AFileIsNotReadWhileItIsWrittenUnderAnotherName) {
  fs::create_directory(directory_ / "v1");
  Write("v1/a.yaml", Service("a"));
  fs::create_directory_symlink("v1", directory_ / "current");  // by this name the file is read
  std::ofstream(root_ / "outside.yaml") << Service("b");
  fs::create_symlink(root_ / "outside.yaml", directory_ / "b.yaml");
  fs::create_symlink(root_ / "outside.yaml", directory_ / "c.yaml");
  Start();
  {
    std::ofstream a(directory_ / "v1" / "a.yaml");
    std::ofstream b(root_ / "outside.yaml");
    Settle("a b ");
    a << Service("a1");
    b << Service("b1");
  }
  ExpectServices("a1 b1 ");
}

TEST_F(ManifestsSourceTest, AFileThatTookTheNameOfOneThatIsWrittenIsRead) {
  for (const char* version : {"v1", "v2"}) {
    fs::create_directory(root_ / version);
    std::ofstream(root_ / version / "a.yaml") << Service(version);
  }
  fs::create_directory_symlink(root_ / "v1", directory_ / "current");
  Start();
  std::ofstream file(root_ / "v1" / "a.yaml");
  Settle("v1 ");
  fs::create_directory_symlink(root_ / "v2", directory_ / "next");
  fs::rename(directory_ / "next", directory_ / "current");
  ExpectServices("v2 ");
}

TEST_F(ManifestsSourceTest, OfDuplicatesTheFirstPathCounts) {
  Write("b.yaml", Service("a"));
  Start();
  Write("a.yaml", "{apiVersion: v1, kind: Service, metadata: {name: a, uid: first}, spec: {clusterIP: None}}");
  const auto is_first = [&] { return text_.find("uid=first") != std::string::npos; };
  EXPECT_TRUE(Await(is_first));
  fs::remove(directory_ / "a.yaml");
  EXPECT_TRUE(Await([&] { return !is_first(); }));
  ExpectServices("a ");
}

TEST_F(ManifestsSourceTest, AMissingDirectoryKeepsEverythingUntilItIsBack) {
  Write("a.yaml", Service("a"));
  Start();
  fs::rename(directory_, root_ / "away");
  std::ofstream(root_ / "noise.yaml") << "";
  fs::create_directory(directory_);
  Write("b.yaml", Service("b"));
  ExpectServices("b ");
  // A directory under the same name that is a link, and is pointed elsewhere.
  fs::remove_all(directory_);
  fs::create_directory_symlink("away", directory_);
  ExpectServices("a ");
  fs::create_directory(root_ / "other");
  std::ofstream(root_ / "other" / "c.yaml") << Service("c");
  fs::create_directory_symlink("other", root_ / "link");
  fs::rename(root_ / "link", directory_);
  ExpectServices("c ");
}

TEST_F(ManifestsSourceTest, WhatMayNotBeReadKeepsItsObjects) {
  const auto allow = [](const fs::path& path, int mode) {
    ASSERT_EQ(chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
  };
  const bool was_root = geteuid() == 0;
  if (was_root) {  // whom no mode stops
    allow(root_, 0777);
    allow(directory_, 0777);
    ASSERT_EQ(seteuid(65534), 0);
  }
  fs::create_directories(directory_ / "sub");
  fs::create_directories(root_ / "outside");
  Write("a.yaml", Service("a"));
  Write("sub/b.yaml", Service("b"));
  std::ofstream(root_ / "outside" / "c.yaml") << Service("c");
  fs::create_symlink(root_ / "outside" / "c.yaml", directory_ / "c.yaml");
  Start();
  ExpectServices("a b c ");
  allow(directory_ / "sub", 0644);
  allow(root_ / "outside", 0644);
  Settle("a b c ");
  allow(directory_ / "sub", 0755);
  allow(root_ / "outside", 0755);
  fs::remove(directory_ / "sub" / "b.yaml");
  ExpectServices("a c ");
  if (was_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
}

TEST_F(ManifestsSourceTest, ABurstIsFewPublications) {
  Start();
  std::string names;
  for (int i = 100; i < 200; ++i) {
    const std::string name = absl::StrCat("s", i);
    Replace(name + ".yaml", Service(name));
    names += name + " ";
  }
  ExpectServices(names);
  EXPECT_LT(publications(), 50);
}

TEST_F(ManifestsSourceTest, MoreEventsThanTheKernelKeepsLoseNothing) {
  size_t kept = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> kept;
  ASSERT_GT(kept, 0u);
  Write("a.yaml", Service("a"));
  Start();
  {
    const std::scoped_lock gate(gate_);
    Write("busy.yaml", Service("busy"));  // its publication now waits, or soon does
    for (size_t i = 0; i < kept; ++i) std::ofstream(directory_ / ("noise-" + std::to_string(i % 2)));
    Write("a.yaml", Service("a1"));
    fs::remove(directory_ / "busy.yaml");
  }
  ExpectServices("a1 ");
}

TEST_F(ManifestsSourceTest, TemporaryFilesOfEditorsChangeNothing) {
  Write("a.yaml", Service("a"));
  Start();
  const int before = publications();
  Write(".a.yaml.swp", "x");
  Write("a.yaml~", Service("b"));
  Write("4913", "");
  Write("#a.yaml#", Service("c"));
  fs::create_symlink("nobody@nowhere.1", directory_ / ".#a.yaml");
  ASSERT_EQ(mkfifo((directory_ / "pipe.yaml").c_str(), 0600), 0);
  Settle("a ");
  EXPECT_EQ(publications(), before + 2);  // those of Settle itself
}

TEST_F(ManifestsSourceTest, NothingIsPublishedAfterStop) {
  Start();
  source_->Stop();
  const int before = publications();
  Write("a.yaml", Service("a"));
  source_.reset();
  EXPECT_EQ(publications(), before);
}

}  // namespace
}  // namespace podnamed::controller
